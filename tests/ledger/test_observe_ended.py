"""An order that had ended and is shown open again: held, not overwritten; and all that is no such contradiction."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.domain.work_orders import Observation
from app.ledger import holds, lanes, orders
from app.ledger.records import Accepted, Change, Fenced, NewHold
from app.ledger.resolving import Word, resolve
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    NOW,
    NUMBER,
    REFUSED,
    begun,
    claimed,
    draft,
    everything,
    lease,
    op_id,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.test_observe import seen

ENDED = frozenset({"18", "19"})
"""Cancelled and fully invoiced; 10 is issued, 11 on site."""


async def observe(
    store: Store, *shown: Observation, at_s: int = 0, source: str = "poll", ended: frozenset[str] = ENDED
) -> list[Change]:
    return await store.write(
        orders.observe(BACKEND, shown, source=source, now=NOW + at_s * SECOND, ended=ended, listed_at=None)
    )


def at(seconds: int, code: str | None, **more: str) -> Observation:
    """The order as the vendor shows it so long after NOW."""
    return seen(code=code, at=NOW + seconds * SECOND, **more)  # type: ignore[arg-type]


async def open_holds(store: Store) -> list[dict[str, object]]:
    return [row for row in await rows_of(store, "order_hold") if row["closed_at"] is None]


@pytest.fixture
async def cancelled(store: Store) -> Store:
    """An order that the client has cancelled."""
    await observe(store, at(0, "10"))
    await observe(store, at(10, "18"), at_s=10)
    return store


async def test_an_order_shown_open_after_its_end_is_held_and_keeps_its_end(cancelled: Store) -> None:
    assert await observe(cancelled, at(20, "11"), at_s=20) == []
    order = await order_row(cancelled)
    [hold] = await open_holds(cancelled)
    assert hold == {
        **dict.fromkeys(hold),
        "id": order["blocked_by"],
        "backend": BACKEND,
        "work_order": NUMBER,
        "cause": "contradiction",
        "detail": "The order had ended with the vendor's code 18, and the vendor shows it with 11 now.",
        "version": 1,
        "opened_at": NOW + 20 * SECOND,
    }
    names = ("code", "held", "ready_at", "blocked_tenant", "observed_at")
    assert {name: order[name] for name in names} == {
        "code": "18",
        "held": 1,
        "ready_at": None,
        "blocked_tenant": None,
        "observed_at": NOW + 20 * SECOND,
    }
    event = (await rows_of(cancelled, "event"))[-1]
    assert {**event, "id": 0} == {
        "id": 0,
        "at": NOW + 20 * SECOND,
        "backend": BACKEND,
        "work_order": NUMBER,
        "seq": 3,
        "type": "hold.opened",
        "source": "poll",
        "tenant": None,
        "operation_id": None,
        "data": event["data"],
    }
    assert json.loads(str(event["data"])) == {
        "hold_id": hold["id"],
        "cause": "contradiction",
        "detail": hold["detail"],
        "previous_code": "18",
        "code": "11",
    }


async def test_what_is_shown_again_and_again_holds_it_once(cancelled: Store) -> None:
    await observe(cancelled, at(20, "11"), at_s=20)
    before = await everything(cancelled)
    assert await observe(cancelled, at(21, "11"), at_s=21) == []
    await observe(cancelled, at(22, "10"), at_s=22)  # another code: held it is already
    after = await everything(cancelled)
    assert {name: rows for name, rows in after.items() if name != "work_order"} == {
        name: rows for name, rows in before.items() if name != "work_order"
    }
    assert (await order_row(cancelled))["code"] == "18"


async def test_the_other_members_are_taken_in_all_the_same(cancelled: Store) -> None:
    [change] = await observe(cancelled, at(20, "11", title="Boiler, urgent"), at_s=20)
    assert (change.was, change.now) == ({"fields.title": "Boiler"}, {"fields.title": "Boiler, urgent"})
    told = [(row["type"], row["seq"]) for row in await rows_of(cancelled, "event")][-2:]
    assert told == [("work_order.changed", 3), ("hold.opened", 4)]


async def test_the_end_that_our_own_write_had_set_makes_its_tenant_the_holds_owner(store: Store) -> None:
    await observe(store, at(0, "10"))
    first = await begun(store, 1, code="19")
    await store.settle(settlement(first.claim, first.operation, State.applied, ending=APPLIED, now=NOW + SECOND))
    await observe(store, at(5, "11"), at_s=5)
    [hold] = await open_holds(store)
    assert (hold["tenant"], hold["operation_id"]) == ("acme", op_id(1))
    order = await order_row(store)
    assert (order["code"], order["code_operation"], order["blocked_tenant"]) == ("19", op_id(1), "acme")


async def test_what_was_read_before_our_write_was_confirmed_contradicts_nothing(store: Store) -> None:
    await observe(store, at(0, "10"))
    first = await begun(store, 1, code="19")
    await store.settle(settlement(first.claim, first.operation, State.applied, ending=APPLIED, now=NOW + 5 * SECOND))
    await observe(store, at(4, "11"), at_s=6)
    assert await open_holds(store) == []
    assert (await order_row(store))["code"] == "19"


async def test_what_is_older_than_the_end_contradicts_nothing(cancelled: Store) -> None:
    before = await everything(cancelled)
    await observe(cancelled, at(5, "11"), at_s=20)
    assert await everything(cancelled) == before


async def test_one_end_after_another_is_taken_in(cancelled: Store) -> None:
    [change] = await observe(cancelled, at(20, "19"), at_s=20)
    assert (change.was["code"], change.now["code"]) == ("18", "19")
    assert await open_holds(cancelled) == []


async def test_a_record_without_a_code_neither_ends_nor_opens(cancelled: Store) -> None:
    assert await observe(cancelled, at(20, None), at_s=20) == []
    assert (await order_row(cancelled))["code"] == "18"
    assert await open_holds(cancelled) == []
    await observe(cancelled, at(21, "11"), at_s=21)
    assert [row["cause"] for row in await open_holds(cancelled)] == ["contradiction"]


async def test_which_codes_end_an_order_is_asked_when_it_is_seen(cancelled: Store) -> None:
    """A status table imported anew may call the code no end any more."""
    [change] = await observe(cancelled, at(20, "11"), at_s=20, ended=frozenset({"19"}))
    assert (change.was["code"], change.now["code"]) == ("18", "11")
    assert await open_holds(cancelled) == []


async def test_a_code_that_a_new_table_calls_an_end_is_one_from_then_on(store: Store) -> None:
    await observe(store, at(0, "11"), ended=frozenset())
    await observe(store, at(5, "10"), at_s=5, ended=frozenset({"11"}))
    assert [row["cause"] for row in await open_holds(store)] == ["contradiction"]


async def test_an_order_that_is_held_already_gets_no_second_hold(store: Store) -> None:
    await observe(store, at(0, "10"))
    first = await begun(store, 1)
    await queued(store, 2, code="12")
    stops = NewHold(id="hold_1", cause=Cause.vendor_refused, detail="no")
    refused = settlement(first.claim, first.operation, State.refused, ending=REFUSED, now=NOW + SECOND)
    await store.settle(replace(refused, hold=stops))
    await observe(store, at(10, "18"), at_s=10)
    await observe(store, at(20, "11"), at_s=20)
    assert [row["id"] for row in await open_holds(store)] == ["hold_1"]
    order = await order_row(store)
    assert (order["code"], order["blocked_by"]) == ("18", "hold_1")


async def test_nothing_that_is_queued_is_sent_and_a_worker_loses_the_queue(store: Store) -> None:
    """It may have been leased a moment ago, to be sent: then its intent is not stored any more."""
    await observe(store, at(0, "10"))
    await queued(store, 1)
    await observe(store, at(10, "18"), at_s=10)
    [claim] = await claimed(store, now=NOW + 15 * SECOND)
    head = await store.read(lanes.head(claim))
    assert head is not None
    await observe(store, at(20, "11"), at_s=20, source="delivery")
    with pytest.raises(Fenced):
        await store.write(
            lanes.begin(claim, head, target_code="11", previous_code="18", lease=lease(), now=NOW + 21 * SECOND)
        )
    assert await claimed(store, now=NOW + 3600 * SECOND) == []
    [write] = await rows_of(store, "operation")
    assert (write["state"], write["attempts"]) == ("queued", 0)
    found = await store.read(lanes.next_ready(BACKEND))
    assert found is None


@pytest.mark.parametrize("shown", ["11", "10"])
async def test_a_write_under_way_has_its_outcome_first(cancelled: Store, shown: str) -> None:
    """What it asked for may be its own doing. Anything else is looked at again before something is sent."""
    accepted = await cancelled.accept(draft(1, now=NOW + 15 * SECOND), passes("11"), lease(now=NOW + 15 * SECOND))
    assert isinstance(accepted, Accepted)
    await observe(cancelled, at(20, shown), at_s=20)
    order = await order_row(cancelled)
    assert await open_holds(cancelled) == []
    assert (order["code"], order["recheck"], order["lease_owner"]) == (
        ("11", 0, "here") if shown == "11" else ("18", 1, "here")
    )
    done = settlement(accepted.claim, accepted.operation, State.refused, ending=REFUSED, now=NOW + 21 * SECOND)
    await cancelled.settle(done)
    await observe(cancelled, at(30, "10"), at_s=30)
    assert len(await open_holds(cancelled)) == int(shown == "10")


async def test_our_applied_write_is_no_contradiction_though_it_opens_the_order_again(cancelled: Store) -> None:
    accepted = await cancelled.accept(draft(1, now=NOW + 15 * SECOND), passes("11"), lease(now=NOW + 15 * SECOND))
    assert isinstance(accepted, Accepted)
    await cancelled.settle(
        settlement(accepted.claim, accepted.operation, State.applied, ending=APPLIED, now=NOW + 20 * SECOND)
    )
    await observe(cancelled, at(30, "11"), at_s=30)
    await observe(cancelled, at(40, "10"), at_s=40)
    assert await open_holds(cancelled) == []
    assert (await order_row(cancelled))["code"] == "10"


@pytest.mark.parametrize("kind", [Kind.create, Kind.replace])
@pytest.mark.parametrize("read_after", [True, False])
async def test_an_order_that_we_made_anew_is_as_the_vendor_makes_it(
    cancelled: Store, kind: Kind, read_after: bool
) -> None:
    """The client had removed it, so we created it again; the read after the vendor's answer may have failed."""
    made = replace(draft(1, kind=kind, now=NOW + 15 * SECOND))
    accepted = await cancelled.accept(made, passes(None), lease(now=NOW + 15 * SECOND))
    assert isinstance(accepted, Accepted)
    if read_after:
        await observe(cancelled, at(17, "10"), at_s=17, source="delivery")
    await cancelled.settle(
        settlement(accepted.claim, accepted.operation, State.applied, ending=APPLIED, now=NOW + 20 * SECOND)
    )
    await observe(cancelled, at(30, "10"), at_s=30)
    assert await open_holds(cancelled) == []
    assert (await order_row(cancelled))["code"] == "10"


