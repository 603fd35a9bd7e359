"""The story of an order: as a list, and as one signed document for a dispute."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import Query, Request, Response

from app.api.auth import Authority, Caller, requires
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import problems
from app.api.event_schemas import EVIDENCE_ANSWER, Timeline
from app.api.gateway import Gateway, GatewayDep
from app.api.pages import Page
from app.api.parameters import BackendName, OrderNumber
from app.api.problems import request_id
from app.api.reads import live
from app.api.requests import strict_router
from app.api.signatures import has_public_half, signed
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    CapabilityMissing,
    WorkOrderNotFound,
)
from app.domain.evidence import ASK, KEYS, document
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Capability
from app.domain.timeline import Ended, Entry, Place, entry_json
from app.domain.times import rfc3339_micros
from app.ledger import orders
from app.ledger.records import KnownOrder
from app.ledger.rows import compact
from app.ledger.stories import BEGINNING, story
from app.redaction import Redactor
from app.vendors.backends import Backend

JOSE_JSON = "application/jose+json"
READ_AT_ONCE = 500
MOST = 10_000
"""Entries of one document; what goes beyond is said not to be in it."""
Format = Annotated[
    Literal["json", "evidence"],
    Query(description="`evidence`: the whole story as one signed document, whatever `limit` and `cursor` say."),
]

router = strict_router(tags=["events"])


@router.get(
    "/v1/backends/{backend}/work-orders/{number}/timeline",
    operation_id="getTimeline",
    summary="The story of an order",
    response_model=Timeline,
    response_model_exclude_unset=True,
    responses={
        200: EVIDENCE_ANSWER,
        **problems(WorkOrderNotFound, CapabilityMissing, BackendMisconfigured, BackendUnavailable, BackendTimeout),
    },
)
async def get_timeline(
    request: Request,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    number: OrderNumber,
    format: Format = "json",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Timeline | Response:
    """Your own writes with every attempt and answer, what the vendor's system showed, and the holds, in order of time.

    `?format=evidence` exports all of it as one signed document (a JWS) that others can verify without us.
    """
    chosen = gateway.backend(backend)
    known = await gateway.store.look(orders.find(backend, number))
    if known is None:
        chosen.require(Capability.read)
        known = await live(gateway, chosen, number)
    if format == "evidence":
        return await _evidence(gateway, request, caller, chosen, known)
    page = Page(gateway, caller, f"timeline {backend} {known.view.number}", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        story(
            backend,
            known.view.number,
            tenant=caller.tenant,
            after=BEGINNING if after is None else _place(after),
            most=limit + 1,
        )
    )
    items, onward = page.cut(found, lambda entry: _sort_key(entry.place))
    return Timeline.model_validate({"items": [_shown(one, chosen) for one in items], "next": onward})


async def _evidence(
    gateway: Gateway, request: Request, caller: Caller, backend: Backend, known: KnownOrder
) -> Response:
    authority: Authority = request.app.state.authority
    entries, complete = await _whole_story(gateway, caller, backend, known.view.number)
    keys, url = authority.keys, gateway.public_url
    how: dict[str, JsonValue] = {"how": ASK, "alg": keys.alg, "kid": keys.kid}
    if has_public_half(keys):
        how = {"how": KEYS, "jwks_url": f"{url}/.well-known/jwks.json", "alg": keys.alg, "kid": keys.kid}
    told = document(
        issuer={"name": authority.config.issuer, "url": url},
        exported={
            "at": rfc3339_micros(gateway.clock()),
            "by_client": caller.client_id,
            "tenant": caller.tenant,
            "request_id": request_id(request.scope),
        },
        work_order={
            "backend": backend.name,
            "backend_title": backend.title,
            "vendor": backend.vendor.slug,
            "number": known.view.number,
            "external_reference": known.view.reference,
            "vendor_ids": dict(known.view.vendor_ids),
            "last_seen_at": rfc3339_micros(known.view.observed_at),
        },
        entries=entries,
        complete=complete,
        verification=how,
    )
    name = re.sub(r"[^A-Za-z0-9._-]", "_", f"timeline-{backend.name}-{known.view.number}")
    return Response(
        compact(signed(told, keys)),
        media_type=JOSE_JSON,
        headers={"Content-Disposition": f'attachment; filename="{name}.jws.json"', "Cache-Control": "no-store"},
    )


async def _whole_story(
    gateway: Gateway, caller: Caller, backend: Backend, number: str
) -> tuple[list[JsonObject], bool]:
    entries: list[JsonObject] = []
    after = BEGINNING
    while len(entries) <= MOST:  # whether there is one more is known once it is read
        found = await gateway.store.read(
            story(backend.name, number, tenant=caller.tenant, after=after, most=READ_AT_ONCE)
        )
        entries += [_shown(one, backend) for one in found]
        if len(found) < READ_AT_ONCE:
            break
        after = found[-1].place
    return entries[:MOST], len(entries) <= MOST


def _shown(entry: Entry, backend: Backend) -> dict[str, JsonValue]:
    """An entry; the vendor's own words may hold what was never ours to show."""
    if isinstance(entry.what, Ended) and entry.what.vendor_message is not None:
        message = Redactor().text(entry.what.vendor_message)
        shown = entry_json(entry, backend.rules.table)
        words = shown["vendor"]
        assert isinstance(words, dict)
        return {**shown, "vendor": {**words, "message": message}}
    return entry_json(entry, backend.rules.table)


def _sort_key(place: Place) -> list[str | int | None]:
    return [place.at, place.rank, place.key, place.n]


def _place(sort_key: tuple[str | int | None, ...]) -> Place:
    at, rank, key, n = sort_key
    assert isinstance(at, int)
    assert isinstance(rank, int)
    assert isinstance(key, str)
    assert isinstance(n, int)
    return Place(at=at, rank=rank, key=key, n=n)
