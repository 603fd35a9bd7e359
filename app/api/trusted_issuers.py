"""The public keys of outside issuers: fetched when first needed, kept for an hour, never asked for in a loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from structlog.typing import FilteringBoundLogger

from app.api.auth_config import TrustedIssuer
from app.api.keys import VerifyKey, public_keys
from app.api.strict_json import parse
from app.domain.errors import MalformedRequest

Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gets a document by its URL. May raise anything; is given FETCH_TIMEOUT_S seconds."""

KEEP_S = 3600
REFETCH_S = 60
FETCH_TIMEOUT_S = 5
MAX_DOCUMENT = 256 * 1024

_log: FilteringBoundLogger = structlog.get_logger()


class IssuerKeys:
    """One outside issuer's keys by `kid`.

    A `kid` that we do not know, or keys older than KEEP_S, cause one fetch, and never more than one in REFETCH_S, so
    made-up tokens cannot make us call anybody often. When a fetch fails, the keys that we have stay good.
    """

    def __init__(self, issuer: TrustedIssuer, *, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, VerifyKey] = {}
        self._tried = float("-inf")
        self._fetched = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, kid: str) -> VerifyKey | None:
        """The key of this name, fetched if need be; None if the issuer shows no such key."""
        if not self._fresh(kid):
            async with self._fetching:
                if not self._fresh(kid) and self._clock() - self._tried >= REFETCH_S:
                    await self._refetch()
        return self._keys.get(kid)

    def _fresh(self, kid: str) -> bool:
        return kid in self._keys and self._clock() - self._fetched < KEEP_S

    async def _refetch(self) -> None:
        self._tried = self._clock()
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                (document,) = await asyncio.gather(self._fetch(self.issuer.jwks_url), return_exceptions=True)
            if isinstance(document, BaseException):  # whatever the HTTP client raises: the old keys are still good
                why = type(document).__name__
            elif len(document) > MAX_DOCUMENT:
                why = "too large"
            else:
                self._keys = public_keys(parse(document))
                self._fetched = self._clock()
                return
        except (TimeoutError, MalformedRequest) as error:
            why = type(error).__name__
        _log.warning("issuer_keys_not_fetched", issuer=self.issuer.issuer, why=why)
