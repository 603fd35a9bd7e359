"""Words that are refused and leave nothing; words given at once; and who loses the queue by one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from app.domain.errors import GatewayError, InvalidRequest, NotFound, PreconditionFailed
from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import holds, lanes, operations
from app.ledger.records import Accepted, Claim, Fenced
from app.ledger.replacing import Instead
from app.ledger.resolving import Resolved, resolve
from app.ledger.sql import Unit
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    NOW,
    NUMBER,
    REFUSED,
    begun,
    claimed,
    draft,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.stops import HOLD, INSTEAD, LATER, contradicted, places, said, stopped, wait_behind, word

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
        assert error.detail == "The hold was resolved already: skip, by ann, at 2026-11-18T00:27:40Z."


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
    store: Store, hold_id: str, what: object, error: type[GatewayError], *, etag: str | None = None
) -> GatewayError:
    """The word raises this error and leaves nothing."""
    before = await everything(store)
    with pytest.raises(error) as raised:
        await store.write(resolve(hold_id, what))  # type: ignore[arg-type]
    assert await everything(store) == before
    assert raised.value.members.get("etag") == etag
    return raised.value


class _Broken(Exception):
    """The process ends here."""


def breaks_off(unit: Unit[Resolved], *, after: int) -> Unit[Resolved]:
    """The unit, which ends after so many of its statements."""
    rows = None
    try:
        while True:
            step = next(unit) if rows is None else unit.send(rows)
            if after == 0:
                raise _Broken
            after -= 1
            rows = yield step
    except StopIteration as done:
        resolved: Resolved = done.value
        return resolved


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
    assert (await order_row(store))["open_count"] == (0 if given.hold.resolution is Action.cancel else 3 + any(
        one.state is State.queued for one in given.changed
    ))


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
    await contradicted(store, behind=())
    [hold] = await rows_of(store, "order_hold")
    await said(store, str(hold["id"]), word(Action.skip))
    await wait_behind(store, ("acme", "12"))
    [claim] = await claimed(store, now=LATER)
    ends = settlement(claim, operation(2, target_code="90"), State.refused, ending=REFUSED)
    assert (await order_row(store))["recheck"] == 1
    await store.settle(ends)
    assert (await order_row(store))["recheck"] == 1


async def test_what_is_sent_again_is_the_next_attempt_and_the_order_has_been_looked_at(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    await said(store, HOLD, word(Action.retry))
    [claim] = await claimed(store, now=LATER)
    head = await store.read(lanes.head(claim))
    assert head == operation(1, attempts=1)
    began = await store.write(
        lanes.begin(claim, head, target_code="11", previous_code="10", lease=lease(now=LATER), now=LATER)
    )
    assert (began.attempts, (await order_row(store))["recheck"]) == (2, 0)


@pytest.mark.parametrize("cause", [Cause.vendor_refused, Cause.side_effect])
async def test_a_write_takes_the_place_of_the_cause_before_a_hundred_others(store: Store, cause: Cause) -> None:
    await stopped(store, cause, behind=(("acme", "12"),) * 100)
    await said(store, HOLD, word(Action.replace, instead=replace(INSTEAD, id=op_id(999))))
    was = "refused" if cause is Cause.vendor_refused else "replaced"
    assert await places(store) == [
        (1, op_id(1), was),
        (2, op_id(999), "queued"),
        *[(n + 1, op_id(n), "queued") for n in range(2, 102)],
    ]
    order = await order_row(store)
    assert (order["last_seq"], order["open_count"], order["projected_operation"]) == (102, 101, op_id(101))
    await queued(store, 200)
    assert (await places(store))[-1] == (103, op_id(200), "queued")
    [claim] = await claimed(store, now=LATER)
    assert getattr(await store.read(lanes.head(claim)), "id", None) == op_id(999)


@pytest.mark.parametrize(("code", "foretold"), [("14", ("14", op_id(9), "acme")), (None, (None, None, None))])
@pytest.mark.parametrize("behind", [(), (("acme", None), ("other", None))])
async def test_where_nothing_behind_sets_a_status_the_write_in_place_foretells_it(
    store: Store, behind: tuple[tuple[str, str | None], ...], code: str | None, foretold: tuple[object, ...]
) -> None:
    await stopped(store, Cause.side_effect, behind=behind)
    await said(store, HOLD, word(Action.replace, instead=replace(INSTEAD, target_code=code)))
    order = await order_row(store)
    assert tuple(order[f"projected_{name}"] for name in ("code", "operation", "tenant")) == foretold


async def test_another_tenant_s_writes_end_without_a_word_of_who_said_it_and_why(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    before = await rows_of(store, "event")
    await said(store, HOLD, word(Action.cancel))
    told = {
        row["operation_id"]: json.loads(str(row["data"]))
        for row in await rows_of(store, "event")
        if row not in before and row["type"] == "operation.cancelled"
    }
    theirs = told.pop(op_id(3))
    assert theirs == {"was": "queued", "previous_code": None, "code": None, "resolution": "cancel"}
    assert {data["reason"] for data in told.values()} == {"seen on the screen"}
    found = await store.read(operations.find(op_id(3)))
    assert found is not None
    assert (found.state, found.result, found.blocked_by) == (State.cancelled, {"resolution": "cancel"}, None)


async def test_a_held_create_that_the_vendor_numbered_moves_to_its_order(store: Store) -> None:
    asked = replace(draft(1, kind=Kind.create, number=op_id(1)), body="{}", occurred_at=None)
    accepted = await store.accept(asked, passes(None), lease())
    assert isinstance(accepted, Accepted)
    await store.settle(settlement(accepted.claim, accepted.operation, State.held, hold_id=HOLD))
    await wait_behind(store, ("acme", "12"), number="124")
    what = replace(word(Action.mark_applied), number="124", ending=APPLIED)
    resolved = await said(store, HOLD, what)
    assert [(one.work_order, one.state, one.answer_status) for one in resolved.changed] == [("124", State.applied, 201)]
    assert await places(store, "124") == [(0, op_id(1), "applied"), (1, op_id(2), "queued")]
    assert [row["number"] for row in await rows_of(store, "work_order")] == ["124"]
    order = await order_row(store, "124")
    assert (order["open_count"], order["held"], order["blocked_by"], order["ready_at"]) == (1, 0, None, NOW)
    assert (resolved.hold.closed_at, resolved.hold.resolution) == (LATER, Action.mark_applied)


async def test_a_refused_write_that_is_said_to_be_applied_stays_refused_and_answers_as_before(store: Store) -> None:
    await stopped(store, Cause.vendor_refused)
    refused = await store.read(operations.find(op_id(1)))
    await said(store, HOLD, replace(word(Action.mark_applied), ending=APPLIED))
    assert await store.read(operations.find(op_id(1))) == refused
    assert (await order_row(store))["code"] is None


async def test_the_order_that_goes_on_is_leased_to_one(store: Store, peer: Store) -> None:
    await stopped(store, Cause.side_effect)
    await said(store, HOLD, word(Action.skip))
    first, second = await asyncio.gather(claimed(store, now=LATER), claimed(peer, owner="there", now=LATER))
    [claim] = first + second
    assert isinstance(claim, Claim)
    assert claim.number == NUMBER
    assert await claimed(store, now=LATER + 34 * SECOND) == []


async def test_a_correction_after_the_word_waits_until_the_vendor_was_read(store: Store) -> None:
    """Nothing is queued, and yet it does not begin at once: what the order is now is not known."""
    await stopped(store, Cause.side_effect, behind=())
    await said(store, HOLD, word(Action.skip))
    accepted = await store.accept(draft(5, now=LATER), passes("12"), lease(now=LATER))
    assert isinstance(accepted, Accepted)
    assert (accepted.claim, accepted.operation.state) == (None, State.queued)
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) is not None


async def test_a_stop_without_anything_behind_is_one_too(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.held, hold_id=HOLD))
    resolved = await said(store, HOLD, word(Action.cancel))
    assert [one.state for one in resolved.changed] == [State.cancelled]
    order = await order_row(store)
    assert (order["open_count"], order["ready_at"], order["recheck"], order["held"]) == (0, None, 1, 0)
    assert INSTEAD == Instead(id=op_id(9), body=INSTEAD.body, occurred_at=INSTEAD.occurred_at, target_code="14")
