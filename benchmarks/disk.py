"""A folder on a real disk, and how long that disk takes to keep what it is given."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.processes import ROOT, Fault

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
WRITES = 50
BLOCK = os.urandom(4096)


def file_system(folder: Path) -> str:
    """The type of the file system that holds the folder, as /proc/mounts has it."""
    deepest, kind = Path("/"), "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, name, *_ = line.split()
        place = Path(where.replace("\\040", " "))
        if folder.resolve().is_relative_to(place) and place.is_relative_to(deepest):
            deepest, kind = place, name
    return kind


def folder_on_disk() -> Path:
    """The first of the usual places for files that come and go that is no memory. Raises Fault if there is none."""
    for place in (Path(tempfile.gettempdir()), Path("/var/tmp"), ROOT / "benchmarks"):
        if place.is_dir() and os.access(place, os.W_OK) and file_system(place) not in IN_MEMORY:
            return place
    raise Fault("there is no folder on a disk: set TMPDIR to one")


def fsync_ms(folder: Path, *, writes: int = WRITES) -> float:
    """The median of so many appends of 4 KiB, each made durable before the next, in ms."""
    took: list[float] = []
    file, path = tempfile.mkstemp(prefix="orderbridge-fsync-", dir=folder)
    try:
        for _ in range(writes):
            began = time.perf_counter()
            os.write(file, BLOCK)
            os.fsync(file)
            took.append(time.perf_counter() - began)
    finally:
        os.close(file)
        os.unlink(path)
    return statistics.median(took) * 1000
