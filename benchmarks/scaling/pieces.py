"""The pieces of a measurement: each does some thousand times what a busy gateway does, and tells what one time cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from app.domain.times import now_micros
from app.ledger.retention import DAY, Retention
from benchmarks.scaling.costs import PARTITIONS
from benchmarks.scaling.ledger import SHOWN_TOGETHER, Ledger, side_by_side
from benchmarks.scaling.partitions import BY_MONTH, partition
from benchmarks.scaling.stretches import WARM_UP, Bench

NEW = ("operation", "attempt", "idempotency_key", "event")
ALWAYS = Retention(key_days=1, answer_days=1, reference_days=400, event_days=1)
DEAD = "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is done. `few` updates after a checkpoint: so few that they rarely meet on a page."""

    orders: int = 50_000
    past: int = 200_000
    updates: int = 3_000
    few: int = 300
    rounds: int = 100
    idle: tuple[int, int] = (20, 120)
    idle_s: float = 10.0


QUICK = Size(orders=3_000, past=2_000, updates=150, few=50, rounds=4, idle=(2, 12), idle_s=1.0)


async def send(ledger: Ledger, *, count: int) -> int:
    return await side_by_side(ledger.sent_at_once, ledger.scattered(count))


async def send_later(ledger: Ledger, *, count: int) -> int:
    return await side_by_side(ledger.queued, ledger.scattered(count))


async def show(ledger: Ledger, *, rounds: int) -> int:
    return ledger.orders // ledger.backends * await side_by_side(ledger.polled, range(rounds), tasks=2)


async def polls(bench: Bench, size: Size) -> dict[str, float]:
    """rounds of polling that show orders as they were"""
    await bench.images(on=False)
    shown = await bench.stretch(partial(show, rounds=size.rounds), warm_up=partial(show, rounds=2))
    return {
        "seen_cpu_s": shown.each("cpu_s"),
        "db_seen_cpu_s": shown.each("db_cpu_s"),
        "seen_wal_bytes": shown.each("wal_bytes"),
    }


