"""What peer (a) keeps: idempotency keys and status updates in SQLite, written through SQLModel's async sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import event, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field, SQLModel, col


class IdempotencyKey(SQLModel, table=True):
    """A key that was used, by whom, and for which request."""

    client: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    update_id: str


class StatusUpdate(SQLModel, table=True):
    """An update that was accepted, and the answer to it once there is one."""

    id: str = Field(primary_key=True)
    client: str
    backend: str
    work_order: str
    body: str
    accepted_at: datetime
    finished_at: datetime | None = None
    state: str = "sending"
    answer_status: int | None = None
    answer: str | None = None


def engine_of(path: str) -> AsyncEngine:
    """An engine whose commits are on disk when they return."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


async def prepare(engine: AsyncEngine) -> None:
    """Make the tables; what a killed process was sending is unknown."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
        left = update(StatusUpdate).where(col(StatusUpdate.state) == "sending")
        await connection.execute(left.values(state="unknown", answer_status=502, answer='{"code": "unknown"}'))
