"""`orderbridge check` for OverIT: is it there, does it know our token, our external system and our rights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from app.domain.errors import BackendMisconfigured, VendorTrouble, WorkOrderNotFound
from app.domain.ports import Finding, KnownCodes
from app.domain.work_orders import OrderKey
from app.vendors import findings
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.overit.orders import Orders
from app.vendors.overit.outcomes import meaning
from app.vendors.overit.patch import naming
from app.vendors.overit.settings import OverItSettings
from app.vendors.overit.steps import PATCH
from app.vendors.overit.wire import Wire, patch_request

NO_CODE = "orderbridge-check-no-such-order"


async def check(
    settings: OverItSettings, wire: Wire, orders: Orders, ends: Callable[[], float], known: KnownCodes | Finding
) -> AsyncIterator[Finding]:
    """Every finding in the order of a first set-up; nothing is changed at the vendor."""
    finding = await _read(settings, orders, ends())
    if finding.name == "address":
        yield finding
        return
    yield Finding(name="address", ok=True, detail=f"{settings.url} answers.")
    yield finding
    if not finding.ok:
        return
    yield await _write(settings, wire, ends())
    yield known if isinstance(known, Finding) else _codes(known)


async def _read(settings: OverItSettings, orders: Orders, ends: float) -> Finding:
    """A read that must find nothing: the token is our whole log-in."""
    try:
        await orders.read(NO_CODE, ends=ends)
    except WorkOrderNotFound:
        return Finding(name="read", ok=True, detail="The token is accepted, and an unknown order is answered as such.")
    except BackendMisconfigured as error:
        refused = error.vendor is not None and error.vendor.status == 401
        return Finding(name="access token" if refused else "read", ok=False, detail=error.detail)
    except VendorTrouble as error:
        return Finding(name="address", ok=False, detail=f"{settings.read_url}: {error.detail}")
    return Finding(name="read", ok=False, detail=f"There is an order with the code {NO_CODE}.")


def _codes(known: KnownCodes) -> Finding:
    """Which table it is, and that nothing tells whether it has them all."""
    against = f"the codes in use cannot be held against the {known.table}"
    detail = f"NextGen FSM has no documented list of orders, so {against}."
    return Finding(name=findings.CODES, ok=True, warning=True, detail=detail)


async def _write(settings: OverItSettings, wire: Wire, ends: float) -> Finding:
    """A PATCH that names an order which is not there, and no member to change: it ends at step 2 and could do nothing
    even if it did not (steps 9 and 10 are skipped where there is nothing to write)."""
    body = naming(OrderKey(number=NO_CODE), settings.external_system_code)
    try:
        heard = await wire.ask(patch_request(settings, body), ends=ends)
    except (NotSent, Unanswered) as fault:
        return Finding(name="write", ok=False, detail=f"{settings.work_orders_url}: {fault.detail}")
    found = meaning(heard, PATCH)
    if found.error is WorkOrderNotFound:
        system = settings.external_system_code
        return Finding(name="write", ok=True, detail=f"The token may edit orders, and {system} is an external system.")
    return Finding(name="write", ok=False, detail=found.detail)
