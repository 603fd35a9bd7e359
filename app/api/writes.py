"""The one way in for every write: accept it in the ledger, hand it to the delivery, wait as long as the caller wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from fastapi import Request, Response

from app.api.auth import Caller
from app.api.gateway import READ_AGAIN_S, Gateway
from app.api.idempotency_key import fingerprint
from app.api.prefer import Preference
from app.api.problems import PROBLEM_JSON, problem_body, request_id
from app.api.requests import StrictRequest
from app.api.waiting import outcome
from app.domain.admission import MOST_OPEN, OrderView, ReadFirst
from app.domain.errors import (
    ClientReferenceUsed,
    GatewayError,
    OrderQueueFull,
    RateLimited,
    ScopeMissing,
    VendorTrouble,
)
from app.domain.ids import new_id
from app.domain.operations import FINAL, Operation
from app.domain.ports import Kind
from app.domain.receipts import location, operation_json, order_location
from app.domain.record import record
from app.domain.terms import NO_TERMS, Terms
from app.domain.times import SECOND, to_micros
from app.domain.work_orders import Observation
from app.failpoints import reach
from app.ledger import orders
from app.ledger.records import Acceptance, Accepted, Decide, Draft, Refuse, Replayed, Send
from app.ledger.rows import compact
from app.telemetry.at_work import AT_WORK
from app.vendors.backends import Backend

FIRST_LOOK_S = 1.0
"""How long the vendor may take to show an order that nobody has seen yet, for a caller who does not wait."""


@record(frozen=True, kw_only=True, slots=True)
class Look:
    """At which moment the checks look at the order, and whether the vendor may still be read first."""

    now: int
    may_read: bool


Checks: TypeAlias = "Callable[[OrderView, Look], Send]"
"""The checks of one kind of write. Raises GatewayError, ReadFirst."""


@record(frozen=True, kw_only=True, slots=True)
class Wish:
    """A write as it came: which order, what for, and under which key."""

    caller: Caller
    backend: Backend
    name: str
    """The order as the path names it: its number, or its reference."""
    kind: Kind
    occurred_at: int | None
    client_reference: str | None
    key: str | None
    checks: Checks
    terms: Terms = NO_TERMS


async def submit(gateway: Gateway, request: StrictRequest, wish: Wish, preference: Preference) -> Response:
    """Accept, deliver, wait; the answer is the vendor's outcome, or 202 with the operation."""
    wait_s = gateway.wait_s if preference.wait_s is None else preference.wait_s
    until = gateway.clock() + round(wait_s * SECOND)
    try:
        acceptance = await _accepted(gateway, request, wish, wait_s=wait_s)
    except GatewayError as error:
        error.backend = wish.backend.name
        raise
    until = min(until, gateway.clock() + round(wait_s * SECOND))  # the clock may have been set back meanwhile
    headers = {} if preference.applied is None else {"Preference-Applied": preference.applied}
    if isinstance(acceptance, Accepted):
        # Only a turn of the loop lies between the hand-over and here, and the first change waits for the disk: none was missed.
        AT_WORK.set(acceptance.operation)  # for the request's log line
        operation = await outcome(gateway, acceptance.operation, until=until, look_first=False)
        return answer(gateway, operation, replayed=False, headers=headers)
    if isinstance(acceptance, Replayed) and acceptance.operation is not None:
        AT_WORK.set(acceptance.operation)
        operation = await outcome(gateway, acceptance.operation, until=until)
        return answer(gateway, operation, replayed=True, headers=headers)
    assert acceptance.answer_status is not None
    assert acceptance.answer_body is not None
    replayed = isinstance(acceptance, Replayed)
    return _kept(acceptance.answer_status, acceptance.answer_body, replayed=replayed, headers=headers)


async def _accepted(gateway: Gateway, request: StrictRequest, wish: Wish, *, wait_s: float) -> Acceptance:
    """Accept the write, reading the vendor first where what we know of the order is not enough to decide.

    For a caller who does not wait, an order that we know is not read now: the write joins its queue, and the worker reads
    before it sends. One that nobody has seen yet is, for a moment: a wrong number is best told at once.
    """
    waits = wait_s > 0
    draft = _draft(gateway, request, wish)
    look = Look(now=draft.now, may_read=True)
    # Before any other write, and at some vendors before each, the worker reads the order.
    begins = wish.kind is Kind.status_update and not wish.backend.vendor.reads_first
    while True:
        try:
            return await _accept_once(gateway, request, wish, draft, look, begins=begins, patient=waits)
        except ReadFirst:
            found = await gateway.store.look(orders.find(wish.backend.name, wish.name))
            if found is not None and found.view.number != draft.number:
                draft = replace(draft, number=found.view.number)  # the path named the order by its reference
                continue
            look = replace(look, may_read=False)
            if found is not None and found.observation is not None and not waits:
                begins = False
                continue
            seen = await _read_first(gateway, wish, known=found is not None, within_s=max(wait_s, FIRST_LOOK_S))
            if seen is not None:
                draft = replace(draft, number=seen.key.number)
                look = replace(look, now=to_micros(seen.as_of))  # what was just read is fresh, however long that took


