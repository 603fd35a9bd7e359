"""Words that are refused and leave nothing; words given at once; and who loses the queue by one."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count

import pytest

from app.domain.errors import GatewayError, InvalidRequest, NotFound, PreconditionFailed
from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import holds, lanes
from app.ledger.records import Fenced
from app.ledger.resolving import Resolved, Word, resolve
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store
from tests.ledger.scenes import NOW, claimed, everything, lease, operation, order_row, rows_of, settlement, stepwise
from tests.ledger.stops import HOLD, INSTEAD, LATER, said, show, stopped, wait_behind, word

FIRST_TAG, SECOND_TAG = f'"{HOLD}.1"', f'"{HOLD}.2"'


@pytest.mark.parametrize("tags", [(), ("*",), (FIRST_TAG,), ('"another"', FIRST_TAG)])
async def test_a_word_about_the_version_that_was_seen_is_taken(store: Store, tags: tuple[str, ...]) -> None:
    await stopped(store, Cause.outcome_unknown)
    resolved = await said(store, HOLD, word(Action.skip, if_match=tags))
    assert (resolved.hold.tag, resolved.hold.version) == (SECOND_TAG, 2)


@pytest.mark.parametrize("tags", [(SECOND_TAG,), ('"another"',), (f"W/{FIRST_TAG}",)])
async def test_a_word_about_another_version_leaves_nothing(store: Store, tags: tuple[str, ...]) -> None:
    await stopped(store, Cause.outcome_unknown)
    await _refused(store, HOLD, word(Action.skip, if_match=tags), PreconditionFailed, etag=FIRST_TAG)


@pytest.mark.parametrize("action", Action)
async def test_a_hold_is_resolved_once(store: Store, action: Action) -> None:
    await stopped(store, Cause.vendor_refused)
    await said(store, HOLD, word(Action.skip))
    for tags in ((), ("*",), (FIRST_TAG,), (SECOND_TAG,)):
        again = word(action, if_match=tags, instead=INSTEAD, by="bob")
        error = await _refused(store, HOLD, again, PreconditionFailed, etag=SECOND_TAG)
        assert error.detail == "The hold was resolved already: skip, by ann."


async def test_nobody_is_told_who_resolved_a_hold_that_is_no_tenant_s(store: Store) -> None:
    hold = await stopped(store, Cause.contradiction)
    resolved = await said(store, hold, word(Action.skip, by="rival-app"))
    assert resolved.hold.tenant is None
    error = await _refused(store, hold, word(Action.skip), PreconditionFailed, etag=resolved.hold.tag)
    assert error.detail == "The hold was resolved already: skip."


@pytest.mark.parametrize("action", [Action.retry, Action.replace, Action.mark_applied])
async def test_an_order_that_is_open_again_is_not_helped_by_sending_or_by_evidence(
    store: Store, action: Action
) -> None:
    hold = await stopped(store, Cause.contradiction)
    error = await _refused(store, hold, word(action, instead=INSTEAD), InvalidRequest)
    assert [fault.pointer for fault in error.faults] == ["/action"]
    assert error.members == {"actions": ["cancel", "skip"]}


async def test_there_is_no_word_about_a_hold_that_is_not_there(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    await _refused(store, "hold_nowhere", word(Action.skip), NotFound)


async def _refused(
    store: Store, hold_id: str, what: Word, error: type[GatewayError], *, etag: str | None = None
) -> GatewayError:
    """The word raises this error and leaves nothing."""
    before = await everything(store)
    with pytest.raises(error) as raised:
        await store.write(resolve(hold_id, what))
    assert await everything(store) == before
    assert raised.value.members.get("etag") == etag
    return raised.value


class _Broken(Exception):
    """The process ends here."""


def breaks_off(unit: Unit[Resolved], *, after: int) -> Unit[Resolved]:
    """The unit, which ends after so many of its statements."""
    begun = count()

    def each(_statement: Sql) -> None:
        if next(begun) == after:
            raise _Broken

    return stepwise(unit, each)


@pytest.mark.parametrize("action", [Action.replace, Action.cancel, Action.mark_applied])
async def test_a_resolution_that_breaks_off_at_any_step_leaves_nothing(store: Store, action: Action) -> None:
    await stopped(store, Cause.outcome_unknown)
    before = await everything(store)
    steps, resolved = 0, None
    while resolved is None:
        what = word(action, instead=INSTEAD if action is Action.replace else None)
        try:
            resolved = await store.write(breaks_off(resolve(HOLD, what), after=steps))
        except _Broken:
            assert await everything(store) == before
        steps += 1
    assert steps > 8
    assert await everything(store) != before


@pytest.mark.parametrize("cause", Cause)
async def test_two_people_at_once_resolve_a_hold_once(store: Store, peer: Store, cause: Cause) -> None:
    hold = await stopped(store, cause)
    outcomes = await asyncio.gather(
        store.write(resolve(hold, word(Action.cancel))),
        peer.write(resolve(hold, word(Action.skip, by="bob"))),
        store.write(resolve(hold, word(Action.skip, by="cyd"))),
        peer.write(resolve(hold, word(Action.cancel, by="dot"))),
        return_exceptions=True,
    )
    assert Counter(type(each) for each in outcomes) == {Resolved: 1, PreconditionFailed: 3}
    [given] = [each for each in outcomes if isinstance(each, Resolved)]
    assert given.hold == await store.read(holds.find(hold))
    assert [row["type"] for row in await rows_of(store, "event")].count("hold.closed") == 1
    ends = given.hold.resolution is Action.cancel
    assert (await order_row(store))["open_count"] == (0 if ends else 3)


async def test_a_worker_that_asks_the_vendor_again_loses_the_queue_to_the_word(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    assert await store.write(holds.look_again(operation(1), now=LATER))
    [claim] = await claimed(store, now=LATER)
    await said(store, HOLD, word(Action.retry, if_match=(FIRST_TAG,)))
    before = await everything(store)
    held = operation(1, state=State.held, attempts=1)
    for to in (State.applied, State.queued, State.skipped):
        with pytest.raises(Fenced):
            await store.settle(settlement(claim, held, to, ready_at=LATER))
    with pytest.raises(Fenced):
        await store.write(
            lanes.begin(claim, operation(1), target_code="11", previous_code=None, lease=lease(), now=LATER)
        )
    await store.write(holds.rest(claim))
    await store.write(lanes.put_back(claim, ready_at=None))
    with pytest.raises(PreconditionFailed):
        await said(store, HOLD, word(Action.mark_applied, by="orderbridge"))
    assert await everything(store) == before


async def test_a_worker_about_to_send_loses_the_queue_to_a_contradiction(store: Store) -> None:
    await show(store, "90", at=NOW)
    await wait_behind(store, ("acme", "12"))
    [claim] = await claimed(store, now=NOW + SECOND)
    head = await store.read(lanes.head(claim))
    assert head is not None
    await show(store, "10", at=NOW + 2 * SECOND)
    before = await everything(store)
    [hold] = before["order_hold"]
    assert (hold["cause"], hold["closed_at"]) == ("contradiction", None)
    with pytest.raises(Fenced):
        await store.write(lanes.begin(claim, head, target_code="12", previous_code="90", lease=lease(), now=NOW))
    assert await claimed(store, now=LATER) == []
    assert await everything(store) == before
