"""After a test that looked at the logs, logging is as it was: no test hangs on which came before it in the process."""

from __future__ import annotations

import logging

import pytest

from app.logs import LOUDNESS
from tests.logged import logged

LOGGERS = [None, *LOUDNESS]


@pytest.mark.parametrize("name", LOGGERS)
def test_every_logger_is_as_it_was(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger(name)
    own = [logging.NullHandler()]
    monkeypatch.setattr(logger, "handlers", own)
    monkeypatch.setattr(logger, "propagate", False)
    level = logger.level
    with logged(level="ERROR"):
        assert logger.handlers != own
        assert logger.getEffectiveLevel() >= logging.ERROR
    assert (logger.handlers, logger.propagate, logger.level) == (own, False, level)
