"""The change feed: events by id, up to the horizon, below which no event can appear any more (`horizon.py`).

Whoever reads up to the horizon and goes on from there misses nothing and reads nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select

from app.domain.events import TYPES, Event
from app.ledger.granted import granted_values, on_granted
from app.ledger.planners import Beside, Implied
from app.ledger.rows import json_object, number, number_or_none, text, text_or_none
from app.ledger.sql import Row, Sql, Unit, Value
from app.ledger.store import Store, StoreUnavailable
from app.ledger.tables import EVENT

PATIENCE_S = 0.25
"""How long a look waits for writes under way before it makes do with what is settled."""
LOOK_AGAIN_S = 0.005
OFTEN = ("operation.applied", "work_order.changed")
"""Types that most events are of; the others have an index (`ix_event_rare`)."""
SPAN = 50_000
"""How many ids one statement looks through at most, whatever the filter leaves of them."""


class Horizon:
    """How far this process may read. Asked often it stays cheap: all who ask during one look share the next."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self._begun = 0
        self._ended = 0
        self._trouble: str | None = None
        self.known = 0
        """As of the last look."""

    async def now(self) -> int:
        """The horizon by a look that begins after the question: what was committed before can be read, as a rule.

        It falls short of that while an earlier write is still under way. Raises StoreUnavailable.
        """
        asked = self._begun
        async with self._lock:
            if self._ended > asked:
                if self._trouble is not None:
                    raise StoreUnavailable(self._trouble)
                return self.known
            self._begun += 1
            try:
                self.known = max(self.known, await self._look())
            except StoreUnavailable as error:
                self._trouble, self._ended = str(error), self._begun
                raise
            self._trouble, self._ended = None, self._begun
            return self.known

    async def _look(self) -> int:
        ends = time.monotonic() + PATIENCE_S
        standing = await self._store.horizon()
        drawn, pause_s = standing.drawn, LOOK_AGAIN_S
        while standing.settled < drawn and time.monotonic() + pause_s < ends:
            await asyncio.sleep(pause_s)
            pause_s *= 2
            standing = await self._store.horizon()
        return standing.settled


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """Whose events, and which: without a tenant everyone's, for what the process does by itself."""

    tenant: str | None = None
    backends: frozenset[str] | None = None
    work_order: str | None = None
    type: str | None = None


EVERYONES = EventFilter()


def is_found_by_index(narrowed: EventFilter) -> bool:
    """Whether its events are found without those of others being looked through."""
    return narrowed.work_order is not None or (narrowed.type is not None and narrowed.type not in OFTEN)


def wants(narrowed: EventFilter, event: Event) -> bool:
    """Whether the filter lets an event pass: the same as `events` asks of the database."""
    return (
        (narrowed.tenant is None or event.tenant in (None, narrowed.tenant))
        and (narrowed.backends is None or event.backend in narrowed.backends)
        and narrowed.work_order in (None, event.work_order)
        and narrowed.type in (None, event.type)
    )


@lru_cache(maxsize=256)
def _statement(*, tenant: bool, backends: int | None, work_order: bool, type_: str | None) -> Sql:
    place: ColumnElement[int] = Beside(EVENT.c.id) if work_order else EVENT.c.id
    wanted = [place > bindparam("after"), place <= bindparam("upto")]
    if tenant:
        wanted.append(or_(EVENT.c.tenant.is_(None), EVENT.c.tenant == bindparam("of_tenant")))
    if backends is not None:
        backend = EVENT.c.backend if work_order else Beside(EVENT.c.backend)
        wanted.append(on_granted(backend, count=backends))
    if work_order:
        wanted.append(EVENT.c.work_order == bindparam("of_order"))
    if type_ is not None:
        wanted.append(EVENT.c.type == literal_column(f"'{type_}'"))
        wanted += [Implied(EVENT.c.type != literal_column(f"'{name}'")) for name in OFTEN if type_ not in OFTEN]
    return Sql(select(EVENT).where(*wanted).order_by(place).limit(bindparam("most")))


def events(narrowed: EventFilter, *, after: int, upto: int, most: int) -> Unit[list[Event]]:
    """The next `most` events beyond `after`, up to `upto` (a horizon), the oldest first.

    Those of one order are found by the order; for any others the ids in between are looked through.
    """
    if (narrowed.backends is not None and not narrowed.backends) or narrowed.type not in (None, *TYPES):
        return []
    values: dict[str, Value] = {**granted_values(narrowed.backends or ())}
    if narrowed.tenant is not None:
        values["of_tenant"] = narrowed.tenant
    if narrowed.work_order is not None:
        values["of_order"] = narrowed.work_order
    statement = _statement(
        tenant=narrowed.tenant is not None,
        backends=None if narrowed.backends is None else len(narrowed.backends),
        work_order=narrowed.work_order is not None,
        type_=narrowed.type,
    )
    rows = yield statement, {**values, "after": after, "upto": upto, "most": most}
    return [event(row) for row in rows]


FIRST = Sql(select(func.min(EVENT.c.id).label("first")))


def first_kept() -> Unit[int]:
    """The id of the oldest event that is kept; 0 where there is none."""
    rows: Sequence[Row] = yield FIRST, {}
    return number_or_none(rows[0], "first") or 0


def event(row: Row) -> Event:
    """A whole row of event."""
    return Event(
        id=number(row, "id"),
        at=number(row, "at"),
        backend=text(row, "backend"),
        work_order=text(row, "work_order"),
        seq=number(row, "seq"),
        type=text(row, "type"),
        source=text(row, "source"),
        tenant=text_or_none(row, "tenant"),
        operation_id=text_or_none(row, "operation_id"),
        data=json_object(text(row, "data")) or {},
    )
