"""Traces: one from the caller through the gateway to the vendor, also when the call is made later; none unless asked for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from app.domain.errors import BackendUnavailable
from app.domain.operations import Operation
from app.telemetry import export, spans
from app.telemetry.at_work import AT_WORK
from app.telemetry.export import ENDPOINTS, wanted
from tests.delivery.bench import AT, behind_glass, delivery, finished
from tests.delivery.recording import LOG_IN, READ, UPDATE, Glass
from tests.gateway import Site
from tests.ledger.scenes import operation
from tests.logged import logged
from tests.telemetry.collector import Collector, attributes, collector

ORDER = "113427"
BODY = {"vendor_code": "11", "occurred_at": AT}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
ROUTE = "/v1/backends/{backend}/work-orders/{number}/status-updates"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as found:
        yield found


@asynccontextmanager
async def traced(cx_url: str, database: str, folder: Path, to: Collector) -> AsyncIterator[tuple[Site, Glass]]:
    """The spans are with the collector when the block has ended."""
    sections: dict[str, Any] = {**delivery(wait_s=8), "telemetry": {"otlp_endpoint": to.url}}
    async with behind_glass(cx_url, database, folder, **sections) as both:
        yield both


def paused(made: Site) -> None:
    """The vendor asked to be left alone for a second: what is accepted now is sent later, by the worker."""
    clock = made.app.state.gateway.clock
    made.app.state.gateway.backends[made.backend].health.trouble(
        BackendUnavailable, "Come back later.", now=clock(), after_s=1
    )


def server_span(of: Collector) -> Span:
    (span,) = of.named(f"POST {ROUTE}")
    return span


async def test_a_status_update_is_one_trace_from_the_caller_to_the_vendor(
    cx_url: str, database: str, tmp_path: Path, collected: Collector
) -> None:
    async with traced(cx_url, database, tmp_path, collected) as (made, pane):
        answer = await made.update(ORDER, BODY, traceparent=TRACEPARENT)
        assert answer.status_code == 201, answer.text
        (update,) = pane.of(UPDATE)
    request = server_span(collected)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    assert attributes(request)["http.route"] == ROUTE
    (call,) = [span for span in collected.named("send civica_cx") if span.trace_id.hex() == TRACE]
    assert call.parent_span_id == request.span_id
    assert call.kind == Span.SPAN_KIND_CLIENT
    told = attributes(call)
    assert told["orderbridge.operation"].startswith("op_")
    assert (told["orderbridge.backend"], told["orderbridge.outcome"]) == ("civica-cx", "applied")
    assert update.request.headers["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"
    assert collected.resource["service.name"] == "orderbridge"


async def test_a_call_that_a_worker_makes_later_is_in_the_trace_of_its_request(
    cx_url: str, database: str, tmp_path: Path, collected: Collector
) -> None:
    async with traced(cx_url, database, tmp_path, collected) as (made, pane):
        await made.api.get(made.orders(ORDER))
        paused(made)
        answer = await made.update(ORDER, BODY, traceparent=TRACEPARENT, prefer="respond-async")
        assert answer.status_code == 202, answer.text
        assert (await finished(made, str(answer.json()["operation_id"])))["state"] == "applied"
        (update,) = pane.of(UPDATE)
    request = server_span(collected)
    (call,) = [span for span in collected.named("send civica_cx") if span.trace_id.hex() == TRACE]
    assert call.parent_span_id == request.span_id
    assert call.start_time_unix_nano > request.end_time_unix_nano
    assert update.request.headers["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"


async def test_the_reads_and_log_ins_of_a_request_carry_its_trace(
    cx_url: str, sqlite_database: str, tmp_path: Path, collected: Collector
) -> None:
    async with traced(cx_url, sqlite_database, tmp_path, collected) as (made, pane):
        answer = await made.api.get(
            made.orders(ORDER), headers={"traceparent": TRACEPARENT, "Cache-Control": "no-cache"}
        )
        assert answer.status_code == 200, answer.text
        carried = {one.call: one.request.headers.get("traceparent", "") for one in pane.of(READ, LOG_IN)}
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]", header) for header in carried.values())
    if READ in carried:
        assert carried[READ].split("-")[1] == TRACE


async def test_a_secret_in_a_query_is_struck_out_of_the_span(
    cx_url: str, sqlite_database: str, tmp_path: Path, collected: Collector
) -> None:
    async with traced(cx_url, sqlite_database, tmp_path, collected) as (made, _):
        await made.api.get("/v1/operations", params={"token": "Zx9canary7Qq", "limit": "5"})
        await made.api.get("/livez")
    (listed,) = collected.named("GET /v1/operations")
    assert attributes(listed)["url.query"] == "token=***&limit=5"
    assert not any("Zx9canary7Qq" in str(span) for span in collected.spans)
    assert collected.named("GET /livez") == []


async def test_a_log_line_names_the_request_the_operation_its_backend_and_the_trace(
    cx_url: str, sqlite_database: str, tmp_path: Path, collected: Collector
) -> None:
    with logged() as written:
        async with traced(cx_url, sqlite_database, tmp_path, collected) as (made, _):
            await made.api.get(made.orders(ORDER))
            paused(made)
            answer = await made.update(ORDER, BODY, traceparent=TRACEPARENT, prefer="respond-async")
            operation = str(answer.json()["operation_id"])
            await finished(made, operation)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (request,) = [line for line in lines if line.get("route") == ROUTE]
    mine = answer.headers["x-request-id"]
    expected = {"request_id": mine, "operation": operation, "backend": made.backend, "trace_id": TRACE}
    assert {name: request[name] for name in expected} == expected
    about = [line for line in lines if line.get("operation") == operation]
    assert {line["request_id"] for line in about} == {mine}


async def test_without_a_collector_nothing_is_traced(cx_url: str, sqlite_database: str, tmp_path: Path) -> None:
    async with behind_glass(cx_url, sqlite_database, tmp_path, **delivery()) as (made, pane):
        answer = await made.update(ORDER, BODY, traceparent=TRACEPARENT)
        assert answer.status_code == 201, answer.text
        (update,) = pane.of(UPDATE)
    assert spans.tracer is None
    assert "traceparent" not in update.request.headers


async def test_a_collector_that_is_away_fails_no_request_and_delays_no_end(
    cx_url: str, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "END_S", 0.5)
    away = Collector(url="http://127.0.0.1:9")
    async with traced(cx_url, sqlite_database, tmp_path, away) as (made, _):
        assert (await made.update(ORDER, BODY)).status_code == 201


def test_the_sdk_and_prometheus_client_are_not_imported_until_they_are_wanted() -> None:
    script = (
        "import sys, app.main\n"
        "found = [name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'prometheus_client'))]\n"
        "sys.exit(' '.join(found) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    wanted: bool
    endpoint: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


HERE = "http://collector:4318"
CASES = [
    Case(id="nothing is configured", wanted=False),
    Case(id="the configuration names one", wanted=True, endpoint=HERE),
    Case(id="the standard variable names one", wanted=True, environment={ENDPOINTS[1]: HERE}),
    Case(id="the variable for traces names one", wanted=True, environment={ENDPOINTS[0]: HERE}),
    Case(id="the SDK is disabled", wanted=False, endpoint=HERE, environment={"OTEL_SDK_DISABLED": "true"}),
    Case(id="no exporter", wanted=False, endpoint=HERE, environment={"OTEL_TRACES_EXPORTER": "none"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_traces_are_exported_where_an_endpoint_is_named(case: Case) -> None:
    assert wanted(case.endpoint, case.environment) is case.wanted


def test_of_the_oldest_operations_the_request_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "REMEMBERED", 2)
    provider = TracerProvider(shutdown_on_exit=False)
    spans.use(provider)
    try:
        with provider.get_tracer("test").start_as_current_span("request") as request:
            for n in (1, 2, 3):
                spans.remember(operation(n))
        parents = [parent_of(operation(n)) for n in (1, 2, 3)]
    finally:
        spans.use(None)
    own = request.get_span_context().span_id
    assert parents == [None, own, own]


def parent_of(of: Operation) -> int | None:
    """The parent of a vendor call that is made for this operation."""
    token = AT_WORK.set(of)
    with spans.vendor_call("cx", "civica_cx", "send") as made:
        assert isinstance(made, ReadableSpan)
        parent = made.parent
    AT_WORK.reset(token)
    return None if parent is None else parent.span_id
