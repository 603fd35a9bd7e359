"""A gateway at which nothing happens, as a process of its own: what each of its backends costs all the same.

`python -m benchmarks.scaling.idle DATABASE_URL POSTMASTER_PID BACKENDS SECONDS RESULT_FILE`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from app.main import create_app
from app.settings import configured
from benchmarks.processes import cpu_s

SETTLES_S = 4.0
"""Until every backend has failed its first round of polling: nobody listens at its address."""


async def idle(url: str, postmaster: int, backends: int, seconds: float) -> dict[str, float]:
    """CPU of the process and of the database in so many seconds of doing nothing, and the memory that it has."""
    section = {
        "vendor": "civica_cx",
        "url": "http://127.0.0.1:9/cx",
        "username": "u",
        "password": "p",
        "poll_s": 86_400,
        "statuses": "example",
    }
    document = {
        "database": {"url": url},
        "auth": {"signing_key": "no-request-is-ever-made-with-this-key"},
        "backends": {f"backend-{n}": section for n in range(backends)},
    }
    app = create_app(configured(document, folder=Path.cwd()))
    async with app.router.lifespan_context(app):
        await asyncio.sleep(SETTLES_S)
        began, ours, theirs = time.perf_counter(), time.process_time(), cpu_s(postmaster, children=True)
        await asyncio.sleep(seconds)
        wall = time.perf_counter() - began
        return {
            "cpu_s": (time.process_time() - ours) / wall,
            "db_cpu_s": (cpu_s(postmaster, children=True) - theirs) / wall,
            "rss_bytes": _rss_bytes(),
        }


def _rss_bytes() -> float:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS:"))
    return float(line.split()[1]) * 1024


if __name__ == "__main__":
    address, pid, count, length, result = sys.argv[1:]
    found = asyncio.run(idle(address, int(pid), int(count), float(length)))
    Path(result).write_text(json.dumps(found))
