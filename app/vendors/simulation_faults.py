"""The faults that a simulated vendor is told to show, and which call meets which."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from app.vendors.simulation_messages import BadInput, Json, On, number, only, whole_number

FaultKind = Literal[
    "latency",
    "refuse",
    "http_500",
    "html",
    "reset",
    "truncate",
    "lost_answer",
    "late_effect",
    "token_expired",
    "hang",
    "strip_override",
    "rate_limited",
]

MEANING: dict[FaultKind, str] = {
    "latency":        "waits delay_s (default 1), then effect and answer as usual, even if the caller has gone",
    "refuse":         "no effect; the vendor's own business refusal",
    "http_500":       "no effect; the vendor's own HTTP 500",
    "html":           "no effect; HTTP 502 with a proxy's HTML page",
    "reset":          "no effect; the connection is reset (TCP RST)",
    "truncate":       "effect made; the answer breaks off in the middle of its body",
    "lost_answer":    "effect made; the connection is closed without an answer",
    "late_effect":    "the connection is closed without an answer; the call runs delay_s (default 1) later",
    "token_expired":  "every token that was given out is invalid from now on; then the call as usual",
    "hang":           "no effect and no answer until the caller gives up, or delay_s (default 60) have passed",
    "strip_override": "the method-override header is taken off the request, as some networks do",
    "rate_limited":   "no effect; HTTP 429 with Retry-After: delay_s (default 1), in whole seconds",
}  # fmt: skip

DEFAULT_DELAY_S: dict[FaultKind, float] = {"latency": 1, "late_effect": 1, "hang": 60, "rate_limited": 1}

LONGEST_DELAY_S = 600


@dataclass(slots=True)
class Fault:
    """`left` calls more, or all until it is deleted; of those a share where `rate` is set, of one order where `order` is."""

    kind: FaultKind
    on: On
    order: str | None
    delay_s: float
    left: int | None
    rate: float | None

    def as_json(self) -> dict[str, Json]:
        return {
            "kind": self.kind,
            "on": self.on,
            "order": self.order,
            "delay_s": self.delay_s,
            "count": self.left,
            "rate": self.rate,
            "meaning": MEANING[self.kind],
        }


class FaultRegister:
    """Faults in the order they were put in: of those that match a call, the first is what the call meets."""

    def __init__(self, supported: frozenset[FaultKind], dice: random.Random) -> None:
        self._supported = supported
        self._dice = dice
        self._faults: list[Fault] = []

    def add(self, body: Mapping[str, Json]) -> Fault:
        """Takes `{"kind", "on", "count", "order", "delay_s", "rate"}`; raises BadInput."""
        only(body, "kind", "on", "count", "order", "delay_s", "rate")
        kind = self._kind(body.get("kind"))
        on = _on(body.get("on"))
        rate = number(body, "rate", most=1)
        count = whole_number(body, "count", least=1, most=1_000_000)
        if rate == 0 and count is not None:
            rate = None  # one who sends every member says by 0 that there is none
        if rate == 0:
            raise BadInput("rate", "must be above 0; DELETE /_sim/faults takes faults away")
        delay = number(body, "delay_s", most=LONGEST_DELAY_S)
        fault = Fault(
            kind=kind,
            on=on,
            order=_order(body.get("order"), on),
            delay_s=DEFAULT_DELAY_S.get(kind, 0) if delay is None else delay,
            left=1 if rate is None and count is None else count,
            rate=rate,
        )
        self._faults.append(fault)
        return fault

    def take(self, on: On, order: str | None) -> Fault | None:
        """The fault that this call meets; a counted one is used up by every call that might have met it."""
        for fault in tuple(self._faults):
            if fault.on != on or (fault.order is not None and fault.order != order):
                continue
            if fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self._faults.remove(fault)
            if fault.rate is None or self._dice.random() < fault.rate:
                return fault
        return None

    def clear(self) -> int:
        removed = len(self._faults)
        self._faults.clear()
        return removed

    def standing(self) -> list[Fault]:
        return self._faults

    def _kind(self, value: Json) -> FaultKind:
        for kind in MEANING:
            if kind == value and kind in self._supported:
                return kind
        known = ", ".join(kind for kind in MEANING if kind in self._supported)
        missing = " (that one is not for this vendor)" if value in get_args(FaultKind) else ""
        raise BadInput("kind", f"must be one of {known}{missing}")


def _on(value: Json) -> On:
    match value:
        case None | "write":
            return "write"
        case "read":
            return "read"
        case "login":
            return "login"
    raise BadInput("on", "must be write, read or login")


def _order(value: Json, on: On) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise BadInput("order", "must be an order's number")
    if on == "login":
        raise BadInput("order", "has no meaning with on=login: a login belongs to no order")
    return str(value)
