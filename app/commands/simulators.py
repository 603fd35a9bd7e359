"""The sandbox's simulators: each a process of its own, which a person may stop and start again."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from app.commands.ends import FAILED, Ends

START_S = 60
"""How long a simulator may take on a slow machine that compiles every file for the first time."""
STOP_S = 5


@dataclass(kw_only=True)
class SimulatorProcess:
    """One vendor's simulator. As a context it runs; it ends with the block, and with this process however that ends."""

    slug: str
    title: str
    backend: str
    host: str
    port: int
    data: Path
    stopped: Callable[[SimulatorProcess], None]
    """Called once, from a thread, when it ends and nobody here has ended it."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _ending: bool = field(default=False, init=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it runs only within its block"
        return self._process

    @property
    def arguments(self) -> list[str]:
        """What follows `orderbridge` on the command line that starts it."""
        return ["simulate", self.slug.replace("_", "-"), "--port", str(self.port), "--data", str(self.data)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            # -P: a folder `app` where the user stands is not ours.
            [sys.executable, "-P", "-m", "app.cli", *self.arguments, "--with-parent"],
            stdin=subprocess.PIPE,  # never written to: it closes when we are gone
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the gateway first, which may have calls under way
        )
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def wait_until_it_answers(self) -> None:
        """Ends if it does not."""
        deadline = time.monotonic() + START_S
        while not self._answers():
            code = self.process.poll()
            if code is not None:
                raise Ends(f"the simulated {self.title} ended while it started (exit code {code})", code=FAILED)
            if time.monotonic() > deadline:
                raise Ends(f"the simulated {self.title} does not answer on {self.url}", code=FAILED)
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/_sim/faults")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self) -> None:
        self.process.wait()
        if not self._ending:
            self.stopped(self)
