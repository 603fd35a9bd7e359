"""Every call that lists something: first pages, filters, and places deep in a list, as a caller with their cursors asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.api.cursors import Cursors
from app.api.keys import Keys
from app.domain.times import rfc3339_micros
from benchmarks.gateway import CLIENT

Key = Sequence[str | int]
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, kw_only=True)
class ListCall:
    """One call, at several places where there are several of a kind. `finds`: that it answers with something."""

    name: str
    paths: Sequence[str]
    finds: bool = True

    def of(self, count: int) -> ListCall:
        """The same with pages of so many items."""
        return replace(self, paths=[re.sub(r"limit=\d+", f"limit={count}", path) for path in self.paths])


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where to ask: the middle of what the ledger holds, and orders with a history."""

    backend: str
    small_backend: str
    middle: int
    """A moment, in microseconds."""
    last_event: int
    ended: Sequence[str]
    """Numbers of orders that have ended; the caller updated them."""
    open_orders: Sequence[str]
    held: str
    """The number of an order that is held, or was."""


class Lists:
    """The calls of one client at one gateway, whose signing key makes the cursors."""

    def __init__(self, signing_key: str, places: Places, *, client: str = CLIENT) -> None:
        self._cursors = Cursors(Keys.build(signing_key).cursor_key)
        self._places = places
        self._client = client

    def calls(self) -> list[ListCall]:
        return [*self._orders(), *self._of_one_order(), *self._operations(), *self._holds(), *self._events()]

    def _orders(self) -> Iterator[ListCall]:
        at = self._places
        path = f"/v1/backends/{at.backend}/work-orders"
        since = rfc3339_micros(at.middle)
        assert since is not None

        def call(name: str, *, deep: bool = False, finds: bool = True, limit: int = 50, **narrowed: str) -> ListCall:
            words = [narrowed.get(key) for key in ("status", "phase", "updated_since")]
            route = " ".join(map(str, ["work-orders", at.backend, *words]))
            key = (at.middle, "") if deep else None
            return self._call(f"work-orders {name}", path, route, key, finds=finds, limit=limit, **narrowed)

        yield call("first page")
        yield call("deep", deep=True)
        yield call("200 at once", limit=200)
        yield call("updated_since", updated_since=since)
        for status in ("issued", "on_site", "cancelled", "closed"):
            yield call(f"status={status}", status=status, finds=status in ("cancelled", "closed"))
        yield call("status=no_access, of which there is none", status="no_access", finds=False)
        yield call("status=closed deep", status="closed", deep=True)
        for phase in ("in_progress", "ended"):
            yield call(f"phase={phase}", phase=phase)

    def _of_one_order(self) -> Iterator[ListCall]:
        at = self._places
        for what in ("status-updates", "timeline"):
            for of, numbers in (("ended", at.ended), ("open", at.open_orders)):
                paths = [f"/v1/backends/{at.backend}/work-orders/{number}/{what}?limit=50" for number in numbers]
                yield ListCall(name=f"{what} of an order, {of}", paths=paths)
        deep = [
            self._path(
                f"/v1/backends/{at.backend}/work-orders/{number}/status-updates",
                cursor=self._made(f"status-updates {at.backend} {number}", [_id("op", at.middle)]),
            )
            for number in at.open_orders
        ]
        yield ListCall(name="status-updates of an order, open, deep", paths=deep, finds=False)

    def _operations(self) -> Iterator[ListCall]:
        at = self._places

        def call(name: str, *, deep: bool = False, finds: bool = True, limit: int = 50, **narrowed: str) -> ListCall:
            words = [narrowed.get(key) for key in ("state", "backend", "work_order")]
            key = [_id("op", at.middle)] if deep else None
            route = " ".join(map(str, ["operations", *words]))
            return self._call(f"operations {name}", "/v1/operations", route, key, finds=finds, limit=limit, **narrowed)

        yield call("first page")
        yield call("deep", deep=True)
        yield call("200 at once", limit=200)
        yield call("of a backend", backend=at.small_backend)
        yield call("of an order", work_order=at.ended[0])
        for state in ("applied", "refused", "held", "queued"):
            yield call(f"state={state}", state=state, finds=state in ("applied", "refused"))
        for state in ("unknown", "cancelled"):
            yield call(f"state={state}, of which there is none", state=state, finds=False)
        yield call("state=refused deep", state="refused", deep=True, finds=False)

    def _holds(self) -> Iterator[ListCall]:
        at = self._places

        def call(name: str, *, deep: bool = False, finds: bool = False, **narrowed: str) -> ListCall:
            words = [narrowed.get(key) for key in ("state", "backend", "work_order")]
            key = [_id("hold", at.middle)] if deep else None
            route = " ".join(map(str, ["holds", *words]))
            return self._call(f"holds {name}", "/v1/holds", route, key, finds=finds, limit=50, **narrowed)

        yield call("first page", finds=True)
        yield call("deep", deep=True)
        for state in ("open", "resolved"):
            yield call(f"state={state}", state=state)
        yield call("of an order", finds=True, work_order=at.held)

    def _events(self) -> Iterator[ListCall]:
        at = self._places

        def call(name: str, *, after: int | None = None, finds: bool = True, limit: int = 50, **of: str) -> ListCall:
            more = {} if after is None else {"after": self._made("events", [after])}
            return ListCall(
                name=f"events {name}", paths=[self._path("/v1/events", limit=limit, **more, **of)], finds=finds
            )

        yield call("from the beginning")
        yield call("deep", after=at.last_event // 2)
        yield call("the newest", after=at.last_event - 200)
        yield call("200 at once", limit=200, after=at.last_event // 2)
        yield call("of a backend", backend=at.small_backend)
        yield call("of an order", work_order=at.open_orders[0])
        yield call("of an order, from the middle", work_order=at.open_orders[0], after=at.last_event // 2, finds=False)
        for type_ in ("work_order.changed", "operation.refused", "hold.opened"):
            yield call(f"type={type_}", type=type_)
        yield call("type=work_order.missing, of which there is none", type="work_order.missing", finds=False)

    def _call(
        self, name: str, path: str, route: str, key: Key | None, *, finds: bool, limit: int, **narrowed: str
    ) -> ListCall:
        cursor = {} if key is None else {"cursor": self._made(route, key)}
        return ListCall(name=name, paths=[self._path(path, limit=limit, **narrowed, **cursor)], finds=finds)

    def _made(self, route: str, key: Key) -> str:
        return self._cursors.make(list(key), client_id=self._client, route=route)

    @staticmethod
    def _path(path: str, **query: str | int) -> str:
        return f"{path}?{urlencode(query)}"


def _id(prefix: str, at: int) -> str:
    """The first id of this moment: what was made earlier has a smaller one."""
    value = (at // 1000) << 80
    return prefix + "_" + "".join(DIGITS[value >> shift & 31] for shift in range(125, -1, -5))
