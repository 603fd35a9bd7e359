"""`python -m benchmarks`: measures the figures, and ends with a table; a full run is kept in `benchmarks/results/latest.json`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import record
from benchmarks.figures import Figures, all_figures
from benchmarks.figures.result import Result
from benchmarks.lab import STORES, Plan, open_lab
from benchmarks.processes import Fault
from benchmarks.progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    figures = all_figures()
    options = _parser().parse_args(arguments)
    if options.list:
        for one in figures:
            print(one.name, *(f"  {spec.name:32} {spec.target}" for spec in one.specs), sep="\n")
        return 0
    wanted = [name for name in options.only.split(",") if name]
    unknown = sorted(set(wanted) - {one.name for one in figures})
    if unknown:
        print(f"no such figures: {', '.join(unknown)}; see --list", file=sys.stderr)
        return 2
    stores = STORES if options.store == "both" else (options.store,)
    plan = Plan(seconds=options.seconds, rounds=options.rounds, stores=stores)
    if options.quick:
        plan = Plan.quickly(stores=stores)
    chosen = [one for one in figures if not wanted or one.name in wanted]
    try:
        about = record.machine()
        print(", ".join(f"{name} {value}" for name, value in about.items()), file=sys.stderr)
        found = asyncio.run(_measured(chosen, plan))
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    print(table(found))
    into = options.json or (None if options.quick else record.LATEST)
    if into is not None:
        order = [spec.name for one in figures for spec in one.specs]
        record.write(into, found, record.run_facts(plan, about), order=order)
        print(f"kept in {os.path.relpath(into)}")
    return 1 if options.strict and not all(result.holds for result in found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME,...", help="these modules of figures only")
    parser.add_argument(
        "--seconds", type=float, default=60, help="of each contestant, after its warm-up (default: %(default)g)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="into which the seconds are cut (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="only see whether everything runs; nothing is kept")
    parser.add_argument("--store", choices=(*STORES, "both"), default="both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results here, those of a quick run too")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a figure does not hold")
    parser.add_argument("--list", action="store_true", help="name the figures, and measure nothing")
    return parser


async def _measured(chosen: Sequence[Figures], plan: Plan) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # so that what was started is stopped
    progress = Progress(len(chosen))
    found: list[Result] = []
    for one in chosen:
        progress.begin(one.name)
        try:
            async with open_lab(plan, progress) as lab:
                found += await one.measure(lab)
        except (Fault, OSError, TimeoutError) as fault:
            found += [spec.failed(f"{type(fault).__name__}: {fault}") for spec in one.specs]
        progress.end()
    progress.close()
    return found


def table(found: Sequence[Result]) -> str:
    """One line for each figure, and what went wrong under those that could not be measured."""
    rows: list[str] = []
    for result in found:
        word = "holds" if result.holds else "DOES NOT HOLD"
        rows.append(f"{result.spec.name:32} {result.shown:>14}   {result.spec.target:48} {word}")
        if "fault" in result.detail:
            rows.append(f"{'':32} {result.detail['fault']}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
