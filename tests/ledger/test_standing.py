"""Orders that stand in the vendor's list: as fresh as the last whole list, without a word in their rows."""

from __future__ import annotations

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import absence, listed, orders, rounds
from app.ledger.rounds import Turn
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, NUMBER, begun, everything, order_row, rows_of, settlement
from tests.ledger.test_listed import ENDED, LATER, differing, mark_of, standing, take_in, turn, written
from tests.ledger.test_observe import observe, seen

LAST = LATER + 60 * SECOND


async def showed(store: Store, begun_: Turn, *, at: int | None = None) -> bool:
    return await store.write(rounds.showed(begun_, at=begun_.started_at if at is None else at, now=begun_.started_at))


async def seen_at(store: Store, number: str = NUMBER) -> int | None:
    known = await store.read(orders.find(BACKEND, number))
    assert known is not None
    assert known.observation is not None
    return known.view.observed_at


async def unseen(store: Store, *, since: int) -> list[str]:
    found = await store.read(absence.unseen(BACKEND, since=since, now=since, ended=ENDED, listed=True, most=10))
    return [one.number for one in found]


async def test_orders_that_stand_in_a_list_are_as_fresh_as_the_list_and_are_not_written(store: Store) -> None:
    await take_in(store, seen(), seen("2"))
    rows = await rows_of(store, "work_order")
    assert await showed(store, await turn(store, LATER), at=LATER + 1)
    assert [await seen_at(store, number) for number in (NUMBER, "2")] == [LATER + 1, LATER + 1]
    [listed_] = await store.read(orders.list_orders(BACKEND, orders.OrderFilter(codes=("10",)), most=1))
    assert listed_.view.observed_at == LATER + 1
    assert await unseen(store, since=LATER) == []
    assert await rows_of(store, "work_order") == rows


async def test_a_list_that_did_not_come_to_its_end_leaves_all_as_fresh_as_they_were(store: Store) -> None:
    await take_in(store, seen(), seen("2"))
    await showed(store, await turn(store, LATER))
    changes = (await take_in(store, seen("2", code="11", at=LAST), now=LAST)).changes
    assert [change.number for change in changes] == ["2"]
    assert (await seen_at(store), await seen_at(store, "2")) == (LATER, LAST)
    assert await unseen(store, since=LAST) == [NUMBER]


async def test_an_order_that_the_list_names_no_more_stays_as_fresh_as_the_last_list_that_did(store: Store) -> None:
    await take_in(store, seen(), seen("2"))
    await showed(store, await turn(store, LATER))
    last = await turn(store, LAST)
    await store.write(listed.leave(last, [NUMBER]))
    assert (await seen_at(store), await seen_at(store, "2")) == (LATER, LATER)
    assert await showed(store, last)
    assert (await seen_at(store), await seen_at(store, "2")) == (LATER, LAST)
    assert await unseen(store, since=LAST) == [NUMBER]
    order = await order_row(store)
    assert (order["stands"], order["observed_at"], order["listed_at"]) == (0, LATER, LATER)
    assert await store.read(standing()) == {"2": mark_of(seen("2"))}


async def test_an_order_that_was_read_after_the_list_was_asked_for_is_as_fresh_as_the_read(store: Store) -> None:
    await take_in(store, seen())
    await observe(store, seen(at=LATER + SECOND), now=LATER + SECOND)
    await showed(store, await turn(store, LATER))
    assert await seen_at(store) == LATER + SECOND


async def test_a_read_that_is_older_than_the_list_changes_nothing(store: Store) -> None:
    """The order's row itself was last written before either."""
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))
    before = await rows_of(store, "event")
    assert await observe(store, seen(code="11", at=LATER - SECOND), now=LATER + SECOND) == []
    assert (await order_row(store))["code"] == "10"
    assert (await seen_at(store), await rows_of(store, "event")) == (LATER, before)


async def test_an_order_that_a_read_finds_changed_is_as_fresh_as_the_read_until_a_list_is_compared(
    store: Store,
) -> None:
    """The list that was asked for after the read may have been compared with the row before it."""
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))
    last = await turn(store, LAST)
    assert await store.read(standing()) == {NUMBER: mark_of(seen())}
    await observe(store, seen(code="11", at=LAST - SECOND), now=LAST)
    await showed(store, last)
    assert (await seen_at(store), (await order_row(store))["listed_at"]) == (LAST - SECOND, LATER)
    assert await unseen(store, since=LAST) == [NUMBER]
    taken = await take_in(store, seen(code="11", at=LAST), now=LAST)
    assert (taken.changes, await store.read(standing())) == ([], {NUMBER: mark_of(seen(code="11"))})


