"""A simulated OverIT NextGen FSM: the work order PATCH of its integration APIs, by the vendor's document.

Source: vendor document 004; for what it leaves open (reading, cancelling, tokens, error codes) dossier section 4 and
what we assume. A PATCH is a sequence of private calls and no transaction; it is not idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors import simulation
from app.vendors.overit.simulator_calls import Calls, refused_answer
from app.vendors.overit.simulator_elaboration import Settings
from app.vendors.overit.simulator_orders import Orders
from app.vendors.overit.simulator_problems import Refused
from app.vendors.overit.simulator_records import CANCELLED
from app.vendors.overit.simulator_steps import CANCELLABLE, STATUSES
from app.vendors.simulation import (
    MEANING,
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

FAIL_STEPS = (9, 11, 12, 13)
MOST_BYTES = 1_048_576

FAULT_KINDS: frozenset[FaultKind] = frozenset(MEANING) - {"strip_override"}


class OverIT:
    """The vendor: what the shared simulator asks of it here, its calls in simulator_calls.py."""

    fault_kinds = FAULT_KINDS

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._orders = Orders()
        self._calls = Calls(self._orders, journal, clock)

    def receive(self, request: Request) -> Answer | Call:
        try:
            return self._calls.prepare(request)
        except Refused as refused:
            return refused_answer(refused, request)

    def replay(self, effect: Effect) -> None:
        self._orders.apply(effect)

    def expire_tokens(self) -> None:
        """The token is renewed by hand and keeps its text here: only the call that meets the fault finds it expired."""
        self._calls.expired = True

    def next_number(self) -> int:
        return self._orders.next_id()

    def has_order(self, number: int) -> bool:
        return self._orders.has_id(number)

    def add_orders(self, added: AddedOrders) -> None:
        self._orders.add_plain(added)

    def record(self, number: str) -> dict[str, Json] | None:
        order = self._orders.find(number)
        return None if order is None else order.record()

    def on_screen(self, action: str, number: str, body: Mapping[str, Json]) -> None:
        """`cancel`, by the vendor's own rule; or `status {"statusCode"}`: any status of the vendor."""
        order = self._orders.find(number)
        if order is None:
            raise BadInput("number", f"{number} is no order of this vendor", status=404)
        match action:
            case "cancel":
                only(body)
                if order.status not in CANCELLABLE:
                    raise BadInput("number", f"cannot be cancelled in status {order.status}", status=409)
                self._calls.write(order, "cancelled_by_client", {"statusCode": CANCELLED})
            case "status":
                only(body, "statusCode")
                status = body.get("statusCode")
                if not isinstance(status, str) or status not in STATUSES:
                    raise BadInput("statusCode", f"must be one of {', '.join(sorted(STATUSES))}")
                self._calls.write(order, "status_set_by_client", {"statusCode": status})
            case _:
                raise BadInput("action", "must be cancel or status", status=404)

    def change_settings(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """Checks everything before it changes anything; `fail_step` null takes the failure back."""
        only(body, "double_location", "success", "fail_step")
        standing = self._calls.settings
        double_location = body.get("double_location")
        if double_location is None:
            double_location = standing.double_location
        if not isinstance(double_location, bool):
            raise BadInput("double_location", "must be true or false")
        success = whole_number(body, "success", least=200, most=204) or standing.success
        if success not in (200, 204):
            raise BadInput("success", "must be 200 or 204")
        fail_step = whole_number({"fail_step": standing.fail_step, **body}, "fail_step", least=9, most=13)
        if fail_step not in (None, *FAIL_STEPS):
            raise BadInput("fail_step", f"must be null or one of {', '.join(map(str, FAIL_STEPS))}")
        self._calls.settings = Settings(double_location=double_location, success=success, fail_step=fail_step)
        return {"double_location": double_location, "success": success, "fail_step": fail_step}


create_simulator = simulation.factory(OverIT, most_bytes=MOST_BYTES)
