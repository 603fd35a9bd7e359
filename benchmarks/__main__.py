"""`python -m benchmarks`: measures the figures, and ends with a table; a full run is kept in `benchmarks/results/latest.json`."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import signal
import sys
import traceback
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
    wanted = {name for name in options.only.split(",") if name}
    unknown = sorted(wanted.difference(*(one.names for one in figures)))
    if unknown:
        print(f"no such figures: {', '.join(unknown)}; see --list", file=sys.stderr)
        return 2
    stores = STORES if options.store == "both" else (options.store,)
    plan = Plan(seconds=options.seconds, rounds=options.rounds, stores=stores)
    if options.quick:
        plan = Plan.quickly(stores=stores)
    chosen = [one for one in figures if not wanted or wanted & one.names]
    into = options.json or (None if options.quick else record.LATEST)
    try:
        about = record.machine()
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 2
    order = [spec.name for one in figures for spec in one.specs]
    run = record.Run(into=into, facts=record.run_facts(plan, about), order=order)
    try:
        run.keep([])  # what could not be kept need not be measured
    except record.NotKept as error:
        print(error, file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in about.items()), file=sys.stderr)
    code = 0
    try:
        asyncio.run(_measure(chosen, plan, run))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped", file=sys.stderr)
        code = 130
    except record.NotKept as error:
        print(error, file=sys.stderr)
        code = 2
    if run.found:
        print(table(run.found))
        if into is not None and code != 2:
            print(f"kept in {os.path.relpath(into)}")
    return code or int(options.strict and not all(result.holds for result in run.found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="NAME,...", help="these only; a figure's name stands for its module"
    )
    parser.add_argument(
        "--seconds", type=seconds, default=60.0, help="of each contestant, after its warm-up (default: %(default)g)"
    )
    parser.add_argument(
        "--rounds", type=rounds, default=5, help="into which the seconds are cut (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="only see whether everything runs; nothing is kept")
    parser.add_argument("--store", choices=(*STORES, "both"), default="both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results here, those of a quick run too")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a figure does not hold")
    parser.add_argument("--list", action="store_true", help="name the figures, and measure nothing")
    return parser


def seconds(text: str) -> float:
    """What `--seconds` says: some time that ends."""
    found = float(text)
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no length of time: more than 0 s are needed")
    return found


def rounds(text: str) -> int:
    """What `--rounds` says: there is at least one."""
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError(f"{text} rounds measure nothing: at least 1 is needed")
    return found


async def _measure(chosen: Sequence[Figures], plan: Plan, run: record.Run) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # so that what was started is stopped
    progress = Progress(len(chosen))
    try:
        for one in chosen:
            progress.begin(one.name)
            results = await _results(one, plan, progress, run)
            if task.cancelling():  # hidden by what broke as the processes were stopped: nothing of that was measured
                raise asyncio.CancelledError
            run.keep(results)
            progress.end()
    finally:
        progress.close()


async def _results(one: Figures, plan: Plan, progress: Progress, run: record.Run) -> list[Result]:
    """Of one module, in a lab of its own. Whatever goes wrong there is that module's, and the others are measured.

    Only what the module was to measure in this run, and has not handed over before, has failed then.
    """
    try:
        async with open_lab(plan, progress, keep=run.keep) as lab:
            return await one.measure(lab)
    except record.NotKept:
        raise
    except Fault as fault:
        why = f"Fault: {fault}"
        progress.say(f"{one.name}: {why}")
    except Exception as error:  # nobody foresaw it: where it came from is all that there is to go by
        why = f"{type(error).__name__}: {error}"
        progress.say(traceback.format_exc())
    done = {result.spec.name for result in run.found}
    return [spec.failed(why) for spec in one.specs if spec.is_of(plan.stores) and spec.name not in done]


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
