"""The long tier: `make chaos`, or `python -m tests.chaos --store sqlite`. Exit code 1: a floor not reached, or a rule broken."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import stores, tiers
from tests.chaos.report import Figures, Floors, table, write_json


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--store", choices=stores.STORES, action="append", help="one store only; both without it")
    parser.add_argument("--kills", type=int, default=500, help="at least so many SIGKILLs of gateways (%(default)s)")
    parser.add_argument(
        "--writes", type=int, default=100_000, help="at least so many acknowledged writes (%(default)s)"
    )
    parser.add_argument("--faults", type=int, default=10_000, help="at least so many faults on the wire (%(default)s)")
    parser.add_argument("--lost-answers", type=int, default=500, help="at least so many at each vendor (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1000, help="races of 50 requests with one key (%(default)s)")
    parser.add_argument("--deaths", type=int, default=50, help="SIGKILLs of PostgreSQL (%(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=20, help="at most so long for each store's main run (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run")
    parser.add_argument("--json", type=Path, default=None, help="write the figures there too")
    return parser.parse_args()


async def main() -> int:
    asked = arguments()
    seed = random.randrange(2**32) if asked.seed is None else asked.seed
    floors = Floors(kills=asked.kills, acknowledged=asked.writes, faults=asked.faults, lost_answers=asked.lost_answers)
    long = tiers.Tier(
        floors=floors,
        rounds=asked.rounds,
        deaths=asked.deaths,
        most_s=asked.minutes * 60,
        lives=tiers.LONG_LIVES,
        scale=tiers.LONG_SCALE,
    )
    runs: list[Figures] = []
    failures: dict[str, list[str]] = {}
    for store in asked.store or stores.STORES:
        say(f"{store}: seed {seed}")
        with tempfile.TemporaryDirectory(prefix="orderbridge-chaos-run-") as folder:
            figures, found = await tiers.on(store, long, seed=seed, folder=Path(folder), say=say)
        runs.append(figures)
        failures[store] = found
    print(table(runs), flush=True)
    for store, found in failures.items():
        for line in found:
            print(f"FAILED on {store} (seed {seed}): {line}", flush=True)
    if asked.json is not None:
        write_json(asked.json, runs, failures)
    return 1 if any(failures.values()) else 0


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
