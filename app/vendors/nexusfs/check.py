"""`orderbridge check` for NexusFS: is it there, does it let us in, is this its work order API, do the codes make sense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from app.domain.errors import VendorTrouble, WorkOrderNotFound
from app.domain.ports import Finding, KnownCodes
from app.domain.work_orders import Observation
from app.vendors import findings
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.tables import STATUSES
from app.vendors.nexusfs.wire import NexusFs

Read = Callable[[str], Awaitable[Observation]]


async def check(
    settings: NexusFsSettings, nexus: NexusFs, read: Read, known: KnownCodes | Finding
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
    yield known if isinstance(known, Finding) else _codes(known)
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


def _codes(known: KnownCodes) -> Finding:
    """There is no list of orders to look at: the table is compared with the vendor's published codes."""
    published = {row.code for row in STATUSES}
    missing, others = sorted(published - known.codes), sorted(known.codes - published)
    told = [f"has no {', '.join(missing)}"] if missing else []
    told += [f"has {', '.join(others)}, which the vendor does not publish"] if others else []
    if told:
        return Finding(name=findings.CODES, ok=True, warning=True, detail=f"The {known.table} {'; it '.join(told)}.")
    return Finding(name=findings.CODES, ok=True, detail=f"The {known.table} has the codes that the vendor publishes.")
