"""How long a gateway takes to start, and how long its modules take to import; compiled modules present, median of several."""

from __future__ import annotations

import json
import sys

from app.domain.json import JsonObject
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.gateway import new_site
from benchmarks.lab import Lab, median
from benchmarks.vendors import canned_cx, canned_nexusfs

TIMES = 7
ORDERS = 100
READY = Spec(
    name="start-serve",
    title="`orderbridge serve` ready (/readyz answers 200)",
    target="at most 1.5 s",
    unit="s",
    at_most=1.5,
)
IMPORT = Spec(name="start-import", title="`import app.main`", target="at most 0.8 s", unit="s", at_most=0.8)
FIGURES: tuple[Spec, ...] = (READY, IMPORT)
IMPORTS = """\
import json, time
wall, cpu = time.perf_counter(), time.process_time()
import app.main
print(json.dumps({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))
"""


async def measure(lab: Lab) -> list[Result]:
    """Wall time; the first of each is left out, as it may compile. The CPU time is in the detail."""
    turns = range(1, 2) if lab.plan.quick else range(TIMES + 1)
    lab.progress.expect(2 * len(turns))
    cx, nexusfs = await canned_cx(lab, orders=ORDERS), await canned_nexusfs(lab, orders=1)
    store = lab.plan.stores[0]
    site = await new_site(lab, {"civica-cx": cx.section(), "nexusfs": nexusfs.section()}, store=store)
    took: dict[str, list[float]] = {"serve_s": [], "serve_cpu_s": [], "import_s": [], "import_cpu_s": []}
    for turn in turns:
        lab.progress.step(f"serve, {turn} of {TIMES}")
        gateway = await site.serve()
        cpu_s = gateway.process.cpu_s()
        await gateway.stop()
        lab.progress.step(f"import, {turn} of {TIMES}")
        said = json.loads(await lab.output([sys.executable, "-c", IMPORTS], name="import"))
        if turn == 0:
            continue
        for name, value in zip(took, (gateway.ready_s, cpu_s, said["wall_s"], said["cpu_s"]), strict=True):
            took[name].append(float(value))
    detail: JsonObject = {"store": store, "backends": ["civica_cx", "nexusfs"], **rounds(took)}
    return [
        READY.result(median(took["serve_s"]), detail={**detail, "cpu_s": round(median(took["serve_cpu_s"]), 3)}),
        IMPORT.result(median(took["import_s"]), detail={**detail, "cpu_s": round(median(took["import_cpu_s"]), 3)}),
    ]