async def test_a_write_of_ours_makes_the_next_list_be_compared_and_the_order_no_older(store: Store) -> None:
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))
    first = await begun(store, 1, now=LATER + SECOND)
    await store.settle(settlement(first.claim, first.operation, State.applied, now=LATER + 2 * SECOND))
    assert (await store.read(standing()), await seen_at(store)) == ({NUMBER: None}, LATER)
    await showed(store, await turn(store, LAST))
    assert ((await order_row(store))["code"], await seen_at(store)) == ("11", LAST)


async def test_a_round_that_is_another_gateways_meanwhile_writes_nothing_more(store: Store, peer: Store) -> None:
    await take_in(store, seen(), seen("2"))
    await showed(store, await turn(store, LATER))
    found = await differing(store, seen(code="11", at=LAST), seen("2", at=LAST), seen("3", at=LAST), now=LAST)
    await turn(peer, LAST + 1, owner="there")
    before = await everything(store)
    taken = await written(store, found)
    assert (taken.changes, [one.key.number for one in taken.left]) == ([], [NUMBER, "2", "3"])
    await store.write(listed.leave(found.turn, [NUMBER]))
    assert not await showed(store, found.turn)
    assert await everything(store) == before


async def test_two_gateways_that_take_turns_write_no_more_than_one(store: Store, peer: Store) -> None:
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))
    rows = await rows_of(store, "work_order")
    theirs = await turn(peer, LAST, owner="there")
    assert await peer.read(standing()) == {NUMBER: mark_of(seen())}
    assert await showed(peer, theirs)
    assert (await seen_at(store), await rows_of(store, "work_order")) == (LAST, rows)


async def test_a_list_of_before_the_clock_was_set_back_does_not_make_orders_fresh_for_ever(store: Store) -> None:
    await take_in(store, seen())
    ahead = NOW + 86_400 * SECOND
    await showed(store, await turn(store, ahead))
    assert await unseen(store, since=LATER) == [NUMBER]
    await showed(store, await turn(store, LATER))
    assert (await seen_at(store), await unseen(store, since=LATER)) == (LATER, [])


async def test_an_older_read_changes_nothing_while_the_list_is_dated_ahead_of_the_clock(store: Store) -> None:
    await take_in(store, seen())
    await showed(store, await turn(store, NOW + 86_400 * SECOND))
    await observe(store, seen(at=LATER), now=LATER)
    assert await seen_at(store) == LATER
    assert await observe(store, seen(code="11", at=LATER - SECOND), now=LATER) == []
    assert (await order_row(store))["code"] == "10"


async def test_an_order_that_was_seen_before_the_clock_was_set_back_is_compared_again(store: Store) -> None:
    ahead = LATER + 86_400 * SECOND
    await take_in(store, seen(at=ahead), now=ahead)
    assert await store.read(standing()) == {NUMBER: None}
    await take_in(store, seen(at=LATER), now=LATER)
    assert (await seen_at(store), await store.read(standing())) == (LATER, {NUMBER: mark_of(seen())})


async def test_a_list_that_is_older_than_the_one_before_makes_nothing_older(store: Store) -> None:
    await take_in(store, seen())
    await showed(store, await turn(store, LATER), at=LATER + 5 * SECOND)
    await showed(store, await turn(store, LATER + 9 * SECOND), at=LATER + SECOND)
    assert await seen_at(store) == LATER + 5 * SECOND


async def test_an_order_that_our_delete_removed_stands_in_no_list(store: Store) -> None:
    await take_in(store, seen())
    last = await turn(store, LATER)
    await store.write(orders.forget(BACKEND, NUMBER, now=LATER))
    await showed(store, last)
    known = await store.read(orders.find(BACKEND, NUMBER))
    assert known is not None
    assert (known.observation, await store.read(standing())) == (None, {})


async def test_an_order_that_the_list_named_just_before_it_was_asked_for_is_not_missing(store: Store) -> None:
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))

    async def not_shown(at: int) -> bool:
        gone = absence.not_shown(BACKEND, NUMBER, asked_at=at, now=at, ended=ENDED, source="request")
        return await store.write(gone)

    assert not await not_shown(LATER + 2 * SECOND)
    assert await not_shown(LATER + 3 * SECOND)
    assert await store.read(standing()) == {NUMBER: None}


async def test_an_order_of_a_list_that_was_asked_for_long_ago_is_looked_at_by_itself(store: Store) -> None:
    """A backend that listed its orders once and does so no more."""
    await take_in(store, seen())
    await showed(store, await turn(store, LATER))
    assert await unseen(store, since=LAST) == [NUMBER]


async def test_standing_orders_are_told_in_parts(store: Store) -> None:
    await take_in(store, *[seen(f"{n:02}") for n in range(5)])
    first = await store.read(listed.standing(BACKEND, after="", most=3, now=LATER))
    assert list(first) == ["00", "01", "02"]
    assert list(await store.read(listed.standing(BACKEND, after="02", most=3, now=LATER))) == ["03", "04"]
