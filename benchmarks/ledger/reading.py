"""Questions put to a ledger's database itself, on either store, beside the gateway that has it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing

import asyncpg
from sqlalchemy import make_url


async def numbers(url: str, *statements: str) -> list[int]:
    """The one number that each statement selects; 0 where that is null."""
    found: list[int] = []
    for (row,) in await _asked(url, statements):
        assert isinstance(row[0], int | None)
        found.append(row[0] or 0)
    return found


async def texts(url: str, statement: str) -> list[str]:
    """The one column that the statement selects."""
    (rows,) = await _asked(url, [statement])
    return [str(row[0]) for row in rows]


async def _asked(url: str, statements: Sequence[str]) -> list[Sequence[Sequence[object]]]:
    if make_url(url).get_backend_name() == "sqlite":
        return await asyncio.to_thread(_of_sqlite, make_url(url).database or "", statements)
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetch(statement) for statement in statements]
    finally:
        await connection.close()


def _of_sqlite(path: str, statements: Sequence[str]) -> list[Sequence[Sequence[object]]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements]
