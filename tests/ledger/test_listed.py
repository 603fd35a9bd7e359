"""A whole list taken in at once: what is unchanged, what is new, what differs, and what must be left for one by one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg
import pytest

from app.domain.glimpses import Glimpse
from app.domain.operations import State
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation
from app.ledger import absence, listed, orders, rounds
from app.ledger.listed import Differing
from app.ledger.records import Change
from app.ledger.rounds import Turn
from app.ledger.sql import Unit
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, NUMBER, OCCURRED, begun, everything, op_id, order_row, rows_of, settlement
from tests.ledger.test_observe import RAISED, SEEN_ORDER, observe, seen

LATER = NOW + 60 * SECOND
ENDED = frozenset({"18"})


def mark_of(one: Observation) -> str:
    return orders.etag_of(one)[:8]


def glimpse(one: Observation) -> Glimpse:
    marked = replace(one, mark=mark_of(one))
    return Glimpse(number=one.key.number, mark=mark_of(one), as_of=one.as_of, read=lambda: marked)


async def turn(store: Store, now: int, *, owner: str = "here") -> Turn:
    """A round of polling that begins then, whoever had the last."""
    taken = rounds.take(BACKEND, owner=owner, now=now, until=now + 15 * SECOND, every=0, alone=True)
    begun = await store.write(taken)
    assert isinstance(begun, Turn)
    return begun


async def differing(store: Store, *shown: Observation, now: int, ended: frozenset[str] = ENDED) -> Differing:
    """What a list brings, beside the rows; nothing has been written yet."""
    found = Differing(turn=await turn(store, now), source="poll", now=now, ended=ended)
    rows = await store.read(listed.beside(BACKEND, [one.key.number for one in shown]))
    for one in shown:
        assert found.add(glimpse(one), rows[one.key.number])
    return found


@dataclass(frozen=True, kw_only=True)
class Written:
    """What all units of a list have written, and what they have left."""

    changes: Sequence[Change]
    left: Sequence[Observation]


async def written(store: Store, found: Differing) -> Written:
    takens = [await store.write(unit) for unit in found.writes()]
    return Written(changes=[change for taken in takens for change in taken.changes], left=found.left(takens))


async def take_in(store: Store, *shown: Observation, now: int = NOW) -> Written:
    return await written(store, await differing(store, *shown, now=now))


def standing() -> Unit[Mapping[str, str | None]]:
    return listed.standing(BACKEND, after="", most=1000, now=LATER)


def numbers(left: Sequence[Observation]) -> list[str]:
    return [one.key.number for one in left]


LISTED_ORDER = {**SEEN_ORDER, "listed_at": NOW, "mark": mark_of(seen()), "marked_version": 1, "stands": 1}


async def test_new_orders_are_stored_as_if_each_had_been_seen_by_itself(store: Store) -> None:
    taken = await take_in(store, seen(), seen("2"))
    assert await order_row(store) == LISTED_ORDER
    events = [{**row, "id": None} for row in await rows_of(store, "event")]
    assert (numbers(taken.left), [change.number for change in taken.changes]) == ([], [NUMBER, "2"])
    await observe(store, seen("3"), source="poll")
    alone = {**(await rows_of(store, "event"))[-1], "id": None}
    data = str(alone["data"])
    assert events == [{**alone, "work_order": one, "data": data.replace("WO3", f"WO{one}")} for one in (NUMBER, "2")]


async def test_what_is_as_it_was_is_neither_read_nor_written(store: Store) -> None:
    await take_in(store, seen())
    before = await everything(store)
    assert await store.read(standing()) == {NUMBER: mark_of(seen())}
    assert await everything(store) == before


async def test_what_is_as_it_was_but_stands_in_no_list_is_not_read_and_stands_there_again(store: Store) -> None:
    await take_in(store, seen())
    begun_ = await turn(store, LATER)
    await store.write(listed.leave(begun_, [NUMBER]))
    found = Differing(turn=begun_, source="poll", now=LATER, ended=ENDED)
    unread = replace(glimpse(seen(at=LATER)), read=lambda: pytest.fail("it was read"))
    assert found.add(unread, (await store.read(listed.beside(BACKEND, [NUMBER])))[NUMBER])
    assert (await written(store, found)).changes == []
    assert await order_row(store) == {**LISTED_ORDER, "observed_at": LATER, "listed_at": LATER}
    assert len(await rows_of(store, "event")) == 1


async def test_a_change_is_written_as_one_that_is_seen_by_itself(store: Store) -> None:
    await take_in(store, seen())
    moved = seen(code="11", since=NOW, at=LATER, title="Boiler, urgent")
    assert await take_in(store, moved, now=LATER) == Written(
        changes=[
            Change(
                number=NUMBER,
                was={"code": "10", "code_since": RAISED, "fields.title": "Boiler"},
                now={"code": "11", "code_since": NOW, "fields.title": "Boiler, urgent"},
            )
        ],
        left=[],
    )
    assert await order_row(store) == {
        **LISTED_ORDER,
        "code": "11",
        "code_since": NOW,
        "fields": '{"title":"Boiler, urgent"}',
        "etag": orders.etag_of(moved),
        "observed_at": LATER,
        "listed_at": LATER,
        "changed_at": LATER,
        "version": 2,
        "event_seq": 2,
        "mark": mark_of(moved),
        "marked_version": 2,
    }
    assert [row["seq"] for row in await rows_of(store, "event")] == [1, 2]


async def test_a_change_that_we_do_not_show_makes_no_event(store: Store) -> None:
    await take_in(store, seen())
    hidden = replace(seen(at=LATER), record={"StatusCode": "10", "RowVersion": 8})
    assert await take_in(store, hidden, now=LATER) == Written(changes=[], left=[])
    order = await order_row(store)
    assert (order["etag"], order["version"], order["event_seq"], order["changed_at"]) == (
        orders.etag_of(hidden),
        2,
        1,
        NOW,
    )


async def test_an_order_that_was_never_marked_is_looked_at_and_marked(store: Store) -> None:
    await observe(store, seen())
    assert await take_in(store, seen(at=LATER), now=LATER) == Written(changes=[], left=[])
    assert await order_row(store) == {**LISTED_ORDER, "observed_at": LATER, "listed_at": LATER}


async def test_a_mark_is_worth_nothing_once_the_row_has_changed(store: Store) -> None:
    """The list that is stored was asked for before our write was confirmed, and shows the order as it was marked."""
    await take_in(store, seen())
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=LATER))
    before = await order_row(store)
    assert await take_in(store, seen(at=LATER - SECOND), now=LATER + SECOND) == Written(changes=[], left=[])
    assert await order_row(store) == {**before, "observed_at": LATER - SECOND, "listed_at": LATER + SECOND}
    assert (before["code"], before["marked_version"]) == ("11", 1)
    taken = await take_in(store, seen(at=LATER + 9 * SECOND), now=LATER + 9 * SECOND)
    assert [(one.was["code"], one.now["code"]) for one in taken.changes] == [("11", "10")]


async def test_an_older_list_neither_changes_nor_marks(store: Store) -> None:
    await take_in(store, seen(code="11"))
    older = seen(at=NOW - SECOND)
    assert await take_in(store, older, now=LATER) == Written(changes=[], left=[])
    order = await order_row(store)
    assert (order["code"], order["observed_at"], order["mark"]) == ("11", NOW, mark_of(seen(code="11")))


async def test_an_update_that_settles_between_the_look_and_the_writing_is_not_undone(store: Store, peer: Store) -> None:
    await take_in(store, seen(), seen("2"))
    first = await begun(store, 1)
    moved = [seen(code="12", since=NOW, at=NOW + SECOND), seen("2", code="12", since=NOW, at=NOW + SECOND)]
    found = await differing(store, *moved, now=LATER)
    await peer.settle(settlement(first.claim, first.operation, State.applied, now=LATER - SECOND))
    taken = await written(store, found)
    assert (numbers(taken.left), [one.number for one in taken.changes]) == ([NUMBER], ["2"])
    order = await order_row(store)
    assert (order["code"], order["code_operation"]) == ("11", op_id(1))
    await store.write(orders.observe(BACKEND, taken.left, source="poll", now=LATER, listed_at=LATER))
    order = await order_row(store)
    assert (order["code"], order["code_since"], order["listed_at"]) == ("11", OCCURRED, LATER)


async def test_a_list_and_the_end_of_a_write_at_once_never_lose_the_write(store: Store, peer: Store) -> None:
    for n in range(1, 31):
        number = f"{n:03}"
        await take_in(store, seen(number))
        first = await begun(store, n, number=number)
        shown = seen(number, title="Boiler, urgent", at=NOW + SECOND)
        found = await differing(peer, shown, now=LATER)
        _, taken = await asyncio.gather(
            store.settle(settlement(first.claim, first.operation, State.applied, now=NOW + 2 * SECOND)),
            written(peer, found),
        )
        await peer.write(orders.observe(BACKEND, taken.left, source="poll", now=LATER, listed_at=LATER))
        order = await order_row(store, number)
        assert (order["code"], order["code_operation"], order["fields"]) == (
            "11",
            op_id(n),
            '{"title":"Boiler, urgent"}',
        )


async def test_an_order_that_is_shown_open_after_its_end_is_left(store: Store) -> None:
    await take_in(store, seen(code="18"), seen("2"))
    taken = await take_in(store, seen(at=LATER), seen("2", title="Tap", at=LATER), now=LATER)
    assert (numbers(taken.left), [one.number for one in taken.changes]) == ([NUMBER], ["2"])
    assert (await order_row(store))["code"] == "18"


async def test_an_order_that_was_missing_is_looked_at_again(store: Store) -> None:
    await take_in(store, seen())
    gone = absence.not_shown(BACKEND, NUMBER, asked_at=LATER, now=LATER, ended=ENDED, source="read")
    assert await store.write(gone)
    taken = await take_in(store, seen(at=LATER + SECOND), now=LATER + SECOND)
    assert taken.changes == [Change(number=NUMBER, was={"missing": True}, now={"missing": False})]
    order = await order_row(store)
    assert (order["missing_since"], order["marked_version"], order["version"]) == (None, 3, 3)


async def test_an_order_that_we_have_deleted_since_the_list_was_asked_for_stays_deleted(store: Store) -> None:
    await take_in(store, seen())
    await store.write(orders.forget(BACKEND, NUMBER, now=LATER))
    found = await differing(store, seen(at=LATER - SECOND), now=LATER + SECOND)
    before = await everything(store)
    taken = await written(store, found)
    assert numbers(taken.left) == [NUMBER]
    again = orders.observe(BACKEND, taken.left, source="poll", now=LATER + SECOND, listed_at=LATER + SECOND)
    assert await store.write(again) == []
    assert await everything(store) == before


async def test_two_that_take_the_same_list_in_at_once_store_and_tell_each_order_once(store: Store, peer: Store) -> None:
    for round_ in range(3):
        at = NOW + round_ * SECOND
        shown = [seen(f"{n:03}", title=f"{round_}", at=at) for n in range(60)]
        both = [await differing(store, *shown, now=at), await differing(peer, *reversed(shown), now=at + 1)]
        found = await asyncio.gather(written(store, both[0]), written(peer, both[1]))
        for one, at_work in zip(found, (store, peer), strict=True):
            assert await at_work.write(orders.observe(BACKEND, one.left, source="poll", now=at + 1)) == []
        assert sum(len(one.changes) for one in found) == 60
    assert len(await rows_of(store, "event")) == 180


async def test_no_order_that_somebody_is_at_work_on_is_waited_for(postgres_store: Store, told_time: str) -> None:
    await take_in(postgres_store, seen("1"), seen("2"), seen("3"))
    holder = await asyncpg.connect(told_time)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM work_order WHERE number = '2' FOR UPDATE")
        same, other = seen("1", at=LATER), [seen(one, title="Tap", at=LATER) for one in ("2", "3")]
        found = await differing(postgres_store, same, *other, now=LATER)
        async with asyncio.timeout(0.9):
            taken = await written(postgres_store, found)
    await holder.close()
    assert (numbers(taken.left), [one.number for one in taken.changes]) == (["2"], ["3"])


async def test_words_of_every_kind_come_back_as_they_were(store: Store) -> None:
    odd = 'quote " backslash \\ \\u0000 <ünï> 💧 \n tab\t'
    shown = replace(seen(title=odd), key=replace(seen().key, reference=odd, vendor_ids={"uid": odd}))
    await take_in(store, shown)
    order = await order_row(store)
    assert (order["reference"], json.loads(str(order["fields"])), json.loads(str(order["vendor_ids"]))) == (
        odd,
        {"title": odd},
        {"uid": odd},
    )


async def test_a_process_that_dies_between_two_batches_has_lost_and_doubled_nothing(store: Store, peer: Store) -> None:
    shown = [seen(f"{n:03}") for n in range(20)]
    await take_in(store, *shown[:10])
    before = await rows_of(store, "event")
    again = [replace(one, as_of=from_micros(LATER)) for one in shown]
    taken = await take_in(peer, *again, now=LATER)
    assert sorted(one.number for one in taken.changes) == [one.key.number for one in shown[10:]]
    assert (await rows_of(store, "event"))[:10] == before
    assert {row["listed_at"] for row in await rows_of(store, "work_order")} == {LATER}
