"""No secret in a span: the query of a request is recorded by FastAPI as it came, so it is struck out before anything is sent."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor

from app.redaction import Redactor

QUERY = "url.query"


class Scrubber(SpanProcessor):
    """To be added before the processor that exports."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        query = (span.attributes or {}).get(QUERY)
        if isinstance(query, str):
            span.set_attribute(QUERY, self._redactor.text(query))
