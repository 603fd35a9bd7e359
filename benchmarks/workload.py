"""What the load generator sends, put together from pieces made beforehand: status updates by turns, and reads."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Protocol
from urllib.parse import urlsplit

from app.domain.json import JsonObject

Next = Callable[[], bytes]
"""The next request of one connection."""
COMMENTS = "Engineer on site"


class Work(Protocol):
    """What is sent at one address."""

    def dealt(self, connections: int, bearer: str) -> Sequence[Next]:
        """One source of requests for each connection."""


class StatusUpdates:
    """Each order goes by turns from one status to the other, from run to run too; no two connections have the same order."""

    def __init__(self, host: str, told: JsonObject) -> None:
        orders, statuses = told["orders"], told["statuses"]
        assert isinstance(orders, list)
        assert isinstance(statuses, list)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        bodies = [
            json.dumps({"status": status, "occurred_at": now, "comments": COMMENTS}).encode() for status in statuses
        ]
        self._tails = [b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body for body in bodies]
        self._first_lines = [
            f"POST /v1/backends/{told['backend']}/work-orders/{order}/status-updates HTTP/1.1\r\n".encode()
            for order in orders
        ]
        self._turns = [0] * len(orders)
        self._headers = f"Host: {host}\r\nContent-Type: application/json\r\n{lines(told)}"
        self._keys = count(1)
        self._prefix = secrets.token_hex(8)

    def dealt(self, connections: int, bearer: str) -> Sequence[Next]:
        """Raises ValueError where there are more connections than orders."""
        if connections > len(self._turns):
            raise ValueError(f"{connections} connections need as many orders, and there are {len(self._turns)}")
        headers = f"{self._headers}Authorization: Bearer {bearer}\r\nIdempotency-Key: {self._prefix}-".encode()
        return [self._of_orders(range(n, len(self._turns), connections), headers) for n in range(connections)]

    def _of_orders(self, orders: Sequence[int], headers: bytes) -> Next:
        ring: Iterator[int] = cycle(orders)
        turns, tails, first_lines, keys = self._turns, self._tails, self._first_lines, self._keys

        def following() -> bytes:
            order = next(ring)
            turn = turns[order]
            turns[order] = (turn + 1) % len(tails)
            return b"".join((first_lines[order], headers, b"%012d" % next(keys), tails[turn]))

        return following


class Reads:
    """GETs of paths in their order; the connections begin as far from each other as can be."""

    def __init__(self, host: str, told: JsonObject) -> None:
        paths = told["paths"]
        assert isinstance(paths, list)
        self._first_lines = [f"GET {path} HTTP/1.1\r\n".encode() for path in paths]
        self._headers = f"Host: {host}\r\n{lines(told)}"

    def dealt(self, connections: int, bearer: str) -> Sequence[Next]:
        rest = f"{self._headers}Authorization: Bearer {bearer}\r\n\r\n".encode()
        whole = [line + rest for line in self._first_lines]
        begins = [n * len(whole) // connections for n in range(connections)]
        return [cycle(whole[first:] + whole[:first]).__next__ for first in begins]


def lines(told: JsonObject) -> str:
    """The headers that were asked for besides."""
    headers = told["headers"]
    assert isinstance(headers, Mapping)
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


KINDS: Mapping[str, Callable[[str, JsonObject], Work]] = {"status_updates": StatusUpdates, "reads": Reads}


def work_of(told: JsonObject) -> Work:
    """What the generator's first line asks for."""
    return KINDS[str(told["kind"])](urlsplit(str(told["url"])).netloc, told)
