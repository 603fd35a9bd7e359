"""The vendor port: what every vendor's adapter does for us, and the words in which it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from typing import Protocol

from app.domain.errors import FieldFault, GatewayError, VendorSaid, VendorTrouble
from app.domain.glimpses import Listed
from app.domain.json import JsonObject
from app.domain.record import record
from app.domain.statuses import StatusCode
from app.domain.terms import NO_TERMS, Terms
from app.domain.work_orders import Observation, OrderKey


class Kind(Enum):
    """The kinds of write; the names are those of the preview call."""

    status_update = "status_update"
    create = "create"
    patch = "patch"
    replace = "replace"
    delete = "delete"


class Capability(Enum):
    """What a vendor's system may be able to do. What it cannot is 422 `capability-missing`, never silently dropped."""

    read = "read"
    list = "list"
    status_update = "status_update"
    create = "create"
    patch = "patch"
    replace = "replace"
    delete = "delete"


@record(frozen=True, kw_only=True)
class Write:
    """One change to send: what the caller asked for in our names, and the vendor code chosen for it.

    In a create that the vendor is to number, `order.number` is empty.
    """

    operation_id: str
    kind: Kind
    order: OrderKey
    body: JsonObject
    """The caller's body, as accepted."""
    status: StatusCode | None = None
    occurred_at: datetime | None = None
    previous_code: str | None = None
    """The vendor code that we believed in just before sending; a read-back compares with it."""
    terms: Terms = NO_TERMS
    before: JsonObject | None = None
    """For a write other than a status update: the members of the order (`Observation.fields`) as read just before
    sending; None where the vendor had no such order."""


@record(frozen=True, kw_only=True)
class VendorRequest:
    """One HTTP request as the vendor receives it. `headers` carries no secret; in a preview neither does the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Outcome(StrEnum):
    """What an attempt came to. Only `not_sent` and `not_applied` may ever be sent again."""

    applied = "applied"
    """The vendor said so, positively matched."""
    refused = "refused"
    """The vendor said no, positively matched."""
    not_sent = "not_sent"
    """Nothing left us."""
    not_applied = "not_applied"
    """It left us, and the answer proves that it was not processed."""
    unknown = "unknown"
    """Everything else."""


@record(frozen=True, kw_only=True)
class Answer:
    """The outcome of one attempt, and what the vendor said."""

    outcome: Outcome
    detail: str = ""
    """For an operator: what was observed, in one sentence."""
    said: VendorSaid | None = None
    error: type[GatewayError] | None = None
    """For `refused`: the precise code where the answer itself tells it; else the order is read."""
    trouble: type[VendorTrouble] | None = None
    """For `not_sent` and `not_applied`: what the backend waits for."""
    retry_after_s: float | None = None
    number: str | None = None
    """For an applied create: the number that the vendor gave the order."""
    seen: Observation | None = None
    """For `applied`: the vendor's own record after the write, where the answer held it."""
    faults: tuple[FieldFault, ...] = ()
    """For `refused`: what the vendor said of single members, with pointers in our names."""


class Proof(StrEnum):
    """What a read-back says about a write whose answer was lost."""

    applied = "applied"
    not_applied = "not_applied"
    """The order still shows what it showed before; proof only when read twice after the vendor's settle time."""
    inconclusive = "inconclusive"


@record(frozen=True, kw_only=True)
class Finding:
    """One line of `orderbridge check`."""

    name: str
    ok: bool
    detail: str
    warning: bool = False


@record(frozen=True, kw_only=True)
class KnownCodes:
    """The codes of the status table that a backend goes by, for `orderbridge check` to hold the vendor's against."""

    codes: frozenset[str]
    table: str
    """Which table it is, as a finding names it after `the`; after `no`, where there is none and so no code."""


class VendorAdapter(Protocol):
    """One vendor system seen with one set of credentials.

    `read` and `listing` raise WorkOrderNotFound, BackendMisconfigured, BackendUnavailable or BackendTimeout, and may be
    cancelled. `send` raises nothing but CancelledError, after which the outcome is unknown. `prove` is pure.
    """

    def screen(self, write: Write) -> None:
        """Raise the GatewayError that can be told of `write` without knowing the order: no place for a member, a pair that
        must not come together. Called when a write is accepted; `write.before` says nothing yet."""

    def own_number(self, operation_id: str) -> str | None:
        """The number to give an order whose creator names none; None: the vendor numbers it. The same for the same id."""

    def requests(self, write: Write) -> Sequence[VendorRequest]:
        """The exact requests that `send` would make for the change, without secrets and without the reads and log-ins
        around it; raises a GatewayError where it cannot be said. None at all: nothing is to change."""

    async def send(self, write: Write) -> Answer:
        """Make the change, once."""

    async def read(self, number: str) -> Observation:
        """The order with this number or reference, read from the vendor now."""

    def listing(self) -> AsyncIterator[Sequence[Listed]]:
        """All orders that the vendor lists, in batches. Glimpses where to read them all costs much."""

    def prove(self, write: Write, seen: Observation | None) -> Proof:
        """Whether what was read shows that `write` took effect; None: the vendor has no such order."""

    def side_effect(self, write: Write, seen: Observation) -> str | None:
        """What a write that was accepted did besides what was asked, as the order read back shows; None: nothing."""

    def check(self, known: KnownCodes | Finding) -> AsyncIterator[Finding]:
        """Look at the real system: address, log-in, contract, status codes. What is `known` is a Finding where the table
        could not be read: it is told in the place of a comparison."""

    async def aclose(self) -> None: ...
