"""Requests begin a few at a time, by turns between backends: a crowd that comes for one delays nobody who comes for another."""

from __future__ import annotations

import asyncio
from collections import deque

AT_ONCE = 8
"""So many requests begin in one turn of the loop: some three milliseconds."""


class Turns:
    """Who may begin now. While no more come at once than may begin, nobody waits."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._begun = 0
        """In this turn of the loop."""
        self._counts = False
        """Whether a look at those who wait is due in the next turn."""
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By what they came for; whose turn comes next is first."""

    async def mine(self, wanted: str) -> None:
        """Wait until it is the turn of a request for this backend."""
        if not self._counts:
            self._counts = True
            asyncio.get_running_loop().call_soon(self._next)
        if self._begun < self._at_once and not self._waiting:
            self._begun += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wanted, deque()).append(turn)
        await turn

    def _next(self) -> None:
        """A turn of the loop is over: the next few, one of each backend after the other."""
        self._begun = 0
        while self._waiting and self._begun < self._at_once:
            wanted = next(iter(self._waiting))
            queue = self._waiting.pop(wanted)
            turn = queue.popleft()
            if queue:
                self._waiting[wanted] = queue
            if not turn.done():  # nobody has hung up
                turn.set_result(None)
                self._begun += 1
        self._counts = self._begun > 0
        if self._counts:
            asyncio.get_running_loop().call_soon(self._next)
