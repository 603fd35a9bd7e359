"""Waits for a lock in PostgreSQL that take longer than a limit, as the server itself logs them.

With `log_lock_waits` each session that has waited for `deadlock_timeout` says so, and says again when it has the lock: no wait
for a row, a transaction, a table or an advisory lock is missed, however short it is beyond the limit, as one would be that is
looked for in `pg_locks` now and then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgres import Postgres, configure

PREFIX = "%m [%p] %d "
WAITS = re.compile(r"\[(\d+)\] (\S+) LOG: +process \d+ (?:still waiting for|acquired) (\w+) on (.+?) after ([\d.]+) ms")


@dataclass(frozen=True, kw_only=True)
class LockWait:
    """One wait. `lasted_ms` is how long it was when last logged: its whole length, unless it ended in an error."""

    database: str
    lock: str
    lasted_ms: float


@dataclass(kw_only=True)
class LockWaits:
    """Those of one server since `begin`."""

    log: Path
    _from: int = 0

    def begin(self) -> None:
        """Forget what was logged so far."""
        self._from = self.log.stat().st_size

    def seen(self) -> list[LockWait]:
        """Every wait that was over the limit, in the order in which they were first logged."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            said = log.read().decode(errors="replace")
        longest: dict[tuple[str, str, str], float] = {}
        for process, database, lock, on, lasted in WAITS.findall(said):
            wait = process, database, f"{lock} on {on}"
            longest[wait] = max(float(lasted), longest.get(wait, 0.0))
        return [
            LockWait(database=database, lock=lock, lasted_ms=lasted) for (_, database, lock), lasted in longest.items()
        ]


async def log_lock_waits(server: Postgres, *, over_ms: int) -> LockWaits:
    """Have the server log them from now on, those of sessions that are open already too."""
    await configure(
        server.url("postgres"),
        {"log_lock_waits": "on", "deadlock_timeout": str(over_ms), "log_line_prefix": PREFIX},
    )
    waits = LockWaits(log=Path(server.server.log))
    waits.begin()
    return waits
