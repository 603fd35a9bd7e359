"""How an order comes to each kind of stop: four writes of two tenants, the first of them the cause; and the words that end it."""

from __future__ import annotations

from dataclasses import replace

from app.domain.holds import Action, Cause
from app.domain.operations import Operation, State
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import holds, lanes, orders
from app.ledger.records import Accepted, AttemptEnd, Claim, NewHold
from app.ledger.replacing import Instead
from app.ledger.resolving import Resolved, Word, resolve
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    NOW,
    NUMBER,
    OCCURRED,
    REFUSED,
    begun,
    claimed,
    draft,
    lease,
    op_id,
    operation,
    passes,
    rows_of,
    settlement,
)

STOPPED = NOW + 10 * SECOND
LATER = NOW + 60 * SECOND
HOLD = "hold_1"
ENDS = frozenset({"90"})
"""The codes with which an order has ended."""
INSTEAD = Instead(id=op_id(9), body='{"status":"en_route"}', occurred_at=OCCURRED + SECOND, target_code="14")
"""What is sent in the place of the cause."""
BEHIND = (("acme", "12"), ("other", None), ("acme", "13"))
"""Whose the writes behind the cause are, and which codes they set."""


async def wait_behind(store: Store, *writes: tuple[str, str | None], number: str = NUMBER, first: int = 2) -> None:
    """Writes that nobody has begun to send."""
    for n, (tenant, code) in enumerate(writes, start=first):
        waiting = draft(n, number=number, tenant=tenant, client=f"{tenant}-app")
        assert isinstance(await store.accept(waiting, passes(code), None), Accepted)


async def lost(store: Store, *, now: int = STOPPED) -> tuple[Claim, Operation]:
    """The first write, whose answer was lost, as a worker looks what became of it."""
    first = await begun(store, 1)
    await wait_behind(store, *BEHIND)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=NOW + 5 * SECOND))
    [claim] = await claimed(store, now=now)
    unknown = replace(first.operation, state=State.unknown)
    return claim, await store.write(lanes.verify(claim, unknown, lease=lease(now=now), now=now))


async def stopped(store: Store, cause: Cause, *, behind: tuple[tuple[str, str | None], ...] = BEHIND) -> str:
    """The order with its queue stopped for this cause; gives the hold's id."""
    if cause is Cause.contradiction:
        return await contradicted(store, behind=behind)
    if cause is Cause.outcome_unknown and behind == BEHIND:
        claim, looked_at = await lost(store)
        await store.settle(settlement(claim, looked_at, State.held, now=STOPPED, hold_id=HOLD))
        return HOLD
    first = await begun(store, 1)
    await wait_behind(store, *behind)
    refused = cause is Cause.vendor_refused
    to, ending = (State.refused, REFUSED) if refused else (State.held, None)
    step = settlement(first.claim, first.operation, to, now=STOPPED, ending=ending, hold_id=HOLD)
    told = AttemptEnd(n=1, outcome=to.value, detail="as matched")
    await store.settle(replace(step, attempt=told, hold=NewHold(id=HOLD, cause=cause, detail="what is known")))
    return HOLD


async def contradicted(store: Store, *, behind: tuple[tuple[str, str | None], ...], ours: bool = False) -> str:
    """The order had ended, by a write of ours or by the vendor's word alone, and is shown open again."""
    if ours:
        first = await begun(store, 1, code="90")
        await store.settle(settlement(first.claim, first.operation, State.applied))
    else:
        await show(store, "90", at=NOW)
    await wait_behind(store, *behind)
    await show(store, "10", at=STOPPED)
    [hold] = await rows_of(store, "order_hold")
    return str(hold["id"])


async def show(store: Store, code: str, *, at: int) -> None:
    seen = Observation(
        key=OrderKey(number=NUMBER),
        code=code,
        status_at=None,
        late=False,
        target_at=None,
        fields={},
        record={"code": code},
        as_of=from_micros(at),
    )
    await store.write(orders.observe(BACKEND, [seen], source="poll", now=at, ended=ENDS))


def word(action: Action, *, if_match: tuple[str, ...] = (), instead: Instead | None = None, by: str = "ann") -> Word:
    """What ann says, with what each action needs."""
    return Word(
        action=action,
        reason="seen on the screen",
        by=by,
        now=LATER,
        if_match=if_match,
        evidence="screenshot 7" if action is Action.mark_applied else None,
        instead=instead,
    )


async def said(store: Store, hold_id: str, what: Word) -> Resolved:
    return await store.write(resolve(hold_id, what))


async def looked_for_again(store: Store, n: int, *, now: int = LATER) -> bool:
    """Somebody asks what became of the nth write; whether that woke a worker."""
    [row] = [row for row in await rows_of(store, "operation") if row["id"] == op_id(n)]
    of = operation(n, work_order=row["work_order"])
    return await store.write(holds.look_again(of, now=now))


async def places(store: Store, number: str = NUMBER) -> list[tuple[object, object, object]]:
    """The writes of an order in their places: the place, the id, the state."""
    rows = [row for row in await rows_of(store, "operation") if row["work_order"] == number]
    return sorted((int(str(row["seq"])), row["id"], row["state"]) for row in rows)
