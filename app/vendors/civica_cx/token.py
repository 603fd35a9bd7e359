"""The token that every call carries: one log-in for all callers, renewed before it expires and when Cx calls it invalid."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.vendors.civica_cx.answers import Result, child, text_of
from app.vendors.civica_cx.contract import Names
from app.vendors.civica_cx.shared import Shared

EARLY = timedelta(seconds=60)
EARLY_SHARE = 0.1
SHORTEST = timedelta(seconds=1)
UNKNOWN_LIFE = timedelta(minutes=1)
"""How long a token is used whose expiry cannot be read."""


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
        self._refresh = Shared(self._renew)

    async def get(self) -> Token:
        """A token that may be used now."""
        if self._token is not None and self._clock() < self._token.use_until:
            return self._token
        return await self._refresh()

    def refused(self, token: Token) -> None:
        """Cx called `token` invalid. A newer one that somebody got meanwhile stays."""
        if self._token is token:
            self._token = None

    def secrets(self) -> tuple[str, ...]:
        """What must not be shown to anybody."""
        return () if self._token is None else (self._token.text,)

    async def aclose(self) -> None:
        await self._refresh.aclose()

    async def _renew(self) -> Token:
        self._token = await self._log_in()
        return self._token


def token_from(result: Result, names: Names, *, now: datetime, zone: tzinfo) -> Token | None:
    """The token of a successful GetUserWSToken, or None where there is none.

    It is used until 60 s or a tenth of its life before TokenExpiry, whichever is later. An expiry that has passed already
    (a clock that is wrong) leaves it one second: Cx has just issued it, and says so itself when it is invalid.
    """
    text = text_of(child(result.element, names.of("Token")))
    if not text:
        return None
    life = _life(text_of(child(result.element, names.of("TokenExpiry"))), now=now, zone=zone)
    usable = life - min(EARLY, life * EARLY_SHARE)
    return Token(text=text, use_until=now + max(usable, SHORTEST))


def _life(expiry: str | None, *, now: datetime, zone: tzinfo) -> timedelta:
    try:
        moment = datetime.fromisoformat((expiry or "").strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)) - now
    except (ValueError, OverflowError):
        return UNKNOWN_LIFE
