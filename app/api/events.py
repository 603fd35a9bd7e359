"""The change feed: what happened to orders, to be read from a cursor on, or listened to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query, Request, Response

from app.api.auth import Authority, Caller, requires
from app.api.cursors import DEFAULT_LIMIT, MAX_CURSOR, Cursors, Limit
from app.api.documented import CACHE_CONTROL, problems
from app.api.event_schemas import EventList
from app.api.event_stream import EventStream, Source
from app.api.gateway import Gateway, GatewayDep
from app.api.parameters import OfBackend, OfOrder, optional_header
from app.api.request_id import HEAD
from app.api.requests import strict_router
from app.api.streams import Feed, FeedDep
from app.domain.errors import InvalidRequest, MalformedRequest, Overloaded, RateLimited, Unauthenticated
from app.domain.events import Event, event_json
from app.domain.json import JsonValue
from app.ledger.feed import EventFilter
from app.ledger.rows import compact
from app.ledger.store import StoreUnavailable

NOW = "now"
SCOPE = "events:read"
LAST_EVENT_ID = optional_header(
    "Last-Event-ID",
    "The `id` of the last event that you have seen; an EventSource sends it by itself. It counts before `after`.",
)

After = Annotated[
    str | None,
    Query(
        max_length=MAX_CURSOR,
        description="A `next` or `cursor` that you were given: what came after it. `now`: only what is still to come. "
        "Left out: from the oldest event that is kept.",
    ),
]
AlsoAfter = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="Another name of `after`, which other lists have; give one of them."),
]
OfType = Annotated[str | None, Query(max_length=100, description="Of this type.", examples=["work_order.changed"])]

router = strict_router(tags=["events"])


@dataclass(kw_only=True)
class Reading:
    """A client's reading of the feed: what it is shown, and how far it has come."""

    gateway: Gateway
    caller: Caller
    narrowed: EventFilter
    at: int | None
    """The id of the last event that it has passed; None: not begun."""

    @property
    def cursor(self) -> str:
        return _cursor(self.gateway.cursors, self.caller, self.at or 0)

    def shown(self, event: Event) -> dict[str, JsonValue]:
        """An event as this client gets it."""
        backend = self.gateway.backends.get(event.backend)
        table = None if backend is None else backend.rules.table
        cursor = _cursor(self.gateway.cursors, self.caller, event.id)
        return {"id": f"evt_{event.id}", "cursor": cursor, **event_json(event, table)}


@router.get(
    "/v1/events",
    operation_id="listEvents",
    summary="What happened since",
    response_model=EventList,
    responses=problems(),
)
async def list_events(
    gateway: GatewayDep,
    feed: FeedDep,
    caller: Annotated[Caller, requires(SCOPE)],
    after: After = None,
    cursor: AlsoAfter = None,
    limit: Limit = DEFAULT_LIMIT,
    backend: OfBackend = None,
    work_order: OfOrder = None,
    type: OfType = None,
) -> EventList:
    """Every step of your tenant's writes, and what was seen to be different in the orders of your backends, the oldest first.

    A status that another tenant's write set is an event of yours only where a read was the first to show it, as after a `PUT`
    or a lost answer; else the order shows it, and `seq` leaves a gap.

    Keep `next` and give it as `after` next time: nothing is missed and nothing comes twice, whatever happens to us in
    between. It is yours alone, and good for the stream too.
    """
    if after is not None and cursor is not None:
        raise InvalidRequest("This is another name of `after`; give one of them.", pointer="/query/cursor")
    start, place = (after, "/query/after") if cursor is None else (cursor, "/query/cursor")
    reading = _begun(gateway, caller, start, place=place, backend=backend, work_order=work_order, type_=type)
    upto = await feed.horizon.now()
    if start == NOW:
        reading.at = upto
        return EventList.model_validate({"items": [], "next": reading.cursor})
    found, reading.at = await feed.page(reading.narrowed, after=reading.at, upto=upto, most=limit)
    return EventList.model_validate({"items": [reading.shown(one) for one in found], "next": reading.cursor})


