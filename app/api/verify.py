"""Whether a bearer token is genuine: the one place that asks python-jose, behind guards against what it lets through.

python-jose accepts a missing `aud`, unknown `crit`, junk after the signature and text for numbers, and fails with any
error at all on deep or odd input. So the token is taken apart by our strict parser first, the key
is ours and has one algorithm, every claim is required and typed, and any exception whatever is the same 401.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from jose import jwt

from app.api.auth_config import AuthConfig
from app.api.keys import TOKEN_LIFETIME_S, TOKEN_TYPE, Keys, VerifyKey
from app.api.strict_json import parse
from app.api.trusted_issuers import Fetch, IssuerKeys
from app.domain.errors import Unauthenticated
from app.domain.json import JsonValue

MAX_TOKEN = 8192
MAX_HEADER_DEPTH = 4
LEEWAY_S = 30
MAX_CACHED = 10_000
MAX_CACHE_S = TOKEN_LIFETIME_S

_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_REQUIRED = ("exp", "iat", "aud", "iss", "sub")
_FORBIDDEN_HEADERS = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip"})
_TIMES = ("exp", "iat", "nbf")

Claims: TypeAlias = Mapping[str, JsonValue]


class BadToken(Exception):
    """The token is refused. The text is for our log; the caller is told nothing but 401."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a genuine token says."""

    client_id: str
    scopes: frozenset[str]
    tenant: str | None
    """The only tenant that this issuer speaks for; None for our own tokens and for an issuer of all tenants."""
    until: float
    """When it stops being good, in seconds since 1970, leeway included."""


class Verifier:
    """Checks tokens, and remembers the good ones by the SHA-256 of the whole token until they end."""

    def __init__(self, config: AuthConfig, *, keys: Keys, fetch: Fetch, clock: Callable[[], float] = time.time) -> None:
        if any(issuer.issuer == config.issuer for issuer in config.trusted_issuers):
            raise ValueError("a trusted issuer has our own issuer's name")
        self._config = config
        self._keys = keys
        self._issuers = [IssuerKeys(issuer, fetch=fetch) for issuer in config.trusted_issuers]
        self._clock = clock
        self._good: dict[bytes, Verified] = {}

    @property
    def remembered(self) -> int:
        """How many tokens are remembered."""
        return len(self._good)

    async def verify(self, token: str) -> Verified:
        """What the token says. Raises Unauthenticated, always with the same words."""
        if len(token) > MAX_TOKEN:
            raise bad_token()
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._good.get(digest)
        if known is not None:
            if known.until > self._clock():
                return known
            del self._good[digest]
        try:
            verified = await self._verify(token)
        except Exception:  # jose, its backends and odd input raise whatever they like; none of it is an answer of ours
            raise bad_token() from None
        while len(self._good) >= MAX_CACHED:
            del self._good[next(iter(self._good))]
        self._good[digest] = verified
        return verified

    def _outside(self, claims: Claims) -> IssuerKeys | None:
        """The outside issuer that the token names; of several entries the one whose audience it names too."""
        named = [one for one in self._issuers if one.issuer.issuer == claims.get("iss")]
        meant = claims.get("aud")
        audiences = meant if isinstance(meant, list) else [meant]
        return next((one for one in named if one.issuer.audience in audiences), named[0] if named else None)

    async def _verify(self, token: str) -> Verified:
        if not _SHAPE.fullmatch(token):
            raise BadToken("form")
        header, claims, _ = (_segment(segment, place) for place, segment in enumerate(token.split(".")))
        kid = _header_kid(header)
        outside = self._outside(claims)
        key = await outside.key(kid) if outside is not None else self._keys.verify.get(kid)
        if key is None or header.get("alg") != key.alg:
            raise BadToken("key")
        if outside is None:
            if header.get("typ") != TOKEN_TYPE:
                raise BadToken("typ")
            self._check(token, key, claims, issuer=self._config.issuer, audience=self._config.audience, own=True)
            subject, tenant = claims["sub"], None
        else:
            issuer = outside.issuer
            self._check(token, key, claims, issuer=issuer.issuer, audience=issuer.audience, own=False)
            subject = next((claims[name] for name in ("azp", "client_id", "sub") if name in claims), None)
            tenant = issuer.tenant
        if not isinstance(subject, str) or not subject:
            raise BadToken("sub")
        return Verified(
            client_id=subject,
            scopes=_scopes(claims),
            tenant=tenant,
            until=min(_integer(claims["exp"]) + LEEWAY_S, self._clock() + MAX_CACHE_S),
        )

    def _check(self, token: str, key: VerifyKey, claims: Claims, *, issuer: str, audience: str, own: bool) -> None:
        required = (*_REQUIRED, "jti") if own else _REQUIRED
        options: dict[str, bool | int] = {f"require_{claim}": True for claim in required}
        signed = jwt.decode(
            token,
            key.key,
            algorithms=[key.alg],
            audience=audience,
            issuer=issuer,
            options={**options, "leeway": LEEWAY_S},
        )
        now = self._clock()
        if signed != claims or any(name not in claims for name in required):
            raise BadToken("claims")
        if own and not (isinstance(claims["aud"], str) and isinstance(claims["jti"], str) and claims["jti"]):
            raise BadToken("types")
        times = {name: _integer(claims[name]) for name in _TIMES if name in claims}
        if times["iat"] > now + LEEWAY_S or times.get("nbf", 0) > now + LEEWAY_S or times["exp"] + LEEWAY_S <= now:
            raise BadToken("time")


def bad_token() -> Unauthenticated:
    """The one answer to every token that is not good, and to none."""
    return Unauthenticated("Send a valid access token: Authorization: Bearer ...")


def _segment(segment: str, place: int) -> Claims:
    """A segment's object; the signature (place 2) is only checked to be written in the one canonical way."""
    padded = segment + "=" * (-len(segment) % 4)
    raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != segment:
        raise BadToken("base64")
    if place == 2:
        return {}
    value = parse(raw)
    if not isinstance(value, Mapping):
        raise BadToken("object")
    return value


def _header_kid(header: Claims) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or _FORBIDDEN_HEADERS & header.keys() or _depth(header) > MAX_HEADER_DEPTH:
        raise BadToken("header")
    return kid


def _depth(value: JsonValue) -> int:
    if isinstance(value, Mapping):
        return 1 + max((_depth(member) for member in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(element) for element in value), default=0)
    return 0


def _integer(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadToken("integer")
    return value


def _scopes(claims: Claims) -> frozenset[str]:
    """`scope` as text; outside issuers also use `scp` (text or a list) and `roles`."""
    scopes: set[str] = set()
    for name in ("scope", "scp", "roles"):
        value = claims.get(name)
        if isinstance(value, str):
            scopes.update(value.split())
        elif isinstance(value, list):
            scopes.update(scope for scope in value if isinstance(scope, str))
    return frozenset(scopes)
