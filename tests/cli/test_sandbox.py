"""`orderbridge sandbox`, from its first line to its last process: the commands that it prints are run as they stand."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from app.commands.ends import Ends
from app.commands.sandbox_home import CLIENT_ID, SECRET, furnished, home
from app.domain.clients import ClientRecord, secret_digest
from app.domain.merge_patch import shows
from app.domain.ports import Capability
from app.domain.times import SECOND
from app.ledger import clients
from app.ledger import migrate as migrations
from app.ledger.migrate import needed_version
from app.ledger.postgres import PostgresStore
from app.vendors.registry import VENDORS
from tests.cli.conftest import Run, the_client
from tests.cli.processes import LONG_S, Running, answers, children_of, free_ports, is_alive, running
from tests.ledger.old_databases import to
from tests.ports import free_row

STEPS = 8
"""Those of the first vendor; then come those of the others."""
BACKENDS = [one.sandbox.backend for one in VENDORS.values()]
AT_THE_END = [("status_change", 11), ("status_change", 15), ("cancelled_by_client", 18)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What `curl -i` printed."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(kw_only=True)
class Block:
    """The printed block: its steps, run through sh as a person would."""

    text: str
    token: str = ""
    steps: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, commands in re.findall(r"^# (\d+)\. [^\n]+\n(.+?)(?=\n\n#)", self.text, re.MULTILINE | re.DOTALL):
            self.steps[int(number)] = commands

    def sh(self, script: str) -> str:
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=LONG_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, step: int) -> str:
        """What a step prints; a new shell has a token of its own."""
        return self.sh(f"{self.steps[1]}\n{self.steps[step]}").replace("\r\n", "\n")

    def curl(self, step: int) -> Answer:
        """The answer to the curl of a step that shows headers."""
        printed = self.run(step)
        head, _, body = printed[printed.index("HTTP/1.1") :].partition("\n\n")
        first, _, rest = head.partition("\n")
        headers = {name.lower(): value for name, value in Parser().parsestr(rest).items()}
        return Answer(status=int(first.split()[1]), headers=headers, body=json.loads(body.splitlines()[0]))

    def read(self, step: int) -> dict[str, Any]:
        """The last JSON that a step prints."""
        return self.reads(step)[-1]

    def reads(self, step: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(step).splitlines() if line.startswith("{")]

    def process(self, title: str) -> int:
        """The process of the vendor's simulator."""
        found = re.search(rf"^# \S+ +http://\S+ +{title}, simulated: process (\d+)$", self.text, re.MULTILINE)
        assert found is not None
        return int(found[1])

    def effects(self) -> list[tuple[str, int]]:
        return [(effect["kind"], effect["detail"]["StatusCodeId"]) for effect in self.read(3)["effects"]]


def two_ports() -> tuple[int, int]:
    """For the gateway, and for the first simulator with the others behind it."""
    first = free_row(2 + max(vendor.sandbox.port_offset for vendor in VENDORS.values()))
    return first, first + 1


def started(sandbox: Running) -> Block:
    found = sandbox.wait_for(r"# -{100}\n# The Orderbridge sandbox is ready\..*\n\n# -{100}\n", on=sandbox.out)
    return Block(text=found[0])


def eventually(holds: Any, *, within_s: float = LONG_S) -> bool:
    deadline = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(held)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> list[str]:
    """The sandbox's own SQLite file, or an empty PostgreSQL database."""
    return [] if request.param == "sqlite" else ["--database-url", request.getfixturevalue("postgres_url")]


