"""`orderbridge` as a process of its own, and the ports that it may use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

PROGRAM = [sys.executable, "-P", "-m", "app.cli"]
LONG_S = 60


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return sorted(ports)


class Running:
    """A command at work; what it says goes to files, as a pipe that nobody reads would stop it."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self.out, self.err = folder / f"{arguments[0]}.out", folder / f"{arguments[0]}.err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen([*PROGRAM, *arguments], cwd=folder, stdout=out, stderr=err)

    def wait_for(self, pattern: str, *, on: Path) -> re.Match[str]:
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            found = re.search(pattern, on.read_text(), re.DOTALL)
            if found is not None:
                return found
            assert self.process.poll() is None, self.err.read_text()
            time.sleep(0.05)
        raise AssertionError(f"never said {pattern!r}: {on.read_text()}")

    def stop(self, number: int) -> int:
        """Its exit code after this signal."""
        self.process.send_signal(number)
        return self.process.wait(LONG_S)


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator[Running]:
    """The command, ended at the latest with the block."""
    command = Running(arguments, folder)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
        command.process.wait()


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run([*PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=LONG_S)


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def children_of(pid: int) -> list[int]:
    """The processes that this one has started and that are still there."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether the process is there, and not only waiting to be buried."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
