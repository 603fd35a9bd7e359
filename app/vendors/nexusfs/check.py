"""`orderbridge check` for NexusFS: is it there, does it let us in, is this its work order API, do the codes make sense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from app.domain.errors import VendorTrouble, WorkOrderNotFound
from app.domain.ports import Finding
from app.domain.work_orders import Observation
from app.vendors import findings
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.statuses import read_statuses
from app.vendors.nexusfs.tables import STATUSES
from app.vendors.nexusfs.wire import NexusFs
from app.vendors.vendor import Connection

Read = Callable[[str], Awaitable[Observation]]


async def check(
    connection: Connection, settings: NexusFsSettings, nexus: NexusFs, read: Read
) -> AsyncIterator[Finding]:
    """Every finding in the order of a first set-up; nothing is changed at the vendor but a log-in."""
    address = await findings.address(settings.url, nexus.greet)
    yield address
    if not address.ok:
        return
    log_in = await _log_in(settings, nexus)
    yield log_in
    if not log_in.ok:
        return
    yield await _absent_order(settings, read)
    yield _codes(connection, settings)
    if settings.method_override:
        yield Finding(
            name="method_override",
            ok=True,
            warning=True,
            detail="Every change goes out as a POST with X-HTTP-Method-Override: PATCH. Whether the header arrives cannot be "
            "seen without changing an order; where it is taken off, a change replaces the whole order.",
        )


async def _log_in(settings: NexusFsSettings, nexus: NexusFs) -> Finding:
    if settings.access_token is not None:
        return Finding(name="log-in", ok=True, detail="There is none: the configuration has a fixed access_token.")
    return await findings.log_in(nexus.log_in, accepted=f"NexusFS gave {settings.username} a token.")


async def _absent_order(settings: NexusFsSettings, read: Read) -> Finding:
    """An order that cannot be there: only the work order API itself says so in its own shape."""
    name = "an order that is not there"
    try:
        await read(f"orderbridge-check-{uuid4().hex}")
    except WorkOrderNotFound as error:
        status = error.vendor.status if error.vendor is not None else None
        return Finding(name=name, ok=True, detail=f"NexusFS takes our token and says HTTP {status}, as it should.")
    except VendorTrouble as error:
        detail = findings.with_words(f"{settings.url}: {error.detail}", error.vendor)
        return Finding(name=name, ok=False, detail=detail)
    return Finding(name=name, ok=False, detail="NexusFS showed an order for a number that we made up.")


def _codes(connection: Connection, settings: NexusFsSettings) -> Finding:
    """There is no list of orders to look at: a table of one's own is compared with the vendor's published codes."""
    name = findings.CODES
    if settings.statuses is None:
        return Finding(name=name, ok=True, detail="The vendor's own codes are in use.")
    known = findings.codes_in(connection.folder / settings.statuses, settings, read_statuses)
    if isinstance(known, Finding):
        return known
    published = {row.code for row in STATUSES}
    missing, others = sorted(published - known), sorted(known - published)
    told = [f"has no {', '.join(missing)}"] if missing else []
    told += [f"has {', '.join(others)}, which the vendor does not publish"] if others else []
    if told:
        return Finding(name=name, ok=True, warning=True, detail=f"{settings.statuses} {'; it '.join(told)}.")
    return Finding(name=name, ok=True, detail=f"{settings.statuses} has the codes that the vendor publishes.")
