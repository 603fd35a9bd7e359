"""Traces, as the rest of the code makes them: a span for each call to a vendor, in the trace of the request that brought it.

Nothing here imports OpenTelemetry's SDK, and nothing costs anything, unless `use` is given a provider. Which request brought
an operation is kept in memory: what another process, or this one after a restart, sends later has a trace of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.domain.operations import Operation
from app.telemetry import at_work
from app.telemetry.at_work import AT_WORK

NAME = "orderbridge"
REMEMBERED = 10_000
"""Of so many operations the request is known that brought them; then the oldest is forgotten."""

tracer: Tracer | None = None
"""None: no traces are exported, and nothing of this module need be called."""

_brought_by: OrderedDict[str, Context] = OrderedDict()
_traceparent = TraceContextTextMapPropagator()


def use(provider: TracerProvider | None) -> None:
    """Begin to trace, or end."""
    global tracer
    tracer = None if provider is None else provider.get_tracer(NAME)
    at_work.trace_ids = None if provider is None else ids
    _brought_by.clear()


def remember(operation: Operation) -> None:
    """The current request brought this operation."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        _brought_by[operation.id] = trace.set_span_in_context(NonRecordingSpan(current), Context())
        if len(_brought_by) > REMEMBERED:
            _brought_by.popitem(last=False)


def routed(method: str, route: str | None) -> None:
    """The current request goes to this route, which FastAPI does not tell its span of one that takes the short way."""
    if route is not None:
        current = trace.get_current_span()
        current.set_attribute("http.route", route)
        current.update_name(f"{method} {route}")


@contextmanager
def vendor_call(backend: str, vendor: str, call: str) -> Iterator[Span]:
    """A span around a call to a vendor, a child of the request that brought the operation at hand.

    It is not made the current one: `within` does that for a part of the call.
    """
    assert tracer is not None
    operation = AT_WORK.get()
    attributes = {"orderbridge.backend": backend, "orderbridge.vendor": vendor}
    parent = contexts.get_current()
    if operation is not None:
        parent = _brought_by.get(operation.id, Context())
        attributes["orderbridge.operation"] = operation.id
    span = tracer.start_span(f"{call} {vendor}", context=parent, kind=SpanKind.CLIENT, attributes=attributes)
    try:
        yield span
    finally:
        span.end()


def outcome(span: Span, word: str, *, well: bool) -> None:
    """What a vendor call came to."""
    span.set_attribute("orderbridge.outcome", word)
    if not well:
        span.set_attribute("error.type", word)
        span.set_status(StatusCode.ERROR)


@contextmanager
def within(span: Span) -> Iterator[None]:
    """What is sent from here on belongs to this span."""
    token = contexts.attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        contexts.detach(token)


def carried() -> list[tuple[str, str]]:
    """The headers by which a vendor's own traces can go on from ours: traceparent, and tracestate if there is one."""
    headers: dict[str, str] = {}
    _traceparent.inject(headers)
    return list(headers.items())


def ids() -> dict[str, str]:
    """The current span's ids, for a log line."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}
