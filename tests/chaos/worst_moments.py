"""The worst moments as data: where the process kills itself, what brings it there, what may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Way = Literal["at once", "queued", "answer lost", "hanging"]
"""How a write gets to the point: an update that goes out as it is accepted, a change that waits for a worker, an update whose
answer is lost, one whose answer never comes while the gateway is told to stop."""
NEVER: tuple[str | None, ...] = ()
LOST: tuple[str | None, ...] = (None,)
"""The outcomes of its attempts: none was begun; one was, and nobody knows what became of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """`left`: the write's state in the ledger after the death, None where nothing exists; `outcomes` those of its attempts then.

    `ends`: for each number of effects that the vendor may have at the death, the outcomes of its attempts in the end. It ends
    applied, with one effect.
    """

    point: str
    way: Way
    left: str | None
    outcomes: tuple[str | None, ...] = NEVER
    ends: Mapping[int, tuple[str, ...]]

    @property
    def name(self) -> str:
        return f"{self.point} {self.way}"


ONCE = {0: ("applied",)}
AGAIN = {0: ("unknown", "applied")}
"""Proved not applied, and sent again in its place."""
READ_BACK = {1: ("unknown",)}
"""Proved applied by reading; not sent again."""
EITHER = AGAIN | READ_BACK

MOMENTS: tuple[Moment, ...] = (
    # Before or in the accepting transaction: nothing exists, and the repeated request is the first.
    Moment(point="F1", way="at once", left=None, ends=ONCE),
    Moment(point="F2", way="at once", left=None, ends=ONCE),
    Moment(point="F2", way="queued", left=None, ends=ONCE),
    # Accepted, and nobody was told: the repeated request gets the receipt.
    Moment(point="F3", way="at once", left="sending", outcomes=LOST, ends=AGAIN),
    Moment(point="F3", way="queued", left="queued", ends=ONCE),
    Moment(point="F4", way="queued", left="queued", ends=ONCE),
    # The intent is stored: verified, never merely sent again.
    Moment(point="F5", way="at once", left="sending", outcomes=LOST, ends=AGAIN),
    Moment(point="F5", way="queued", left="sending", outcomes=LOST, ends=AGAIN),
    Moment(point="F6", way="at once", left="sending", outcomes=LOST, ends=AGAIN),
    Moment(point="F7", way="at once", left="sending", outcomes=LOST, ends=AGAIN),
    Moment(point="F8", way="at once", left="sending", outcomes=LOST, ends=EITHER),
    Moment(point="F9", way="at once", left="sending", outcomes=LOST, ends=READ_BACK),
    Moment(point="F9", way="queued", left="sending", outcomes=LOST, ends=READ_BACK),
    Moment(point="F10", way="at once", left="sending", outcomes=LOST, ends=READ_BACK),
    Moment(point="F11", way="answer lost", left="verifying", outcomes=("unknown",), ends=READ_BACK),
    Moment(point="F12", way="answer lost", left="verifying", outcomes=("unknown",), ends=READ_BACK),
    Moment(point="F17", way="hanging", left="sending", outcomes=LOST, ends=AGAIN),
)
ELSEWHERE = {
    "F13": "test_failpoints.test_killed_while_a_hold_is_resolved",
    "F14": "tests/webhooks/test_delivery.py::test_a_gateway_killed_between_sending_and_writing_it_down"
    "_is_followed_by_another_with_the_same_id",
    "F15": "test_failpoints.test_killed_in_a_migration",
    "F16": "no point in our code: tests/ledger/test_sqlite_crash.py kills in mid-checkpoint",
}
"""The points whose witness is no write of an order."""
