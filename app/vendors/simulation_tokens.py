"""The tokens that a simulated vendor has given its users, and until when each is good."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Generic, TypeVar

UserT = TypeVar("UserT")


class GivenTokens(Generic[UserT]):
    """Kept in memory only: a restart ends them, as any client of the vendor must expect. Earlier tokens stay valid."""

    def __init__(self, life_s: float) -> None:
        self.life_s = life_s
        """Of tokens given from now on."""
        self._given: dict[str, tuple[UserT, datetime]] = {}

    def expiry(self, now: datetime) -> datetime:
        """When a token that is given now ends."""
        return now + timedelta(seconds=self.life_s)

    def keep(self, token: str, user: UserT, now: datetime) -> None:
        self._given = {token: given for token, given in self._given.items() if given[1] > now}
        self._given[token] = user, self.expiry(now)

    def user(self, token: str | None, now: datetime) -> UserT | None:
        """Whom a token was given to; None for none, a wrong one or one that has ended."""
        given = self._given.get(token or "")
        return given[0] if given is not None and now < given[1] else None

    def expire_all(self) -> None:
        self._given.clear()
