"""The ledger's tables. Times are microseconds since 1970 in UTC; JSON is text; both read the same from either database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from app.domain.operations import State
from app.domain.ports import Kind

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class Table(SQLModel):
    """What every table of the ledger is declared from. Rows are read and written by statements: no schema is ever needed."""

    metadata = metadata
    model_config = {"defer_build": True}


def _big(*, nullable: bool = False, default: int | None = None) -> Column[int]:
    server_default = None if default is None else str(default)
    return Column(BigInteger, nullable=nullable, server_default=server_default)


def _text(*, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(Text, primary_key=primary_key, nullable=nullable)


def _one_of(column: str, words: type[State] | type[Kind]) -> str:
    return f"{column} IN ({', '.join(repr(word.value) for word in words)})"


def _index_of_some(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that fulfil a condition, on either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class ClientRow(Table, table=True):
    """A caller: which tenant it belongs to, what it may do, and on which backends. Lists are words with blanks between."""

    __tablename__ = "client"

    id: str = Field(sa_column=_text(primary_key=True))
    tenant: str = Field(sa_column=_text())
    secret_sha256: str = Field(sa_column=_text())
    scopes: str = Field(sa_column=_text())
    backends: str = Field(sa_column=_text())
    created_at: int = Field(sa_column=_big())
    revoked_at: int | None = Field(sa_column=_big(nullable=True))


class IdempotencyKeyRow(Table, table=True):
    """A key that a client has used: for an operation, or for a refusal of ours (then the answer is kept here)."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    client_id: str = Field(sa_column=_text(primary_key=True))
    key: str = Field(sa_column=_text(primary_key=True))
    tenant: str = Field(sa_column=_text())
    fingerprint: str = Field(sa_column=_text())
    operation_id: str | None = Field(sa_column=_text(nullable=True))
    answer_status: int | None = Field(sa_column=Column(Integer, nullable=True))
    answer_body: str | None = Field(sa_column=_text(nullable=True))
    created_at: int = Field(sa_column=_big())


