"""The event feed for this process: who listens, and one look at the database for all of them.

The newest events are kept in memory, a bounded number. A stream is nothing but a position: one that has fallen behind what
is kept reads from the database, a page at a time, so that a slow reader costs no more than a quick one.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import structlog
from fastapi import Depends, Request

from app.domain.errors import Overloaded, RateLimited
from app.domain.events import Event
from app.lasting import lasting
from app.ledger import feed
from app.ledger.feed import EVERYONES, SPAN, EventFilter, Horizon
from app.ledger.store import Store, StoreUnavailable

POLL_S = 0.25
"""How soon after its commit an event is sent on."""
AWAY_S = 2.0
"""How long to leave a database alone that does not answer."""
KEPT = 1_000
PAGE = 200
SPANS = 40
MOST_PER_CLIENT = 5
MOST = 1_000
AGAIN_S = 5

log = structlog.get_logger(__name__)


class Feed:
    """One per process, on `app.state.feed`."""

    def __init__(self, store: Store) -> None:
        self.horizon = Horizon(store)
        self._store = store
        self._recent: deque[Event] = deque()
        self._behind = 0
        """Events up to this id are not in `_recent`."""
        self._upto: int | None = None
        """Where the polling has come to."""
        self._news = asyncio.Event()
        self._listeners: Counter[str] = Counter()
        self._polling: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, client_id: str) -> Iterator[None]:
        """A stream of this client. Raises RateLimited and Overloaded where there are too many already."""
        if self._listeners[client_id] >= MOST_PER_CLIENT:
            raise RateLimited(f"A client may have {MOST_PER_CLIENT} streams open at once.", after_s=AGAIN_S)
        if self._listeners.total() >= MOST:
            raise Overloaded("Too many streams are open here.", after_s=AGAIN_S)
        self._listeners[client_id] += 1
        if self._polling is None:
            self._polling = asyncio.create_task(lasting(self._poll, what="event feed"), name="event feed")
        try:
            yield
        finally:
            self._listeners[client_id] -= 1
            self._listeners += Counter()  # forgets those at zero
            if not self._listeners:
                self._rest()

    async def stop(self) -> None:
        polling = self._polling
        self._rest()
        if polling is not None:
            with suppress(asyncio.CancelledError):
                await polling

    def _rest(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None
        self._recent.clear()
        self._upto = None

    async def page(self, narrowed: EventFilter, *, after: int | None, upto: int, most: int) -> tuple[list[Event], int]:
        """The next events up to a horizon, and where the reading has come to; without `after` from the oldest that is kept.

        A filter that leaves little is given up after SPANS * SPAN ids; the place that was reached counts all the same.
        """
        at = max(await self._store.read(feed.first_kept()) - 1, 0) if after is None else after
        found: list[Event] = []
        for _ in range(SPANS):
            end = upto if feed.is_found_by_index(narrowed) else min(upto, at + SPAN)
            found += await self._store.read(feed.events(narrowed, after=at, upto=end, most=most - len(found)))
            if len(found) >= most:
                return found, found[-1].id
            at = max(at, end)
            if at >= upto:
                break
        return found, at

    async def more(self, narrowed: EventFilter, *, after: int | None) -> tuple[list[Event], int | None]:
        """A listener's next events, and where that leaves it; nothing while the database has not been reached yet."""
        upto = self._upto
        if upto is None:
            return [], after
        if after is None or after < self._behind:
            return await self.page(narrowed, after=after, upto=upto, most=PAGE)
        newer: list[Event] = []
        for event in reversed(self._recent):
            if event.id <= after:
                break
            newer.append(event)
        mine = [one for one in reversed(newer) if feed.wants(narrowed, one)]
        return mine[:PAGE], mine[PAGE - 1].id if len(mine) > PAGE else max(after, upto)

    def news(self, *, beyond: int | None) -> asyncio.Event:
        """What is set as soon as there are events beyond this id."""
        if self._upto is not None and (beyond is None or self._upto > beyond):
            there = asyncio.Event()
            there.set()
            return there
        return self._news

    async def _poll(self) -> None:
        """Take in what is new, for all listeners at once."""
        while True:
            pause_s = POLL_S
            try:
                upto = await self.horizon.now()
                if self._upto is None:
                    self._behind = upto
                    self._tell(upto)
                while self._upto is not None and self._upto < upto:
                    await self._take_in(self._upto, upto)
            except StoreUnavailable as error:
                log.warning("the event feed cannot be read", reason=str(error))
                pause_s = AWAY_S
            await asyncio.sleep(pause_s)

    async def _take_in(self, after: int, upto: int) -> None:
        end = min(upto, after + SPAN)
        found = await self._store.read(feed.events(EVERYONES, after=after, upto=end, most=KEPT))
        self._recent.extend(found)
        while len(self._recent) > KEPT:
            self._behind = self._recent.popleft().id
        self._tell(found[-1].id if len(found) == KEPT else end)

    def _tell(self, upto: int) -> None:
        self._upto = upto
        news, self._news = self._news, asyncio.Event()
        news.set()


async def _feed(request: Request) -> Feed:
    found: Feed = request.app.state.feed
    return found


FeedDep = Annotated[Feed, Depends(_feed)]
