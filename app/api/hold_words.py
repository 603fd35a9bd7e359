"""What a caller says of a hold, as the ledger takes it: with what is sent in the place of the cause, or answered for it."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

from app.api.auth import Caller
from app.api.bodies import HoldResolutionIn, StatusUpdateIn
from app.api.gateway import Gateway
from app.api.order_bodies import WorkOrderIn, WorkOrderPatch, validated
from app.api.order_writes import check_number, checks, within_scopes
from app.api.preview import inside_body
from app.api.status_updates import status_checks
from app.api.writes import Checks, Look
from app.domain.errors import GatewayError, InvalidRequest
from app.domain.evidence import Evidence
from app.domain.holds import Action, Hold
from app.domain.ids import new_id
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.terms import Terms
from app.domain.times import to_micros
from app.ledger import endings, operations, orders
from app.ledger.records import Ending
from app.ledger.replacing import Instead
from app.ledger.resolving import Word
from app.ledger.rows import compact
from app.vendors.backends import Backend

INSIDE = ("body", "body")


async def word_of(
    gateway: Gateway, caller: Caller, hold: Hold, said: HoldResolutionIn, *, if_match: tuple[str, ...]
) -> Word:
    """The word. Raises InvalidRequest for what does not fit the hold, and whatever a replacement is refused for."""
    _check(said)
    now = gateway.clock()
    cause = None
    if hold.operation_id is not None:
        cause = await gateway.store.look(operations.find(hold.operation_id))
    return Word(
        action=said.action,
        reason=said.reason,
        by=caller.client_id,
        now=now,
        if_match=if_match,
        evidence=said.evidence,
        number=said.work_order,
        ending=_ending(gateway, cause, said, now=now),
        instead=None if cause is None else await _instead(gateway, caller, cause, said, now=now),
    )


def _check(said: HoldResolutionIn) -> None:
    """Raise InvalidRequest for a member that the action needs and has not, or has and does not take."""
    for name, action, given in (
        ("body", Action.replace, said.body is not None),
        ("evidence", Action.mark_applied, said.evidence is not None),
    ):
        if given != (said.action is action):
            raise InvalidRequest(f"Give {name} with {action.value}, and only with it.", pointer=f"/{name}")
    if said.work_order is not None and said.action is not Action.mark_applied:
        raise InvalidRequest("Give work_order only with mark_applied.", pointer="/work_order")


def _ending(gateway: Gateway, cause: Operation | None, said: HoldResolutionIn, *, now: int) -> Ending | None:
    """What a held write answers from now on; None where the operation itself has to tell."""
    if said.action is not Action.mark_applied:
        return None
    unnumbered = cause is not None and cause.state is State.held and cause.number is None
    if cause is not None and said.work_order == cause.id:
        raise InvalidRequest("This is the operation's id; name the number that the vendor gave.", pointer="/work_order")
    if unnumbered != (said.work_order is not None):
        needed = "Name the number that the vendor gave the order." if unnumbered else "This order has its number."
        raise InvalidRequest(needed, pointer="/work_order")
    if cause is None or cause.state is not State.held:
        return None
    backend = gateway.backends.get(cause.backend)
    if backend is None:  # it has no section any more: then the operation's answer is itself
        return None
    receipt = endings.receipt(
        cause,
        backend.rules.table,
        at=now,
        evidence=Evidence.operator,
        effect=backend.vendor.delete_effect,
        kept_here=backend.vendor.kept_here,
    )
    return None if receipt is None else receipt.ending


async def _instead(
    gateway: Gateway, caller: Caller, cause: Operation, said: HoldResolutionIn, *, now: int
) -> Instead | None:
    """What is sent in the place of the cause: another body, or the same once more where the vendor's refusal is final."""
    new = new_id("op", now_micros=now)
    if said.action is Action.retry and cause.state is not State.held:
        return Instead(
            id=new,
            body=compact(cause.body),
            occurred_at=cause.occurred_at,
            target_code=cause.target_code,
            terms=_kept(cause.terms),
        )
    if said.action is not Action.replace or said.body is None:
        return None
    backend = _taking_writes(gateway.backend(cause.backend))
    terms = within_scopes(caller, cause.terms) if cause.kind is Kind.replace else cause.terms
    occurred_at, check = _replacement(caller, backend, cause, said.body, terms)
    known = await gateway.store.look(orders.find(cause.backend, cause.work_order))
    if known is None:
        raise InvalidRequest("The order is known here no more; skip the write instead.", pointer="/action")
    try:
        send = check(known.view, Look(now=now, may_read=False))
    except GatewayError as error:
        raise inside_body(error, backend) from None
    return Instead(
        id=new, body=compact(said.body), occurred_at=occurred_at, target_code=send.target_code, terms=_kept(terms)
    )


def _kept(terms: Terms) -> str | None:
    return None if (said := terms.as_json()) is None else compact(said)


def _taking_writes(backend: Backend) -> Backend:
    """The backend as it takes writes for held orders, whatever its setting: a replacement is what ends the hold."""
    taking = copy(backend)
    taking.rules = replace(backend.rules, rejects_on_hold=False)
    return taking


def _check_number(backend: Backend, cause: Operation, body: WorkOrderIn | WorkOrderPatch) -> None:
    try:
        check_number(cause.work_order, body)
    except GatewayError as error:
        raise inside_body(error, backend) from None


def _replacement(
    caller: Caller, backend: Backend, cause: Operation, body: JsonObject, terms: Terms
) -> tuple[int | None, Checks]:
    """When what the body tells of happened, and the checks that accept it."""
    match cause.kind:
        case Kind.status_update:
            update = validated(StatusUpdateIn, body, at=INSIDE)
            if update.client_reference is not None:
                raise InvalidRequest("A replacement has no reference of its own.", pointer="/body/client_reference")
            return to_micros(update.occurred_at), status_checks(caller, backend, update, body)
        case Kind.delete:
            raise InvalidRequest("A delete has no body to replace.", pointer="/action")
        case Kind.patch:
            _check_number(backend, cause, validated(WorkOrderPatch, body, at=INSIDE))
            return None, checks(caller, backend, cause.kind, body, terms)
        case Kind.create | Kind.replace:
            if cause.number is None:
                raise InvalidRequest("Cancel this create, and create the order anew.", pointer="/action")
            new = validated(WorkOrderIn, body, at=INSIDE)
            _check_number(backend, cause, new)
            return None, checks(caller, backend, cause.kind, body, terms, begins_as=new)
