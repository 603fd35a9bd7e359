"""The bearer token: one log-in for all callers, renewed before it expires and when ERPx calls it invalid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.json import JsonValue

EARLY = timedelta(seconds=60)
EARLY_SHARE = 0.1
SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=1)
UNKNOWN_LIFE = timedelta(minutes=1)
"""How long a token is used whose life is not told."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """`text` is a secret. `use_until` lies before the vendor's own expiry."""

    text: str
    use_until: datetime

    def __repr__(self) -> str:
        return f"Token(use_until={self.use_until!r})"


class Tokens:
    """Holds one token. `log_in` gets a fresh one; what it raises, every caller that waits for it gets."""

    def __init__(self, log_in: Callable[[], Coroutine[None, None, Token]], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._log_in = log_in
        self._token: Token | None = None
        self._running: asyncio.Task[Token] | None = None

    async def get(self) -> Token:
        """A token that may be used now. A caller who is cancelled leaves the log-in to the others."""
        if self._token is not None and self._clock() < self._token.use_until:
            return self._token
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._renew())
            self._running.add_done_callback(_heard)
        return await asyncio.shield(self._running)

    def refused(self, token: Token) -> None:
        """ERPx called `token` invalid. A newer one that somebody got meanwhile stays."""
        if self._token is token:
            self._token = None

    def secrets(self) -> tuple[str, ...]:
        """What must not be shown to anybody."""
        return () if self._token is None else (self._token.text,)

    async def aclose(self) -> None:
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _renew(self) -> Token:
        self._token = await self._log_in()
        return self._token


def token_from(answer: JsonValue, *, now: datetime) -> Token | None:
    """The token of a successful log-in, or None where there is none that a header can carry.

    It is used until 60 s or a tenth of its life before it expires, whichever is later; at least one second.
    """
    if not isinstance(answer, Mapping):
        return None
    text = answer.get("access_token")
    if not isinstance(text, str) or not text or not all("!" <= letter <= "~" for letter in text):
        return None
    life = _life(answer.get("expires_in"))
    return Token(text=text, use_until=now + max(life - min(EARLY, life * EARLY_SHARE), SHORTEST))


def _life(told: JsonValue) -> timedelta:
    try:
        seconds = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None or seconds != seconds:
        return UNKNOWN_LIFE
    return min(timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds())), LONGEST)


def _heard(task: asyncio.Task[Token]) -> None:
    """An error that nobody waits for any more is no news to asyncio."""
    if not task.cancelled():
        task.exception()
