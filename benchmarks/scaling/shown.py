"""A work order as Cx's list shows it, in the simulator's own words, and as the gateway reads it there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from lxml import etree

from app.domain.glimpses import Glimpse
from app.domain.times import from_micros
from app.domain.work_orders import Observation, OrderKey
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.simulator_calls import Calls
from app.vendors.civica_cx.simulator_orders import Orders
from app.vendors.civica_cx.simulator_users import Tokens
from app.vendors.civica_cx.simulator_writer import members_xml
from app.vendors.civica_cx.translate import OrderReader, to_cx_time
from app.vendors.simulation_effects import AddedOrders, Journal
from benchmarks.vendors.cx import ORDER, STATUS_ENDS, cut_order, status_begins

FIRST_NUMBER = 100_000
AT = datetime(2026, 11, 18, 8, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
ORDER_BEGINS = b'<a:RepairWorkOrder xmlns:a="urn:cx" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
ORDER_ENDS = b"</a:RepairWorkOrder>"


def _template() -> tuple[bytes, bytes, bytes]:
    plain = Orders()
    plain.add_plain(AddedOrders(first=FIRST_NUMBER, count=1, at=AT))
    calls = Calls(plain, Tokens(), Journal(None), lambda: AT)
    (order,) = [one for one in plain if one.number == FIRST_NUMBER]
    return cut_order(members_xml(ORDER, calls.record(order)).encode())


BEFORE, ISSUED, AFTER = _template()
_read = OrderReader(Names(), ZONE)


def as_issued() -> Observation:
    """Before any update."""
    return _read(etree.fromstring(ORDER_BEGINS + BEFORE + ISSUED + AFTER + ORDER_ENDS), as_of=AT)


def as_updated(key: OrderKey, *, code: str, since: int, as_of: int) -> Glimpse:
    """After an update that gave it this status at that time; parsed and read, as every order whose bytes are new, when asked."""
    status = status_begins(int(code)) + to_cx_time(from_micros(since), ZONE).encode() + STATUS_ENDS
    xml = ORDER_BEGINS + BEFORE + status + AFTER + ORDER_ENDS
    mark = sha256(xml).hexdigest()[:32]

    def read() -> Observation:
        return replace(_read(etree.fromstring(xml), as_of=from_micros(as_of), mark=mark), key=key)

    return Glimpse(number=key.number, mark=mark, as_of=from_micros(as_of), read=read)
