"""Many gateways on one PostgreSQL look at a backend's orders once in an interval; a gateway that starts again does not hurry."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.delivery import polling
from app.ledger import rounds
from app.ledger.sql import Unit
from tests.delivery.bench import Simulated, delivery, set_on_screen, until
from tests.delivery.recording import LIST, glass
from tests.delivery.rounds import told
from tests.gateway import CX, site

OFTEN = {"poll_s": 1}


async def test_three_gateways_list_once_in_an_interval_and_tell_each_difference_once(
    vendor: Simulated, postgres_database: str, tmp_path: Path
) -> None:
    async with glass(vendor.url) as pane:
        for name in "abc":
            (tmp_path / name).mkdir()
        async with (
            site(CX, pane.url, postgres_database, tmp_path / "a", **delivery(), backend=OFTEN) as made,
            site(CX, pane.url, postgres_database, tmp_path / "b", **delivery(), backend=OFTEN),
            site(CX, pane.url, postgres_database, tmp_path / "c", **delivery(), backend=OFTEN),
        ):
            await until(lambda: len(pane.of(LIST)) >= 1)
            made.vendor.post(f"{vendor.url}/_sim/orders/113427/status", json={"StatusCodeId": 11})
            await asyncio.sleep(5)
            assert 3 <= len(pane.of(LIST)) <= 9, "three pollers of their own would list fifteen times and more"
            assert await told(made, "113427") == [("work_order.changed", "poll")] * 2


async def test_when_one_gateway_stops_another_goes_on(
    vendor: Simulated, postgres_database: str, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    async with site(CX, vendor.url, postgres_database, tmp_path / "a", **delivery(), backend=OFTEN) as made:
        async with site(CX, vendor.url, postgres_database, tmp_path / "b", **delivery(), backend=OFTEN):
            await asyncio.sleep(1.5)
        set_on_screen(made, "113427", 11)

        async def seen() -> bool:
            return len(await told(made, "113427")) == 2

        await until(seen, within_s=6)


async def test_a_round_that_a_dead_gateway_began_is_taken_up_by_another(
    vendor: Simulated, postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died in the middle of its list: nobody waits for the rest of a long interval."""
    monkeypatch.setattr(polling, "TURN_S", 1.0)
    monkeypatch.setattr(polling, "GO_ON_S", 0.3)
    for name in "ab":
        (tmp_path / name).mkdir()
    hangs = asyncio.Event()
    async with glass(vendor.url) as pane:

        async def hang(_: object) -> None:
            await hangs.wait()

        pane.before = hang
        monkeypatch.setattr(rounds, "leave", lambda _: _nothing())  # a dead one says no word
        async with site(CX, pane.url, postgres_database, tmp_path / "a", **delivery()):
            await until(lambda: len(pane.passed) == 1)
        async with site(CX, vendor.url, postgres_database, tmp_path / "b", **delivery()) as made:

            async def seen() -> bool:
                return len((await made.api.get(made.orders())).json()["items"]) == 7

            await until(seen, within_s=5)
        hangs.set()


async def test_a_gateway_that_starts_again_within_the_interval_does_not_list_again(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with glass(vendor.url) as pane:
        for _ in range(3):
            async with site(CX, pane.url, database, tmp_path, **delivery()) as made:
                made.vendor.close()

                async def listed() -> bool:
                    return len((await made.api.get(made.orders())).json()["items"]) == 7

                await until(listed)
                await asyncio.sleep(0.3)
        assert len(pane.of(LIST)) == 1


async def test_a_gateway_that_stops_in_the_middle_of_a_list_has_it_listed_again_at_once(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with glass(vendor.url) as pane:

        async def hang(_: object) -> None:
            await asyncio.sleep(30)

        pane.before = hang
        async with site(CX, pane.url, database, tmp_path, **delivery()):
            await until(lambda: len(pane.passed) == 1)
        pane.before = None
        async with site(CX, pane.url, database, tmp_path, **delivery()) as made:

            async def listed() -> bool:
                return len((await made.api.get(made.orders())).json()["items"]) == 7

            await until(listed, within_s=5)


def _nothing() -> Unit[None]:
    """A unit that writes nothing."""
    return
    yield
