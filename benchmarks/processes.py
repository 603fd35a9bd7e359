"""Processes that a run starts: until they are ready, what they have cost, and their end. By pid, from /proc: Linux only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 15.0
LOOKS_EVERY_S = 0.005
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Fault(Exception):
    """The run cannot go on, or what it measured means nothing; the message says why."""


def free_port() -> int:
    """A port that nobody listens on now; below those that the system gives out by itself, so that nobody else takes it."""
    while True:
        port = random.SystemRandom().randrange(10_000, 20_000)
        with socket.socket() as bound:
            try:
                bound.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of a gateway; modules of this tree can be imported, and are kept compiled."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ORDERBRIDGE_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**ours, "PYTHONPATH": str(ROOT), **more}


def cpu_s(pid: int, *, children: bool = False) -> float:
    """What the process has used, all its threads, user and system, in seconds.

    With `children`: its descendants too, those that have ended included, to a hundredth. Raises Fault when there is no such
    process.
    """
    try:
        own = time.clock_gettime(_cpu_clock(pid))
        ended = sum(_stat(pid)[13:15]) if children else 0
    except OSError:
        raise Fault(f"process {pid} is gone") from None
    return own if not children else own + ended / TICKS_PER_S + sum(_if_there(child) for child in _children(pid))


def _cpu_clock(pid: int) -> int:
    """The id of the clock that counts a process's CPU time, as clock_getcpuclockid(3) of the C library makes it."""
    return ~pid << 3 | 2


def _stat(pid: int) -> list[int]:
    """The fields of /proc/PID/stat behind the command's name, which may hold anything; the state is put as 0."""
    rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return [0, *map(int, rest[1:])]


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _if_there(pid: int) -> float:
    try:
        return cpu_s(pid, children=True)
    except Fault:
        return 0.0


def peak_rss_mib(pid: int) -> float:
    """The most memory that the process has had resident so far, in MiB. Raises Fault when there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        raise Fault(f"process {pid} is gone") from None
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    if not found:
        raise Fault(f"process {pid} has ended")
    return found[0] / 1024


@dataclass(kw_only=True)
class Process:
    """One process; what it says is in the files `NAME.out` and `NAME.err` of its folder."""

    name: str
    command: Sequence[str]
    folder: Path
    cwd: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=environment, repr=False)
    stop_with: signal.Signals = signal.SIGTERM
    piped: bool = False
    """Its stdin and stdout are ours to talk with; else it has no stdin."""
    _running: asyncio.subprocess.Process | None = field(default=None, init=False, repr=False)

    @property
    def running(self) -> asyncio.subprocess.Process:
        assert self._running is not None, f"{self.name} was not started"
        return self._running

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def out(self) -> Path:
        return self.folder / f"{self.name}.out"

    @property
    def err(self) -> Path:
        return self.folder / f"{self.name}.err"

    async def start(self) -> None:
        """Start it, and do not wait for anything. Raises Fault when there is no such program."""
        pipe = asyncio.subprocess.PIPE if self.piped else None
        with self.out.open("ab") as out, self.err.open("ab") as err:
            try:
                self._running = await asyncio.create_subprocess_exec(
                    *self.command,
                    cwd=self.cwd,
                    env=dict(self.environment),
                    stdin=pipe or asyncio.subprocess.DEVNULL,
                    stdout=pipe or out,
                    stderr=err,
                    limit=64 * 1024 * 1024,
                )
            except OSError as error:
                raise Fault(f"{self.name} cannot be started: {error}") from error

    def words(self) -> str:
        """The last of what it said, for whoever wonders why it ended."""
        said = [path.read_text(errors="replace").strip()[-1500:] for path in (self.err, self.out) if path.exists()]
        return "\n".join(one for one in said if one) or "it said nothing"

    def check(self) -> None:
        """Raises Fault when it has ended by itself."""
        if self.running.returncode is not None:
            raise Fault(f"{self.name} ended by itself with {self.running.returncode}: {self.words()}")

    async def answers(self, port: int, path: str = "/readyz", *, within_s: float = READY_WITHIN_S) -> float:
        """Wait until it answers 200 at the path, and give the seconds that took. Raises Fault when it ends or is too late."""
        began = time.perf_counter()
        while not await answers_200(port, path):
            self.check()
            if time.perf_counter() - began > within_s:
                raise Fault(f"{self.name} does not answer 200 at {path}: {self.words()}")
            await asyncio.sleep(LOOKS_EVERY_S)
        return time.perf_counter() - began

    def cpu_s(self, *, children: bool = False) -> float:
        """See `cpu_s`. Raises Fault when it has ended by itself."""
        self.check()
        return cpu_s(self.pid, children=children)

    def peak_rss_mib(self) -> float:
        """See `peak_rss_mib`. Raises Fault when it has ended by itself."""
        self.check()
        return peak_rss_mib(self.pid)

    async def stop(self) -> None:
        """End it by its signal, and by SIGKILL when that takes too long. Stopping twice, or never started, is no matter."""
        running = self._running
        if running is None or running.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            running.send_signal(self.stop_with)
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await running.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                running.kill()
            await running.wait()


async def answers_200(port: int, path: str) -> bool:
    """Whether a plain GET on loopback has 200 now."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(5):
            first = await reader.readline()
        return first.split(b" ")[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
