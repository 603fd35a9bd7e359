"""Which operation a task is at work on: log lines and traces name it, without anybody handing it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar

from app.domain.operations import Operation

AT_WORK: ContextVar[Operation | None] = ContextVar("at_work", default=None)
"""Set where a request's write was accepted and where a worker takes one up; a task inherits it from its maker."""

trace_ids: Callable[[], Mapping[str, str]] | None = None
"""Tells the current trace and span, while traces are exported (`spans.use`); this module imports none of that."""
