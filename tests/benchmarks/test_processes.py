"""Processes are started, measured and stopped; one that ends by itself is a fault with its words."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from benchmarks.disk import file_system, folder_on_disk, fsync_ms
from benchmarks.lab import Lab
from benchmarks.processes import Fault, Process, cpu_s, free_port, peak_rss_mib

SPIN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
BUSY = f"{SPIN}print('spun', flush=True)\ntime.sleep(60)"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {SPIN!r}])\nprint('spun', flush=True)\nsys.stdin.read()"


async def spun(process: Process) -> None:
    async with asyncio.timeout(30):
        while "spun" not in process.out.read_text():
            await asyncio.sleep(0.01)


async def test_what_a_process_has_used_is_its_own_cpu_time(lab: Lab) -> None:
    process = await lab.start([sys.executable, "-c", BUSY], name="busy")
    await spun(process)
    assert 0.25 < process.cpu_s() < 2
    assert 1 < process.peak_rss_mib() < 500


async def test_what_children_have_used_counts_where_it_is_asked_for(lab: Lab) -> None:
    process = await lab.start([sys.executable, "-c", f"{PARENT}\nimport time\ntime.sleep(60)"], name="parent")
    await spun(process)
    assert process.cpu_s(children=True) - process.cpu_s() > 0.25


async def test_a_process_that_ends_by_itself_is_a_fault_with_its_words(lab: Lab) -> None:
    with pytest.raises(Fault, match="no such thing"):
        await lab.start([sys.executable, "-c", "raise SystemExit('no such thing')"], name="short", port=free_port())


async def test_a_program_that_is_not_there_is_a_fault(lab: Lab) -> None:
    with pytest.raises(Fault, match="cannot be started"):
        await lab.start(["/no/such/program"], name="nothing")


async def test_what_a_command_prints_is_given_and_its_failure_is_a_fault(lab: Lab) -> None:
    assert await lab.output([sys.executable, "-c", "print('said')"], name="says") == "said\n"
    with pytest.raises(Fault, match="ended with 3"):
        await lab.output([sys.executable, "-c", "raise SystemExit(3)"], name="fails")


async def test_a_process_is_stopped_and_then_gone(lab: Lab) -> None:
    process = await lab.start([sys.executable, "-c", "import time\ntime.sleep(60)"], name="sleeper")
    pid = process.pid
    await process.stop()
    await process.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    for ask in (cpu_s, peak_rss_mib):
        with pytest.raises(Fault):
            ask(pid)


def test_the_folder_of_a_lab_is_on_a_disk() -> None:
    folder = folder_on_disk()
    assert file_system(folder) not in ("tmpfs", "ramfs")
    assert fsync_ms(folder, writes=3) > 0
