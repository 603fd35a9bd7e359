"""Read an order: live from the vendor, or our last copy where the caller accepts one."""

from __future__ import annotations

import re

from app.api.gateway import READ_AGAIN_S, Gateway
from app.domain.errors import GatewayError, VendorTrouble, WorkOrderNotFound
from app.domain.json import JsonValue
from app.domain.receipts import order
from app.domain.times import SECOND, ahead
from app.ledger import orders, sightings
from app.ledger.records import KnownOrder
from app.vendors.backends import Backend

_MAX_STALE = re.compile(r"(?:^|,)\s*max-stale\s*+(?:=\s*+(\d{1,9})\s*+)?+(?:,|$)", re.IGNORECASE)
ANY_AGE_S = 10**9


def accepted_age_s(cache_control: str | None) -> int | None:
    """How old our copy may be for this caller: `Cache-Control: max-stale=N`, without N any age; None asks for a live read."""
    found = _MAX_STALE.search(cache_control or "")
    if found is None:
        return None
    return int(found[1]) if found[1] else ANY_AGE_S


async def last_copy(gateway: Gateway, backend: str, name: str, *, within_s: float) -> KnownOrder | None:
    """The order as last seen, if that is recent enough."""
    known = await gateway.store.look(orders.find(backend, name))
    if known is None:
        return None
    known = gateway.sightings.counted(backend, known)
    now, observed = gateway.clock(), known.view.observed_at
    fresh = observed is not None and now - observed <= within_s * SECOND and not ahead(observed, now=now)
    return known if fresh else None


async def live(gateway: Gateway, backend: Backend, name: str) -> KnownOrder:
    """The order, read from the vendor now and taken in. Raises WorkOrderNotFound or the vendor's trouble."""
    try:
        seen = await backend.read(name, clock=gateway.clock)
    except GatewayError as error:
        error.backend = backend.name
        if error.retryable and error.after_s is None:
            error.after_s = READ_AGAIN_S
        raise
    now, ended = gateway.clock(), backend.rules.table.ended_codes
    known = await gateway.store.look(sightings.compare(backend.name, seen, now=now, ended=ended))
    if known is not None:
        worth_it = sightings.is_worth_noting(known, seen, now=now)
        return gateway.sightings.note(backend.name, known, seen) if worth_it else known
    known = await gateway.store.write(
        orders.take_in(backend.name, seen, source="request", now=gateway.clock(), ended=ended)
    )
    if known.observation is None:
        raise WorkOrderNotFound("The work order was deleted a moment ago.", backend=backend.name)
    return known


async def fresh_or_known(gateway: Gateway, backend: Backend, name: str, *, fresh_s: float) -> KnownOrder:
    """The order as it is, or as last seen where the vendor cannot be asked now."""
    known = await last_copy(gateway, backend.name, name, within_s=fresh_s)
    if known is not None:
        return known
    try:
        return await live(gateway, backend, name)
    except VendorTrouble:
        old = await last_copy(gateway, backend.name, name, within_s=ANY_AGE_S)
        if old is None:
            raise
        return old


def shown(backend: Backend, known: KnownOrder, *, tenant: str) -> dict[str, JsonValue]:
    """A known order as the API shows it to a tenant."""
    assert known.observation is not None
    return order(known.observation, known.view, backend.rules.table, backend=backend.name, tenant=tenant)
