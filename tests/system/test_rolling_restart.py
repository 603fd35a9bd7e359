"""Two gateways on one PostgreSQL behind Debian's nginx and the configuration that we ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import free_ports, running
from tests.running.gateways import add_caller, configure, gateways
from tests.running.load import Load
from tests.running.restarts import add_orders, nobody_noticed, restarted_under
from tests.system.nginx import nginx

RATE = 200
ROUNDS = 3


@pytest.fixture
def simulated_cx(tmp_path: Path) -> Iterator[str]:
    """A simulator as a process of its own, so that it does not share one with the load."""
    (port,) = free_ports(1)
    with running("simulate", "civica-cx", "--port", str(port), folder=tmp_path) as simulator:
        simulator.wait_for("answers on", on=simulator.out)
        yield f"http://127.0.0.1:{port}"


async def test_nobody_notices_six_restarts_under_two_hundred_requests_a_second(
    simulated_cx: str, postgres_database: str, tmp_path: Path
) -> None:
    configure(tmp_path, database=postgres_database, vendor_url=simulated_cx, server={"drain_s": 3})
    add_orders(simulated_cx, count=10_000)
    await add_caller(postgres_database)
    with gateways(tmp_path, 2) as both, nginx(tmp_path, both) as url:
        load = Load(url=url, rate=RATE)
        codes = await restarted_under(load, both, rounds=ROUNDS, rest_s=0.5)
    rate = load.answered.total() / load.took_s
    print(
        f"\n{rate:.0f} a second: answered {dict(load.answered)}, slowest {load.slowest_s:.2f} s, failed {len(load.failed)}"
    )
    assert codes == [0] * 2 * ROUNDS
    await nobody_noticed(load, database=postgres_database, vendor_url=simulated_cx)
    assert load.answered[201] > RATE * ROUNDS
