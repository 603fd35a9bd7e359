"""The simulator's API users, what their roles allow, and the tokens they were given."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

TOKEN_ALPHABET = string.ascii_lowercase + string.digits
TOKEN_LIFE_S = 20 * 60.0
"""[assumed] The vendor's documents show an expiry but no life."""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """`units`: the functional units whose orders the user sees; `may_update`: whether the role may change them."""

    name: str
    password: str
    units: frozenset[str]
    may_update: bool


USERS = {
    user.name: user
    for user in (
        User(name="sandbox", password="sandbox-secret", units=frozenset({"Responsive Repairs"}), may_update=True),
        User(name="viewer", password="viewer-secret", units=frozenset({"Responsive Repairs"}), may_update=False),
    )
}


class Tokens:
    """Tokens are kept in memory only: a restart ends them, as any client of the vendor must expect."""

    def __init__(self) -> None:
        self.life_s = TOKEN_LIFE_S
        self._given: dict[str, tuple[User, datetime]] = {}

    def give(self, name: str | None, password: str | None, now: datetime) -> tuple[str, datetime] | None:
        """A new token and when it ends; None for a wrong name or password. Earlier tokens stay valid."""
        user = USERS.get(name or "")
        if user is None or user.password != password:
            return None
        self._given = {token: given for token, given in self._given.items() if given[1] > now}
        token = "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(14))
        expiry = now + timedelta(seconds=self.life_s)
        self._given[token] = user, expiry
        return token, expiry

    def user(self, token: str | None, now: datetime) -> User | None:
        given = self._given.get(token or "")
        return given[0] if given is not None and now < given[1] else None

    def expire_all(self) -> None:
        self._given.clear()
