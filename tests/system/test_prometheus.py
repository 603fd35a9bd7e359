"""Two gateways on one PostgreSQL under Debian's Prometheus: what is shipped to watch them shows what they do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.cli.processes import LONG_S, free_ports, running
from tests.running.gateways import BACKEND, add_caller, configure, gateways, log_in
from tests.running.load import AT, FIRST_ORDER
from tests.running.restarts import add_orders
from tests.system.prometheus import prometheus

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/orderbridge.json").read_text())
EACH = 20
EMPTY = {"Database and disk B"}
"""Panels that show nothing here: PostgreSQL's disk is not a gateway's to tell."""


async def test_the_dashboard_and_the_alerts_show_what_two_gateways_do(postgres_database: str, tmp_path: Path) -> None:
    (vendor_port,) = free_ports(1)
    with running("simulate", "civica-cx", "--port", str(vendor_port), folder=tmp_path) as simulator:
        simulator.wait_for("answers on", on=simulator.out)
        vendor_url = f"http://127.0.0.1:{vendor_port}"
        configure(tmp_path, database=postgres_database, vendor_url=vendor_url)
        add_orders(vendor_url, count=2 * EACH)
        await add_caller(postgres_database)
        with gateways(tmp_path, 2) as both, prometheus(tmp_path, both) as watching:
            await until(lambda: watching.number("sum(orderbridge_ledger_up)") == 2)
            for n, gateway in enumerate(both):
                await updates(gateway.url, first=FIRST_ORDER + n * EACH)
            ended = "orderbridge_operations_finished_total{state='applied'}"
            await until(lambda: watching.number(f"sum({ended})") == 2 * EACH)
            assert [float(one["value"][1]) for one in watching.asked(ended)] == [EACH] * 2
            assert {one["value"][1] for one in watching.asked("orderbridge_operations_open")} == {"0"}
            # A rate needs two scrapes of a series that there has not been before.
            await until(lambda: {name for name, query in panels() if not watching.asked(query)} == EMPTY)
            await until(lambda: set(watching.alerts().values()) == {"ok"})
            assert len(watching.alerts()) == (ROOT / "deploy/prometheus/alerts.yaml").read_text().count("- alert: ")
            assert watching.asked("ALERTS") == []


async def updates(url: str, *, first: int) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as api:
        await log_in(api)
        for number in range(first, first + EACH):
            path = f"/v1/backends/{BACKEND}/work-orders/{number}"
            assert (await api.get(path)).status_code == 200
            answer = await api.post(
                f"{path}/status-updates",
                json={"vendor_code": "11", "occurred_at": AT},
                headers={"Idempotency-Key": f"watched-{number:012d}"},
            )
            assert answer.status_code == 201, answer.text


def panels() -> list[tuple[str, str]]:
    """Every query of the dashboard, as Grafana would ask it now."""
    return [
        (
            f"{panel['title']} {target['refId']}",
            target["expr"].replace("$__rate_interval", "10s").replace("$backend", ".+").replace("$job", ".+"),
        )
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    ]


async def until(true: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONG_S
    while not true():
        assert loop.time() < ends
        await asyncio.sleep(0.2)
