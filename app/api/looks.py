"""Looks at operations for those who wait for them: all who ask at about the same moment share one read of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from app.domain.operations import Operation
from app.ledger import operations
from app.ledger.store import Store

MOST = 25
"""Operations in one read: answers to a burst's callers then go out piece by piece, and others have their turn between. With 200
the others waited up to 0.45 s while 1,500 answers fell due, with 25 up to 0.1 or 0.2 s; the answers went out as soon."""


class Looks:
    """One per gateway. While one read is under way, those who come meanwhile gather for the next."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._gathering: set[str] | None = None
        self._read: asyncio.Task[Mapping[str, Operation]] | None = None

    async def at(self, operation_id: str) -> Operation | None:
        """The operation as it stands now; None if there is none. Raises StoreUnavailable."""
        if self._read is None or self._gathering is None or len(self._gathering) >= MOST:
            self._gathering = set()
            self._read = asyncio.create_task(self._found(self._gathering), name="looks at operations")
        self._gathering.add(operation_id)
        found = await asyncio.shield(self._read)  # one who hangs up takes it from nobody else
        return found.get(operation_id)

    async def _found(self, ids: set[str]) -> Mapping[str, Operation]:
        async with self._turn:
            if self._gathering is ids:
                self._gathering = None
            return {one.id: one for one in await self._store.look(operations.find_several(ids))}
