"""Finds one order in NextGen FSM. How it answers a read is assumed, so only an empty, whole answer means "no such order"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.errors import WorkOrderNotFound
from app.domain.json import JsonObject, JsonValue
from app.domain.work_orders import Observation
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import lost, read_error, transport_error, unreadable
from app.vendors.overit.answers import Document, Heard
from app.vendors.overit.outcomes import meaning
from app.vendors.overit.settings import OverItSettings
from app.vendors.overit.steps import READ
from app.vendors.overit.tables import EXTERNAL
from app.vendors.overit.translate import FaultyOrder, from_record
from app.vendors.overit.wire import Wire, read_request

NO_ORDER = "NextGen FSM shows us no such order. If it is there, this token's user may not be allowed to see it."


class Orders:
    """`read` raises WorkOrderNotFound, BackendMisconfigured, BackendUnavailable or BackendTimeout."""

    def __init__(self, wire: Wire, settings: OverItSettings) -> None:
        self._wire = wire
        self._settings = settings

    async def read(self, number: str, *, ends: float) -> Observation:
        """The order with this code, or, after `ext:`, with this external code in our external system."""
        name = number.removeprefix(EXTERNAL)
        if not name.strip():
            raise WorkOrderNotFound("An order's code is never blank.")
        try:
            heard = await self._wire.ask(read_request(self._settings, number), ends=ends)
        except (NotSent, Unanswered) as fault:
            raise transport_error(fault) from fault
        rows = _content(heard)
        if not rows:
            raise WorkOrderNotFound(NO_ORDER, vendor=heard.said)
        return _only(rows, name, "externalCode" if number.startswith(EXTERNAL) else "code", heard.asked_at)


def _content(heard: Heard) -> list[JsonValue]:
    """The orders of the answer's one page."""
    if heard.status != 200 or not isinstance(heard.reading, Document):
        raise read_error(meaning(heard, READ), heard.said, heard.retry_after_s)
    members = heard.reading.members
    rows, page = members.get("content"), members.get("_page")
    if not isinstance(rows, list):
        raise lost("The answer to a read holds no list of orders.", heard.said)
    if isinstance(page, Mapping) and page.get("hasMore") not in (None, False):
        raise unreadable("NextGen FSM answered a read of one order with more than a page.")
    return rows


def _only(rows: list[JsonValue], name: str, member: str, as_of: datetime) -> Observation:
    """The one order that was asked for. A read that does not heed its question is no answer."""
    found: list[JsonObject] = [row for row in rows if isinstance(row, Mapping) and _is(row.get(member), name)]
    if len(rows) != 1 or len(found) != 1:
        raise unreadable("NextGen FSM answered with other orders than the one that was asked for.")
    try:
        return from_record(found[0], as_of=as_of)
    except FaultyOrder as fault:
        raise unreadable(f"NextGen FSM sent an order that cannot be read: {fault}.") from fault


def _is(value: JsonValue, name: str) -> bool:
    return isinstance(value, str) and value.casefold() == name.casefold()
