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
    """What is logged meanwhile, as it would stand on stderr; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, threshold = root.handlers, root.level
    written = io.StringIO()
    logs.configure(stream=written, secrets=secrets, level=level, console=console)
    try:
        yield written
    finally:
        structlog.reset_defaults()
        root.handlers = handlers
        root.setLevel(threshold)
