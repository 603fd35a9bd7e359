"""How many messages are on their way at once, and to whom: an endpoint that hangs slows nobody but itself.

An endpoint begins with one place. While it takes messages quickly it is given more; once it fails, or takes its time, it is
back at one. Those that have not proved themselves may fill only a part of all places: the others never wait for them.
"""

from __future__ import annotations

from collections import Counter

ALL = 128
OF_UNPROVEN = 96
OF_ONE = 8
QUICK_MS = 2000
"""What is taken within that time was taken quickly."""


class Places:
    """The places of one gateway process."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._as_unproven: Counter[str] = Counter()
        self._allowed: dict[str, int] = {}
        """Of those that are proven."""

    def free(self, endpoint: str) -> int:
        """How many messages may be sent to it now."""
        own = self._allowed.get(endpoint, 1) - self._taken[endpoint]
        room = min(own, ALL - self._taken.total())
        return room if endpoint in self._allowed else min(room, OF_UNPROVEN - self._as_unproven.total())

    def take(self, endpoint: str) -> bool:
        """Take one; whether as one that is proven, to be said again when it is given back."""
        proven = endpoint in self._allowed
        self._taken[endpoint] += 1
        if not proven:
            self._as_unproven[endpoint] += 1
        return proven

    def give_back(self, endpoint: str, *, proven: bool, quick: bool | None) -> None:
        """`quick`: the message was taken, and soon; None: it was not sent, which says nothing of the endpoint."""
        for taken in (self._taken,) if proven else (self._taken, self._as_unproven):
            taken[endpoint] -= 1
            if not taken[endpoint]:
                del taken[endpoint]
        if quick:
            self._allowed[endpoint] = min(OF_ONE, 2 * self._allowed.get(endpoint, 1))
        elif quick is not None:
            self._allowed.pop(endpoint, None)
