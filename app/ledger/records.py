"""What goes into the ledger and comes out of it, apart from its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TypeAlias

from app.domain.admission import OrderView
from app.domain.errors import VendorSaid
from app.domain.holds import Cause
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.record import record
from app.domain.work_orders import Observation


class Fenced(Exception):
    """Another worker, or an operator, has taken the order's queue; nothing was written."""


@record(frozen=True, kw_only=True, slots=True)
class Draft:
    """A write that asks to be accepted. `key` is None only where a key is optional and none came."""

    id: str
    tenant: str
    client_id: str
    backend: str
    number: str
    kind: Kind
    body: str
    occurred_at: int | None
    client_reference: str | None
    key: str | None
    fingerprint: str
    now: int
    request_id: str | None = None
    """The request that brought it, as our logs name it."""
    terms: str | None = None


@record(frozen=True, kw_only=True, slots=True)
class Send:
    """The checks let the write pass: with this vendor code, the order being at that one."""

    target_code: str | None
    previous_code: str | None
    begins: bool = True
    """Whether it may go to the vendor at once; an order that was never seen is read first, to know what it was before."""


@record(frozen=True, kw_only=True, slots=True)
class Refuse:
    """The checks refuse the write: the answer, which is kept with the key."""

    status: int
    body: str


Decide: TypeAlias = "Callable[[OrderView, str | None], Send | Refuse]"
"""The checks, run inside the accepting transaction: of the order, and of the operation that already has the client_reference.

May raise ReadFirst, which rolls it back, or a GatewayError likewise."""


@record(frozen=True, kw_only=True, slots=True)
class Lease:
    """Who will work on an order's queue, until when; and when the attempt now beginning must be over."""

    owner: str
    until: int
    deadline_at: int


@record(frozen=True, kw_only=True, slots=True)
class Claim:
    """An order's queue, leased to us. Every later write carries the fence."""

    backend: str
    number: str
    fence: int


@record(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The write is ours now. With a claim, its first attempt has begun and the claimer must send it."""

    operation: Operation
    claim: Claim | None
    order: OrderView
    """The order as the checks saw it."""
    deadline_at: int = 0
    """With a claim: when the attempt must be over."""


@record(frozen=True, kw_only=True, slots=True)
class Replayed:
    """The key came before with the same request: the operation as it stands, or the refusal that was kept."""

    operation: Operation | None
    answer_status: int | None
    answer_body: str | None


@record(frozen=True, kw_only=True, slots=True)
class Refused:
    """The write was refused by our own checks, now, and the refusal is kept with its key."""

    answer_status: int
    answer_body: str


Acceptance: TypeAlias = "Accepted | Replayed | Refused"


@record(frozen=True, kw_only=True, slots=True)
class AttemptEnd:
    """What one attempt, or one read-back, came to. `over_at`: when its call is over for certain, should that be later than
    the deadline that it began with."""

    n: int
    outcome: str
    detail: str
    said: VendorSaid | None = None
    over_at: int | None = None


@record(frozen=True, kw_only=True, slots=True)
class Ending:
    """How an operation ends: its problem, and the answer that its caller gets from now on."""

    problem: str | None
    answer_status: int
    answer_body: str


@record(frozen=True, kw_only=True, slots=True)
class NewHold:
    """A hold about to be opened: why, and in one sentence what is known."""

    id: str
    cause: Cause
    detail: str


@record(frozen=True, kw_only=True, slots=True)
class Settlement:
    """The move of one operation and all that follows from it, written in one transaction.

    `operation` is as read when the step began; its state is the one compared with. `ready_at` is when the queue next wants
    attention, for a move that does not end the operation. `number` is what the vendor called the order that the operation
    created, where that is another than the queue's. `hold` stops the queue: behind a refusal, should anything be queued
    there, and always with an operation that becomes held; `end_behind` instead cancels each of those with the answer it gives.
    """

    claim: Claim
    operation: Operation
    to: State
    now: int
    lease_until: int
    attempt: AttemptEnd | None = None
    ending: Ending | None = None
    result: str | None = None
    ready_at: int | None = None
    hold: NewHold | None = None
    end_behind: Callable[[Operation], Ending] | None = None
    probes: int | None = None
    probe_evidence: str | None = None
    number: str | None = None
    event_data: JsonObject = field(default_factory=dict)


@record(frozen=True, kw_only=True, slots=True)
class Settled:
    """The operation after its move, those that ended with it, and whether the queue has more to do under the same lease."""

    operation: Operation
    ended: tuple[Operation, ...]
    more: bool


@record(frozen=True, kw_only=True, slots=True)
class KnownOrder:
    """An order as the ledger keeps it, for the list, for a read that accepts our last copy, and for the checks."""

    view: OrderView
    observation: Observation | None
    changed_at: int
    etag: str | None


@record(frozen=True, kw_only=True, slots=True)
class Change:
    """A difference that an observation brought to light."""

    number: str
    was: JsonObject
    now: JsonObject
