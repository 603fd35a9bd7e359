"""The calls under `/_sim` that every simulator has: effects, orders, faults, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qs

from app.vendors.simulation_effects import AddedOrders, Effect, Journal
from app.vendors.simulation_faults import FaultKind, FaultRegister
from app.vendors.simulation_messages import (
    Answer,
    BadInput,
    Call,
    Clock,
    Json,
    Request,
    json_answer,
    only,
    whole_number,
)

MOST_ORDERS = 200_000


class SimulatedVendor(Protocol):
    """What one vendor's simulator brings; everything else is shared."""

    fault_kinds: frozenset[FaultKind]

    def receive(self, request: Request) -> Answer | Call:
        """Understands one request. An Answer needed no call (a page, a malformed request) and meets no fault."""

    def replay(self, effect: Effect) -> None:
        """Brings an order to where this stored effect left it, without recording anything."""

    def expire_tokens(self) -> None:
        """From now on no token given out so far is valid."""

    def next_number(self) -> int:
        """A number above every order's."""

    def has_order(self, number: int) -> bool: ...

    def add_orders(self, added: AddedOrders) -> None:
        """Adds plain open orders; none of the numbers is taken."""

    def record(self, number: str) -> dict[str, Json] | None:
        """The vendor's own record of the order, as JSON; None where there is none."""

    def on_screen(self, action: str, number: str, body: Mapping[str, Json]) -> None:
        """A user of the vendor's own screens does something to an order that exists; raises BadInput."""

    def change_settings(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """Changes what is given and returns all settings; raises BadInput."""


class Control:
    """Answers the calls under `/_sim`; a caller's mistake is a 4xx `{"error", "field"}`."""

    def __init__(self, vendor: SimulatedVendor, journal: Journal, faults: FaultRegister, clock: Clock) -> None:
        self._vendor = vendor
        self._journal = journal
        self._faults = faults
        self._clock = clock

    def answer(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except BadInput as fault:
            return json_answer(fault.status, {"error": f"{fault.field} {fault}", "field": fault.field})

    def _route(self, request: Request) -> Answer:
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["effects"]:
                return self._effects(parse_qs(request.query, keep_blank_values=True))
            case "POST", ["orders"]:
                return self._add_orders(_body(request))
            case "GET", ["orders", number]:
                return json_answer(200, self._record(number))
            case "POST", ["orders", number, action]:
                before = self._record(number)
                self._vendor.on_screen(action, number, _body(request))
                return json_answer(200, self._vendor.record(number) or before)
            case "GET", ["faults"]:
                return json_answer(200, {"faults": [fault.as_json() for fault in self._faults.standing()]})
            case "POST", ["faults"]:
                return json_answer(201, self._faults.add(_body(request)).as_json())
            case "DELETE", ["faults"]:
                return json_answer(200, {"removed": self._faults.clear()})
            case "POST", ["settings"]:
                return json_answer(200, self._vendor.change_settings(_body(request)))
        raise BadInput("path", f"{request.method} {request.path} is not a call of this simulator", status=404)

    def _effects(self, query: Mapping[str, list[str]]) -> Answer:
        for name in query:
            if name != "order":
                raise BadInput(name, "is not known here; this call takes order")
        found = self._journal.effects_of(query["order"][-1]) if "order" in query else self._journal.effects()
        return json_answer(200, {"effects": [effect.as_json() for effect in found]})

    def _add_orders(self, body: Mapping[str, Json]) -> Answer:
        only(body, "count", "first")
        count = whole_number(body, "count", least=1, most=MOST_ORDERS) or 1
        first = whole_number(body, "first", least=1, most=2_000_000_000) or self._vendor.next_number()
        for number in range(first, first + count):
            if self._vendor.has_order(number):
                raise BadInput("first", f"must leave {count} free numbers: order {number} exists", status=409)
        added = AddedOrders(first=first, count=count, at=self._clock())
        self._journal.orders_added(added)
        self._vendor.add_orders(added)
        return json_answer(201, {"first": first, "last": first + count - 1, "count": count})

    def _record(self, number: str) -> dict[str, Json]:
        record = self._vendor.record(number)
        if record is None:
            raise BadInput("number", f"{number} is no order of this vendor", status=404)
        return record


def _body(request: Request) -> dict[str, Json]:
    if not request.body.strip():
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as fault:
        raise BadInput("body", f"is not JSON: {fault}", status=400) from fault
    if not isinstance(body, dict):
        raise BadInput("body", "must be a JSON object", status=400)
    return body
