"""The host's clock is set back an hour while a write is being accepted: its caller waits no longer than they asked to."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from app.domain.times import SECOND, now_micros
from app.ledger import sqlite
from app.ledger.records import Acceptance
from app.ledger.sqlite import SqliteStore
from tests.delivery.bench import body, finished
from tests.gateway import Site

HOUR = 3600 * SECOND


@pytest.mark.parametrize("prefer", ["respond-async", "wait=1"])
async def test_nobody_waits_longer_for_a_clock_set_back_meanwhile(
    prefer: str, cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Mock(side_effect=now_micros)
    accept = SqliteStore.accept

    async def set_back(self: SqliteStore, *asked: object) -> Acceptance:
        accepted = await accept(self, *asked)  # type: ignore[arg-type]
        clock.side_effect = lambda: now_micros() - HOUR
        return accepted

    monkeypatch.setattr(sqlite, "now_micros", clock)
    monkeypatch.setattr(SqliteStore, "accept", set_back)
    cx_on_sqlite.fault("latency", delay_s=4, count=1, on="write")
    answer = await cx_on_sqlite.update("113427", body(11), prefer=prefer)
    assert answer.status_code == 202, "they waited until the vendor had answered"
    assert (await finished(cx_on_sqlite, answer.json()["operation_id"]))["state"] == "applied"