def test_the_printed_commands_do_what_they_say(folder: Path, database: list[str]) -> None:
    port, vendor_port = two_ports()
    options = ["--port", str(port), "--vendor-port", str(vendor_port), "--data", "kept", *database]
    with running("sandbox", *options, folder=folder) as sandbox:
        block = started(sandbox)
        assert answers(f"http://127.0.0.1:{port}/docs")
        simulator = block.process("Civica Cx")
        assert simulator in children_of(sandbox.process.pid)

        moved = block.curl(2)
        again = block.curl(2)
        assert (moved.status, moved.headers["idempotent-replayed"]) == (201, "false")
        assert (moved.body["previous_status"], moved.body["status"]) == ("issued", "on_site")
        assert (again.status, again.headers["idempotent-replayed"], again.body) == (201, "true", moved.body)
        assert block.effects() == [("status_change", 11)]

        unchanged = block.curl(4)
        assert (unchanged.status, unchanged.body["code"]) == (409, "status-unchanged")
        assert unchanged.body["current"]["operation_id"] == moved.body["operation_id"]

        queued = block.curl(5)
        assert eventually(lambda: not is_alive(simulator))
        assert (queued.status, queued.body["state"]) == (202, "queued")
        assert queued.body["waiting_for"]["code"] == "backend-unavailable"
        assert eventually(lambda: "the simulated Civica Cx has stopped" in sandbox.err.read_text())
        assert block.read(7)["items"][0]["state"] == "queued"

        with subprocess.Popen(["sh", "-c", f"exec {block.steps[6]}"], stdout=subprocess.DEVNULL) as by_hand:
            assert eventually(lambda: block.read(7)["items"][0]["state"] == "applied")
            assert block.effects() == [("status_change", 11), ("status_change", 15)]
            ended = block.curl(8)
            assert (ended.status, ended.body["code"]) == (409, "order-ended")
            assert block.effects() == AT_THE_END
            assert sandbox.stop(signal.SIGTERM) == 0
            assert by_hand.poll() is None
            by_hand.terminate()
    with running("sandbox", *options, folder=folder) as sandbox:
        later = started(sandbox)
        assert later.curl(2).body["code"] == "order-ended"
        assert later.effects() == AT_THE_END
        simulators = children_of(sandbox.process.pid)
        assert len(simulators) == len(VENDORS)
        assert sandbox.stop(signal.SIGINT) == 0
        assert [one for one in simulators if is_alive(one)] == []


def test_the_printed_commands_change_an_order_of_each_further_vendor(folder: Path) -> None:
    port, vendor_port = two_ports()
    with running("sandbox", "--port", str(port), "--vendor-port", str(vendor_port), folder=folder) as sandbox:
        block = started(sandbox)
        steps = iter(range(STEPS + 1, len(block.steps) + 1))
        for vendor in list(VENDORS.values())[1:]:
            reading = next(steps)
            number = vendor.sandbox.example_order
            simulated = f"http://127.0.0.1:{vendor_port + vendor.sandbox.port_offset}"
            assert f"# {reading}. {vendor.title}: read order {number}, " in block.text
            order, shown = block.reads(reading)
            assert (order["backend"], order["number"]) == (vendor.sandbox.backend, number)
            if Capability.patch not in vendor.capabilities:
                assert shown["items"]
                continue
            making = next(steps)
            (request,) = shown["requests"]
            assert request["url"].startswith(simulated)
            before = record_of(simulated, number)

            made = block.curl(making)
            again, record = block.reads(making)
            patch = json.loads(re.findall(r"-d '(.*)'", block.steps[making])[0])
            assert (made.status, made.headers["idempotent-replayed"], again) == (200, "false", made.body)
            assert (shows(order, patch), shows(made.body, patch)) == (False, True)
            assert (record != before, record) == (True, record_of(simulated, number))
        assert list(steps) == []
        assert sandbox.stop(signal.SIGTERM) == 0


def record_of(simulated: str, number: str) -> dict[str, Any]:
    """The vendor's own record."""
    found: dict[str, Any] = httpx.get(f"{simulated}/_sim/orders/{number}", trust_env=False).json()
    return found


def test_no_simulator_outlives_a_sandbox_that_is_killed(folder: Path) -> None:
    port, vendor_port = two_ports()
    options = ["--port", str(port), "--vendor-port", str(vendor_port), "--data", "kept"]
    with running("sandbox", *options, folder=folder) as sandbox:
        started(sandbox)
        simulators = children_of(sandbox.process.pid)
        assert len(simulators) == len(VENDORS)
        sandbox.stop(signal.SIGKILL)
        assert eventually(lambda: not any(is_alive(one) for one in simulators))


def test_a_sandbox_told_to_stop_while_it_starts_leaves_nothing_behind(folder: Path) -> None:
    port, vendor_port = two_ports()
    with running("sandbox", "--port", str(port), "--vendor-port", str(vendor_port), folder=folder) as sandbox:
        sandbox.wait_for("preparing the database", on=sandbox.out)
        simulators = children_of(sandbox.process.pid)
        assert len(simulators) == len(VENDORS)
        assert sandbox.stop(signal.SIGTERM) == 0
        assert [one for one in simulators if is_alive(one)] == []
        assert "Traceback" not in sandbox.err.read_text()


