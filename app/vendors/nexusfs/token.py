"""The x-access-token: a fixed one, or one log-in for all callers, made anew when NexusFS calls the old one invalid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Protocol


class Tokens(Protocol):
    """Where a call's token comes from."""

    async def get(self) -> str:
        """A token to use now; raises NotSent where the log-in fails."""

    def refused(self, token: str) -> bool:
        """NexusFS called `token` invalid. Returns whether another one can be had."""

    async def aclose(self) -> None: ...


class FixedToken:
    """A token from the configuration: once it is refused, there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get(self) -> str:
        return self._token

    def refused(self, token: str) -> bool:
        return False

    async def aclose(self) -> None:
        pass


class LoggedInToken:
    """Holds one token. How long it lives is the customer's choice and stands nowhere: it is used until it is refused.

    While a log-in is under way everybody waits for it and gets what it gets; who is cancelled leaves it to the others.
    """

    def __init__(self, log_in: Callable[[], Coroutine[None, None, str]]) -> None:
        self._log_in = log_in
        self._token: str | None = None
        self._renewal: asyncio.Task[str] | None = None

    async def get(self) -> str:
        if self._token is not None:
            return self._token
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(_heard)
        return await asyncio.shield(self._renewal)

    def refused(self, token: str) -> bool:
        """A newer one that somebody got meanwhile stays."""
        if self._token == token:
            self._token = None
        return True

    async def aclose(self) -> None:
        if self._renewal is not None and not self._renewal.done():
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def _renew(self) -> str:
        self._token = await self._log_in()
        return self._token


def _heard(task: asyncio.Task[str]) -> None:
    """An error that nobody waits for any more is no news to asyncio."""
    if not task.cancelled():
        task.exception()
