"""Two gateways on one PostgreSQL, restarted one after the other behind a balancer that asks whether they are ready."""

from __future__ import annotations

from pathlib import Path

from tests.running.balancer import balancer
from tests.running.gateways import add_caller, configure, gateways
from tests.running.load import Load
from tests.running.restarts import add_orders, nobody_noticed, restarted_under

RATE = 60


async def test_nobody_notices_a_rolling_restart(cx_url: str, postgres_database: str, tmp_path: Path) -> None:
    configure(tmp_path, database=postgres_database, vendor_url=cx_url, server={"drain_s": 1})
    add_orders(cx_url, count=2_000)
    await add_caller(postgres_database)
    with gateways(tmp_path, 2) as both:
        async with balancer(both) as url:
            load = Load(url=url, rate=RATE)
            codes = await restarted_under(load, both, rounds=1, rest_s=0.5)
    assert codes == [0, 0]
    await nobody_noticed(load, database=postgres_database, vendor_url=cx_url)
    assert load.answered[201] > RATE
