"""A canned Civica Cx, `python -m benchmarks.vendors.cx --port P --orders N --delay-ms D`: the simulator's own words, kept ready.

It keeps each order's status, so that lists and reads agree with what was sent. Unlike Cx it takes the same status twice, and
counts that (`repeats`): whoever is measured must not send it. Its token lives for a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from app.vendors.civica_cx.simulator_calls import Calls
from app.vendors.civica_cx.simulator_contract import CONTRACTOR_SERVICE, TOKEN_SERVICE, Operation, Service
from app.vendors.civica_cx.simulator_metadata import page
from app.vendors.civica_cx.simulator_orders import ISSUED, Orders
from app.vendors.civica_cx.simulator_users import Tokens
from app.vendors.civica_cx.simulator_workflow import CODES
from app.vendors.civica_cx.simulator_writer import INVALID_TOKEN, SoapFault, element, members_xml, result
from app.vendors.simulation_effects import AddedOrders, Journal
from app.vendors.simulation_messages import Answer
from benchmarks.vendors.server import NOT_FOUND, Floor, Said, answer, arguments, head, run

FIRST = 300_000
"""The number of the first order; the others follow."""
TOKEN = b"canned0token00"
LIFE = timedelta(days=1)
CUT = b"{cut}"
SOAP = "text/xml; charset=utf-8"
BETWEEN = b"</a:RepairWorkOrder><a:RepairWorkOrder>"
AT_ONCE = 100
"""So many orders make a piece of a list."""
FROM_HERE, TO_HERE = b"<a:RepairMasterStatusCode>", b"<a:TargetDate>"
"""The members that a status update changes stand between these two, side by side."""
ORDER = next(one for one in CONTRACTOR_SERVICE.contracts.values() if one.name == "RepairWorkOrder")


class CannedCx:
    """The vendor: `take` is called with each request."""

    def __init__(self, floor: Floor, *, orders: int, port: int) -> None:
        self._floor = floor
        self._port = port
        now = datetime.now(UTC)
        plain = Orders()
        plain.add_plain(AddedOrders(first=FIRST, count=orders, at=now))
        calls = Calls(plain, Tokens(), Journal(None), lambda: now)
        self._cut_orders = [
            cut_order(members_xml(ORDER, calls.record(order)).encode()) for order in plain if order.number >= FIRST
        ]
        self._codes = [b"%d" % ISSUED] * orders
        self._orders = [before + status + after for before, status, after in self._cut_orders]
        operations = [*TOKEN_SERVICE.operations.values(), *CONTRACTOR_SERVICE.operations.values()]
        named = {operation.name: operation for operation in operations}
        self._login = soap(result(named["GetUserWSToken"], own=token_members(now)))
        self._applied = soap(result(named["UpdateRepairWorksOrderStatus"]))
        self._no_order = soap(result(named["UpdateRepairWorksOrderStatus"], refused="Works order could not be found."))
        self._no_details = soap(
            result(
                named["GetRepairWorkOrderDetails"],
                refused="Works order could not be found.",
                own=element("WorkOrder", None),
            )
        )
        self._no_token = soap(SoapFault(*INVALID_TOKEN).answer(), "500 Internal Server Error")
        self._details = cut(named["GetRepairWorkOrderDetails"], element("WorkOrder", [CUT.decode()]))
        self._list = cut(
            named["GetRepairWorkOrders"],
            element("WorkOrders", [element("RepairWorkOrder", [CUT.decode()])]),
        )

    def take(self, head: bytes, body: bytes) -> tuple[Said, bool]:
        """Which call it is, the SOAPAction says."""
        if head.startswith(b"GET "):
            return self._page(head), False
        if b"UpdateRepairWorksOrderStatus" in head:
            return self._update(body), True
        if b"GetUserWSToken" in head:
            self._floor.counts["logins"] += 1
            return self._login, False
        if TOKEN not in body:
            self._floor.counts["token_refused"] += 1
            return self._no_token, False
        if b"GetRepairWorkOrderDetails" in head:
            return self._read(body), True
        if b"GetRepairWorkOrders" in head:
            self._floor.counts["lists"] += 1
            return self._all(list(self._orders)), False
        return NOT_FOUND, False

    def _all(self, orders: Sequence[bytes]) -> Iterator[bytes]:
        """The list in pieces: a vendor's system takes updates while it sends one."""
        before, after = self._list
        length = len(before) + sum(map(len, orders)) + len(BETWEEN) * (len(orders) - 1) + len(after)
        yield head("200 OK", SOAP, length) + before
        for first in range(0, len(orders), AT_ONCE):
            yield (BETWEEN if first else b"") + BETWEEN.join(orders[first : first + AT_ONCE])
        yield after

    def _update(self, body: bytes) -> bytes:
        counts = self._floor.counts
        if TOKEN not in body:
            counts["token_refused"] += 1
            return self._no_token
        number, code, at = inner(body, b"WorkOrderId"), inner(body, b"StatusCodeId"), inner(body, b"StatusDate")
        place = int(number or 0) - FIRST
        if not 0 <= place < len(self._codes) or code not in STATUS:
            counts["refused"] += 1
            return self._no_order
        if self._codes[place] == code:
            counts["repeats"] += 1
        counts["updates"] += 1
        self._codes[place] = code
        before, _, after = self._cut_orders[place]
        self._orders[place] = b"".join((before, STATUS[code], at, STATUS_ENDS, after))
        return self._applied

    def _read(self, body: bytes) -> bytes:
        self._floor.counts["reads"] += 1
        digits = inner(body, b"WorkOrderReference").removeprefix(b"WO")
        place = int(digits) - FIRST if digits.isdigit() else -1
        if not 0 <= place < len(self._orders):
            return self._no_details
        before, after = self._details
        return text_xml(before + self._orders[place] + after)

    def _page(self, head: bytes) -> bytes:
        """The WSDL and its schemas, for clients that load them from here."""
        path, _, query = head[4 : head.find(b" HTTP/")].decode().partition("?")
        service = SERVICES.get(path.lower().rpartition("/")[2])
        if service is None:
            return NOT_FOUND
        shown = page(service, query, f"http://127.0.0.1:{self._port}{path}")
        return answer(f"{shown.status} OK", shown.media_type, shown.body) if shown.status == 200 else NOT_FOUND


