"""One gateway as a real process that serves real HTTP: started by a fork in 0.3 s, killed with SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from app.main import create_app
from app.settings import configured
from tests.chaos.plan import Plan
from tests.forks import FORKS

STARTS_WITHIN_S = 30


def main(document: dict[str, Any], plan: Plan, port: int, folder: str, said: str) -> None:
    """Serve until killed; what the process says goes to the file `said`."""
    say_into(said)
    plan.apply()
    app = create_app(configured(document, folder=Path(folder)))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def say_into(said: str) -> None:
    """From now on this process prints into a file."""
    with open(said, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


async def end(process: ForkServerProcess, sign: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal, unless the process has ended by itself, and wait for its end."""
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, sign)
    await asyncio.to_thread(process.join)
    process.close()


@dataclass(kw_only=True)
class GatewayProcess:
    """A place for one gateway: the same port and file of words for each process that serves there."""

    database: str
    backends: Mapping[str, Mapping[str, Any]]
    plan: Plan
    port: int
    folder: Path
    name: str = "gateway"
    starts: int = 0
    _process: ForkServerProcess | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> Path:
        return self.folder / f"{self.name}.out"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """Of a process that has ended: minus the number of the signal that ended it."""
        return None if self._process is None else self._process.exitcode

    def check(self) -> None:
        """Fail, with its last words, where the process has ended by itself."""
        assert self.runs, f"{self.name} ended by itself; it said: {self.said.read_text()[-4000:]}"

    def spawn(self, plan: Plan | None = None) -> None:
        """Start the process, and do not wait for it; `plan` is for this start only."""
        assert self._process is None, f"{self.name} runs"
        plan = plan or self.plan
        args = (plan.document(self.database, self.backends), plan, self.port, str(self.folder), str(self.said))
        process: ForkServerProcess = FORKS.Process(target=main, args=args, name=self.name)
        process.start()
        self._process, self.starts = process, self.starts + 1

    async def answers(self, path: str = "/livez") -> bool:
        """Whether it answers 200 now."""
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as api, api.get(self.url + path) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def start(self, plan: Plan | None = None) -> None:
        """Start the process, and wait until it answers."""
        self.spawn(plan)
        ends = time.monotonic() + STARTS_WITHIN_S
        while not await self.answers():
            self.check()
            assert time.monotonic() < ends, f"{self.name} does not answer; it said: {self.said.read_text()[-4000:]}"
            await asyncio.sleep(0.01)

    async def kill(self, sign: signal.Signals = signal.SIGKILL) -> None:
        """End the process: by default as a power cut would, with nothing written or said."""
        process, self._process = self._process, None
        if process is not None:
            await end(process, sign)

    def send_signal(self, sign: signal.Signals) -> None:
        """For SIGSTOP and SIGCONT: the process stays ours."""
        assert self.pid is not None, f"{self.name} does not run"
        os.kill(self.pid, sign)
