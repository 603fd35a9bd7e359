"""One page of a list: what comes after its cursor, cut to its limit, and the cursor for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.api.auth import Caller
from app.api.gateway import Gateway

T = TypeVar("T")


class Page:
    """`route` names the list together with its filters: a cursor is good for no other."""

    def __init__(self, gateway: Gateway, caller: Caller, route: str, *, limit: int) -> None:
        self._cursors = gateway.cursors
        self._client_id = caller.client_id
        self._route = route
        self._limit = limit

    def after(self, cursor: str | None) -> tuple[str | int | None, ...] | None:
        """The sort key of the last item of the page before. Raises MalformedRequest for a cursor that is not ours."""
        if cursor is None:
            return None
        return self._cursors.read(cursor, client_id=self._client_id, route=self._route)

    def cut(
        self, found: Sequence[T], sort_key: Callable[[T], Sequence[str | int | None]]
    ) -> tuple[Sequence[T], str | None]:
        """The page of `found`, which was read with one item more than the limit, and the cursor onward."""
        items = found[: self._limit]
        if len(found) <= self._limit:
            return items, None
        return items, self._cursors.make(sort_key(items[-1]), client_id=self._client_id, route=self._route)

    def part(self, rows: Sequence[T], cursor: str | None) -> tuple[Sequence[T], str | None]:
        """The page of a table that is held in memory; its cursor counts the rows before. Raises as `after` does."""
        count = (self.after(cursor) or (0,))[0]
        assert isinstance(count, int)
        return self.cut(rows[count : count + self._limit + 1], lambda _: [count + self._limit])
