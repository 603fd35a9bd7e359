"""Ports for the processes of tests, from below those that the system gives out, each worker of a run having its own."""

from __future__ import annotations

import os
import socket
from itertools import count
from threading import Lock

LOWEST, WIDTH, WORKERS = 20_000, 1_500, 8
_turns = count()
_taking = Lock()
"""Two threads of one test may ask at once: a row must not begin within another."""


def free_port() -> int:
    """A port that nobody listens on now; the same one comes again only after all the others of this worker."""
    return free_row(1)


def free_row(length: int) -> int:
    """The first of so many ports in a row that nobody listens on now."""
    with _taking:
        while True:
            turn = next(_turns) % WIDTH
            row = range(_first() + turn, _first() + turn + length)
            if turn + length <= WIDTH and all(_is_free(port) for port in row):
                for _ in row[1:]:
                    next(_turns)
                return row[0]


def _first() -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", f"gw{WORKERS - 1}").removeprefix("gw")
    return LOWEST + int(worker) % WORKERS * WIDTH


def _is_free(port: int) -> bool:
    with socket.socket() as bound:
        try:
            bound.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
