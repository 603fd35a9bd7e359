"""kill -9 right after an answer: what was acknowledged is in the file, and the file opens."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

CHILD = """
import asyncio, sys
from pathlib import Path
from app.ledger.sqlite import SqliteStore
from tests.ledger.scenes import draft, lease, passes

async def main() -> None:
    store = SqliteStore(Path(sys.argv[1]), owner=True)
    await store.open()
    async def one(n: int) -> None:
        accepted = await store.accept(draft(n, number=f"{n % 7}"), passes(), lease())
        sys.stdout.write(accepted.operation.id + "\\n")
        sys.stdout.flush()
    for n in range(0, 100_000, 8):
        await asyncio.gather(*[one(n + k) for k in range(8)])

asyncio.run(main())
"""


def test_every_acknowledged_write_outlives_a_kill(sqlite_file: Path) -> None:
    root = Path(__file__).parent.parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(sqlite_file)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip() for _ in range(200)]
    os.kill(child.pid, signal.SIGKILL)
    rest, _ = child.communicate()
    acknowledged += [line for line in rest.split("\n")[:-1] if line]
    assert child.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(sqlite_file)) as after:
        assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = {str(row[0]) for row in after.execute("SELECT id FROM operation")}
        assert set(acknowledged) - stored == set()
        assert len(acknowledged) >= 200
        counts = after.execute("SELECT open_count, last_seq FROM work_order ORDER BY number").fetchall()
        rows = after.execute(
            "SELECT count(*), max(seq) FROM operation GROUP BY work_order ORDER BY work_order"
        ).fetchall()
        assert counts == rows
        sending = after.execute("SELECT count(*) FROM operation WHERE state = 'sending'").fetchone()
        assert sending == after.execute("SELECT count(*) FROM attempt").fetchone()
