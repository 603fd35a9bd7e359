"""`make fuzz`: attack after attack, on both stores in turn, until there were as many cases as asked for. Stops at a finding."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.stores import STORES, own_postgres
from tests.fuzz.run import attack

EXAMPLES = 150
"""For each operation and phase: about half of an attack's cases are then made up at random."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000, help="how many, at least (50,000)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the first attack (by chance)")
    parser.add_argument("--store", choices=STORES, help="this one only")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help=f"per operation and phase ({EXAMPLES})")
    asked = parser.parse_args()
    stores = [asked.store] if asked.store else [*STORES]
    print(f"{asked.cases:,} cases on {' and '.join(stores)}, seed {asked.seed}", flush=True)
    began, cases, turn = time.monotonic(), 0, 0
    with own_postgres() as postgres:
        while cases < asked.cases:
            store, seed = stores[turn % len(stores)], asked.seed + turn
            url = asyncio.run(postgres.database()) if store == "postgres" else None
            with tempfile.TemporaryDirectory(prefix="orderbridge-fuzz-") as folder:
                done = attack(Path(folder), seed=seed, examples=asked.examples, database_url=url)
            if not done.passed or not done.cases:
                print(done.said)
                print(f"Again: make fuzz FUZZ_ARGS='--store {store} --seed {seed} --examples {asked.examples}'")
                return 1
            cases, turn = cases + done.cases, turn + 1
            share = min(cases / asked.cases, 1)
            bar = "#" * round(share * 30)
            spent_s = time.monotonic() - began
            left_s = spent_s / share - spent_s
            print(
                f"[{bar:<30}] {cases:>7,} cases · {store:<8} seed {seed}: {done.cases:,} in {done.seconds:.0f} s, no finding"
                f" · about {left_s / 60:.0f} min left",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
