"""The limit of open files: `serve` raises it as far as it may, and says where that is not far."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands.open_files import FEW
from tests.cli.conftest import CONFIG
from tests.cli.processes import free_ports, running

UNDER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from app import logs
from app.commands.open_files import allow_many_open_files
logs.configure()
allow_many_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
RAISED = "the limit of open files is raised"
WARNED = "few files may be open: raise the hard limit, or callers beyond it get no answer"


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    soft: int
    hard: int
    says: list[tuple[str, str]]


CASES = [
    Case(name="raised", soft=256, hard=FEW, says=[("info", RAISED)]),
    Case(name="raised, and yet low", soft=256, hard=512, says=[("info", RAISED), ("warning", WARNED)]),
    Case(name="low already", soft=512, hard=512, says=[("warning", WARNED)]),
    Case(name="high already", soft=FEW, hard=FEW, says=[]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_soft_limit_becomes_the_hard_one_and_a_low_one_is_told(case: Case) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER.format(soft=case.soft, hard=case.hard)], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert (done.stdout, [(line["level"], line["event"]) for line in lines]) == (
        f"{case.hard} {case.hard}\n",
        case.says,
    )


@contextmanager
def soft_limit(of: int) -> Iterator[int]:
    """Processes started meanwhile begin with this soft limit; yields the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (of, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_gateway_may_have_as_many_connections_as_the_system_lets_it(ready: Path) -> None:
    (ready / "orderbridge.toml").write_text("[server]\ndrain_s = 0\n" + CONFIG)
    (port,) = free_ports(1)
    with soft_limit(512) as hard, running("serve", "--port", str(port), folder=ready) as gateway:
        gateway.wait_for('"event":"serving"', on=gateway.err)
        limits = Path(f"/proc/{gateway.process.pid}/limits").read_text()
        assert gateway.stop(signal.SIGTERM) == 0
    shown = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    (line,) = [line.split() for line in limits.splitlines() if line.startswith("Max open files")]
    assert line[3:5] == [shown, shown]
