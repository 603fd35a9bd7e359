"""Whether a change may be sent to an order as it was just read: what the kind of write asks of it, and what the caller did."""

from __future__ import annotations

from app.domain.entity_tags import meets
from app.domain.errors import OrderEnded, PreconditionFailed, WorkOrderExists, WorkOrderNotFound
from app.domain.ports import Kind
from app.domain.record import record
from app.domain.statuses import StatusTable
from app.domain.terms import Terms


@record(frozen=True, kw_only=True, slots=True)
class Found:
    """An order that the vendor has: its ETag, and its vendor code."""

    tag: str
    code: str | None


def check_terms(
    kind: Kind,
    terms: Terms,
    found: Found | None,
    *,
    code: str | None = None,
    table: StatusTable,
    closed_code: str | None,
    may_be_ours: bool = False,
) -> None:
    """Raise WorkOrderNotFound, WorkOrderExists, OrderEnded or PreconditionFailed where the change must not be sent.

    `code`: what the change would set. `closed_code`: of an order that a removal only closes. `may_be_ours`: an earlier attempt
    may have made the order.
    """
    if found is None:
        if kind in (Kind.patch, Kind.delete):
            raise WorkOrderNotFound("The vendor's system has no such work order.")
        if kind is Kind.replace and terms.must_exist:
            raise PreconditionFailed("There is no such work order to replace.")
        if terms.keeps_status and code is not None:
            raise PreconditionFailed(
                "The order with this status is not there any more. Read it again; a new one with a status is made by a POST, "
                "or with If-None-Match: *."
            )
        return
    if kind is Kind.create and not may_be_ours:
        raise WorkOrderExists("The vendor's system already has an order of this number.", pointer="/number")
    if terms.must_be_new and not may_be_ours:
        raise PreconditionFailed("The vendor's system has an order of this number already.", etag=found.tag)
    row = table.by_code.get(found.code or "")
    closes = kind is Kind.delete and closed_code is not None
    if closes and row is not None and table.ended(row) and row.code != closed_code:
        # An order that has ended otherwise is not closed over it: the removal would only set another status.
        raise OrderEnded(f"The order is {row.label!r} in the vendor's system, and is not closed over that.")
    if not meets(terms.if_match, found.tag):
        raise PreconditionFailed(
            "The order is no longer as your If-Match names it. Read it again, and decide anew.", etag=found.tag
        )
    if terms.keeps_status and code not in (None, found.code):
        raise PreconditionFailed(
            "The order has another status than you name, and to set one you need the scope status:write. Read it again.",
            etag=found.tag,
        )


def closed_already(kind: Kind, found: Found | None, closed_code: str | None) -> bool:
    """Whether a removal that only closes the order finds it closed."""
    return kind is Kind.delete and closed_code is not None and found is not None and found.code == closed_code
