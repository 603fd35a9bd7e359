"""`python -m benchmarks.ledger.fill --database URL --operations N --orders N`: fills a migrated, empty ledger in bulk.

The rows are what the product writes (`pattern.json`): updates that were applied, refused, lost and found again, retried, held;
their keys and events, and what polling showed; of three backends, by four clients of three tenants.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from app.domain.times import now_micros
from benchmarks.ledger.loading import NotFillable, load
from benchmarks.ledger.past import Past, Rows, Size
from benchmarks.progress import Progress

STEPS = 100


def fill(url: str, size: Size, progress: Progress, *, now: int | None = None) -> None:
    """Fill it as of `now`, in microseconds. Raises NotFillable."""
    progress.expect(STEPS)
    load(url, _told(Past(size, now=now_micros() if now is None else now), size, progress))


def _told(past: Past, size: Size, progress: Progress) -> Iterator[Rows]:
    shown = 0
    for done, rows in past.batches():
        yield rows
        while shown * size.operations < done * STEPS:
            shown += 1
            progress.step(f"{done:,} of {size.operations:,} operations")
    progress.step("indexes")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger.fill", description=__doc__)
    parser.add_argument("--database", required=True, metavar="URL", help="as in the configuration; migrated and empty")
    parser.add_argument("--operations", type=int, default=5_000_000)
    parser.add_argument("--orders", type=int, help="default: a tenth of the operations")
    parser.add_argument("--open-orders", type=int, default=1024, help="of each backend (default: %(default)s)")
    parser.add_argument("--first-open", type=int, default=300_000, help="number of the first open order (%(default)s)")
    parser.add_argument("--old", type=int, default=0, help="so many, the first, are older than what the reaper leaves")
    parser.add_argument("--resolved", type=int, help="holds; default: a thousandth of the operations")
    parser.add_argument("--seed", type=int, default=4711)
    given = parser.parse_args(arguments)
    progress = Progress(1)
    progress.begin("fill")
    began = time.monotonic()
    try:
        size = Size(
            operations=given.operations,
            orders=given.orders or given.operations // 10,
            open_orders=given.open_orders,
            first_open=given.first_open,
            old=given.old,
            resolved=given.resolved,
            seed=given.seed,
        )
        fill(given.database, size, progress)
    except (NotFillable, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 2
    progress.end()
    progress.close()
    print(f"{size.operations:,} operations of {size.orders:,} orders in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
