"""Creates, patches, replacements and removals: what must be known of the order before one is sent, and what it left.

The order is read just before each of them: for If-Match and existence, for finding the elements of a collection, and so that
a lost answer can be weighed against what was there. What is answered afterwards is the vendor's record, never our echo.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from app.delivery.desk import Desk, Made
from app.domain import merge_patch
from app.domain.change_terms import Found, check_terms, closed_already
from app.domain.entity_tags import entity_tag
from app.domain.errors import (
    BackendTimeout,
    GatewayError,
    StatusUnknown,
    WorkOrderNotFound,
)
from app.domain.json import JsonObject
from app.domain.operations import Operation
from app.domain.ports import Answer, Kind, Proof, Write
from app.domain.proof import asked_of
from app.domain.times import from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import doubts, lanes, orders
from app.ledger.records import KnownOrder
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

READ_S = 5.0
"""How long a read after the vendor's answer may take: the queue's lease has to outlast it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A change that may be sent: the order as just read, if there is one, and the write as the adapter takes it."""

    known: KnownOrder | None
    write: Write
    idle: bool
    """Nothing is to change, so nothing is sent."""
    made_before: bool
    """An earlier attempt of this write has made it, or may have made the order that is there: nothing is sent."""


async def prepare(desk: Desk, operation: Operation) -> Prepared:
    """Read the order and check the terms of the write against it.

    Raises PreconditionFailed, WorkOrderNotFound, WorkOrderExists, what the adapter has against it, or the vendor's trouble.
    """
    known = None if operation.number is None else await read_now(desk, operation.number)
    may_be_ours = await sent_before(desk, operation)
    if may_be_ours:
        sent = change_of(desk, operation, known, before=await desk.store.look(lanes.before(operation.id)))
        if shows(desk, sent, known):
            return Prepared(known=known, write=sent, idle=False, made_before=True)
    if operation.target_code is not None and operation.kind in (Kind.create, Kind.replace):
        _check_code(desk, operation.target_code)
    found, closed = found_in(known), desk.backend.vendor.closed_code
    check_terms(
        operation.kind,
        operation.terms,
        found,
        code=operation.target_code,
        table=desk.backend.rules.table,
        closed_code=closed,
        may_be_ours=may_be_ours,
    )
    before = None if known is None or known.observation is None else known.observation.fields
    write = change_of(desk, operation, known, before=before)
    if known is not None:
        write = replace(write, previous_code=known.view.code)  # as it is now, whatever an earlier attempt found
    made_before = known is not None and (operation.kind is Kind.create or operation.terms.must_be_new)
    idle = not made_before and (
        closed_already(operation.kind, found, closed) or not desk.backend.adapter.requests(write)
    )
    return Prepared(known=known, write=write, idle=idle, made_before=made_before)


async def sent_before(desk: Desk, operation: Operation) -> bool:
    """Whether an earlier attempt of this write may have reached the vendor without our knowing what came of it."""
    if operation.attempts == 0:
        return False
    return await desk.store.look(doubts.may_have_been_made(operation.id, before_attempt=operation.attempts + 1))


def shows(desk: Desk, write: Write, known: KnownOrder | None) -> bool:
    """Whether the order as just read proves that the write was made, and did nothing besides."""
    adapter, seen = desk.backend.adapter, None if known is None else known.observation
    if adapter.prove(write, seen) is not Proof.applied:
        return False
    return seen is None or adapter.side_effect(write, seen) is None


def _check_code(desk: Desk, code: str) -> None:
    """Raise StatusUnknown if the status that an order was to begin with is no longer in the table: it was imported anew."""
    if code not in desk.backend.rules.table.by_code:
        raise StatusUnknown(f"The status table has no vendor code {code!r} any more.", pointer="/status")


async def read_now(desk: Desk, number: str) -> KnownOrder | None:
    """The order as the vendor shows it now; None: it has no such order. Raises the vendor's trouble."""
    try:
        seen = await desk.backend.adapter.read(number)
    except WorkOrderNotFound:
        desk.backend.shown(now=desk.clock())
        return None
    desk.backend.shown(now=desk.clock())
    return await desk.learn_as_shown(seen)