async def test_our_delete_forgets_the_end_too(cancelled: Store) -> None:
    await cancelled.write(orders.forget(BACKEND, NUMBER, now=NOW + 15 * SECOND))
    [change] = await observe(cancelled, at(20, "10"), at_s=20)
    assert (change.was, change.now["code"]) == ({}, "10")
    assert await open_holds(cancelled) == []


async def test_two_gateways_that_see_it_at_once_hold_it_once(cancelled: Store, peer: Store) -> None:
    for n in range(20):
        number = f"{n:03}"
        first, later = (
            seen(number, code="18"),
            replace(seen(number, code="11"), as_of=at(5, "11").as_of),
        )
        await observe(cancelled, first)
        await asyncio.gather(observe(cancelled, later, at_s=5), observe(peer, later, at_s=5))
    assert len(await open_holds(cancelled)) == 20
    assert [row["event_seq"] for row in await rows_of(cancelled, "work_order")][:20] == [2] * 20


async def test_after_the_hold_is_released_what_the_vendor_shows_is_taken_in(cancelled: Store) -> None:
    await observe(cancelled, at(20, "11"), at_s=20)
    [hold] = await open_holds(cancelled)
    word = Word(action=Action.skip, reason="reopened by the client", by="ann", now=NOW + 25 * SECOND)
    await cancelled.write(resolve(str(hold["id"]), word))
    assert await cancelled.read(holds.find(str(hold["id"]))) is not None
    [change] = await observe(cancelled, at(30, "11"), at_s=30)
    assert (change.was["code"], change.now["code"]) == (None, "11")
    assert await open_holds(cancelled) == []


async def test_what_is_queued_for_an_order_that_ends_need_not_wait_for_its_time(store: Store) -> None:
    await observe(store, at(0, "10"))
    await queued(store, 1)
    [claim] = await claimed(store)
    await store.write(lanes.put_back(claim, ready_at=NOW + 600 * SECOND))
    await observe(store, at(5, "11"), at_s=5)
    assert (await order_row(store))["ready_at"] == NOW + 600 * SECOND
    await observe(store, at(10, "18"), at_s=10)
    assert (await order_row(store))["ready_at"] == NOW + 10 * SECOND


async def test_a_lost_answer_keeps_its_time_though_the_order_ends(store: Store) -> None:
    await observe(store, at(0, "10"))
    first = await begun(store, 1)
    lost = settlement(first.claim, first.operation, State.unknown, now=NOW + SECOND, ready_at=NOW + 600 * SECOND)
    await store.settle(lost)
    await observe(store, at(10, "18"), at_s=10)
    assert (await order_row(store))["ready_at"] == NOW + 600 * SECOND
