"""One connection of the load generator, and the tally of what was answered on all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from app.domain.json import JsonObject
from benchmarks.workload import Next

ENDS_HEAD = b"\r\n\r\n"
SHOWN = 3
"""So many wrong answers are told in words."""


@dataclass(kw_only=True)
class Tally:
    """What was answered in one run."""

    expected: frozenset[int]
    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    wrong: int = 0
    faults: list[str] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    def fault(self, word: str) -> None:
        self.wrong += 1
        if len(self.faults) < SHOWN:
            self.faults.append(word)

    def shown(self) -> JsonObject:
        took = sorted(self.took)
        return {
            "answered": len(took),
            "seconds": self.ended - self.began,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "p50_ms": percentile(took, 0.50) * 1000,
            "p90_ms": percentile(took, 0.90) * 1000,
            "p99_ms": percentile(took, 0.99) * 1000,
            "max_ms": percentile(took, 1.0) * 1000,
            "wrong": self.wrong,
            "faults": self.faults,
        }


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that is not less than this share of all; 0 where there is none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


class Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time. `idle` is called with each whole answer, or when it is lost."""

    def __init__(self, tally: Tally, idle: Callable[[Connection], None]) -> None:
        self._tally = tally
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._due: float | None = None
        self._head = b""
        self._missing = -1
        """Bytes of the body that are still to come; -1: the head is not whole yet."""
        self._status = 0
        self._begins = b""
        self.lost = False
        self.next: Next = lambda: b""
        self.left = -1
        """So many requests are still to be sent; -1: as long as there is time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def send(self, due: float) -> None:
        """Send the next request, which was due then."""
        assert self._transport is not None
        self._due = due
        self._transport.write(self.next())

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            data = self._head + data if self._head else data
            end = data.find(ENDS_HEAD)
            if end < 0:
                self._head = data
                return
            self._head = b""
            length = body_length(data[: end + 2])
            if length is None or self._due is None:
                self._break(
                    "an answer without a length" if self._due is not None else "an answer that nobody asked for"
                )
                return
            self._status = int(data[9:12])
            self._begins = data[end + 4 : end + 400]
            self._missing = length - (len(data) - end - 4)
        else:
            self._missing -= len(data)
            self._begins = self._begins or data[:400]
        if self._missing == 0:
            self._answered()
        elif self._missing < 0:
            self._break("an answer longer than it says")

    def _answered(self) -> None:
        tally, now = self._tally, perf_counter()
        assert self._due is not None
        tally.took.append(now - self._due)
        tally.ended = now
        tally.statuses[self._status] += 1
        if self._status not in tally.expected:
            tally.fault(f"{self._status} {self._begins.decode(errors='replace')}")
        self._missing, self._due = -1, None
        self._idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None and not self.lost:
            self._break("the connection was lost before its answer")

    def _break(self, word: str) -> None:
        self._tally.fault(word)
        self.lost, self._due = True, None
        self.close()
        self._idle(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def body_length(head: bytes) -> int | None:
    """The Content-Length in an answer's head; None where it has none, and no reason to have none."""
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    if at >= 0:
        return int(low[at + 17 : low.index(b"\r\n", at + 17)])
    return 0 if low[9:12] in (b"204", b"304") else None
