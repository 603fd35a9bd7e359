"""The horizon of the change feed: the id below which no event can appear any more, as each store knows it.

On PostgreSQL an event's id is drawn before its transaction commits, so a later id may be there to be read before an
earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, text

from app.ledger.rows import number, number_or_none
from app.ledger.sql import Sql, Unit
from app.ledger.tables import EVENT

LAST = Sql(select(func.max(EVENT.c.id).label("last")))
DRAWN = Sql(
    text(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS drawn,"
        " CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest FROM event_id_seq"
    )
)
OWN = Sql(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS own"))
OLDEST = Sql(text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """`settled`: every event up to this id can be read or never will be. `drawn`: the last id given out."""

    settled: int
    drawn: int


def last_event() -> Unit[Standing]:
    """SQLite's: with one writer, ids become visible in their order."""
    rows = yield LAST, {}
    last = number_or_none(rows[0], "last") or 0
    return Standing(settled=last, drawn=last)


class Snapshots:
    """PostgreSQL's. Each statement of `look` must be a transaction of its own.

    We read the last id drawn, *then* take a transaction id of our own: whoever had drawn an id by then has a smaller one,
    because an event's place in its order comes from an UPDATE that precedes it in its transaction. Once no transaction
    below ours is under way, every event up to that id is settled. A snapshot's own xmax would not do: it is one more than
    the last transaction *completed*, and those under way may lie above it. Transactions of other databases of the server
    count as under way, and only delay. The sequence must not be cached (CACHE 1, as a serial column's is).
    """

    def __init__(self) -> None:
        self._settled = 0
        self._waiting: tuple[int, int] | None = None
        """An id drawn, and the transaction below which all must have ended."""

    def look(self) -> Unit[Standing]:
        """Where the feed stands now. May be at work several times at once."""
        rows = yield DRAWN, {}
        drawn = number(rows[0], "drawn")
        self._ended(below=number(rows[0], "oldest"))
        if self._waiting is None and drawn > self._settled:
            rows = yield OWN, {}
            self._wait(drawn, number(rows[0], "own"))
            rows = yield OLDEST, {}
            self._ended(below=number(rows[0], "oldest"))
        return Standing(settled=self._settled, drawn=drawn)

    def _wait(self, drawn: int, own: int) -> None:
        if self._waiting is None:  # else another look has come between, and its pair is as good
            self._waiting = (drawn, own)

    def _ended(self, *, below: int) -> None:
        """Every transaction below this one has ended."""
        if self._waiting is not None and below >= self._waiting[1]:
            self._settled = max(self._settled, self._waiting[0])
            self._waiting = None
