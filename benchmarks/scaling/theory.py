"""The closed forms of queueing that the model is made of, each with its name."""

from __future__ import annotations

import math
from dataclasses import dataclass


def erlang_c(servers: int, offered: float) -> float:
    """The share of arrivals that wait, in M/M/k with `offered` = rate x service time below `servers`. Erlang, 1917."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return servers * blocked / (servers - offered * (1 - blocked))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Of all, `share` wait, and those for an exponentially distributed time of `mean_s` on average."""

    share: float
    mean_s: float

    def beyond(self, seconds: float) -> float:
        """The share of all that wait longer."""
        return self.share * math.exp(-seconds / self.mean_s) if self.mean_s > 0 else 0.0


def many_servers(servers: int, *, per_s: float, mean_s: float, square_s2: float) -> Wait:
    """M/G/k: Erlang's share of those who wait, and their wait by Allen and Cunneen's (Lee and Longton's) correction.

    Exact for M/M/k, and for M/G/1 in the mean.
    """
    if mean_s == 0:
        return Wait(share=0.0, mean_s=0.0)
    offered = per_s * mean_s
    share = erlang_c(servers, offered)
    uneven = square_s2 / mean_s**2 / 2
    return Wait(share=share, mean_s=uneven * mean_s / (servers - offered))


def one_server(*, per_s: float, mean_s: float, square_s2: float) -> float:
    """The mean wait in M/G/1. Pollaczek and Khinchine."""
    return per_s * square_s2 / (2 * (1 - per_s * mean_s))


def disk_busy(*, per_s: float, flush_s: float) -> float:
    """The share of the time that a disk flushes, if all commits that came during a flush share the next.

    A busy time has exp(rate x flush) flushes on average, for it ends with one during which nothing came.
    """
    busy = flush_s * math.exp(per_s * flush_s)
    return busy / (busy + 1 / per_s)


def shared_flush(*, per_s: float, flush_s: float) -> float:
    """The mean time until a commit is durable: who comes while the disk flushes waits half a flush before his own."""
    return flush_s * (1 + 0.5 * disk_busy(per_s=per_s, flush_s=flush_s))
