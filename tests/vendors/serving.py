"""A vendor's simulator in a process of its own, for tests that end the process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port


@contextmanager
def served(slug: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its URL and its process, which prints `over` when it ends by itself; killed if it still runs after the block."""
    port = str(free_port())
    program = (
        f"import sys, pathlib\nfrom app.vendors import simulation\nfrom app.vendors.{slug} import simulator\n"
        "port, data = int(sys.argv[1]), pathlib.Path(sys.argv[2])\n"
        "told = lambda: print('ready', flush=True)\n"
        "simulation.serve(simulator.create_simulator, port=port, data=data, ready=told)\nprint('over')"
    )
    command = [sys.executable, "-c", program, port, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
