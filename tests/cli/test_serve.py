"""`serve` and `simulate` as processes: how they start, stop, and refuse to start."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from app.commands.simulate import vendor_named
from app.vendors.registry import VENDORS
from tests.cli.conftest import CONFIG, Run
from tests.cli.processes import LONG_S, PROGRAM, answers, free_ports, run_in, running
from tests.logged import logged

QUICK = "[server]\ndrain_s = 0\n" + CONFIG


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_gateway_serves_until_it_is_told_to_stop(number: signal.Signals, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(QUICK + 'statuses = "example"\n')
    (port,) = free_ports(1)
    with running("serve", "--port", str(port), folder=ready) as gateway:
        gateway.wait_for('"event":"serving"', on=gateway.err)
        assert answers(f"http://127.0.0.1:{port}/readyz")
        assert gateway.stop(number) == 0
        lines = [json.loads(line) for line in gateway.err.read_text().splitlines()]
        assert gateway.out.read_text() == ""
    warned = [line for line in lines if line["event"].startswith('statuses = "example"')]
    assert [(line["level"], line["backend"]) for line in warned] == [("warning", "riverside")]


def test_a_gateway_whose_log_cannot_be_written_serves(ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(QUICK)
    (port,) = free_ports(1)
    deadline = time.monotonic() + LONG_S
    with Path("/dev/full").open("wb") as full:
        gateway = subprocess.Popen([*PROGRAM, "serve", "--port", str(port)], cwd=ready, stderr=full)
    try:
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            assert (gateway.poll(), time.monotonic() < deadline) == (None, True)
            time.sleep(0.05)
        gateway.terminate()
        assert gateway.wait(LONG_S) == 0
    finally:
        gateway.kill()
        gateway.wait()


def test_what_is_no_http_is_answered_by_a_problem_and_the_connection_closed(ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(QUICK)
    (port,) = free_ports(1)
    with running("serve", "--port", str(port), folder=ready) as gateway:
        gateway.wait_for('"event":"serving"', on=gateway.err)
        for odd in (b"what?\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", b"GET /livez HTTP/1.1\nHost: \0\n\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(odd)
                head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
            problem = json.loads(body)
            assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n")
            assert f"\r\nx-request-id: {problem['request_id']}\r\n".encode() in head
            assert (problem["status"], problem["code"]) == (400, "malformed-request")
        assert gateway.stop(signal.SIGTERM) == 0


def test_a_second_gateway_on_one_file_is_refused_and_admin_commands_work_beside_the_first(
    run: Run, ready: Path
) -> None:
    (ready / "orderbridge.toml").write_text(QUICK)
    first, second = free_ports(2)
    with running("serve", "--port", str(first), folder=ready) as gateway:
        gateway.wait_for('"event":"serving"', on=gateway.err)
        with logged():  # each sets up logging
            refused = run("serve", "--port", str(second))
            taken = run("serve", "--port", str(first))
        made = run("client", "create", "acme", "--scope", "all", "--backend", "all", "--json")
        assert answers(f"http://127.0.0.1:{first}/readyz")
        assert gateway.stop(signal.SIGTERM) == 0
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        f"another orderbridge serves {ready}/orderbridge.db; one SQLite file takes one gateway. "
        "Stop it, or use PostgreSQL.\n"
    )
    assert (taken.code, taken.err) == (
        2,
        f"port {first} on 127.0.0.1 is taken: stop what listens there, or choose another with --port\n",
    )
    assert (made.code, json.loads(made.out)["tenant"]) == (0, "acme")


def test_an_address_that_is_not_ours_is_one_line(run: Run, ready: Path) -> None:
    said = run("serve", "--host", "192.0.2.1")
    assert (said.code, said.err) == (2, "cannot listen on 192.0.2.1:8000: Cannot assign requested address\n")


def test_wsdl_files_that_cannot_be_used_are_one_line(run: Run, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(CONFIG + 'wsdl = "nowhere"\n')
    (port,) = free_ports(1)
    with logged():
        said = run("serve", "--port", str(port))
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("backends.riverside: webservice/WSTokenService: the WSDL cannot be read: ")
    assert "nowhere" in said.err


@pytest.mark.parametrize("name", ["civica_cx", "civica-cx", "Civica-Cx"])
def test_a_vendor_is_named_with_either_dash(name: str) -> None:
    assert vendor_named(name) is VENDORS["civica_cx"]


def test_a_simulator_runs_alone_until_it_is_told_to_stop(run: Run, folder: Path) -> None:
    (port,) = free_ports(1)
    with running("simulate", "civica-cx", "--port", str(port), "--data", "kept", folder=folder) as simulator:
        pid = simulator.process.pid
        simulator.wait_for(
            rf"Civica Cx, simulated, answers on http://127\.0\.0\.1:{port} \(process {pid}\)\n", on=simulator.out
        )
        assert answers(f"http://127.0.0.1:{port}/_sim/effects")
        taken = run("simulate", "civica-cx", "--port", str(port))
        before = (folder / "kept/effects.jsonl").read_bytes()
        beside = run("simulate", "civica-cx", "--port", str(free_ports(1)[0]), "--data", "kept")
        assert (folder / "kept/effects.jsonl").read_bytes() == before
        assert simulator.stop(signal.SIGTERM) == 0
        assert simulator.err.read_text() == ""
    assert (taken.code, taken.err) == (
        2,
        f"port {port} on 127.0.0.1 is taken: stop what listens there, or choose another with --port\n",
    )
    assert (beside.code, beside.err) == (
        1,
        "the effects in kept cannot be used: another simulator is at work on kept/effects.jsonl\n",
    )


@pytest.mark.parametrize("line", ["{}", "[" * 100_000])
def test_effects_that_are_not_a_simulators_are_one_line(line: str, run: Run, folder: Path) -> None:
    (folder / "effects.jsonl").write_text(f"{line}\n")
    (port,) = free_ports(1)
    said = run("simulate", "civica-cx", "--port", str(port), "--data", ".")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith("the effects in . cannot be used: ")


def test_variables_of_opentelemetry_that_contradict_each_other_are_one_line(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096")
    ended = run_in(ready, "serve", "--port", str(free_ports(1)[0]))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        "OpenTelemetry's own environment variables (OTEL_...): "
        "max_export_batch_size must be less than or equal to max_queue_size."
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["--help", "openapi"])
def test_output_that_cannot_be_written_is_one_line(command: str, folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([*PROGRAM, command], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (1, "orderbridge: cannot write: No space left on device\n")
