"""What the vendor shows of an order, taken in: new, unchanged, changed, too old, or overtaken by a write of ours."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from app.domain.json import JsonValue
from app.domain.operations import State
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import orders
from app.ledger.records import Change, KnownOrder
from app.ledger.rows import unseen_order
from app.ledger.sql import Sql
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    BLANK_ORDER,
    NOW,
    NUMBER,
    OCCURRED,
    begun,
    draft,
    op_id,
    order_row,
    passes,
    rows_of,
    settlement,
    stepwise,
)

RAISED = OCCURRED - 3600 * SECOND


def seen(
    number: str = NUMBER,
    *,
    code: str | None = "10",
    at: int = NOW,
    since: int | None = RAISED,
    title: str = "Boiler",
) -> Observation:
    """The order as the vendor shows it."""
    return Observation(
        key=OrderKey(number=number, reference=f"WO{number}", vendor_ids={"uid": "0eb0"}),
        code=code,
        status_at=None if since is None else from_micros(since),
        late=False,
        target_at=from_micros(NOW + 86_400 * SECOND),
        fields={"title": title},
        record={"StatusCode": code, "Title": title},
        as_of=from_micros(at),
    )


async def observe(store: Store, *shown: Observation, now: int = NOW, source: str = "poll") -> list[Change]:
    return await store.write(orders.observe(BACKEND, shown, source=source, now=now))


SEEN_ORDER = {
    **BLANK_ORDER,
    "reference": "WO113427",
    "vendor_ids": '{"uid":"0eb0"}',
    "fields": '{"title":"Boiler"}',
    "etag": orders.etag_of(seen()),
    "code": "10",
    "code_since": RAISED,
    "target_at": NOW + 86_400 * SECOND,
    "observed_at": NOW,
    "version": 1,
    "event_seq": 1,
}


async def test_an_order_seen_for_the_first_time_is_stored_and_told(store: Store) -> None:
    now_is: dict[str, JsonValue] = {
        "code": "10",
        "code_since": RAISED,
        "late": 0,
        "target_at": NOW + 86_400 * SECOND,
        "reference": "WO113427",
    }
    assert await observe(store, seen()) == [Change(number=NUMBER, was={}, now=now_is)]
    assert await order_row(store) == SEEN_ORDER
    [event] = await rows_of(store, "event")
    assert event == {
        "id": event["id"],
        "at": NOW,
        "backend": BACKEND,
        "work_order": NUMBER,
        "seq": 1,
        "type": "work_order.changed",
        "source": "poll",
        "tenant": None,
        "operation_id": None,
        "data": json.dumps({"was": {}, "now": now_is}, separators=(",", ":")),
    }


async def test_an_order_reads_back_as_it_was_shown(store: Store) -> None:
    await observe(store, seen())
    view = replace(
        unseen_order(NUMBER),
        reference="WO113427",
        vendor_ids={"uid": "0eb0"},
        code="10",
        code_since=RAISED,
        target_at=NOW + 86_400 * SECOND,
        observed_at=NOW,
        version=1,
    )
    assert await store.read(orders.find(BACKEND, NUMBER)) == KnownOrder(
        view=view, observation=replace(seen(), record={}), changed_at=NOW, etag=orders.etag_of(seen())
    )


async def test_an_order_that_has_not_changed_is_only_fresher(store: Store) -> None:
    await observe(store, seen())
    assert await observe(store, seen(at=NOW + SECOND), now=NOW + SECOND) == []
    assert await order_row(store) == {**SEEN_ORDER, "observed_at": NOW + SECOND}
    assert len(await rows_of(store, "event")) == 1


async def test_a_change_is_an_event_with_the_values_before_it(store: Store) -> None:
    await observe(store, seen())
    moved = seen(code="11", since=NOW, at=NOW + SECOND, title="Boiler, urgent")
    change = Change(
        number=NUMBER,
        was={"code": "10", "code_since": RAISED, "fields.title": "Boiler"},
        now={"code": "11", "code_since": NOW, "fields.title": "Boiler, urgent"},
    )
    assert await observe(store, moved, now=NOW + SECOND, source="read") == [change]
    event = (await rows_of(store, "event"))[-1]
    assert (event["seq"], event["source"], json.loads(str(event["data"]))) == (
        2,
        "read",
        {"was": change.was, "now": change.now},
    )
    assert await order_row(store) == {
        **SEEN_ORDER,
        "code": "11",
        "code_since": NOW,
        "fields": '{"title":"Boiler, urgent"}',
        "etag": orders.etag_of(moved),
        "observed_at": NOW + SECOND,
        "changed_at": NOW + SECOND,
        "version": 2,
        "event_seq": 2,
    }


async def test_a_change_that_we_do_not_show_makes_another_etag_and_no_event(store: Store) -> None:
    await observe(store, seen())
    hidden = replace(seen(at=NOW + SECOND), record={"StatusCode": "10", "Title": "Boiler", "RowVersion": 8})
    assert await observe(store, hidden, now=NOW + SECOND) == []
    assert await order_row(store) == {
        **SEEN_ORDER,
        "etag": orders.etag_of(hidden),
        "observed_at": NOW + SECOND,
        "version": 2,
    }


async def test_an_older_observation_changes_nothing(store: Store) -> None:
    await observe(store, seen())
    assert await observe(store, seen(code="9", at=NOW - SECOND), now=NOW + SECOND) == []
    assert await order_row(store) == SEEN_ORDER


async def test_a_read_begun_before_our_own_write_was_confirmed_does_not_undo_it(store: Store) -> None:
    await observe(store, seen())
    first = await begun(store, 1, now=NOW)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + 2 * SECOND))
    before = await order_row(store)
    assert await observe(store, seen(code="10", at=NOW + SECOND), now=NOW + 3 * SECOND) == []
    assert await order_row(store) == {**before, "observed_at": NOW + SECOND}
    retitled = seen(code="10", at=NOW + SECOND, title="Boiler, urgent")
    [change] = await observe(store, retitled, now=NOW + 3 * SECOND)
    assert change.was == {"fields.title": "Boiler"}
    after = await order_row(store)
    ours = ("code", "code_since", "code_operation", "code_tenant")
    assert {name: after[name] for name in ours} == {
        "code": "11",
        "code_since": OCCURRED,
        "code_operation": op_id(1),
        "code_tenant": "acme",
    }


async def test_what_was_seen_and_written_before_the_clock_was_set_back_does_not_hide_the_order(store: Store) -> None:
    await observe(store, seen())
    first = await begun(store, 1, now=NOW)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + SECOND))
    earlier = NOW - 3600 * SECOND
    [change] = await observe(store, seen(code="9", at=earlier), now=earlier)
    assert (change.was["code"], change.now["code"]) == ("11", "9")
    assert (await order_row(store))["observed_at"] == earlier


async def test_a_read_begun_before_the_clock_was_set_back_does_not_undo_our_own_write(store: Store) -> None:
    """Whatever came in between: the write was confirmed before the clock was set back, or since."""
    await observe(store, seen())
    asked, hour = NOW + 5 * SECOND, 3600 * SECOND
    first = await begun(store, 1, now=NOW)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=asked + SECOND))
    assert await observe(store, seen(at=asked), now=asked + 2 * SECOND - hour) == []
    assert (await order_row(store))["code"] == "11"
    second = await begun(store, 2, now=asked + 3 * SECOND - hour, code="12")
    await store.settle(settlement(second.claim, second.operation, State.applied, now=asked + 4 * SECOND - hour))
    assert await observe(store, seen(at=asked), now=asked + 5 * SECOND - hour) == []
    assert (await order_row(store))["code"] == "12"
    later = asked + 6 * SECOND - hour
    [change] = await observe(store, seen(at=later), now=later)
    assert (change.was["code"], change.now["code"]) == ("12", "10")


async def test_a_read_begun_before_the_clock_was_set_back_is_no_sight_of_the_order(store: Store) -> None:
    """What it showed is not taken in, so the order as we have it must not count as fresh."""
    await observe(store, seen())
    asked, hour = NOW + 5 * SECOND, 3600 * SECOND
    assert await observe(store, seen(at=asked, code="12"), now=asked - hour) == []
    row = await order_row(store)
    assert (row["code"], row["observed_at"]) == ("10", NOW)


async def test_an_order_that_has_not_changed_is_fresh_again_after_the_clock_was_set_back(store: Store) -> None:
    await observe(store, seen())
    earlier = NOW - 3600 * SECOND
    assert await observe(store, seen(at=earlier), now=earlier) == []
    assert await order_row(store) == {**SEEN_ORDER, "observed_at": earlier}


async def test_our_own_write_seen_again_stays_ours(store: Store) -> None:
    await observe(store, seen())
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + SECOND))
    shown = seen(code="11", since=OCCURRED, at=NOW + 2 * SECOND)
    assert await observe(store, shown, now=NOW + 2 * SECOND) == []
    order = await order_row(store)
    assert (order["code"], order["code_operation"], order["observed_at"]) == ("11", op_id(1), NOW + 2 * SECOND)


async def test_a_later_read_that_shows_another_code_wins_over_our_write(store: Store) -> None:
    await observe(store, seen())
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + SECOND))
    [change] = await observe(store, seen(at=NOW + 2 * SECOND), now=NOW + 2 * SECOND)
    assert change == Change(
        number=NUMBER, was={"code": "11", "code_since": OCCURRED}, now={"code": "10", "code_since": RAISED}
    )
    order = await order_row(store)
    assert (order["code"], order["code_operation"], order["code_tenant"]) == ("10", None, None)


async def test_an_order_whose_first_write_came_before_any_read_is_completed_by_the_first_read(store: Store) -> None:
    await begun(store, 1)
    assert [change.was for change in await observe(store, seen())] == [{}]
    order = await order_row(store)
    assert (order["code"], order["projected_code"], order["open_count"], order["version"]) == ("10", "11", 1, 2)


async def test_a_read_and_the_end_of_a_write_at_once_never_lose_the_write(store: Store, peer: Store) -> None:
    """Read Committed would let the observation put the old code back over a write confirmed while it was being stored."""
    for n in range(1, 31):
        number = f"{n:03}"
        await observe(store, seen(number))
        first = await begun(store, n, number=number)
        shown = seen(number, title="Boiler, urgent", at=NOW + SECOND)
        await asyncio.gather(
            store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + 2 * SECOND)),
            observe(peer, shown, now=NOW + 3 * SECOND),
        )
        order = await order_row(store, number)
        assert (order["code"], order["code_operation"], order["fields"]) == (
            "11",
            op_id(n),
            '{"title":"Boiler, urgent"}',
        )


async def test_two_reads_of_a_new_order_at_once_store_it_once(store: Store, peer: Store) -> None:
    for n in range(20):
        found = await asyncio.gather(observe(store, seen(f"{n}")), observe(peer, seen(f"{n}")))
        assert sorted(len(changes) for changes in found) == [0, 1]
    assert len(await rows_of(store, "work_order")) == len(await rows_of(store, "event")) == 20


async def test_two_polls_that_list_the_orders_in_opposite_order_do_not_block_each_other(
    store: Store, peer: Store
) -> None:
    listed = [seen(f"{n:03}") for n in range(50)]
    await observe(store, *listed)
    for round_ in range(1, 4):
        later = [
            replace(one, fields={"title": f"{round_}"}, record={"Title": f"{round_}"}, as_of=from_micros(NOW + round_))
            for one in listed
        ]
        found = await asyncio.gather(observe(store, *later), observe(peer, *reversed(later)))
        assert sum(len(changes) for changes in found) == 50


async def test_an_acceptance_and_a_read_at_once_both_stay(store: Store, peer: Store) -> None:
    for n in range(1, 21):
        number = f"{n:03}"
        await asyncio.gather(
            store.accept(draft(n, number=number), passes(), None), observe(peer, seen(number), now=NOW)
        )
        order = await order_row(store, number)
        assert (order["code"], order["projected_code"], order["open_count"]) == ("10", "11", 1)


async def test_a_thousand_orders_are_taken_in_at_once(store: Store) -> None:
    listed = [seen(f"{n:04}") for n in range(1000)]
    steps: list[Sql] = []
    found = await store.write(stepwise(orders.observe(BACKEND, listed, source="poll", now=NOW), steps.append))
    assert len(found) == 1000
    assert await observe(store, *[replace(one, as_of=from_micros(NOW + 1)) for one in listed]) == []
    assert len(steps) == 5 * 1000  # as many for each, however many there are
    assert {row["observed_at"] for row in await rows_of(store, "work_order")} == {NOW + 1}