class OperationRow(Table, table=True):
    """One accepted write: what was asked, where it stands, and the final answer as it was first given."""

    __tablename__ = "operation"
    __table_args__ = (
        UniqueConstraint("backend", "work_order", "seq"),
        CheckConstraint(_one_of("state", State), name="state"),
        CheckConstraint(_one_of("kind", Kind), name="kind"),
        _index_of_some("ix_operation_open", "backend", "work_order", "seq", where="finished_at IS NULL"),
        Index("ix_operation_tenant_id", "tenant", "id"),
        _index_of_some(
            "ix_operation_state", "tenant", "state", "id", where="state <> 'applied' AND state <> 'sending'"
        ),
        _index_of_some("ix_operation_answered", "finished_at", where="answer_body IS NOT NULL"),
        _index_of_some("ix_operation_referenced", "finished_at", where="client_reference IS NOT NULL"),
        _index_of_some(
            "uq_operation_client_reference",
            "tenant",
            "client_reference",
            where="client_reference IS NOT NULL",
            unique=True,
        ),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    tenant: str = Field(sa_column=_text())
    client_id: str = Field(sa_column=_text())
    backend: str = Field(sa_column=_text())
    work_order: str = Field(sa_column=_text())
    seq: int = Field(sa_column=_big())
    kind: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    body: str = Field(sa_column=_text())
    terms: str | None = Field(sa_column=_text(nullable=True))
    target_code: str | None = Field(sa_column=_text(nullable=True))
    occurred_at: int | None = Field(sa_column=_big(nullable=True))
    previous_code: str | None = Field(sa_column=_text(nullable=True))
    client_reference: str | None = Field(sa_column=_text(nullable=True))
    request_id: str | None = Field(sa_column=_text(nullable=True))
    attempts: int = Field(sa_column=Column(Integer, nullable=False))
    probes: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    probe_evidence: str | None = Field(sa_column=_text(nullable=True))
    problem: str | None = Field(sa_column=_text(nullable=True))
    result: str | None = Field(sa_column=_text(nullable=True))
    answer_status: int | None = Field(sa_column=Column(Integer, nullable=True))
    answer_body: str | None = Field(sa_column=_text(nullable=True))
    accepted_at: int = Field(sa_column=_big())
    finished_at: int | None = Field(sa_column=_big(nullable=True))


class AttemptRow(Table, table=True):
    """One attempt to send: the intent is stored before the first byte leaves, the classification after. No secrets."""

    __tablename__ = "attempt"

    operation_id: str = Field(sa_column=_text(primary_key=True))
    n: int = Field(sa_column=Column(Integer, primary_key=True))
    fence: int = Field(sa_column=_big())
    started_at: int = Field(sa_column=_big())
    deadline_at: int = Field(sa_column=_big())
    code_since: int | None = Field(sa_column=_big(nullable=True))
    """Since when the order had the code that it had as the attempt began: a later date there means a change by others."""
    before: str | None = Field(sa_column=_text(nullable=True))
    """For a write other than a status update: the order's members as read just before it was sent."""
    ended_at: int | None = Field(sa_column=_big(nullable=True))
    outcome: str | None = Field(sa_column=_text(nullable=True))
    detail: str | None = Field(sa_column=_text(nullable=True))
    vendor_status: int | None = Field(sa_column=Column(Integer, nullable=True))
    vendor_code: str | None = Field(sa_column=_text(nullable=True))
    vendor_message: str | None = Field(sa_column=_text(nullable=True))
    disproved_at: int | None = Field(sa_column=_big(nullable=True))
    """When two readings proved, its answer being lost, that the vendor did not apply it."""


class WorkOrderRow(Table, table=True):
    """One order: the vendor's view of it as last seen, what the open updates will make of it, and its queue.

    The queue: `last_seq` places given out, `open_count` of them not final; `ready_at` is when the queue next wants attention
    (null: never by itself); `lease_owner` works on it until `lease_until`; `fence` rises with each lease, and whoever writes
    an outcome must still hold the fence. `recheck`: a hold was released, so the vendor is read before anything is sent.
    `listed_at`: when the round of polling began in which the vendor's own list last named the order. `missing_since`: when the
    vendor first said that it has no such order; null while it shows it. `mark`: a digest of what the vendor's list said of the
    order when the row had `marked_version`; while it has that version still, the row says the same. `stands`: the vendor's
    last whole list named the order, so that it is as fresh as that list was (`poll_round.shown_at`), whatever `observed_at` and
    `listed_at` say: those are written only when the order begins or ceases to stand there.
    """

    __tablename__ = "work_order"
    __table_args__ = (
        Index("ix_work_order_reference", "backend", "reference"),
        Index("ix_work_order_changed", "backend", "changed_at", "number"),
        Index("ix_work_order_code", "backend", "code", "changed_at", "number"),
        _index_of_some("ix_work_order_ready", "backend", "ready_at", where="ready_at IS NOT NULL"),
        _index_of_some("ix_work_order_stands", "backend", "number", where="stands = 1"),
    )

    backend: str = Field(sa_column=_text(primary_key=True))
    number: str = Field(sa_column=_text(primary_key=True))
    reference: str | None = Field(sa_column=_text(nullable=True))
    vendor_ids: str = Field(sa_column=_text())
    fields: str = Field(sa_column=_text())
    etag: str | None = Field(sa_column=_text(nullable=True))
    code: str | None = Field(sa_column=_text(nullable=True))
    code_since: int | None = Field(sa_column=_big(nullable=True))
    code_operation: str | None = Field(sa_column=_text(nullable=True))
    code_tenant: str | None = Field(sa_column=_text(nullable=True))
    late: int = Field(sa_column=Column(Integer, nullable=False))
    target_at: int | None = Field(sa_column=_big(nullable=True))
    observed_at: int | None = Field(sa_column=_big(nullable=True))
    listed_at: int | None = Field(sa_column=_big(nullable=True))
    missing_since: int | None = Field(sa_column=_big(nullable=True))
    confirmed_at: int = Field(sa_column=_big(default=0))
    changed_at: int = Field(sa_column=_big())
    projected_code: str | None = Field(sa_column=_text(nullable=True))
    projected_operation: str | None = Field(sa_column=_text(nullable=True))
    projected_tenant: str | None = Field(sa_column=_text(nullable=True))
    version: int = Field(sa_column=_big())
    last_seq: int = Field(sa_column=_big())
    open_count: int = Field(sa_column=Column(Integer, nullable=False))
    blocked_by: str | None = Field(sa_column=_text(nullable=True))
    blocked_tenant: str | None = Field(sa_column=_text(nullable=True))
    held: int = Field(sa_column=Column(Integer, nullable=False))
    recheck: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    ready_at: int | None = Field(sa_column=_big(nullable=True))
    lease_owner: str | None = Field(sa_column=_text(nullable=True))
    lease_until: int = Field(sa_column=_big())
    fence: int = Field(sa_column=_big())
    event_seq: int = Field(sa_column=_big())
    mark: str | None = Field(sa_column=_text(nullable=True))
    marked_version: int | None = Field(sa_column=_big(nullable=True))
    stands: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class OrderHoldRow(Table, table=True):
    """A queue that stopped until a person says how it goes on: why, behind which operation, and what the word was.

    `tenant` and `operation_id` are null where no operation of ours is the cause. `version` rises with each change;
    `made_operation` is what a resolution put in the place of the cause.
    """

    __tablename__ = "order_hold"
    __table_args__ = (
        _index_of_some("uq_order_hold_open", "backend", "work_order", where="closed_at IS NULL", unique=True),
        Index("ix_order_hold_operation_id", "operation_id"),
        Index("ix_order_hold_tenant_id", "tenant", "id"),
        Index("ix_order_hold_work_order", "work_order", "backend", "id"),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    tenant: str | None = Field(sa_column=_text(nullable=True))
    backend: str = Field(sa_column=_text())
    work_order: str = Field(sa_column=_text())
    operation_id: str | None = Field(sa_column=_text(nullable=True))
    cause: str = Field(sa_column=_text())
    detail: str | None = Field(sa_column=_text(nullable=True))
    version: int = Field(sa_column=_big(default=1))
    opened_at: int = Field(sa_column=_big())
    closed_at: int | None = Field(sa_column=_big(nullable=True))
    closed_by: str | None = Field(sa_column=_text(nullable=True))
    resolution: str | None = Field(sa_column=_text(nullable=True))
    reason: str | None = Field(sa_column=_text(nullable=True))
    evidence: str | None = Field(sa_column=_text(nullable=True))
    made_operation: str | None = Field(sa_column=_text(nullable=True))


class EventRow(Table, table=True):
    """What happened to an order, in the order in which it was recorded; `seq` counts within the order, without gaps."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("backend", "work_order", "seq"),
        _index_of_some(
            "ix_event_rare", "type", "id", where="type <> 'operation.applied' AND type <> 'work_order.changed'"
        ),
    )

    id: int | None = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    )
    at: int = Field(sa_column=_big())
    backend: str = Field(sa_column=_text())
    work_order: str = Field(sa_column=_text())
    seq: int = Field(sa_column=_big())
    type: str = Field(sa_column=_text())
    source: str = Field(sa_column=_text())
    tenant: str | None = Field(sa_column=_text(nullable=True))
    operation_id: str | None = Field(sa_column=_text(nullable=True))
    data: str = Field(sa_column=_text())


class StatusCodeRow(Table, table=True):
    """One row of a backend's imported status table."""

    __tablename__ = "status_code"

    backend: str = Field(sa_column=_text(primary_key=True))
    code: str = Field(sa_column=_text(primary_key=True))
    position: int = Field(sa_column=Column(Integer, nullable=False))
    label: str = Field(sa_column=_text())
    status: str | None = Field(sa_column=_text(nullable=True))
    phase: str | None = Field(sa_column=_text(nullable=True))
    master: str | None = Field(sa_column=_text(nullable=True))
    effective_from: int | None = Field(sa_column=_big(nullable=True))
    effective_to: int | None = Field(sa_column=_big(nullable=True))
    chosen_first: int = Field(sa_column=Column(Integer, nullable=False))
    basis: str = Field(sa_column=_text())
