"""The token that every call carries: one log-in for all callers, renewed before it expires and when it is called invalid."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from app.domain.errors import BackendTimeout, BackendUnavailable
from app.shared import Shared
from app.vendors.exchange import NotSent, Unanswered

EARLY = timedelta(seconds=60)
EARLY_SHARE = 0.1
SHORTEST = timedelta(seconds=1)
UNKNOWN_LIFE = timedelta(minutes=1)
"""How long a token is taken to live whose life should be told, and cannot be read."""

HeardT = TypeVar("HeardT")


class NotApplied(NotSent):
    """A first try was sent, and the vendor refused its token; a second one could not be sent."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """`text` is a secret. `use_until` lies before the vendor's own expiry; None: until it is called invalid."""

    text: str
    use_until: datetime | None = None

    def __repr__(self) -> str:
        return f"Token(use_until={self.use_until!r})"


class Tokens:
    """Holds one token. `log_in` gets a fresh one; what it raises, every caller that waits for it gets."""

    def __init__(self, log_in: Callable[[], Coroutine[None, None, Token]], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._log_in = log_in
        self._token: Token | None = None
        self._refresh = Shared(self._renew)

    async def get(self) -> Token:
        """A token that may be used now. A caller who is cancelled leaves the log-in to the others."""
        return self._kept() or await self._refresh()

    def _kept(self) -> Token | None:
        token = self._token
        if token is not None and (token.use_until is None or self._clock() < token.use_until):
            return token
        return None

    def refused(self, token: Token) -> None:
        """The vendor called `token` invalid. A newer one that somebody got meanwhile stays."""
        if self._token is token:
            self._token = None

    async def carried(
        self, call: Callable[[Token], Awaitable[HeardT]], *, is_refused: Callable[[HeardT], bool], ends: float
    ) -> HeardT:
        """What `call` heard with a token, or once more with a new one where the first was refused.

        `ends` is the loop's time at which there must be a token. Raises NotSent, or NotApplied after a first try, and what
        else `call` raises.
        """
        token = await self._before(ends)
        heard = await call(token)
        if not is_refused(heard):
            return heard
        self.refused(token)
        try:
            token = await self._before(ends)
            heard = await call(token)
        except NotSent as fault:
            raise NotApplied(fault.trouble, fault.detail, said=fault.said, retry_after_s=fault.retry_after_s) from fault
        if is_refused(heard):
            self.refused(token)
        return heard

    async def aclose(self) -> None:
        await self._refresh.aclose()

    async def _before(self, ends: float) -> Token:
        if (kept := self._kept()) is not None:
            return kept
        try:
            async with asyncio.timeout_at(ends):
                return await self.get()
        except TimeoutError:
            raise NotSent(BackendTimeout, "The log-in did not come through before the deadline.") from None

    async def _renew(self) -> Token:
        self._token = await self._log_in()
        return self._token


def early(life: timedelta) -> timedelta:
    """How long to use a token: until 60 s or a tenth of its life before it expires, whichever is later.

    At least one second, whatever the clocks say: the vendor has just issued it, and says so itself when it is invalid.
    """
    return max(life - min(EARLY, life * EARLY_SHARE), SHORTEST)


def fits_header(text: str) -> bool:
    """Whether a header can carry this token, and whoever reads it finds where it ends."""
    return text != "" and all("!" <= letter <= "~" for letter in text)


def not_logged_in(fault: Unanswered) -> NotSent:
    """A log-in without an answer: nothing that waits for it has been sent."""
    trouble = BackendTimeout if fault.late else BackendUnavailable
    return NotSent(trouble, f"The log-in was not answered: {fault.detail}")
