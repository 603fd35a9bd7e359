"""Clearing up in a running gateway: what a caller meets when answers, keys and references have been let go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.delivery import reaper
from app.delivery.reaper import MOST, Reaper
from app.ledger.key_room import KeyRoom
from app.ledger.retention import Retention
from app.ledger.sql import Unit
from tests.delivery.bench import AT, body, reaper_at, until
from tests.gateway import CX, Site, site


async def test_a_repeat_after_its_answer_was_dropped_tells_how_it_stands(cx: Site) -> None:
    first = await cx.update("113427", body(11), key="a-key-that-came-before")
    cleared = await reaper_at(cx, days=4).clear()
    again = await cx.update("113427", body(11), key="a-key-that-came-before")
    other = await cx.update("113427", body(9), key="a-key-that-came-before")
    assert first.status_code == 201
    assert cleared == {"answers": 1}
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
    assert "retry-after" not in again.headers
    shown = again.json()
    assert (shown["operation_id"], shown["state"]) == (first.json()["operation_id"], "applied")
    assert shown["result"] == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(cx.effects("113427")) == 1


async def test_after_its_time_a_key_is_new_and_the_client_reference_still_protects(cx: Site) -> None:
    sent = body(11, client_reference="job-7-on-site")
    first = await cx.update("113427", sent, key="a-key-that-came-before")
    assert (await reaper_at(cx, days=8).clear())["keys"] == 1
    again = await cx.update("113427", sent, key="a-key-that-came-before")
    assert (again.status_code, again.json()["code"]) == (409, "client-reference-used")
    assert again.json()["operation_id"] == first.json()["operation_id"]
    # Even the refusal is kept with the key now, which is a key like any other again.
    repeated = await cx.update("113427", sent, key="a-key-that-came-before")
    assert (repeated.status_code, repeated.headers["idempotent-replayed"]) == (409, "true")
    other = await cx.update("113427", {"vendor_code": "9", "occurred_at": AT}, key="a-key-that-came-later")
    assert other.status_code == 201
    assert len(cx.effects("113427")) == 2


async def test_a_round_goes_on_until_everything_is_cleared(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "MOST", 2)
    monkeypatch.setattr(reaper, "REST_S", 0)
    for code in (11, 9, 11, 9, 4):
        assert (await cx_on_sqlite.update("113427", body(code))).status_code == 201
    cleared = await reaper_at(cx_on_sqlite, days=8).clear()
    assert cleared == {"keys": 5, "answers": 5}


async def test_a_gateway_clears_up_by_itself(
    cx_url: str, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "ROUND_S", 0.05)
    rounds = asyncio.Event()
    clear = Reaper.clear

    async def counted(self: Reaper) -> object:
        cleared = await clear(self)
        rounds.set()
        return cleared

    monkeypatch.setattr(Reaper, "clear", counted)
    async with site(CX, cx_url, sqlite_database, tmp_path) as made:
        await until(rounds.is_set)
        made.app.state.gateway.keys.most = 1
        answers: list[int] = []
        while not answers or answers[-1] == 201:
            answers.append((await made.update("113427", body(9 if len(answers) % 2 else 11))).status_code)
            await asyncio.sleep(0.05)
        assert answers[-1] == 429, "it counts its clients' keys, too"


async def test_keys_are_counted_while_the_clearing_has_no_end(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def always_full() -> Unit[int]:
        rounds.append(1)
        return MOST
        yield

    monkeypatch.setattr(reaper, "ROUND_S", 0.05)
    monkeypatch.setattr(Retention, "units", lambda _self, *, now, most: {"keys": always_full()})
    keys: KeyRoom = cx_on_sqlite.app.state.gateway.keys
    keys.most = 1
    assert (await cx_on_sqlite.update("113427", body(11))).status_code == 201
    busy = reaper_at(cx_on_sqlite, days=0)
    busy.start()
    try:
        await until(lambda: len(rounds) > 5 and not keys.take("tester"))
    finally:
        await busy.stop()
    await cx_on_sqlite.app.state.gateway.store.ping()  # behind what was on its way to the writer as it stopped
    ended = len(rounds)
    await asyncio.sleep(0.1)
    assert len(rounds) == ended
