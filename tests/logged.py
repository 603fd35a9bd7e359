"""What the product logs while something runs; afterwards logging is as it was, for the tests that come next in the process."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog

from app import logs


@contextmanager
def logged(*, secrets: Iterable[str] = (), level: str = "INFO", console: bool = False) -> Iterator[io.StringIO]:
    """What is logged meanwhile, as it would stand on stderr."""
    written = io.StringIO()
    with logging_restored():
        logs.configure(stream=written, secrets=secrets, level=level, console=console)
        yield written


@contextmanager
def logging_restored() -> Iterator[None]:
    """Whatever the product sets up meanwhile: structlog, the root logger, and those that it makes quieter."""
    loggers = [logging.getLogger(), *map(logging.getLogger, logs.LOUDNESS)]
    before = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]
    try:
        yield
    finally:
        structlog.reset_defaults()
        for logger, handlers, level, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
