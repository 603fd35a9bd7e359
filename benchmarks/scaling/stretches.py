"""Stretches of work on one server, each with what it cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from app.ledger import postgres as postgres_store
from app.ledger.postgres import PostgresStore
from app.ledger.sql import Params, Sql
from benchmarks.postgres import Postgres, configure
from benchmarks.scaling.ledger import Ledger
from benchmarks.scaling.meter import Meter, Reading

BACKENDS = 1_000
WARM_UP = 60
"""Updates before a stretch begins: each session has prepared its statements then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """What so many units of work cost together."""

    cost: Reading
    units: int
    statements: int

    def each(self, name: str) -> float:
        """One counter, for one unit."""
        value: float = getattr(self.cost, name)
        return value / self.units


@dataclass(kw_only=True)
class Bench:
    """One server with one migrated, filled database, and the stretches so far."""

    server: Postgres
    url: str
    orders: int
    meter: Meter
    done: list[Stretch] = field(default_factory=list)

    async def stretch(
        self,
        work: Callable[[Ledger], Awaitable[int]],
        *,
        warm_up: Callable[[Ledger], Awaitable[int]] | None = None,
    ) -> Stretch:
        """Do the work, after a warm-up that does not count, and read the counters before and after."""
        ledger = Ledger(store=PostgresStore(self.url), orders=self.orders, backends=BACKENDS)
        await ledger.store.open()
        if warm_up is not None:
            await warm_up(ledger)
        with _counting() as sent:
            before = await self.meter.read()
            units = await work(ledger)
            cost = await self.meter.read() - before
        await ledger.store.close()
        done = Stretch(cost=cost, units=units, statements=len(sent))
        self.done.append(done)
        return done

    async def images(self, *, on: bool) -> None:
        """Whether the WAL gets an image of each page that is changed for the first time since a checkpoint, as it should."""
        await configure(self.url, {"full_page_writes": "on" if on else "off"})
        await self.run("CHECKPOINT")

    async def run(self, *statements: str) -> None:
        for statement in statements:
            await self.meter.connection.execute(statement, timeout=600)

    async def number(self, query: str) -> float:
        """One number that the database tells; its own counters are not read from memory."""
        await self.run("SELECT pg_stat_clear_snapshot()")
        return float(await self.meter.connection.fetchval(query))

    async def sizes(self, tables: Sequence[str]) -> dict[str, float]:
        """Bytes of each table with its indexes."""
        query = "SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class WHERE relname = ANY($1)"
        return {row["relname"]: row["bytes"] for row in await self.meter.connection.fetch(query, list(tables))}

    @property
    def others(self) -> float:
        """The share of the machine that others used, in the worst of all stretches that took long enough to tell."""
        return max((one.cost.others for one in self.done if one.cost.wall_s > 0.5), default=1.0)


@contextmanager
def _counting() -> Iterator[list[None]]:
    """Every statement that the store sends; the `BEGIN` and `COMMIT` around units are not among them."""
    sent: list[None] = []
    fetch = postgres_store._fetch

    async def counted(connection: object, statement: Sql, params: Params) -> object:
        sent.append(None)
        return await fetch(connection, statement, params)

    with patch.object(postgres_store, "_fetch", counted):
        yield sent
