"""A progress bar on stderr: how many figures are done, what is going on, and for how long."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30


class Progress:
    """One line that is written over on a terminal; on a pipe, one line for each new word."""

    def __init__(self, total: int, *, to: TextIO | None = None) -> None:
        self._total = max(1, total)
        self._to = to or sys.stderr
        self._began = time.monotonic()
        self._done = 0
        self._steps, self._step = 1, 0
        self._name = ""

    def begin(self, name: str) -> None:
        """A further module of figures begins."""
        self._name, self._steps, self._step = name, 1, 0
        self._show("")

    def expect(self, steps: int) -> None:
        """How often `step` will be called before the module ends."""
        self._steps, self._step = max(1, steps), 0

    def step(self, word: str) -> None:
        """The next step of the module begins."""
        self._show(word)
        self._step = min(self._steps, self._step + 1)

    def end(self) -> None:
        """The module is over."""
        self._done = min(self._total, self._done + 1)
        self._step = 0
        self._show("done")

    def say(self, text: str) -> None:
        """A text of several lines, below the bar; the bar goes on below it."""
        self.close()
        print(text.rstrip(), file=self._to, flush=True)

    def close(self) -> None:
        if self._to.isatty():
            print(file=self._to)

    def _show(self, word: str) -> None:
        share = min(1.0, (self._done + self._step / self._steps) / self._total)
        bar = ("#" * round(share * WIDTH)).ljust(WIDTH, ".")
        took = int(time.monotonic() - self._began)
        line = f"[{bar}] {share:4.0%} {took // 60:3}:{took % 60:02}  {self._name}{': ' if word else ''}{word}"
        if self._to.isatty():
            print(f"\r{line[:118]:118}", end="", file=self._to, flush=True)
        else:
            print(line, file=self._to, flush=True)
