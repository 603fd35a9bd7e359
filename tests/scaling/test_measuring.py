"""The pieces of the measurement do what they say, on a ledger so small that it takes a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import asyncpg
import pytest

from app.domain.times import now_micros
from app.ledger.migrate import migrate
from benchmarks.postgres import postgres
from benchmarks.scaling import pieces
from benchmarks.scaling.bench_results import gateway_cpu
from benchmarks.scaling.costs import Costs, Measured, Source, Value
from benchmarks.scaling.measure import Found
from benchmarks.scaling.meter import Meter
from benchmarks.scaling.past import load
from benchmarks.scaling.stretches import BACKENDS, Bench

SIZE = pieces.Size(orders=3_000, past=1_000, updates=80, few=20, rounds=2)
TOLD = "FROM event WHERE type = 'work_order.changed' AND source = 'poll'"


@pytest.fixture
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with postgres(tmp_path_factory.mktemp("pg")) as server:
        url = await server.new_database()
        await asyncio.to_thread(migrate, url)
        connection = await asyncpg.connect(url)
        await load(connection, orders=SIZE.orders, backends=BACKENDS, updates=SIZE.past, now=now_micros())
        yield Bench(server=server, url=url, orders=SIZE.orders, meter=Meter(server=server, connection=connection))
        await connection.close()


async def test_an_update_takes_two_transactions_and_two_more_if_it_has_to_wait(bench: Bench) -> None:
    polls = await pieces.polls(bench, SIZE)
    shown = await pieces.shown(bench, SIZE)
    once = await pieces.at_once(bench, SIZE)
    waits = await pieces.queued(bench, SIZE)
    left = await pieces.sizes(bench, SIZE)
    gone = await pieces.forgetting(bench, SIZE)
    cold = await pieces.cold(bench, SIZE)
    assert (round(once["statements"], 1), once["commits"], once["dead_rows"]) == (3.0, 2.0, 4.0)
    assert (waits["queued_commits"], gone["reap_dead_rows"]) == (2.0, 3.0)
    assert 3_000 < once["wal_bytes"] < 12_000
    assert 50 < polls["seen_wal_bytes"] < 2_000
    assert 1_000 < shown["shown_wal_bytes"] < 6_000
    looked_at = SIZE.updates // 6 + 2  # those of the warm-up too
    assert await bench.number(f"SELECT count(*) {TOLD}") == 3 * looked_at, "3 of each backend, which has no more"
    assert 500 < await bench.number(f"SELECT avg(octet_length(data)) {TOLD}") < 800
    assert cold["wal_images_bytes"] > 2 * once["wal_bytes"]
    assert 300 < left["answer_bytes"] < 500
    assert left["order_bytes"] > 500
    assert min(polls["seen_cpu_s"], shown["db_shown_cpu_s"], once["ledger_cpu_s"], waits["queued_cpu_s"]) > 0


def test_times_of_a_busy_machine_are_marked_and_sizes_are_not() -> None:
    found = Found(costs={"ledger_cpu_s": 0.001, "wal_bytes": 6_000.0}, postgres="18", others=0.5)
    assert found.values == {
        "ledger_cpu_s": Value(value=0.001, source=Source.measured, quiet=False),
        "wal_bytes": Value(value=6_000.0, source=Source.measured, quiet=True),
    }


def test_what_was_measured_is_read_again_and_the_rest_is_assumed(tmp_path: Path) -> None:
    kept = tmp_path / "scaling.json"
    known = Measured.load(kept).with_values({"wal_bytes": Value(value=5_000.0, source=Source.measured, quiet=True)})
    Measured(values=known.values, machine={"cores": 2}, others=0.02).save(kept)
    again = Measured.load(kept)
    assert {name: (one.source, one.quiet) for name, one in again.values.items()} == {
        name: (one.source, one.quiet) for name, one in known.values.items()
    }
    assert asdict(again.costs) == pytest.approx(asdict(Costs(wal_bytes=5_000.0)))
    assert (again.machine, again.others) == ({"cores": 2}, 0.02)


def test_the_gateways_cpu_comes_from_the_figures(tmp_path: Path) -> None:
    figures = tmp_path / "latest.json"
    assert gateway_cpu(figures) == {}
    detail = {"cpu_us": {"Orderbridge on SQLite": 700.0, "Orderbridge on PostgreSQL": 900.0, "plain FastAPI": 5e3}}
    entry = {"figure": "status-update-postgres", "measured": 1.3, "detail": detail, "run": {"seconds": 60}}
    figures.write_text(json.dumps([{"figure": "latency-p50", "detail": {}, "run": {"seconds": 60}}, entry]))
    assert {name: (round(one.value * 1e6), one.source, one.quiet) for name, one in gateway_cpu(figures).items()} == {
        "sqlite_update_cpu_s": (700, Source.bench, True),
        "update_cpu_s": (900, Source.bench, True),
    }
