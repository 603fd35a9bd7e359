"""The adapter for a server on loopback, and writes as the delivery makes them: the order is read, then the change is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.domain.json import JsonObject
from app.domain.ports import Answer, Kind, VendorAdapter, Write
from app.domain.work_orders import OrderKey
from app.vendors.overit.adapter import connect
from app.vendors.overit.settings import OverItSettings, sandbox_section
from app.vendors.overit.tables import STATUSES
from app.vendors.overit.wire import Clock
from app.vendors.vendor import Connection

DEADLINE_S = 1.0
AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
CODES = {row.code: row for row in STATUSES}
NUMBER = "WO00223"


@asynccontextmanager
async def adapting(url: str, clock: Clock = lambda: AT, /, **settings: object) -> AsyncIterator[VendorAdapter]:
    """An adapter with the sandbox's section for `url`; keyword arguments are settings."""
    section = {**sandbox_section(url), **settings}
    connection = Connection(
        backend="overit",
        settings=OverItSettings.model_validate(section),
        deadline_s=DEADLINE_S,
        folder=Path(__file__).parent,
    )
    adapter = await connect(replace(connection, clock=clock))
    try:
        yield adapter
    finally:
        await adapter.aclose()


def a_patch(body: JsonObject, *, before: JsonObject | None, number: str = NUMBER) -> Write:
    return Write(operation_id="op_1", kind=Kind.patch, order=OrderKey(number=number), body=body, before=before)


def a_cancellation(*, number: str = NUMBER, code: str = "CANCELLED") -> Write:
    return Write(
        operation_id="op_1",
        kind=Kind.status_update,
        order=OrderKey(number=number),
        body={"status": "cancelled", "comments": "no longer needed"},
        status=CODES[code],
        occurred_at=AT,
        previous_code="OPEN",
    )


async def read_and_patch(adapter: VendorAdapter, body: JsonObject, *, number: str = NUMBER) -> Answer:
    """As a caller's PATCH comes to the vendor: screened, the order read, sent."""
    write = a_patch(body, before=None, number=number)
    adapter.screen(write)
    seen = await adapter.read(number)
    return await adapter.send(a_patch(body, before=seen.fields, number=number))
