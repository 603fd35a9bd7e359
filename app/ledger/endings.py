"""How an operation ends well: the 201 that it answers from now on, which is also its result."""

from __future__ import annotations

from app.domain.operations import Operation, State
from app.domain.receipts import status_update
from app.domain.statuses import StatusTable
from app.ledger.records import Ending
from app.ledger.rows import compact


def applied(operation: Operation, table: StatusTable, *, at: int, evidence: str) -> tuple[Ending, str]:
    """The ending and the result of an operation that was applied at `at`. `evidence` says how we know."""
    body = compact(status_update(operation, table, state=State.applied, applied_at=at, evidence=evidence))
    return Ending(problem=None, answer_status=201, answer_body=body), body
