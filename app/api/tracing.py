"""FastAPI's own OpenTelemetry support, set up for us: spans of requests when traces are exported, and nothing else ever."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider

UNTRACED = frozenset({"/livez", "/readyz", "/metrics"})
"""What monitors ask for every few seconds."""


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """The setting `FastAPI(telemetry=...)`; without a provider a request costs nothing. Metrics and logs are our own."""
    return {
        "auto_configure": False,
        "tracing": provider is not None,
        "tracer_provider": provider,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "exclude": _untraced,
    }


def _untraced(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in UNTRACED
