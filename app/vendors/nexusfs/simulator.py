"""A simulated ServiceMobility / NexusFS: the Work Order REST API over real HTTP, by the vendor's document.

Source: vendor document 003; for what it leaves open, dossier section 3 and the assumptions marked where they are made.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors import simulation
from app.vendors.nexusfs.simulator_answers import NOT_FOUND, InvalidParam, Refused
from app.vendors.nexusfs.simulator_calls import WORK_ORDERS, Calls
from app.vendors.nexusfs.simulator_orders import Orders, section_faults, shown
from app.vendors.nexusfs.simulator_reader import faults
from app.vendors.nexusfs.simulator_users import Tokens
from app.vendors.simulation import (
    AddedOrders,
    Answer,
    BadInput,
    Call,
    Clock,
    Effect,
    FaultKind,
    Journal,
    Json,
    Request,
    only,
    whole_number,
)

LOGIN = "/createjwt"
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
MOST_BYTES = 1_048_576

FAULT_KINDS: frozenset[FaultKind] = frozenset({
    "latency", "refuse", "http_500", "html", "reset", "truncate", "lost_answer", "late_effect", "token_expired", "hang",
    "strip_override",
})  # fmt: skip


class NexusFS:
    """The vendor: its HTTP side here, its calls in simulator_calls.py."""

    fault_kinds = FAULT_KINDS

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._orders = Orders()
        self._tokens = Tokens()
        self._calls = Calls(self._orders, self._tokens, journal, clock)

    def receive(self, request: Request) -> Answer | Call:
        if request.path == LOGIN:
            return self._calls.login(request) if request.method == "POST" else _not_allowed("POST")
        number = request.path.removeprefix(WORK_ORDERS)
        if number in ("", request.path) or "/" in number:
            return NOT_FOUND
        method = request.method
        if method == "POST":
            method = request.headers.get(simulation.METHOD_OVERRIDE, "POST").strip().upper()
            if method not in ("POST", "PATCH"):
                return _not_allowed(*METHODS)
        return self._calls.work_order(method, number, request) if method in METHODS else _not_allowed(*METHODS)

    def replay(self, effect: Effect) -> None:
        self._calls.apply(effect)

    def expire_tokens(self) -> None:
        self._tokens.expire_all()

    def next_number(self) -> int:
        return self._orders.next_number()

    def has_order(self, number: int) -> bool:
        return self._orders.find(str(number)) is not None

    def add_orders(self, added: AddedOrders) -> None:
        self._orders.add_plain(added)

    def record(self, number: str) -> dict[str, Json] | None:
        record = shown(self._orders.find(number))
        return record if isinstance(record, dict) else None

    def on_screen(self, action: str, number: str, body: Mapping[str, Json]) -> None:
        """`cancel`, `status {"OrderStatus"}` or `edit {member: value}`: a dispatcher in the NexusFS web application."""
        match action:
            case "cancel":
                only(body)
                self._cancel(number)
            case "status":
                only(body, "OrderStatus")
                if "OrderStatus" not in body:
                    raise BadInput("OrderStatus", "is missing")
                self._set("status_set_by_client", number, body)
            case "edit":
                if not body:
                    raise BadInput("body", "must hold the members to set")
                self._set("edited_by_client", number, body)
            case _:
                raise BadInput("action", "must be cancel, status or edit", status=404)

    def change_settings(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """`token_life_s` for tokens given from now on; `absent_status`, what an order that is not there answers."""
        only(body, "token_life_s", "absent_status")
        life = simulation.number(body, "token_life_s", most=10 * 365 * 86_400)
        absent = whole_number(body, "absent_status", least=404, most=410)
        if absent not in (None, 404, 410):
            raise BadInput("absent_status", "must be 404 or 410")
        if life is not None:
            self._tokens.life_s = life
        if absent is not None:
            self._calls.absent_status = absent
        return {"token_life_s": self._tokens.life_s, "absent_status": self._calls.absent_status}

    def _cancel(self, number: str) -> None:
        """Deleting is how this vendor cancels (dossier 3.4)."""
        record = self._orders.find(number)
        if record is None:
            raise BadInput("number", f"{number} is no order of this vendor", status=404)
        self._calls.remove("cancelled_by_client", number, record)

    def _set(self, kind: str, number: str, body: Mapping[str, Json]) -> None:
        if "OrderNum" in body:
            raise BadInput("OrderNum", "cannot be changed")
        wrong: list[InvalidParam] = [*faults(dict(body))] or [*section_faults(body)]
        if wrong:
            raise BadInput(wrong[0].path, wrong[0].reason)
        self._calls.make(kind, number, body)


create_simulator = simulation.factory(NexusFS, most_bytes=MOST_BYTES)


def _not_allowed(*methods: str) -> Answer:
    allow = ("allow", ", ".join(methods))
    return Refused(405, "This method is not allowed on this URL.", headers=(allow,)).answer()
