"""An open order that the vendor's list names no more is read by itself; that it is not listed proves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.errors import BackendTimeout, BackendUnavailable, WorkOrderNotFound
from app.ledger import absence
from tests.delivery.bench import Simulated, add_orders, cancel_on_screen, delivery, events, set_on_screen, until
from tests.delivery.rounds import Rounds, Shows, rounds_of, shows, told
from tests.gateway import CX, Site, site

NUMBER = "113427"
NONE = WorkOrderNotFound("Cx shows us no such order.")


@pytest.fixture
async def scene(
    vendor: Simulated, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Site, Rounds, Shows]]:
    """A gateway that has had its first round, and a vendor that can hide orders. What was just seen may be missing."""
    monkeypatch.setattr(absence, "JUST_SEEN", 0)
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:

        async def listed() -> bool:
            return len((await made.api.get(made.orders())).json()["items"]) == 7

        await until(listed)
        yield made, rounds_of(made), shows(made, monkeypatch)


async def test_while_all_are_listed_none_is_read_by_itself(scene: tuple[Site, Rounds, Shows]) -> None:
    _, round_, vendor = scene
    assert await round_()
    assert vendor.reads == []


async def test_an_order_that_is_there_but_not_listed_is_taken_in_as_it_is(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.unlisted.add(NUMBER)
    set_on_screen(made, NUMBER, 11)
    assert await round_()
    assert vendor.reads == ["WO113427"], "by its reference: a number would be looked for in another whole list"
    assert await told(made, NUMBER) == [("work_order.changed", "poll"), ("work_order.changed", "read")]
    _, data = (await events(made, NUMBER))[-1]
    assert (data["was"]["code"], data["now"]["code"]) == ("3", "11")
    assert round_.changed == 1


async def test_an_order_that_is_neither_listed_nor_there_is_told_once_and_stays_as_it_was(
    scene: tuple[Site, Rounds, Shows],
) -> None:
    made, round_, vendor = scene
    vendor.unlisted.add(NUMBER)
    vendor.faults["WO113427"] = NONE
    for _ in range(12):
        assert await round_()
    assert await told(made, NUMBER) == [("work_order.changed", "poll"), ("work_order.missing", "read")]
    assert 1 < len(vendor.reads) <= 3, "it is asked for again, but not in every round"
    shown = await made.api.get(made.orders(NUMBER), headers={"Cache-Control": "max-stale"})
    assert (shown.status_code, shown.json()["status"]) == (200, "issued")


async def test_an_order_that_is_listed_again_is_told(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.unlisted.add(NUMBER)
    vendor.faults["WO113427"] = NONE
    await round_()
    vendor.unlisted.clear()
    await round_()
    assert (await events(made, NUMBER))[-1] == (
        "work_order.changed",
        {"was": {"missing": True}, "now": {"missing": False}},
    )


async def test_a_list_that_breaks_off_proves_nothing(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.faults["WO113427"] = NONE
    vendor.breaks_after, vendor.fault = 1, BackendUnavailable("cut off")
    assert not await round_()
    assert vendor.reads == []
    vendor.breaks_after = None
    assert await round_()
    assert await told(made, NUMBER) == [("work_order.changed", "poll")]


async def test_an_order_that_had_ended_may_leave_the_list(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    cancel_on_screen(made, NUMBER)
    await round_()
    vendor.unlisted.add(NUMBER)
    assert await round_()
    assert vendor.reads == []


async def test_an_order_that_cannot_be_read_is_left_for_the_next_round(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.unlisted.add(NUMBER)
    unreadable = BackendUnavailable("no order of ours")
    unreadable.one_order = True
    vendor.faults["WO113427"] = unreadable
    assert await round_()
    assert await told(made, NUMBER) == [("work_order.changed", "poll")]
    del vendor.faults["WO113427"]
    assert await round_()
    assert vendor.reads == ["WO113427", "WO113427"]


async def test_after_three_failures_in_a_row_the_round_is_over(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    numbers = add_orders(made, 6)
    await round_()
    vendor.unlisted.update(numbers)
    vendor.faults.update({f"WO{number}": BackendTimeout("late") for number in numbers})
    assert not await round_()
    assert len(vendor.reads) == 3
    assert [await told(made, number) for number in numbers] == [[("work_order.changed", "poll")]] * 6


async def test_a_reference_that_another_order_has_now_is_not_believed(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.unlisted.add(NUMBER)
    other = await vendor.adapter.read("WO113434")
    vendor.reads.clear()
    real = vendor._read

    async def swapped(name: str) -> object:
        return other if name == "WO113427" else await real(name)

    vendor._read = swapped
    assert await round_()
    assert vendor.reads == ["WO113427", NUMBER]
    assert await told(made, NUMBER) == [("work_order.changed", "poll")]
