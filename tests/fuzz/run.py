"""One attack: schemathesis and a token for every scope, against a sandbox of its own on one of the stores."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.processes import running
from tests.ports import free_row

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
PROGRAM = Path(sys.executable).with_name("schemathesis")
IN_A_ROW = 5
"""The gateway's port and those of its four simulators."""
MOST_S = 3600
PHASES = "examples,coverage,fuzzing,stateful"
"""All that schemathesis has."""

_GENERATED = re.compile(r"^\s*([\d,]+) generated", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What came of it."""

    cases: int
    seconds: float
    said: str
    """The whole report; after a finding it ends with how to see it again."""
    passed: bool


def attack(folder: Path, *, seed: int, examples: int, database_url: str | None = None, phases: str = PHASES) -> Attack:
    """Attack a new sandbox; `examples` is for each operation and phase that makes them up, which coverage is not."""
    began = time.monotonic()
    port = free_row(IN_A_ROW)
    options = ["--port", str(port), "--vendor-port", str(port + 1), "--data", "kept"]
    options += [] if database_url is None else ["--database-url", database_url]
    with running("sandbox", *options, folder=folder) as sandbox:
        sandbox.wait_for("The Orderbridge sandbox is ready", on=sandbox.out)
        done = subprocess.run(
            [
                *(PROGRAM, "--config-file", CONFIG, "run", f"http://127.0.0.1:{port}/openapi.json"),
                *(
                    "--seed",
                    str(seed),
                    "--max-examples",
                    str(examples),
                    "--phases",
                    phases,
                ),
                *("--no-color", "--output-truncate", "false"),
            ],
            cwd=folder,
            env=_environment(os.environ),
            capture_output=True,
            text=True,
            timeout=MOST_S,
        )
        stopped = sandbox.stop(signal.SIGTERM)
    log = sandbox.err.read_text()
    faults = [line for line in log.splitlines() if "unforeseen_error" in line or '"level":"critical"' in line]
    said = "\n".join(
        [done.stdout, done.stderr, *faults[:10], *([] if stopped == 0 else [f"the sandbox ended with {stopped}"])]
    )
    generated = _GENERATED.search(done.stdout)
    return Attack(
        cases=0 if generated is None else int(generated[1].replace(",", "")),
        seconds=time.monotonic() - began,
        said=said,
        passed=done.returncode == 0 and stopped == 0 and not faults,
    )


def _environment(of: Mapping[str, str]) -> dict[str, str]:
    """Nobody's proxy, and the tree in front, for the hooks."""
    kept = {name: value for name, value in of.items() if not name.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