async def shown(bench: Bench, size: Size) -> dict[str, float]:
    """rounds of polling that show orders as our updates left them"""
    many = max(2, size.updates // SHOWN_TOGETHER)
    backends, others = range(many), range(many, many + 2)

    def updated(ledger: Ledger, of: range) -> list[int]:
        return [n for one in of for n in ledger.first_of(one)]

    async def look(ledger: Ledger) -> int:
        await side_by_side(ledger.polled, backends, tasks=2)
        return len(updated(ledger, backends))

    async def update(ledger: Ledger) -> int:
        return await side_by_side(ledger.sent_at_once, updated(ledger, range(others.stop)))

    async def look_again(ledger: Ledger, *, of: range) -> int:
        await side_by_side(ledger.polled_after_updates, of, tasks=2)
        return len(updated(ledger, of))

    before = await bench.stretch(look, warm_up=partial(show, rounds=2))
    told = (await bench.stretch(update)).units
    events = (await bench.sizes(("event",)))["event"]
    after = await bench.stretch(partial(look_again, of=backends), warm_up=partial(look_again, of=others))
    more = {name: after.each(name) - before.each(name) for name in ("cpu_s", "db_cpu_s", "wal_bytes")}
    return {
        "shown_cpu_s": more["cpu_s"],
        "db_shown_cpu_s": more["db_cpu_s"],
        "shown_wal_bytes": more["wal_bytes"],
        "shown_event_bytes": ((await bench.sizes(("event",)))["event"] - events) / told,
    }


async def at_once(bench: Bench, size: Size) -> dict[str, float]:
    """updates that go out at once"""
    dead = await bench.number(DEAD)
    sent = await bench.stretch(partial(send, count=size.updates), warm_up=partial(send, count=WARM_UP))
    return {
        "ledger_cpu_s": sent.each("cpu_s"),
        "db_update_cpu_s": sent.each("db_cpu_s"),
        "wal_bytes": sent.each("wal_bytes"),
        "statements": sent.statements / sent.units,
        "commits": sent.each("transactions"),
        "dead_rows": (await bench.number(DEAD) - dead) / (sent.units + WARM_UP),
    }


async def queued(bench: Bench, size: Size) -> dict[str, float]:
    """updates that wait for their turn"""
    sent = await bench.stretch(partial(send, count=size.updates), warm_up=partial(send, count=WARM_UP))
    waited = await bench.stretch(partial(send_later, count=size.updates), warm_up=partial(send_later, count=WARM_UP))
    more = {name: waited.each(name) - sent.each(name) for name in ("cpu_s", "db_cpu_s", "transactions", "wal_bytes")}
    return {
        "queued_cpu_s": more["cpu_s"],
        "db_queued_cpu_s": more["db_cpu_s"],
        "queued_commits": more["transactions"],
        "queued_wal_bytes": more["wal_bytes"],
    }


async def cold(bench: Bench, size: Size) -> dict[str, float]:
    """updates right after a checkpoint"""
    await bench.images(on=True)
    return {"wal_images_bytes": (await bench.stretch(partial(send, count=size.few))).each("wal_bytes")}


async def sizes(bench: Bench, size: Size) -> dict[str, float]:
    """what updates leave on disk"""
    await bench.run("VACUUM")
    await bench.stretch(partial(send, count=size.updates))
    await bench.run("VACUUM")  # what the first of them leave dead makes room for the next
    before = await bench.sizes(NEW)
    sent = await bench.stretch(partial(send, count=size.updates))
    grown = {name: (now - before[name]) / sent.units for name, now in (await bench.sizes(NEW)).items()}
    answer = await bench.number("SELECT avg(octet_length(answer_body)) FROM operation WHERE finished_at IS NOT NULL")
    order = (await bench.sizes(("work_order",)))["work_order"] / bench.orders
    return {
        "operation_bytes": grown["operation"] + grown["attempt"] - answer,
        "answer_bytes": answer,
        "key_bytes": grown["idempotency_key"],
        "event_bytes": grown["event"],
        "order_bytes": order,
    }


async def forgetting(bench: Bench, size: Size) -> dict[str, float]:
    """forgetting keys, answers and events"""
    dead = await bench.number(DEAD)

    async def forget(ledger: Ledger) -> int:
        cleared = 0
        for _ in range(max(1, size.updates // 1_000)):
            for unit in ALWAYS.units(now=now_micros() + 3 * DAY, most=1_000).values():
                cleared += await ledger.store.write(unit)
        return max(1, cleared // 3)

    reaped = await bench.stretch(forget)
    return {
        "db_reap_cpu_s": reaped.each("db_cpu_s"),
        "reap_wal_bytes": reaped.each("wal_bytes"),
        "reap_dead_rows": (await bench.number(DEAD) - dead) / reaped.units,
    }


async def vacuum(bench: Bench, size: Size) -> dict[str, float]:
    """vacuum"""
    before, tables = await bench.meter.read(), await bench.sizes(NEW)
    await bench.run(*[f"VACUUM {name}" for name in NEW])
    cost = await bench.meter.read() - before
    return {"db_vacuum_cpu_s_per_byte": cost.db_cpu_s / sum(tables.values())}


async def divided(bench: Bench, size: Size) -> dict[str, float]:
    """updates on tables that are divided by month"""
    await bench.images(on=False)
    await partition(bench.meter.connection, BY_MONTH, count=PARTITIONS)
    sent = await bench.stretch(partial(send, count=size.updates), warm_up=partial(send, count=WARM_UP))
    return {"db_divided_cpu_s": sent.each("db_cpu_s")}


PIECES = (polls, shown, at_once, queued, sizes, forgetting, vacuum, cold)
"""In this order: polling comes before other orders have changed. `divided` changes the tables, and comes last of all."""