async def _accept_once(
    gateway: Gateway, request: Request, wish: Wish, draft: Draft, look: Look, *, begins: bool, patient: bool
) -> Acceptance:
    """One try; a place among the backend's calls is reserved for it, and given back if it does not begin at once."""
    name = wish.backend.name
    lease = await gateway.dispatcher.place(name, patient=patient) if begins else None

    def over(acceptance: Acceptance | None) -> None:
        """A caller who hangs up while the ledger commits must not leave an attempt begun that nobody makes."""
        begun = False
        if isinstance(acceptance, Accepted):
            reach("F3")
            begun = acceptance.claim is not None
            gateway.dispatcher.hand_over(acceptance)
        if lease is not None and not begun:
            gateway.dispatcher.release(name)

    no_room = gateway.no_room(wish.caller.client_id, wish.key)
    turn = gateway.accepting[name]
    try:
        await turn.acquire()
    except asyncio.CancelledError:
        if lease is not None:
            gateway.dispatcher.release(name)
        raise
    try:
        reach("F1")
        return await gateway.store.accept(draft, _decide(request, wish, look, no_room), lease, over)
    finally:
        turn.release()


def _draft(gateway: Gateway, request: StrictRequest, wish: Wish) -> Draft:
    now = gateway.clock()
    made = new_id("op", now_micros=now)
    marks = fingerprint(
        request.method,
        request.scope["route"].path,
        request.path_params,
        request.query_params.multi_items() if request.scope["query_string"] else (),
        request.media_type,
        request.received,
    )
    return Draft(
        id=made,
        tenant=wish.caller.tenant,
        client_id=wish.caller.client_id,
        backend=wish.backend.name,
        number=wish.name or wish.backend.adapter.own_number(made) or made,  # its own id: it waits for nobody but itself
        kind=wish.kind,
        body=compact(request.received),
        occurred_at=wish.occurred_at,
        client_reference=wish.client_reference,
        key=wish.key,
        fingerprint=marks.hex(),
        now=now,
        request_id=request_id(request.scope),
        terms=None if (terms := wish.terms.as_json()) is None else compact(terms),
    )


def _decide(request: Request, wish: Wish, look: Look, no_room: RateLimited | None) -> Decide:
    """The checks as the ledger runs them: a refusal is an answer to keep, unless a repeat may find things changed."""

    def decide(order: OrderView, reference_used_by: str | None) -> Send | Refuse:
        try:
            if no_room is not None:
                raise no_room
            if reference_used_by is not None:
                raise _reference_used(reference_used_by)
            if order.open_count >= MOST_OPEN:
                raise OrderQueueFull(f"{MOST_OPEN} writes of this order are not settled yet.")
            return wish.checks(order, look)
        except GatewayError as error:
            error.backend = wish.backend.name
            if error.retryable or isinstance(error, ScopeMissing):
                raise
            return Refuse(status=error.status, body=problem_body(request.scope, error).decode())

    return decide


def _reference_used(by: str) -> ClientReferenceUsed:
    detail = "This client_reference belongs to an earlier operation of yours, which operation_id names."
    return ClientReferenceUsed(detail, pointer="/client_reference", operation_id=by)


async def _read_first(gateway: Gateway, wish: Wish, *, known: bool, within_s: float) -> Observation | None:
    """Read the order and take in what it shows; returns what that was.

    When the vendor cannot be asked, or does not answer `within_s`, a known order, or one named by what can only be its
    number, is accepted all the same: the vendor decides when it is back. For a name that we cannot place it is given all
    the time it may take, since one that is always slow could else never be written to by reference. Raises
    WorkOrderNotFound, or the vendor's trouble for such a name.
    """
    backend = wish.backend
    placed = known or backend.vendor.is_number(wish.name)
    try:
        async with asyncio.timeout(within_s if placed else None):
            seen = await backend.read(wish.name, clock=gateway.clock, dispensable=placed)
    except TimeoutError:
        return None
    except VendorTrouble as error:
        if placed:
            return None
        if error.retryable and error.after_s is None:
            error.after_s = READ_AGAIN_S
        raise
    ended = backend.rules.table.ended_codes
    await gateway.store.write(orders.observe(backend.name, [seen], source="request", now=gateway.clock(), ended=ended))
    return seen


def answer(gateway: Gateway, operation: Operation, *, replayed: bool, headers: dict[str, str]) -> Response:
    """The final answer as first given, or 202 with the operation as it stands."""
    headers = {
        **headers,
        "Operation-Id": operation.id,
        "Location": _location(operation),
        "Idempotent-Replayed": "true" if replayed else "false",
    }
    if operation.answer_status is not None and operation.answer_body is not None:
        media_type = "application/json" if operation.answer_status < 400 else PROBLEM_JSON
        return Response(
            operation.answer_body, status_code=operation.answer_status, media_type=media_type, headers=headers
        )
    if operation.state not in FINAL:  # else the order could not be read after the write: the operation has to tell
        headers["Retry-After"] = str(gateway.look_again_s(operation))
    body = compact(operation_json(operation, waiting_for=gateway.waiting_for(operation)))
    return Response(body, status_code=202, media_type="application/json", headers=headers)


def _location(operation: Operation) -> str:
    """Where the order is that the write made; for any other write, where the operation can be read."""
    if operation.kind in (Kind.create, Kind.replace) and operation.answer_status == 201:
        return order_location(operation.backend, operation.work_order)
    return location(operation.id)


def _kept(status: int, body: str, *, replayed: bool, headers: dict[str, str]) -> Response:
    headers = {**headers, "Idempotent-Replayed": "true" if replayed else "false"}
    return Response(body, status_code=status, media_type=PROBLEM_JSON, headers=headers)
