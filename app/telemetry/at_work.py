"""Which request a task answers and which operation it is at work on: log lines and traces name them, without anybody handing
them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar

from app.domain.operations import Operation

AT_WORK: ContextVar[Operation | None] = ContextVar("at_work", default=None)
"""Set where a request's write was accepted and where a worker takes one up; a task inherits it from its maker."""

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the request. Whatever a request makes, later tasks of its connection too, inherits it until it is set anew."""

trace_ids: Callable[[], Mapping[str, str]] | None = None
"""Tells the current trace and span, while traces are exported (`spans.use`); this module imports none of that."""
