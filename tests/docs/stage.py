"""Where the commands of a page are run: one shell for the page, in a folder of its own, on ports of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from types import TracebackType

from app.vendors.registry import VENDORS
from tests.cli.processes import LONG_S, PROGRAM, answers
from tests.docs.blocks import ROOT, Step, lines
from tests.docs.comparing import missing
from tests.ports import free_row

GATEWAY, VENDOR = 8000, 9101
"""The ports that pages name."""
STARTS = re.compile(r"^(?:make run|(?:\S*/)?orderbridge (serve|simulate|sandbox)\b.*)$")
READ = re.compile(r"^curl (?!.* -(?:X|d|i) )[^>|]*$")
END = "--- end of block"
AGAIN_S = 0.3


class Stage:
    """Runs the steps of one page."""

    def __init__(
        self, folder: Path, *, instead: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        vendors = 1 + max(vendor.sandbox.port_offset for vendor in VENDORS.values())
        self.folder = folder
        self.port = free_row(1 + vendors)
        self.vendor_port = self.port + 1
        ports = {VENDOR + number: self.vendor_port + number for number in range(vendors)} | {GATEWAY: self.port}
        self.instead = {
            **(instead or {}),
            **{f"127.0.0.1:{shown}": f"127.0.0.1:{ours}" for shown, ours in ports.items()},
        }
        """What stands in a page -> what is meant here."""
        self._started: list[subprocess.Popen[bytes]] = []
        self._furnish()
        self._there = {path.name for path in folder.iterdir()}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ORDERBRIDGE_", "PG"))}
        self._env = {**clean, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "no_proxy": "*", **(env or {})}
        self._shell = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes: list[subprocess.Popen[bytes] | subprocess.Popen[str]] = [*self._started, self._shell]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(LONG_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.stdout.close()

    def left(self) -> list[str]:
        """What the page's commands have put into the folder; a folder's name ends with a slash."""
        made = (path for path in self.folder.iterdir() if path.name not in self._there and path.suffix != ".out")
        return sorted(f"{path.name}/" if path.is_dir() else path.name for path in made)

    def run(self, step: Step) -> None:
        """Runs a block; raises AssertionError if it ends or prints otherwise than its page says."""
        commands = [_said(line) for line in lines(step.commands.text)]
        starting = [line for line in commands if STARTS.match(line)]
        if starting:
            printed, code = "".join(map(self._started_by, starting)), 0
        else:
            printed, code = self.say(step.commands.text)
        deadline = time.monotonic() + LONG_S
        while (lacks := self._lacks(step, printed)) is not None and all(map(READ.match, commands)):
            if time.monotonic() > deadline:
                break
            time.sleep(AGAIN_S)
            printed, code = self.say(step.commands.text)
        assert lacks is None, (
            f"line {step.commands.line}: does not print {lacks!r} there, but:\n{self._as_shown(printed)}"
        )
        assert step.shown or "/problems/" not in printed, f"line {step.commands.line}: refused:\n{printed}"
        assert code == int(step.note("exits") or 0), f"line {step.commands.line}: exit code {code}\n{printed}"

    def say(self, commands: str) -> tuple[str, int]:
        """What the shell prints for these commands, errors too, and how the last of them ended."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{self._as_here(commands)}\nended=$?; echo; echo '{END}' $ended\n")
        self._shell.stdin.flush()
        watch = Timer(LONG_S, self._shell.kill)
        watch.start()
        printed: list[str] = []
        try:
            for line in self._shell.stdout:
                if line.startswith(END):
                    return "".join(printed), int(line.split()[-1])
                printed.append(line)
        finally:
            watch.cancel()
        raise AssertionError(f"the shell ended in the middle of:\n{commands}\n{''.join(printed)}")

    def start(self, name: str, *options: str) -> str:
        """Starts what runs until it is stopped, and waits until it can be used; what it has printed by then."""
        out = self.folder / f"{name}-{len(self._started)}.out"
        with out.open("wb") as file:
            process = subprocess.Popen(
                [*PROGRAM, name, *options], cwd=self.folder, env=self._env, stdout=file, stderr=subprocess.STDOUT
            )
        self._started.append(process)
        address = f"http://127.0.0.1:{self.vendor_port}/_sim/effects" if name == "simulate" else self._ready
        deadline = time.monotonic() + LONG_S
        while not answers(address) or (name == "sandbox" and "is ready" not in out.read_text()):
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < deadline, out.read_text()
            time.sleep(AGAIN_S)
        return out.read_text()

    def start_sandbox(self, *options: str) -> str:
        return self.start("sandbox", *options, "--port", str(self.port), "--vendor-port", str(self.vendor_port))

    def _started_by(self, line: str) -> str:
        """What a page's command for it prints; the ports are ours."""
        words = shlex.split(self._as_here(line))
        if line == "make run" or words[1] == "sandbox":
            return self.start_sandbox(*words[2:])
        return self.start(words[1], *words[2:], *(["--port", str(self.port)] if words[1] == "serve" else []))

    @property
    def _ready(self) -> str:
        return f"http://127.0.0.1:{self.port}/readyz"

    def _lacks(self, step: Step, printed: str) -> str | None:
        return None if step.shown is None else missing(step.shown.text, self._as_shown(printed))

    def _as_here(self, text: str) -> str:
        for shown, ours in self.instead.items():
            text = text.replace(shown, ours)
        return text

    def _as_shown(self, text: str) -> str:
        for shown, ours in reversed(self.instead.items()):
            text = text.replace(ours, shown)
        return text

    def _furnish(self) -> None:
        """The commands that a clone has after `make setup`, by both their names, and the files that pages copy."""
        program = " ".join(map(shlex.quote, PROGRAM))
        for place, command in (
            ("bin/orderbridge", program),
            (".venv/bin/orderbridge", program),
            ("bin/python3", shlex.quote(sys.executable)),
            ("bin/uuidgen", f"{shlex.quote(sys.executable)} -c 'import uuid; print(uuid.uuid4())'"),
            ("bin/curl", f"{shutil.which('curl')} --silent --show-error"),  # as on a terminal, where it has no meter
        ):
            path = self.folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            path.chmod(0o755)
        example = ROOT / "orderbridge.example.toml"
        (self.folder / example.name).write_text(example.read_text())


def _said(line: str) -> str:
    """The command without the comment behind it."""
    return re.sub(r"\s+#.*$", "", line)
