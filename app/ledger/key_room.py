"""Whether a client may use another idempotency key, by counts now and then: no write waits for one."""

from __future__ import annotations

import structlog
from sqlalchemy import bindparam, func, literal_column, select

from app.ledger.rows import number
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store, StoreUnavailable
from app.ledger.tables import KEY

log = structlog.get_logger(__name__)

SHARE = 4
"""A gateway lets the client use up one in so many of what it has left before it counts again: others take from it too."""
FULL = -1
NAMED = 10
"""Clients that a log line names of those whose keys could not be counted: none can be while the database is away."""

_held = select(literal_column("1")).where(KEY.c.client_id == bindparam("client_id")).limit(bindparam("most")).subquery()
COUNT = Sql(select(func.count().label("held")).select_from(_held))


def count_keys(client_id: str, *, most: int) -> Unit[int]:
    """How many keys of the client the ledger remembers, counted no further than `most`."""
    rows = yield COUNT, {"client_id": client_id, "most": most}
    return number(rows[0], "held")


class KeyRoom:
    """One per process. A client is first counted some time after its first key here, and may pass the limit until then."""

    def __init__(self, store: Store, *, most: int) -> None:
        self.most = most
        self._store = store
        self._before_next_count: dict[str, int] = {}
        """How many keys a client may use before it is counted; FULL: none was left."""
        self._due: set[str] = set()
        """Who may be near the limit by now. A client that is FULL stays due, as its keys expire whether it asks or not."""

    def take(self, client_id: str) -> bool:
        """Whether there is room for one more key of the client."""
        left = self._before_next_count.get(client_id, 0)
        if left <= 0:
            self._due.add(client_id)
            return left != FULL
        self._before_next_count[client_id] = left - 1
        return True

    async def count(self) -> None:
        """Count the keys of those clients that are due. One that cannot be counted stays due, and keeps no other from it."""
        failed: dict[str, StoreUnavailable] = {}
        for client_id in tuple(self._due):
            try:
                room = self.most - await self._store.read(count_keys(client_id, most=self.most))
            except StoreUnavailable as error:
                failed[client_id] = error
                continue
            if room > 0:
                self._before_next_count[client_id] = room // SHARE
                self._due.discard(client_id)
            else:
                self._before_next_count[client_id] = FULL
        if failed:
            first = next(iter(failed.values()))
            log.error("keys could not be counted", in_all=len(failed), clients=list(failed)[:NAMED], reason=str(first))