def test_the_other_commands_work_on_the_sandboxs_own_configuration(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, vendor_port = two_ports()
    options = ["--port", str(port), "--vendor-port", str(vendor_port), "--data", "kept"]
    with running("sandbox", *options, folder=folder) as sandbox:
        looks = re.findall(r"^#   look at it +(.*)$", started(sandbox).text, re.MULTILINE)
        assert re.findall(r" check (\S+) ", "\n".join(looks)) == BACKENDS
        first, *others = looks
        by_sh = subprocess.run(["sh", "-c", first], capture_output=True, text=True, timeout=LONG_S)
        assert (by_sh.returncode, by_sh.stderr) == (0, "")
        assert "ok " in by_sh.stdout
        program = first.partition(" check ")[0]
        for look in others:
            called, _, arguments = look.partition(" check ")
            assert called == program
            looked = run("check", *shlex.split(arguments))
            assert (looked.code, looked.err) == (0, "")
            assert "ok " in looked.out
        monkeypatch.setattr("signal.signal", lambda *_: None)
        ports = ("--port", str(free_ports(1)[0]), "--vendor-port", str(free_ports(1)[0]))
        second = run("sandbox", *ports, "--data", "kept")
        assert (second.code, second.err) == (2, f"--data: another sandbox is at work in {folder}/kept\n")
        assert sandbox.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERBRIDGE_CONFIG", "/etc/orderbridge.toml"),
        ("ORDERBRIDGE_DATABASE__URL", "postgresql://u:p@host/orders"),
        ("ORDERBRIDGE_BACKENDS__RIVERSIDE__URL", "https://riverside.example"),
        ("ORDERBRIDGE_DATABASE", '{"url": "postgresql://u:p@host/orders"}'),
        ("orderbridge_database__url", "postgresql://u:p@host/orders"),
        ("Orderbridge_Database", '{"url": "postgresql://u:p@host/orders"}'),
        ("ORDERBRIDGE_DATABSE__URL", "postgresql://u:p@host/orders"),
    ],
)
def test_it_does_not_start_beside_a_production_configuration_in_the_environment(
    name: str, value: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    said = run("sandbox")
    says = f"the sandbox does not start beside a production configuration ({name}): unset it, or go elsewhere\n"
    assert (said.code, said.out, said.err) == (2, "", says)


def test_it_does_not_start_in_a_folder_with_a_configuration(run: Run, configured: Path) -> None:
    said = run("sandbox")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "the sandbox does not start beside a production configuration (orderbridge.toml in this folder): "
        "unset it, or go elsewhere\n"
    )


def test_it_does_not_live_in_a_folder_with_a_configuration(
    run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {path.name: path.read_bytes() for path in ready.iterdir()}
    (ready / "elsewhere").mkdir()
    monkeypatch.chdir(ready / "elsewhere")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    said = run("sandbox", "--data", "..", "--port", "9101", "--vendor-port", "9101")  # would end at the ports otherwise
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "the sandbox does not start beside a production configuration (orderbridge.toml in ..): unset it, or go elsewhere\n"
    )
    assert {path.name: path.read_bytes() for path in ready.iterdir() if path.is_file()} == there


