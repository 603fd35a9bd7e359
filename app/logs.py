"""Logs: one JSON object a line on stderr, secrets struck out, whoever wrote the line; readable text on a terminal."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.domain.times import now_micros, rfc3339_micros
from app.redaction import Redactor
from app.telemetry import at_work
from app.telemetry.at_work import AT_WORK, REQUEST

LOUDNESS: dict[str, int] = {
    "uvicorn":        logging.INFO,
    "uvicorn.error":  logging.INFO,      # its ordinary lines too, whatever another server in this process has set
    "uvicorn.access": logging.CRITICAL,  # our own line says more, and says it once
    "zeep":           logging.WARNING,   # at DEBUG it prints whole envelopes, passwords included
    "httpx":          logging.WARNING,
    "httpcore":       logging.WARNING,
    "aiohttp":        logging.WARNING,
    "asyncio":        logging.WARNING,
    "sqlalchemy":     logging.WARNING,
    "alembic":        logging.WARNING,
}  # fmt: skip
"""How loud other people's loggers may be at most, whatever level is asked for."""


def configure(
    *,
    level: str = "INFO",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    console: bool | None = None,
) -> None:
    """Set up structlog and the standard library's logging, once, before the first line is written.

    `secrets` are the configured ones (passwords, signing key): their very text is struck out wherever it appears.
    `console` asks for readable text instead of JSON; left out, a terminal gets it.
    """
    out = sys.stderr if stream is None else stream
    readable = out.isatty() if console is None else console
    threshold = logging.getLevelNamesMapping()[level.upper()]
    render: tuple[Processor, ...] = (_one_line, structlog.dev.ConsoleRenderer()) if readable else (_json_line,)
    lines = _Lines(out)
    shared: tuple[Processor, ...] = (
        _about,
        structlog.processors.add_log_level,
        _stamp,
    )
    last: tuple[Processor, ...] = (structlog.processors.format_exc_info, Redactor(secrets), *render)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=lines),  # type: ignore[arg-type]  # writes and flushes only
        cache_logger_on_first_use=False,  # so that a second call of this function takes effect everywhere
    )
    listener = logging.StreamHandler(lines)
    listener.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), _said_once],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [listener]
    root.setLevel(threshold)
    for name, loudest in LOUDNESS.items():
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(threshold, loudest))


class _Lines:
    """A stream whose lines are lost where they cannot be written: on a full disk, or with nobody left to read the pipe.

    What logs a line goes on: a worker delivers, a request is answered.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            self._out.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._out.flush()


def _about(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What the line is about: the operation at work, the request that brought it, the trace. Its own words go before."""
    request_id, operation = REQUEST.get(), AT_WORK.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    if operation is not None:
        event.setdefault("operation", operation.id)
        event.setdefault("backend", operation.backend)
        if operation.request_id is not None and "route" not in event:  # a worker has no request, or may have another's
            event["request_id"] = operation.request_id
    if at_work.trace_ids is not None:
        for name, value in at_work.trace_ids().items():
            event.setdefault(name, value)
    return event


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["timestamp"] = rfc3339_micros(now_micros())
    return event


def _said_once(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's own copy of the event, for terminals
    return event


_encode = json.JSONEncoder(separators=(",", ":")).encode  # escapes all but ASCII; the redactor leaves plain values


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _encode(event)


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A terminal obeys control characters; what was sent to us must not reach it as such. Traces keep their lines."""
    return {name: _escaped(value) if name != "exception" else value for name, value in event.items()}


def _escaped(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return value.encode("unicode_escape").decode("ascii")