def found_in(known: KnownOrder | None) -> Found | None:
    """The order as the terms of a write see it."""
    return None if known is None else Found(tag=entity_tag(known.etag, known.view.code), code=known.view.code)


def change_of(desk: Desk, operation: Operation, known: KnownOrder | None, *, before: JsonObject | None) -> Write:
    """The write as the adapter takes it, of an order that had the code which the last attempt found."""
    table = desk.backend.rules.table
    number = operation.number or ""
    view = None if known is None else known.view
    return Write(
        operation_id=operation.id,
        kind=operation.kind,
        order=OrderKey(number=number)
        if view is None
        else OrderKey(number=view.number, reference=view.reference, vendor_ids=view.vendor_ids),
        body=operation.body,
        status=table.by_code.get(operation.target_code) if operation.target_code is not None else None,
        previous_code=operation.previous_code,
        terms=operation.terms,
        before=before,
    )


async def left_by(desk: Desk, write: Write, answer: Answer) -> tuple[Made, str | None]:
    """What an accepted write left at the vendor, and what it did besides what was asked (None: nothing)."""
    if write.kind is Kind.delete:
        return await made_by(desk, write, None), None
    number = answer.number or write.order.number
    seen = await read_after(desk, number) if answer.seen is None else _just_arrived(desk, answer.seen)
    known: KnownOrder | None = None
    if seen is not None:
        try:
            known = await desk.learn_as_shown(seen)
        except StoreUnavailable as error:  # the vendor's yes must not be lost for that
            log.error(
                "could not take in the order after the vendor's answer", backend=desk.backend.name, reason=str(error)
            )
    if seen is None or known is None:
        return Made(created=write.before is None, number=number), None
    return await made_by(desk, write, known), desk.backend.adapter.side_effect(write, seen)


def _just_arrived(desk: Desk, seen: Observation) -> Observation:
    """A record that came with the answer is of now, however long the answer took."""
    return replace(seen, as_of=from_micros(desk.clock()))


async def made_by(desk: Desk, write: Write, known: KnownOrder | None) -> Made:
    """What an applied change left, the order being known as it is now; a removed one is known no more."""
    if write.kind is not Kind.delete:
        number = None if known is None else known.view.number
        return Made(order=known, created=write.before is None, number=number, not_shown=_not_shown(write, known))
    if desk.backend.vendor.removes:
        try:
            await desk.store.write(orders.forget(desk.backend.name, write.order.number, now=desk.clock()))
        except StoreUnavailable as error:
            log.error("a deleted order stays listed until it is read", backend=desk.backend.name, reason=str(error))
    return Made()


def _not_shown(write: Write, known: KnownOrder | None) -> tuple[str, ...]:
    """What was asked for and the vendor's record does not show: the vendor took the write and left that out, or changed it."""
    if known is None or known.observation is None:
        return ()
    return tuple(merge_patch.missing(known.observation.fields, asked_of(write), replaced=write.terms.replace))


async def read_after(desk: Desk, number: str) -> Observation | None:
    """The order after the vendor's answer; None where it cannot be read now."""
    try:
        async with asyncio.timeout(READ_S):
            return await desk.backend.adapter.read(number)
    except GatewayError as error:
        reason = error.code
    except TimeoutError:
        reason = BackendTimeout.code
    log.info("could not read the order after the vendor's answer", backend=desk.backend.name, reason=reason)
    return None


def applied_in_part(write: Write, seen: Observation | None) -> list[str]:
    """What a refused change did nevertheless: the members asked for that the order shows now, and did not before.

    OverIT's steps are no transaction: one that fails leaves those before it in force (vendor document 004, steps 9 to 13).
    """
    if seen is None or write.before is None or write.kind not in (Kind.patch, Kind.replace):
        return []
    asked = asked_of(write)
    still = set(merge_patch.missing(seen.fields, asked))
    were = set(merge_patch.missing(write.before, asked))
    return sorted(were - still)