SERVICES: Mapping[str, Service] = {service.name.lower(): service for service in (TOKEN_SERVICE, CONTRACTOR_SERVICE)}
STATUS_ENDS = b'</a:StatusDate><a:StatusReasonId i:nil="true"/>'


def status_begins(code_id: int) -> bytes:
    """What an order shows of its status, up to the date."""
    code = CODES[code_id]
    return (
        f"<a:RepairMasterStatusCode>{code.master}</a:RepairMasterStatusCode>"
        f"<a:RepairStatusCode>{code.name}</a:RepairStatusCode>"
        f"<a:RepairStatusCodeId>{code.id}</a:RepairStatusCodeId><a:StatusDate>"
    ).encode()


STATUS: Mapping[bytes, bytes] = {b"%d" % code: status_begins(code) for code in CODES if code != CODES[ISSUED].id}


def cut_order(xml: bytes) -> tuple[bytes, bytes, bytes]:
    """A record in three: what stands before its status, the status, and what stands after it."""
    begins, ends = xml.index(FROM_HERE), xml.index(TO_HERE)
    return xml[:begins], xml[begins:ends], xml[ends:]


def token_members(now: datetime) -> str:
    return element("Token", [TOKEN.decode()]) + element("TokenExpiry", [(now + LIFE).isoformat(timespec="seconds")])


def inner(body: bytes, name: bytes) -> bytes:
    """The text of the first element of this local name, whatever its prefix and attributes; empty where there is none."""
    at = body.find(name)
    begins = body.find(b">", at) + 1
    return body[begins : body.find(b"<", begins)] if at > 0 else b""


def text_xml(body: bytes) -> bytes:
    return answer("200 OK", SOAP, body)


def soap(said: Answer, status: str = "200 OK") -> bytes:
    """The simulator's answer as a whole HTTP answer."""
    return answer(status, said.media_type, said.body)


def cut(operation: Operation, own: str) -> tuple[bytes, bytes]:
    """An answer of this operation, cut where its order or orders go."""
    before, _, after = result(operation, own=own).body.partition(CUT)
    return before, after


def main() -> None:
    given = arguments(__doc__ or "").parse_args()
    floor = Floor(delay_s=given.delay_ms / 1000)
    run(CannedCx(floor, orders=given.orders, port=given.port), floor, given.port)


if __name__ == "__main__":
    main()
