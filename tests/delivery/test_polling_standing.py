"""A list that shows what it showed before is written down once for all its orders, and only when it was whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from app.delivery.polling import poll
from app.domain.errors import BackendUnavailable
from app.ledger.sql import Sql
from app.ledger.tables import ORDER
from tests.delivery.bench import Simulated, delivery, rows, set_on_screen, until
from tests.delivery.rounds import desk_of, polls, rounds_of, shows, turn_of
from tests.gateway import CX, Site, site

ORDERS = Sql(select(ORDER).where(ORDER.c.backend == bindparam("of_backend")).order_by(ORDER.c.number))
STALE = {"Cache-Control": "max-stale"}


@pytest.fixture
async def made(vendor: Simulated, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway that polls no more after its first list."""
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as running:

        async def known() -> bool:
            return len((await running.api.get(running.orders())).json()["items"]) == 7

        await until(known)
        await polls(desk_of(running))
        yield running


async def stored(made: Site) -> list[dict[str, Any]]:
    return await rows(made, ORDERS, of_backend=made.backend)


async def as_of(made: Site, number: str) -> str:
    return str((await made.api.get(made.orders(number), headers=STALE)).json()["as_of"])


async def times(made: Site) -> dict[str, str]:
    items = (await made.api.get(made.orders())).json()["items"]
    return {one["number"]: one["as_of"] for one in items}


async def test_a_list_that_shows_what_it_showed_before_writes_no_order_and_makes_all_fresher(made: Site) -> None:
    before, fresh = await stored(made), await times(made)
    assert await polls(desk_of(made)) == 0
    assert await stored(made) == before
    after = await times(made)
    assert len(set(after.values())) == 1
    assert all(after[number] > fresh[number] for number in fresh)


async def test_a_list_that_breaks_off_makes_only_those_fresher_that_differed(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await times(made)
    numbers = sorted(before)
    set_on_screen(made, numbers[0], 11)
    stands = shows(made, monkeypatch)
    stands.breaks_after, stands.fault = 4, BackendUnavailable("broke off")
    assert not await rounds_of(made)()
    after = await times(made)
    assert [number for number in numbers if after[number] != before[number]] == numbers[:1]
    stands.breaks_after = None
    assert await rounds_of(made)()
    last = await times(made)
    assert all(last[number] > after[number] for number in numbers)


async def test_an_order_that_leaves_the_list_keeps_its_time_until_it_is_read(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await times(made)
    stands = shows(made, monkeypatch)
    stands.unlisted = {"113427"}
    assert await polls(desk_of(made)) == 0
    after = await times(made)
    assert [number for number in after if after[number] == before[number]] == ["113427"]
    assert await rounds_of(made)()
    assert stands.reads == ["WO113427"]
    assert await as_of(made, "113427") > after["113427"]
    stands.unlisted = set()
    assert await rounds_of(made)()
    assert (len(set((await times(made)).values())), len(stands.reads)) == (1, 1)


async def test_an_empty_list_leaves_every_order_as_fresh_as_it_was(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await times(made)
    stands = shows(made, monkeypatch)
    stands.unlisted = set(before)
    assert await polls(desk_of(made)) == 0
    assert await times(made) == before
    assert {row["stands"] for row in await stored(made)} == {0}


async def test_gateways_that_take_turns_write_no_more_than_one_would(made: Site) -> None:
    here = desk_of(made)
    there = replace(here, owner="there")
    before = await stored(made)
    for desk in (there, here, there):
        fresh = await times(made)
        assert await polls(desk) == 0
        after = await times(made)
        assert all(after[number] > fresh[number] for number in fresh)
    assert await stored(made) == before


async def test_a_list_whose_turn_is_lost_while_it_comes_in_makes_nothing_fresher(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, stored_before = await times(made), await stored(made)
    here = desk_of(made)
    turn = await turn_of(here)
    await turn_of(replace(here, owner="there"))
    stands = shows(made, monkeypatch)
    stands.unlisted = {"113427"}
    assert not await poll(here, turn)
    assert (await times(made), await stored(made)) == (before, stored_before)
