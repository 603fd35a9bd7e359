"""Ports for the processes of tests, from below those that the system gives out, each worker of a run having its own."""

from __future__ import annotations

import os
import socket
from itertools import count

LOWEST, WIDTH, WORKERS = 20_000, 1_500, 8
_turns = count()


def free_port() -> int:
    """A port that nobody listens on now; the same one comes again only after all the others of this worker."""
    while True:
        port = _first() + next(_turns) % WIDTH
        if _is_free(port):
            return port


def free_row(length: int) -> int:
    """The first of so many ports in a row that nobody listens on now."""
    while True:
        first = free_port()
        if first + length <= _first() + WIDTH and all(_is_free(port) for port in range(first, first + length)):
            for _ in range(length - 1):
                next(_turns)
            return first


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