def test_it_does_not_put_its_public_secret_into_a_database_that_others_use(
    run: Run, folder: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def add() -> None:
        store = PostgresStore(postgres_database)
        await store.open()
        everything: frozenset[str] = frozenset()
        record = ClientRecord(
            id="acme", tenant="acme", secret_sha256=b"x", scopes=everything, backends=everything, revoked=False
        )
        await store.write(clients.add(record, now=1))
        await store.close()

    asyncio.run(add())
    monkeypatch.setattr("signal.signal", lambda *_: None)
    port, vendor_port = two_ports()
    options = ("--port", str(port), "--vendor-port", str(vendor_port), "--database-url", postgres_database)
    said = run("sandbox", *options)
    assert (said.code, said.err) == (
        2,
        "--database-url: other clients use this database; the sandbox needs one of its own\n",
    )


def test_a_database_that_others_use_keeps_its_tables_as_they_are(folder: Path, postgres_url: str) -> None:
    def old(connection: Connection) -> None:
        to(connection, "0008")
        connection.exec_driver_sql("INSERT INTO client VALUES ('acme', 'acme', '', '', '', 0, NULL)")

    migrations._with_connection(postgres_url, old)
    with ExitStack() as stack:
        kept = home(folder / "kept", stack)
        with pytest.raises(Ends, match="other clients use this database"):
            furnished(kept, public_url="http://127.0.0.1:9", database_url=postgres_url, backends={})
    assert migrations.schema_version(postgres_url) == "0008"


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """A client of somebody else's that has the name of the sandbox's."""

    id: str
    tenant: str
    secret: str


@pytest.mark.parametrize(
    "case",
    [
        Theirs(id="another secret", tenant=CLIENT_ID, secret="theirs"),
        Theirs(id="another tenant", tenant="acme", secret=SECRET),
    ],
    ids=lambda case: case.id,
)
def test_a_database_with_somebodys_client_of_the_same_name_stays_as_it_is(folder: Path, case: Theirs) -> None:
    url = f"sqlite:///{folder}/theirs.db"
    migrations.migrate(url)
    values = (CLIENT_ID, case.tenant, secret_digest(case.secret).hex(), "orders:read", "", 1, 2)
    with sqlite3.connect(folder / "theirs.db") as database:
        database.execute("INSERT INTO client VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    with ExitStack() as stack:
        kept = home(folder / "kept", stack)
        with pytest.raises(Ends, match="other clients use this database"):
            furnished(kept, public_url="http://127.0.0.1:9", database_url=url, backends={})
    assert database.execute("SELECT * FROM client").fetchall() == [values]
    database.close()


def test_its_own_database_is_furnished_again_beside_clients_that_were_added(folder: Path) -> None:
    with ExitStack() as stack:
        kept = home(folder / "kept", stack)
        furnished(kept, public_url="http://127.0.0.1:9", database_url="", backends={})
        with sqlite3.connect(kept / "orderbridge.db") as database:
            database.execute("INSERT INTO client VALUES ('acme', 'acme', '', '', '', 0, NULL)")
        furnished(kept, public_url="http://127.0.0.1:9", database_url="", backends={})
    assert database.execute("SELECT id FROM client ORDER BY id").fetchall() == [("acme",), (CLIENT_ID,)]
    database.close()


def test_a_folder_of_a_newer_version_is_left_alone(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        kept = home(folder / "kept", stack)
        furnished(kept, public_url="http://127.0.0.1:9", database_url="", backends={})
    with sqlite3.connect(kept / "orderbridge.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.execute("ALTER TABLE client RENAME TO caller")
    database.close()
    monkeypatch.setattr("signal.signal", lambda *_: None)
    port, vendor_port = two_ports()
    said = run("sandbox", "--port", str(port), "--vendor-port", str(vendor_port), "--data", str(kept))
    says = f"this database belongs to a newer orderbridge: it has schema 9999, we know up to {needed_version()}\n"
    assert (said.code, said.err) == (2, says)


@pytest.mark.usefixtures("an_hour_ahead")
def test_on_postgresql_its_client_is_dated_by_the_database_s_clock(folder: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        kept = home(folder / "kept", stack)
        furnished(kept, public_url="http://127.0.0.1:9", database_url=postgres_url, backends={})
    now, client = the_client(postgres_url)
    assert now - 60 * SECOND < int(str(client["created_at"])) <= now


def test_a_port_that_is_taken_is_named_with_its_option(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        other, free = two_ports()
        says = f"port {taken} on 127.0.0.1 is taken: stop what listens there, or choose another with "
        gateway = run("sandbox", "--port", str(taken), "--vendor-port", str(free))
        vendor = run("sandbox", "--port", str(other), "--vendor-port", str(taken))
    assert (gateway.code, gateway.out, gateway.err) == (2, "", f"{says}--port\n")
    assert (vendor.code, vendor.out, vendor.err) == (2, "", f"{says}--vendor-port\n")


def test_one_port_cannot_be_both(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (port,) = free_ports(1)
    said = run("sandbox", "--port", str(port), "--vendor-port", str(port))
    says = f"--port {port} is also a simulator's; choose another, or another --vendor-port\n"
    assert (said.code, said.out, said.err) == (2, "", says)
