"""Who is calling, and what they may do: a bearer token becomes a Caller, before anything of the body is read.

Deny by default: a route says `caller: Annotated[Caller, requires("orders:read")]`, or carries `dependencies=[PUBLIC]`,
and `assert_every_route_declares` stops the start for one that does neither. A `{backend}` in the path is checked too,
so that a backend that is not granted looks exactly like one that does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from fastapi import Depends, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2
from starlette.requests import HTTPConnection

from app.api.auth_config import AuthConfig, TrustedIssuer
from app.api.keys import Keys
from app.api.trusted_issuers import Fetch
from app.api.verify import Verified, Verifier, bad_token
from app.domain.clients import SCOPES, ClientDirectory, ClientRecord
from app.domain.errors import NOTHING_HERE, MalformedRequest, NotFound, ScopeMissing

__all__ = [
    "PUBLIC",
    "AuthConfig",
    "Authority",
    "Caller",
    "Fetch",
    "Keys",
    "TrustedIssuer",
    "granted",
    "nothing_here",
    "requires",
]

RECORD_CACHE_S = 3.0
MAX_RECORDS = 10_000
CALLER = "orderbridge.caller"
"""Where the caller is kept in the ASGI scope."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A client on the line: what its token and its record both allow."""

    client_id: str
    tenant: str
    scopes: frozenset[str]
    backends: frozenset[str]


class Authority:
    """Turns tokens into callers. One per process, on `app.state.authority`."""

    def __init__(
        self,
        config: AuthConfig,
        *,
        directory: ClientDirectory,
        fetch: Fetch,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.keys = Keys.build(config.signing_key)
        self._verifier = Verifier(config, keys=self.keys, fetch=fetch, clock=clock)
        self._directory = directory
        self._clock = clock
        self._records: dict[str, tuple[float, ClientRecord | None]] = {}
        self._callers: dict[tuple[int, int], tuple[Verified, ClientRecord, Caller]] = {}

    async def client(self, client_id: str) -> ClientRecord | None:
        """A client's record, at most RECORD_CACHE_S old: a revocation works everywhere within 5 s."""
        now = self._clock()
        kept = self._records.get(client_id)
        if kept is not None and 0 <= now - kept[0] < RECORD_CACHE_S:
            return kept[1]
        record = await self._directory.client(client_id)
        if kept is not None and kept[1] == record:
            record = kept[1]  # the same object again keeps the callers made from it
        self._records.pop(client_id, None)
        while len(self._records) >= MAX_RECORDS:
            del self._records[next(iter(self._records))]
        self._records[client_id] = (now, record)
        return record

    async def caller(self, token: str) -> Caller:
        """Who holds this token. Raises Unauthenticated."""
        verified = await self._verifier.verify(token)
        record = await self.client(verified.client_id)
        if record is None or record.revoked or verified.tenant not in (None, record.tenant):
            raise bad_token()
        made = self._callers.get((id(verified), id(record)))
        if made is not None and made[0] is verified and made[1] is record:
            return made[2]
        caller = Caller(
            client_id=record.id,
            tenant=record.tenant,
            scopes=verified.scopes & record.scopes,
            backends=record.backends,
        )
        if len(self._callers) >= MAX_RECORDS:
            self._callers.clear()
        self._callers[id(verified), id(record)] = (verified, record, caller)
        return caller


class _Bearer(OAuth2):
    """The security scheme as OpenAPI shows it; as a dependency it gives the route its caller."""

    async def __call__(self, request: HTTPConnection) -> Any:
        caller = request.scope.get(CALLER)
        return caller if caller is not None else await identify(request)


BEARER = _Bearer(
    scheme_name="oauth2",
    description="Client credentials. Get a token from `/oauth/token`; it lives 15 minutes.",
    flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes=SCOPES)),
)


def requires(scope: str) -> Any:
    """The dependency that gives a route its Caller, and refuses clients without this scope."""
    if scope not in SCOPES:
        raise ValueError(f"no such scope: {scope}")
    return Security(BEARER, scopes=[scope])


async def _nobody() -> None:
    return None


PUBLIC = Depends(_nobody)
"""Marks a route that needs no token: `dependencies=[PUBLIC]`."""


def is_public(call: object) -> bool:
    """Whether a dependency is the PUBLIC mark."""
    return call is _nobody


async def identify(request: HTTPConnection) -> Caller:
    """Authenticate the request once and keep the result with it. Raises Unauthenticated, MalformedRequest."""
    authority: Authority = request.scope["app"].state.authority
    caller = await authority.caller(_token(request))
    request.scope[CALLER] = caller
    return caller


def _token(request: HTTPConnection) -> str:
    values = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(values) > 1:
        raise MalformedRequest("Send one Authorization header.")
    scheme, _, token = (values[0].decode("latin-1") if values else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise bad_token()
    return token.strip(" ")


async def admit(request: HTTPConnection, scopes: frozenset[str]) -> None:
    """Authentication, then scope, then grant: the first three checks of every route that is not public."""
    caller = await identify(request)
    for scope in sorted(scopes - caller.scopes):
        raise ScopeMissing(f"Your client or token lacks the scope {scope}.", scope=scope)
    backend = request.path_params.get("backend")
    if backend is not None:
        granted(caller, backend)


def granted(caller: Caller, backend: str) -> str:
    """The backend, if this caller may use it. Raises NotFound, the same as if it did not exist."""
    if backend not in caller.backends:
        nothing_here()
    return backend


def nothing_here() -> NoReturn:
    """Raises the one NotFound for what is absent and for what belongs to somebody else."""
    raise NotFound(NOTHING_HERE)
