"""Where traces go: an OTLP collector, if the configuration or OpenTelemetry's own environment names one."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from app.redaction import Redactor
from app.telemetry import spans

if TYPE_CHECKING:  # the SDK takes a while to import, and few gateways export traces
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
END_S = 5
"""How long a gateway that stops waits for its collector to take the last spans."""


class Traces:
    """The traces of one gateway. Sampling and limits follow OpenTelemetry's own environment variables."""

    def __init__(self, endpoint: str | None, *, version: str, secrets: Iterable[str] = ()) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        own = {"service.version": version, **({} if named else {"service.name": spans.NAME})}
        self.provider: TracerProvider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
        self._url = None if endpoint is None else f"{endpoint.rstrip('/')}/v1/traces"  # None: as the environment says
        self._redactor = Redactor(secrets)

    @asynccontextmanager
    async def exported(self) -> AsyncIterator[None]:
        """Send spans to the collector until the block ends; the last ones within END_S, or not at all."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from app.telemetry.scrubbing import Scrubber

        self.provider.add_span_processor(Scrubber(self._redactor))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=self._url)))
        spans.use(self.provider)
        try:
            yield
        finally:
            spans.use(None)
            await self._ended()

    async def _ended(self) -> None:
        """Wait for the last spans, in a thread that the process's end does not wait for."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            self.provider.shutdown()
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=end, name="traces-end", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await ended.wait()


def wanted(endpoint: str | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are to be exported; `endpoint` is the configuration's."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    return not (off or none) and (endpoint is not None or any(environment.get(name) for name in ENDPOINTS))
