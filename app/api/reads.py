"""Read an order: live from the vendor, or our last copy where the caller accepts one."""

from __future__ import annotations

import hashlib
import re

from app.api.gateway import READ_AGAIN_S, Gateway
from app.domain.admission import OrderView
from app.domain.errors import GatewayError, VendorTrouble
from app.domain.json import JsonObject, JsonValue
from app.domain.times import SECOND, ahead, to_micros
from app.domain.work_orders import work_order
from app.ledger import orders
from app.ledger.records import KnownOrder
from app.vendors.backends import Backend

_MAX_STALE = re.compile(r"(?:^|,)\s*max-stale\s*(?:=\s*(\d{1,9}))?\s*(?:,|$)", re.IGNORECASE)
ANY_AGE_S = 10**9


def accepted_age_s(cache_control: str | None) -> int | None:
    """How old our copy may be for this caller: `Cache-Control: max-stale=N`, without N any age; None asks for a live read."""
    found = _MAX_STALE.search(cache_control or "")
    if found is None:
        return None
    return int(found[1]) if found[1] else ANY_AGE_S


async def last_copy(gateway: Gateway, backend: str, name: str, *, within_s: float) -> KnownOrder | None:
    """The order as last seen, if that is recent enough."""
    known = await gateway.store.read(orders.find(backend, name))
    if known is None or known.view.observed_at is None:
        return None
    now, seen_at = gateway.clock(), known.view.observed_at
    return known if now - seen_at <= within_s * SECOND and not ahead(seen_at, now=now) else None


async def live(gateway: Gateway, backend: Backend, name: str) -> KnownOrder:
    """The order, read from the vendor now and taken in. Raises WorkOrderNotFound or the vendor's trouble."""
    try:
        seen = await backend.read(name, clock=gateway.clock)
    except GatewayError as error:
        error.backend = backend.name
        if error.retryable and error.after_s is None:
            error.after_s = READ_AGAIN_S
        raise
    known = await gateway.store.read(orders.find(backend.name, seen.key.number))
    if known is None or not _same_and_recent(known, etag=orders.etag_of(seen), at=to_micros(seen.as_of)):
        await gateway.store.write(orders.observe(backend.name, [seen], source="request", now=gateway.clock()))
        known = await gateway.store.read(orders.find(backend.name, seen.key.number))
        assert known is not None
    return known


def _same_and_recent(known: KnownOrder, *, etag: str, at: int) -> bool:
    """Whether writing the observation down would say nothing new: it spares the disk most live reads."""
    observed = known.view.observed_at
    return known.etag == etag and observed is not None and at - observed < SECOND


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
    row = backend.rules.table.by_code.get(known.view.code or "")
    return work_order(known.observation, backend=backend.name, row=row, delivery=delivery(known.view, tenant=tenant))


def entity_tag(known: KnownOrder) -> str:
    """The order's ETag: of the vendor's record, and of the status, which a write of ours may have set since the record came."""
    return f'"{hashlib.sha256(f"{known.etag} {known.view.code}".encode()).hexdigest()[:32]}"'


def names_tag(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match names this tag; it compares weakly (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def delivery(view: OrderView, *, tenant: str) -> JsonObject:
    """How far the vendor's system is behind what was accepted for the order; another tenant's hold is not named."""
    blocked = view.blocked_by if view.held and view.blocked_tenant == tenant else None
    state = "held" if view.held else "pending" if view.open_count else "settled"
    return {
        "state": state,
        "pending": view.open_count,
        "hold_id": blocked if blocked is not None and blocked.startswith("hold_") else None,
    }
