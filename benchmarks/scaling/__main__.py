"""`python -m benchmarks.scaling [measure] [simulate] [explain] [report]`: all of them without a word, in about four minutes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from benchmarks import record
from benchmarks.scaling import explain, report, simulate
from benchmarks.scaling.bench_results import gateway_cpu
from benchmarks.scaling.costs import Costs, Measured
from benchmarks.scaling.measure import QUIET, measure
from benchmarks.scaling.pieces import QUICK, Size
from benchmarks.scaling.world import Demand

STEPS = ("measure", "simulate", "explain", "report")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits 1 where the simulation and the model do not agree."""
    options = _parser().parse_args(arguments)
    unknown = sorted(set(options.steps) - set(STEPS))
    if unknown:
        print(f"no such step: {', '.join(unknown)}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    steps = options.steps or list(STEPS)
    known = Measured.load()
    if "measure" in steps:
        known = _measured(known, QUICK if options.quick else Size())
    known = known.with_values(gateway_cpu())
    if not options.quick:
        known.save()
        known = Measured.load()  # as the page's test will read it
    agrees = True
    if "simulate" in steps:
        agrees = _simulated(known.costs, quick=options.quick, day=options.day)
    if "explain" in steps:
        plans = asyncio.run(explain.explain())
        print(f"plans: {sum(map(len, plans.values()))} looked at")
        if not options.quick:
            explain.keep(plans)
    if "report" in steps and not options.quick:
        print(f"{report.PAGE}: {', '.join(report.write(known))}")
    return 0 if agrees else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=" ".join(STEPS))
    parser.add_argument("--quick", action="store_true", help="only see whether everything runs; nothing is kept")
    parser.add_argument(
        "--day", action="store_true", help="simulate all backends for a whole day too (20 to 35 minutes)"
    )
    return parser


def _measured(before: Measured, size: Size) -> Measured:
    found = asyncio.run(measure(size, lambda words: print(f"measuring {words}", file=sys.stderr, flush=True)))
    machine = {**record.machine(), "postgres": found.postgres}
    print(f"measured while everything else used {found.others:.0%} of the machine")
    if found.others > QUIET:
        print(f"more than {QUIET:.0%}: what was measured is marked, and should be measured again", file=sys.stderr)
    return Measured(values={**before.values, **found.values}, machine=machine, others=round(found.others, 3))


def _simulated(costs: Costs, *, quick: bool, day: bool) -> bool:
    runs = {"taste": simulate.TASTE} if quick else {"peak": simulate.PEAK, "sample": simulate.SAMPLE}
    if day:
        runs["day"] = simulate.WHOLE
    done = {name: simulate.simulate(run, costs, Demand(), say=simulate.on_stderr) for name, run in runs.items()}
    for one in done.values():
        print(f"\n{one.title}: {one.found.updates:,.0f} updates in {one.took_s:.0f} s")
        for each in one.differences:
            word = "" if each.agrees else "DOES NOT AGREE"
            print(f"  {each.name:16} model {each.predicted:14.5g}   simulation {each.found:14.5g}   {word}")
    if not quick:
        simulate.keep(done)
    return all(each.agrees for one in done.values() for each in one.differences)


if __name__ == "__main__":
    sys.exit(main())
