"""A simulated Unit4 ERPx: the Work Orders API v1 and its identity service, by the vendor's document.

Sources: vendor document 002; for what it leaves open, dossier section 2, and what is assumed there. It is not
idempotent: a repeated POST without a number makes another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from app.vendors import simulation
from app.vendors.simulation import (
    MEANING,
    AddedOrders,
    Answer,
    Call,
    Clock,
    Effect,
    FaultKind,
    Journal,
    Json,
    Request,
)
from app.vendors.unit4_erpx import simulator_answers as text
from app.vendors.unit4_erpx.simulator_calls import Calls
from app.vendors.unit4_erpx.simulator_changes import apply
from app.vendors.unit4_erpx.simulator_limits import Quota
from app.vendors.unit4_erpx.simulator_orders import DEFAULT_COMPANY, Orders, named
from app.vendors.unit4_erpx.simulator_screens import on_screen
from app.vendors.unit4_erpx.simulator_settings import Settings
from app.vendors.unit4_erpx.simulator_users import Tokens

TOKEN_PATH = "/identity/connect/token"
PATHS = ("/v1/work-orders", "/v1/projects/work-orders")
"""The document's base URL, and the one of its GET and DELETE samples: both work."""
MOST_BYTES = 5 * 1_048_576

FAULT_KINDS: frozenset[FaultKind] = frozenset(MEANING) - {"strip_override"}


class Unit4Erpx:
    """The vendor: its HTTP side here, its calls in simulator_calls.py."""

    fault_kinds = FAULT_KINDS

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._clock = clock
        self._orders = Orders()
        self._tokens = Tokens()
        self._quota = Quota()
        self._calls = Calls(self._orders, self._tokens, journal, clock)
        self._settings = Settings(calls=self._calls, tokens=self._tokens, quota=self._quota)

    def receive(self, request: Request) -> Answer | Call:
        if request.path == TOKEN_PATH:
            return self._login(request)
        number = _number(request.path)
        if number is None:
            return text.NO_ROUTE
        wait_s = self._quota.take(self._clock())
        call = text.too_many(wait_s) if wait_s else self._call(request, number)
        return self._dressed(call)

    def replay(self, effect: Effect) -> None:
        apply(effect, self._orders)

    def expire_tokens(self) -> None:
        self._tokens.expire_all()

    def next_number(self) -> int:
        return self._orders.next_number()

    def has_order(self, number: int) -> bool:
        return self._orders.find(DEFAULT_COMPANY, str(number)) is not None

    def add_orders(self, added: AddedOrders) -> None:
        self._orders.add_plain(added)

    def record(self, number: str) -> dict[str, Json] | None:
        return self._orders.find(*named(number))

    def on_screen(self, action: str, number: str, body: Mapping[str, Json]) -> None:
        on_screen(self._calls, self._orders, action, *named(number), body)

    def change_settings(self, body: Mapping[str, Json]) -> dict[str, Json]:
        return self._settings.change(body)

    def _login(self, request: Request) -> Answer | Call:
        if request.method != "POST":
            return text.not_allowed("POST")
        return Call(
            on="login",
            order=None,
            run=lambda: self._tokens.give(request, self._clock()),
            refuse=lambda: text.INVALID_CLIENT,
            crash=lambda: text.INTERNAL,
            throttle=text.too_many,
        )

    def _call(self, request: Request, number: str) -> Answer | Call:
        """GET_003, DEL_002: without a number, only POST is a method of the path."""
        company = parse_qs(request.query).get("companyId", [DEFAULT_COMPANY])[-1]
        match request.method, number:
            case "POST", "":
                return self._calls.create(request)
            case _, "":
                return text.not_allowed("POST")
            case "GET", _:
                return self._calls.read(request, company, number)
            case "PATCH", _:
                return self._calls.patch(request, company, number)
            case "DELETE", _:
                return self._calls.close(request, company, number)
        return text.not_allowed("GET", "PATCH", "DELETE")

    def _dressed(self, call: Answer | Call) -> Answer | Call:
        """With the headers that every answer of the API has."""
        headers = (("X-U4-RemainingLimit", str(self._quota.remaining())), *self._settings.headers())

        def dressed(answer: Answer) -> Answer:
            return replace(answer, headers=(*answer.headers, *headers))

        if isinstance(call, Answer):
            return dressed(call)
        return replace(
            call,
            run=lambda: dressed(call.run()),
            refuse=lambda: dressed(call.refuse()),
            crash=lambda: dressed(call.crash()),
            throttle=lambda seconds: dressed(call.throttle(seconds)),
        )


create_simulator = simulation.factory(Unit4Erpx, most_bytes=MOST_BYTES)


def _number(path: str) -> str | None:
    """The work order's number in the path, "" where it is missing; None for a path that the API does not have."""
    for start in PATHS:
        if path.rstrip("/") == start:
            return ""
        number = path.removeprefix(f"{start}/")
        if number != path and "/" not in number.rstrip("/"):
            return number.rstrip("/")
    return None
