"""A gateway that is stopped (SIGTERM) in the middle of a change: what is not known is found out after the next start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.vendors.registry import VENDORS
from tests.delivery.bench import Simulated, operation, outcomes
from tests.delivery.changing import CHANGES, Change, Place, place
from tests.vendors.loopback import after, hang, raw

pytestmark = pytest.mark.usefixtures("hurried_changes")


async def begun(at: Place, change: Change) -> str:
    """The write, accepted and on its way to the vendor; the caller has hung up."""
    asking = asyncio.create_task(change.ask(at))
    while not at.sent:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return str((await at.site.api.get("/v1/operations")).json()["items"][0]["operation_id"])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_gateway_that_stops_lets_the_change_under_way_end(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    vendor = Simulated(vendor=VENDORS[change.slug], data=tmp_path / "vendor")
    url = vendor.start()
    async with place(change.slug, sqlite_database, tmp_path, simulator_url=url) as at:
        at.glass.around(change.call, lambda answer: after(0.4, raw(answer)))
        sent = await begun(at, change)
    async with place(change.slug, sqlite_database, tmp_path, simulator_url=url) as at:
        assert (await operation(at.site, sent))["state"] == "applied"
        assert (await outcomes(at.site, sent), at.sent) == (["applied"], [])
        assert at.effects(change.number) == [change.effect]
    vendor.stop()


@pytest.mark.parametrize("effect", [True, False], ids=["effect made", "no effect"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_change_cut_by_the_stop_is_unknown_and_found_out_after_the_next_start(
    change: Change, effect: bool, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Simulated(vendor=VENDORS[change.slug], data=tmp_path / "vendor")
    url = vendor.start()
    async with place(change.slug, sqlite_database, tmp_path, simulator_url=url, deadline_s=2) as at:
        if effect:
            at.glass.around(change.call, lambda answer: hang)
        else:
            at.glass.instead(change.call, hang)
        sent = await begun(at, change)
        monkeypatch.setattr(at.site.app.state.gateway.dispatcher, "_deadline_s", -4.9)  # the stop waits 0.1 s
    async with place(change.slug, sqlite_database, tmp_path, simulator_url=url) as at:
        assert (await outcomes(at.site, sent))[0] == "unknown"
        found = await at.end_of(sent)
        assert (found["state"], found["attempts"], at.sent) == (
            "applied",
            1 if effect else 2,
            [] if effect else [change.call],
        )
        assert at.effects(change.number) == [change.effect]
    vendor.stop()
