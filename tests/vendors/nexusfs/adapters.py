"""The adapter under test, in front of whatever address a test names, and the writes that it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Answer, Kind, Outcome, VendorAdapter, Write
from app.domain.terms import NO_TERMS, Terms
from app.domain.work_orders import OrderKey
from app.vendors.nexusfs import VENDOR
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.tables import STATUSES
from app.vendors.simulation import Json
from app.vendors.vendor import Connection
from tests.vendors.nexusfs.simulator_requests import Nexus

DEADLINE_S = 2.0
CODES = {row.code: row for row in STATUSES}
EXAMPLE = "1214"


def settings_of(url: str = "http://127.0.0.1:1", **changes: object) -> NexusFsSettings:
    """The sandbox's section with other settings; None takes one away."""
    section = {**VENDOR.sandbox.section(url), **changes}
    return NexusFsSettings.model_validate({name: value for name, value in section.items() if value is not None})


@asynccontextmanager
async def adapting(url: str, *, deadline_s: float = DEADLINE_S, **changes: object) -> AsyncIterator[VendorAdapter]:
    connection = Connection(
        backend="field", settings=settings_of(url, **changes), deadline_s=deadline_s, folder=Path(__file__).parent
    )
    adapter = await VENDOR.connect(connection)
    try:
        yield adapter
    finally:
        await adapter.aclose()


def a_write(
    kind: Kind,
    body: Mapping[str, JsonValue] | None = None,
    *,
    number: str = EXAMPLE,
    code: str | None = None,
    before: JsonObject | None = None,
    previous: str | None = None,
    terms: Terms = NO_TERMS,
) -> Write:
    return Write(
        operation_id="op_1",
        kind=kind,
        order=OrderKey(number=number),
        body=dict(body or {}),
        status=None if code is None else CODES[code],
        previous_code=previous,
        before=before,
        terms=terms,
    )


async def carried_out(adapter: VendorAdapter, write: Write) -> Answer:
    """Screened, the order read, sent: as the delivery does it."""
    adapter.screen(write)
    seen = await adapter.read(write.order.number)
    ready = replace(write, before=seen.fields, previous_code=seen.code)
    if not adapter.requests(ready):
        return Answer(outcome=Outcome.applied, detail="nothing to change")
    return await adapter.send(ready)


async def patched(adapter: VendorAdapter, patch: Mapping[str, JsonValue], *replaced: str) -> Answer:
    """A merge patch of the example order."""
    return await carried_out(adapter, a_write(Kind.patch, patch, terms=Terms(replace=replaced)))


def starts_from(nexus: Nexus, record: Mapping[str, Json] | bytes) -> None:
    """Make the example order this record, in the vendor's own words."""
    nexus.send("PUT", EXAMPLE, record).raise_for_status()
