"""A write that carries or removes a whole order: its terms, the vendor code it begins with, and the checks that accept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.api.auth import Caller
from app.api.gateway import Gateway
from app.api.order_bodies import WorkOrderIn, WorkOrderPatch, validated
from app.api.writes import Checks, Look
from app.domain.admission import OrderView, ReadFirst, refuse_if_held
from app.domain.entity_tags import entity_tag, meets
from app.domain.errors import CapabilityMissing, InvalidRequest, ScopeMissing
from app.domain.json import JsonObject
from app.domain.ports import Capability, Kind, Write
from app.domain.statuses import StatusCode, StatusTable
from app.domain.terms import ANY, Terms
from app.domain.times import from_micros
from app.domain.work_orders import OrderKey
from app.ledger import orders
from app.ledger.records import Send
from app.vendors.backends import Backend

NEED_THE_ORDER = frozenset({Kind.patch, Kind.delete})
SETS_STATUS = "status:write"


def order_in(backend: Backend, kind: Kind, body: JsonObject) -> WorkOrderIn | None:
    """The order that a create or a replacement brings; None for a backend that cannot, which is told when it is accepted."""
    return validated(WorkOrderIn, body) if Capability(kind.value) in backend.vendor.capabilities else None


def check_number(path: str, body: WorkOrderIn | WorkOrderPatch | None) -> None:
    """Raise InvalidRequest if the body gives the order another number than the path does."""
    if body is not None and body.number is not None and body.number != path:
        raise InvalidRequest("The number in the body differs from the one in the path.", pointer="/number")


def check_own_number(order: str, body: JsonObject) -> None:
    """Raise InvalidRequest if the body has another number than the order, which its path may name otherwise."""
    if body.get("number", order) != order:
        raise InvalidRequest("The number in the body is not that of the order.", pointer="/number")


def check_agrees(backend: Backend, order: WorkOrderIn | None, code: StatusCode | None) -> None:
    """Raise InvalidRequest if members that an order shows, and nobody writes, say other than what is asked for.

    Beside a status, what was read says only what the order was; it may have been asked to be another."""
    if order is None:
        return
    if order.backend not in (None, backend.name):
        raise InvalidRequest(
            f"This is the backend {backend.name!r}; leave it out, or send the order there.", pointer="/backend"
        )
    shown = order.shown_code
    if order.status is None and None not in (order.vendor_code, shown) and order.vendor_code != shown:
        raise InvalidRequest(
            "vendor_status shows another code than this; leave one of them out.", pointer="/vendor_code"
        )
    changed = order.status is not None and code is not None and code.code != shown
    if order.phase is not None and not changed and (code is None or code.phase != order.phase):
        raise InvalidRequest("A phase follows from the status, and this is not its; leave it out.", pointer="/phase")


def collections(named: Sequence[str] | None, *, at: str) -> tuple[str, ...]:
    """The collections that `replace` names, once each; it may come several times, and with commas.

    Raises InvalidRequest for a name that is none: taken as nothing, it would make a merge of what is to be replaced."""
    names = tuple(dict.fromkeys(name.strip() for word in named or () for name in word.split(",")))
    if "" in names:
        raise InvalidRequest("Name a collection, or leave this out.", pointer=at)
    return names


def check_replaced(backend: Backend, names: tuple[str, ...], body: JsonObject, *, at: str) -> None:
    """Raise CapabilityMissing or InvalidRequest if these collections cannot be replaced whole by what the body gives."""
    can = backend.vendor.replaceable
    for name in names:
        if name not in can:
            raise CapabilityMissing(
                f"{backend.vendor.title} cannot replace {name!r} whole.",
                pointer=at,
                replaceable_fields=list(can),
                capabilities=backend.can,
            )
        if not isinstance(body.get(name), dict):
            raise InvalidRequest(f"Give the new {name} as an object in the body.", pointer=f"/{name}")


def check_expected(backend: Backend, expect: str | None) -> None:
    """Raise CapabilityMissing if a DELETE would do other than the caller expects."""
    effect = backend.vendor.delete_effect
    meant = {"close": "closed", "delete": "deleted", None: effect}[expect]
    if meant != effect:
        raise CapabilityMissing(
            f"You expect the order to be {meant}; here DELETE leaves it {effect}.",
            pointer="/query/expect",
            delete_effect=effect,
            capabilities=backend.can,
        )


def first_code(backend: Backend, body: WorkOrderIn | None, *, at: int) -> StatusCode | None:
    """The vendor code that an order is to begin with; None leaves it to the vendor. Raises what the table has against it."""
    if body is None:
        return None
    table = backend.rules.table
    code = body.vendor_code or _shown(table, body)
    if body.status is None and code is None:
        return None
    return table.choose(status=body.status, vendor_code=code, at=from_micros(at))


def _shown(table: StatusTable, body: WorkOrderIn) -> str | None:
    """The code in vendor_status, unless it stands for another status than the one that is asked for: then it was read."""
    row = table.by_code.get(body.shown_code or "")
    fits = body.status is None or (row is not None and row.status is body.status)
    return body.shown_code if fits else None


def within_scopes(caller: Caller, terms: Terms) -> Terms:
    """The terms of a replacement, by what its caller may do: a new order may begin with any status, one that is there needs
    the scope for another than it has."""
    return replace(terms, keeps_status=SETS_STATUS not in caller.scopes and not terms.must_be_new)


async def names_older(gateway: Gateway, backend: Backend, name: str, terms: Terms) -> bool:
    """Whether an If-Match names the order otherwise than it is known here: its status, too, is then of an earlier read."""
    if not terms.keeps_status or terms.if_match in ((), (ANY,)):
        return False
    known = await gateway.store.look(orders.find(backend.name, name))
    return known is None or not meets(terms.if_match, entity_tag(known.etag, known.view.code))


def checks(
    caller: Caller,
    backend: Backend,
    kind: Kind,
    body: JsonObject,
    terms: Terms,
    *,
    begins_as: WorkOrderIn | None = None,
    expect: str | None = None,
    of_earlier_read: bool = False,
) -> Checks:
    """May the write be accepted? `begins_as` names the status of an order that it brings; `of_earlier_read`: see `names_older`.

    What needs the order as it is now is checked once more before it is sent."""

    def check(order: OrderView, look: Look) -> Send:
        backend.require(Capability(kind.value))
        if kind is Kind.delete:
            check_expected(backend, expect)
        check_replaced(backend, terms.replace, body, at="/query/replace")
        refuse_if_held(caller.tenant, order, backend.rules)
        code = first_code(backend, begins_as, at=look.now)
        check_agrees(backend, begins_as, code)
        if terms.keeps_status and not of_earlier_read:
            _refuse_to_set(code, order, begins_as)
        backend.adapter.screen(_screened(backend, kind, body, terms, order, code))
        if kind in NEED_THE_ORDER and order.observed_at is None and not order.open_count and look.may_read:
            # It may be named by its reference, and its queue is its number's. One with a queue may be about to be created.
            raise ReadFirst
        if kind is Kind.patch:
            check_own_number(order.number, body)
        closes_as = backend.vendor.closed_code if kind is Kind.delete else None
        target = code.code if code is not None else closes_as
        return Send(target_code=target, previous_code=order.code)

    return check


def _refuse_to_set(code: StatusCode | None, order: OrderView, body: WorkOrderIn | None) -> None:
    """Raise ScopeMissing for a status that the order is not known to have, unless it is named as read.

    What was read may be old, and so may what is known here: the read before sending tells, and then nothing else is set."""
    if code is None or code.code == order.code or (body is not None and code.code == body.shown_code):
        return
    raise ScopeMissing(
        f"To set a status you need the scope {SETS_STATUS}. Name the one that the order has, with the vendor_status that you "
        "read, or none; a new order with a status is made by a POST, or with If-None-Match: *.",
        scope=SETS_STATUS,
    )


def _screened(
    backend: Backend, kind: Kind, body: JsonObject, terms: Terms, order: OrderView, code: StatusCode | None
) -> Write:
    """The write as the adapter screens it; an order that the vendor is to number has none yet, only a queue of its own."""
    unnumbered = kind is Kind.create and body.get("number") is None and backend.adapter.own_number("") is None
    number = "" if unnumbered else order.number
    key = OrderKey(number=number, reference=order.reference, vendor_ids=order.vendor_ids)
    return Write(operation_id="", kind=kind, order=key, body=body, status=code, terms=terms)
