"""The simulator's API users, what their roles allow, and the tokens they were given."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from app.vendors.simulation_tokens import GivenTokens

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


class Tokens(GivenTokens[User]):
    def __init__(self) -> None:
        super().__init__(TOKEN_LIFE_S)

    def give(self, name: str | None, password: str | None, now: datetime) -> tuple[str, datetime] | None:
        """A new token and when it ends; None for a wrong name or password."""
        user = USERS.get(name or "")
        if user is None or user.password != password:
            return None
        token = "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(14))
        self.keep(token, user, now)
        return token, self.expiry(now)
