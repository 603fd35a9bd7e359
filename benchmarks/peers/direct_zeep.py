"""Peer (d): no gateway at all. One status update after another through zeep, to see what a gateway in between adds."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from datetime import UTC, datetime

import uvloop

from benchmarks.peers.cx_zeep import SETTINGS, Cx

WARM_UP = 20
COMMENTS = "Engineer on site"
STEPS = tuple(SETTINGS["statuses"][name] for name in ("on_site", "awaiting_materials"))
"""Cx refuses to set the status that an order has, so each call sets the other one of these two."""


async def measure(url: str, calls: int) -> dict[str, float]:
    """Send `calls` updates over one kept connection: milliseconds per call, and CPU microseconds of this process."""
    async with Cx(url) as cx:
        movable = [order for order in cx.orders.values() if order.movable]
        if not movable:
            raise SystemExit("Cx lists no order that may be moved.")
        turns = itertools.cycle(movable)

        async def one() -> float:
            order = next(turns)
            code = STEPS[order.code == STEPS[0]]
            began = time.perf_counter()
            await cx.update(order, code=code, occurred_at=datetime.now(UTC).replace(microsecond=0), comments=COMMENTS)
            return (time.perf_counter() - began) * 1000

        for _ in range(WARM_UP):
            await one()
        cpu = time.process_time()
        took = sorted([await one() for _ in range(calls)])
        cpu = time.process_time() - cpu
    return {
        "calls": calls,
        "p50_ms": round(took[calls // 2], 3),
        "p99_ms": round(took[min(calls * 99 // 100, calls - 1)], 3),
        "cpu_us_per_call": round(cpu / calls * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.direct_zeep", description=__doc__)
    parser.add_argument("--vendor", required=True, metavar="URL", help="where Cx is")
    parser.add_argument("--calls", type=int, default=1000, metavar="N")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a line to read")
    options = parser.parse_args()
    if options.calls < 1:
        parser.error("--calls must be 1 or more")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(measure(options.vendor, options.calls))
    print(json.dumps(measured) if options.json else ", ".join(f"{name} {value}" for name, value in measured.items()))


if __name__ == "__main__":
    main()
