"""`orderbridge check` for Unit4 ERPx: is it there, does it let us in, do rights and company fit, do we know its codes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from app.domain.errors import VendorTrouble, WorkOrderNotFound
from app.domain.ports import Finding, KnownCodes
from app.domain.work_orders import Observation
from app.vendors import findings
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings
from app.vendors.unit4_erpx.wire import Wire

NO_SUCH_NUMBER = "ORDERBRIDGE-CHECK"
"""A number that no client's series gives."""


class Seen(Protocol):
    """What the adapter can do for a check, and what it has seen."""

    @property
    def deprecations(self) -> Mapping[str, int]: ...

    @property
    def codes(self) -> frozenset[str]: ...

    async def read(self, number: str) -> Observation: ...


async def check(
    settings: Unit4ErpxSettings, wire: Wire, seen: Seen, known: KnownCodes | Finding
) -> AsyncIterator[Finding]:
    """Every finding in the order of a first set-up; nothing is changed at the vendor but a log-in."""
    address = await findings.address(settings.url, wire.greet)
    yield address
    if not address.ok:
        return
    log_in = await findings.log_in(wire.log_in, accepted=f"The identity service gave {settings.client_id} a token.")
    yield log_in
    if not log_in.ok:
        return
    yield await _rights(settings, seen)
    yield known if isinstance(known, Finding) else _codes(known, seen.codes)
    for alert in seen.deprecations:
        yield Finding(name="deprecation", ok=True, warning=True, detail=f"ERPx announces the end of this API: {alert}.")


async def _rights(settings: Unit4ErpxSettings, seen: Seen) -> Finding:
    """A read that must find nothing (GET_004): a wrong company or a missing right is 403 instead (GET_001, GET_002)."""
    try:
        await seen.read(NO_SUCH_NUMBER)
    except WorkOrderNotFound:
        pass
    except VendorTrouble as fault:
        return Finding(name="read", ok=False, detail=fault.detail)
    return Finding(name="read", ok=True, detail=f"{settings.client_id} may read work orders of {settings.company_id}.")


def _codes(known: KnownCodes, seen: frozenset[str]) -> Finding:
    """The codes of the orders read so far, beside the table; ERPx has no list from which to get them all."""
    unknown = sorted(seen - known.codes)
    if unknown:
        return Finding(name=findings.CODES, ok=False, detail=f"Not in the {known.table}: {', '.join(unknown)}.")
    told = f"The {known.table} has {', '.join(sorted(known.codes))}"
    found = f"of the orders read, all have one of them: {', '.join(sorted(seen))}" if seen else "no order was read yet"
    return Finding(name=findings.CODES, ok=True, detail=f"{told}; ERPx lists no orders, and {found}.")