@router.get(
    "/v1/events/stream",
    operation_id="streamEvents",
    summary="What happens now",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events, without an end. Each event's `id` is its cursor, its `data` an event as "
            "GET /v1/events shows it. A comment every 15 seconds says that we are still here.",
            "headers": {
                **CACHE_CONTROL,
                "X-Accel-Buffering": {
                    "description": "`no`: a proxy hands it on at once.",
                    "schema": {"type": "string"},
                },
            },
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'retry: 2000\n\nid: pL2x...\ndata: {"id":"evt_4711","type":"operation.applied",...}\n\n: here\n\n',
                }
            },
        },
        **problems(RateLimited),
    },
    openapi_extra={"parameters": [LAST_EVENT_ID]},
)
async def stream_events(
    request: Request,
    gateway: GatewayDep,
    feed: FeedDep,
    caller: Annotated[Caller, requires(SCOPE)],
    after: After = None,
    backend: OfBackend = None,
    work_order: OfOrder = None,
    type: OfType = None,
) -> Response:
    """The feed as server-sent events, within a second of each event.

    The stream ends when your token does, or when we stop: come back with `Last-Event-ID` (or `after`) and go on where you
    were. A client may have five streams open.
    """
    if gateway.closing.is_set():
        raise Overloaded("This gateway stops; come back.", after_s=1)
    last = request.headers.get("last-event-id")
    place = "/header/Last-Event-ID" if last else "/query/after"
    start = last or after
    reading = _begun(gateway, caller, start, place=place, backend=backend, work_order=work_order, type_=type)
    end = await feed.horizon.now()  # a database that cannot be reached is told before the stream begins
    if start == NOW:
        reading.at = end
    return EventStream(
        _source(feed, reading),
        place=feed.listening(caller.client_id),
        good=_watched(request, reading),
        closing=gateway.closing,
        head=HEAD in request.scope,
    )


def _source(feed: Feed, reading: Reading) -> Source:
    async def more() -> list[str]:
        found, reading.at = await feed.more(reading.narrowed, after=reading.at)
        return [_text(reading.shown(one)) for one in found]

    return Source(more=more, news=lambda: feed.news(beyond=reading.at))


def _text(shown: dict[str, JsonValue]) -> str:
    """One server-sent event; JSON has no line breaks of its own."""
    return f"id: {shown['cursor']}\ndata: {compact(shown)}\n\n"


def _watched(request: Request, reading: Reading) -> Callable[[], Awaitable[bool]]:
    """Looks at the caller's token and client again, and narrows the reading to what the client may see now."""
    authority: Authority = request.app.state.authority
    token = request.headers["authorization"].partition(" ")[2].strip(" ")
    asked = reading.narrowed.backends

    async def good() -> bool:
        try:
            caller = await authority.caller(token)
        except Unauthenticated:
            return False
        except StoreUnavailable:
            return True  # nothing can be read meanwhile either
        if asked is not None:
            reading.narrowed = replace(reading.narrowed, backends=asked & caller.backends)
        return SCOPE in caller.scopes

    return good


def _begun(
    gateway: Gateway,
    caller: Caller,
    after: str | None,
    *,
    place: str,
    backend: str | None,
    work_order: str | None,
    type_: str | None,
) -> Reading:
    """Raises MalformedRequest for a cursor that is not this client's; `place` is where the cursor was given."""
    at: int | None = None
    if after and after != NOW:
        try:
            (found,) = gateway.cursors.read(after, client_id=caller.client_id, route="events")
        except MalformedRequest:
            raise MalformedRequest(
                f"This is not a place in your feed; leave `{place.rpartition('/')[2]}` out to begin with the oldest event "
                "that is kept.",
                pointer=place,
            ) from None
        assert isinstance(found, int)
        at = found
    return Reading(
        gateway=gateway,
        caller=caller,
        narrowed=EventFilter(
            tenant=caller.tenant,
            backends=caller.backends if backend is None else caller.backends & {backend},
            work_order=work_order,
            type=type_,
        ),
        at=at,
    )


def _cursor(cursors: Cursors, caller: Caller, at: int) -> str:
    return cursors.make([at], client_id=caller.client_id, route="events")
