"""How an operation ends well: the answer that it gives from now on, which is also its result."""

from __future__ import annotations

from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.receipts import status_update
from app.domain.record import record
from app.domain.statuses import StatusTable
from app.ledger.records import Ending
from app.ledger.rows import compact

MOST_KEPT = 64 * 1024
"""Bytes of an answer that is kept."""


@record(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What an applied write answers: 201 for what is new, 200 else."""

    status: int
    body: JsonObject

    @property
    def ending(self) -> Ending:
        return Ending(problem=None, answer_status=self.status, answer_body=compact(self.body))


def receipt(
    operation: Operation,
    table: StatusTable,
    *,
    at: int,
    evidence: str,
    order: JsonObject | None = None,
    created: bool = False,
    effect: str | None = None,
    kept_here: tuple[str, ...] = (),
) -> Receipt | None:
    """The receipt of an operation that was applied at `at`. `evidence` says how we know.

    `order` is the vendor's record after the write, `created` whether it is new, `effect` what the vendor's DELETE does. None:
    the record could not be read, or is too large to be kept, and the operation itself has to tell.
    """
    if operation.kind is Kind.status_update:
        shown = status_update(
            operation, table, state=State.applied, applied_at=at, evidence=evidence, kept_here=kept_here
        )
        return Receipt(status=201, body=shown)
    if operation.kind is Kind.delete:
        return Receipt(status=200, body={"effect": effect})
    if order is None or len(compact(order).encode()) > MOST_KEPT:
        return None
    return Receipt(status=201 if created else 200, body=order)
