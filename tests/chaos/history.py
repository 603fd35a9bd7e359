"""What the callers were told, and what the ledger and the vendors hold: the records that the checker compares.

Each write carries a mark of its own in a text that the vendor keeps (a comment, a title, notes), so that an effect in the
vendor's list can be traced to the caller's request and to the operation in the ledger, whatever the vendor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

MARK = re.compile(r"\bmk-\d+-\d+\b")
"""A mark: the client's number and the client's count of writes."""

Told = Literal["ok", "fail", "info"]
"""`ok`: accepted; `fail`: refused when it came; `info`: never answered, so it may have been either."""


def mark_in(text: str) -> str | None:
    found = MARK.search(text)
    return None if found is None else found.group()


@dataclass(kw_only=True, slots=True)
class Call:
    """One write of one caller, however often it was repeated with its key. Times are monotonic seconds of the harness."""

    mark: str
    client: int
    backend: str
    order: str
    invoked: float
    answered: float | None = None
    told: Told = "info"
    status: int = 0
    operation: str | None = None
    """The Operation-Id that was told, if any."""
    state: str | None = None
    """The last state that the caller was told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One change that a vendor really made. `at`: seconds since 1970, by the machine's clock, as in all that follows."""

    backend: str
    order: str
    kind: str
    mark: str | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One whole write request that came by the wire, whatever became of it."""

    backend: str
    mark: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One operation of the ledger."""

    id: str
    backend: str
    order: str
    seq: int
    state: str
    mark: str | None
    attempts: int
    outcomes: tuple[str | None, ...] = ()
    """Of its attempts, in order; None: the attempt was never classified."""

    @property
    def lost_an_answer(self) -> bool:
        return any(one in (None, "unknown") for one in self.outcomes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    backend: str
    order: str
    operation: str | None
    opened: float
    closed: float | None = None
    made: str | None = None
    """The operation that a person put in the place of the one that caused it; it bears the same mark, if it is a retry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of the ledger's event list."""

    backend: str
    order: str
    seq: int
    type: str
    operation: str | None


@dataclass(kw_only=True)
class History:
    """Everything that one run left behind."""

    calls: Sequence[Call] = ()
    effects: Sequence[Effect] = ()
    """Each vendor's in its own order."""
    sent: Sequence[Sent] = ()
    kept: Sequence[Kept] = ()
    holds: Sequence[Hold] = ()
    events: Sequence[Event] = ()
    strange: list[str] = field(default_factory=list)
    """Answers that no caller should ever get (a 5xx other than 503 with Retry-After), as the clients saw them."""
