"""The connections of the PostgreSQL store: how a session is set, and which failures of the driver mean that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from app.ledger.store import StoreUnavailable

POOL = 10
SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "1s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "application_name": "orderbridge",
}

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)


class _Unchanged(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A session that nobody changes: giving it back to the pool costs no round trip to reset what was never set."""

    def get_reset_query(self) -> str:
        return ""


async def open_pool(address: str, *, connect_s: float) -> asyncpg.Pool:
    """A pool of sessions on the database at `address`, as asyncpg reads it. Raises the driver's own errors."""
    return await asyncpg.create_pool(
        address,
        min_size=1,
        max_size=POOL,
        timeout=connect_s,
        command_timeout=10,
        server_settings=SESSION,
        connection_class=_Unchanged,
    )


@contextmanager
def trouble() -> Iterator[None]:
    """The one place where the driver's errors become ours; a unique violation is for the caller of the unit."""
    try:
        yield
    except _GONE as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
