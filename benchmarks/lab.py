"""Where figures are measured: how long each sample is, a folder on disk, and the processes, stopped when the lab closes.

A module of figures gets a lab of its own, so that nothing of the one before it is still running.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.disk import folder_on_disk
from benchmarks.postgres import Postgres, postgres
from benchmarks.processes import ROOT, Fault, Process, environment
from benchmarks.progress import Progress

if TYPE_CHECKING:  # the figures import the lab
    from benchmarks.figures.result import Result

STORES = ("sqlite", "postgres")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a run measures. `seconds` are each contestant's own, after its warm-up, in so many interleaved `rounds`."""

    seconds: float = 60.0
    rounds: int = 5
    quick: bool = False
    """Only whether the programs work: what is measured means little."""
    stores: Sequence[str] = STORES

    @classmethod
    def quickly(cls, *, stores: Sequence[str] = STORES) -> Plan:
        return cls(seconds=1.0, rounds=1, quick=True, stores=stores)

    @property
    def sample_s(self) -> float:
        """One contestant's seconds in one round."""
        return self.seconds / self.rounds

    @property
    def warm_up_s(self) -> float:
        """Before a contestant's first sample."""
        return min(8.0, max(0.3, self.seconds / 6))


@dataclass(kw_only=True)
class Lab:
    """One module's lab; see `open_lab`. `folder` is its own, on disk, and empty at first."""

    plan: Plan
    folder: Path
    progress: Progress
    keep: Callable[[Sequence[Result]], None]
    """Hands over what is measured before its module is through: whatever ends that then, these figures stay."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)
    _names: Counter[str] = field(default_factory=Counter, repr=False)
    _postgres: Postgres | None = field(default=None, repr=False)

    def own_folder(self, name: str) -> Path:
        """A new folder for one thing, named after it."""
        folder = self.folder / self._fresh(name)
        folder.mkdir()
        return folder

    async def start(
        self,
        command: Sequence[str],
        *,
        name: str,
        port: int | None = None,
        ready: str = "/readyz",
        cwd: Path = ROOT,
        stop_with: signal.Signals = signal.SIGTERM,
        piped: bool = False,
        more_environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a process; with a port, wait until it answers 200 at `ready` there. It is stopped with the lab at the latest.

        Raises Fault, with what it said, when it does not come up.
        """
        process = Process(
            name=self._fresh(name),
            command=command,
            folder=self.folder,
            cwd=cwd,
            stop_with=stop_with,
            piped=piped,
            environment=environment(**(more_environment or {})),
        )
        self._stack.push_async_callback(process.stop)
        await process.start()
        if port is not None:
            await process.answers(port, ready)
        return process

    async def output(self, command: Sequence[str], *, name: str, within_s: float = 120.0) -> str:
        """Run a command that ends by itself, and give what it prints. Raises Fault when it fails or takes too long."""
        process = await self.start(command, name=name)
        try:
            async with asyncio.timeout(within_s):
                code = await process.running.wait()
        except TimeoutError:
            raise Fault(f"{name} did not end within {within_s:g} s: {process.words()}") from None
        if code != 0:
            raise Fault(f"{name} ended with {code}: {process.words()}")
        return process.out.read_text(encoding="utf-8")

    async def postgres(self) -> Postgres:
        """The lab's PostgreSQL, started when it is first asked for."""
        if self._postgres is None:
            self._postgres = await self._stack.enter_async_context(postgres(self.own_folder("postgres")))
        return self._postgres

    def _fresh(self, name: str) -> str:
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}-{self._names[name]}"


@asynccontextmanager
async def open_lab(
    plan: Plan, progress: Progress, *, keep: Callable[[Sequence[Result]], None] = lambda _: None
) -> AsyncIterator[Lab]:
    """A lab whose folder is removed, and whose processes are stopped, when it closes; the last started first."""
    folder = Path(tempfile.mkdtemp(prefix="orderbridge-bench-", dir=folder_on_disk()))
    lab = Lab(plan=plan, folder=folder, progress=progress, keep=keep)
    try:
        async with lab._stack:
            yield lab
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def median(values: Sequence[float]) -> float:
    """The median over rounds."""
    return statistics.median(values)
