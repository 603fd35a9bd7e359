"""The simulator's API users, what they may do, and the JSON Web Tokens they were given (dossier 3.2)."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.vendors.simulation import Json
from app.vendors.simulation_tokens import GivenTokens

TOKEN_LIFE_S = 60 * 60.0
"""[assumed] The vendor lets a customer choose, from seconds to years."""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    name: str
    password: str
    may_write: bool


USERS = {
    user.name: user
    for user in (
        User(name="sandbox", password="sandbox-secret", may_write=True),
        User(name="readonly", password="readonly-secret", may_write=False),
    )
}


class Tokens(GivenTokens[User]):
    def __init__(self) -> None:
        super().__init__(TOKEN_LIFE_S)
        self._key = secrets.token_bytes(32)

    def give(self, name: Json, password: Json, now: datetime) -> str | None:
        """A new token; None for a wrong name or password."""
        user = USERS.get(name) if isinstance(name, str) else None
        if user is None or user.password != password:
            return None
        claims: dict[str, Json] = {
            "exp": int(self.expiry(now).timestamp()),
            "iat": int(now.timestamp()),
            "jti": secrets.token_hex(8),
            "sub": user.name,
        }
        token = self._signed(claims)
        self.keep(token, user, now)
        return token

    def _signed(self, claims: Mapping[str, Json]) -> str:
        """HS256, as the vendor's tokens are; their claims are unknown, these are our guess."""
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signed = b".".join(_base64url(part) for part in parts)
        return (signed + b"." + _base64url(hmac.digest(self._key, signed, "sha256"))).decode("ascii")


def _base64url(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
