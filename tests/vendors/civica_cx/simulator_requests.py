"""Raw requests to the simulator, made from the vendor documents' envelopes and never through an adapter."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import httpx

from app.vendors.civica_cx.simulator import create_simulator
from app.vendors.simulation import Clock, Json, utc_now
from tests.in_background import in_background

Text: TypeAlias = str | int | None
"""What a member is given: its text, or None for nil."""

SAMPLES = Path(__file__).parent / "samples" / "simulator"
CONTRACTOR = "http://www.civica.co.uk/Civica.Housing.Cx.WebServices/IWSRepairContractorService/"
CALLS = {
    "get_user_ws_token": ("wstokenservice", "http://tempuri.org/IWSTokenService/GetUserWSToken"),
    "update_repair_works_order_status": ("wsrepaircontractorservice", CONTRACTOR + "UpdateRepairWorksOrderStatus"),
    "get_repair_work_order_details": ("wsrepaircontractorservice", CONTRACTOR + "GetRepairWorkOrderDetails"),
    "get_repair_work_orders": ("wsrepaircontractorservice", CONTRACTOR + "GetRepairWorkOrders"),
}


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    number: int
    uid: str


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Cx:
    """A running simulator, by HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, verify=False)

    def post(self, call: str, body: bytes, **headers: str) -> httpx.Response:
        path, action = CALLS[call]
        sent = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'} | headers
        return self.http.post(f"/cx/webservice/{path}", content=body, headers=sent)

    def login(self, user: str = "sandbox") -> str:
        answer = self.post("get_user_ws_token", envelope("get_user_ws_token").replace(b"sandbox", user.encode()))
        return member(answer, "Token") or ""

    def call(self, call: str, **values: Text) -> httpx.Response:
        """The document's envelope with these members' texts in it; `Token` is a fresh one unless given."""
        return self.post(call, envelope(call, **({"Token": self.login()} | values)))

    def update(self, order: NewOrder | None = None, /, **values: Text) -> httpx.Response:
        of: dict[str, Text] = {} if order is None else {"WorkOrderId": order.number, "WorkOrderUid": order.uid}
        return self.call("update_repair_works_order_status", **(of | values))

    def new_order(self) -> NewOrder:
        number = self.http.post("/_sim/orders", json={}).json()["first"]
        return NewOrder(number=number, uid=str(self.record(number)["WorkOrderUid"]))

    def order_with(self, *code_ids: int) -> NewOrder:
        """A plain order, moved to each of the codes in turn."""
        order = self.new_order()
        for code_id in code_ids:
            assert refusal(self.update(order, StatusCodeId=code_id)) is None
        return order

    def record(self, number: int) -> dict[str, Json]:
        found: dict[str, Json] = self.http.get(f"/_sim/orders/{number}").raise_for_status().json()
        return found

    def effects(self, number: int | None = None) -> list[dict[str, Json]]:
        """Without `at`, which `timestamps` tests on its own."""
        query = {} if number is None else {"order": str(number)}
        found = self.http.get("/_sim/effects", params=query).raise_for_status().json()["effects"]
        return [{name: value for name, value in effect.items() if name != "at"} for effect in found]

    def kinds(self, number: int) -> list[Json]:
        return [effect["kind"] for effect in self.effects(number)]

    def details(self, number: int) -> list[Json]:
        return [effect["detail"] for effect in self.effects(number)]

    def fault(self, **body: str | float) -> None:
        self.http.post("/_sim/faults", json=body).raise_for_status()


@contextlib.contextmanager
def running(data: Path | None = None, clock: Clock = utc_now) -> Iterator[Cx]:
    with in_background(create_simulator(data=data, clock=clock)) as url:
        cx = Cx(url)
        with cx.http:
            yield cx


def envelope(call: str, **values: Text) -> bytes:
    """The sample's bytes; each named member gets this text, or is nil for None."""
    text = (SAMPLES / f"{call}.xml").read_text(encoding="utf-8")
    for name, value in values.items():
        written = r"<\1 xsi:nil='true'/>" if value is None else rf"<\1>{value}</\1>"
        text, count = re.subn(rf"<(\w+:{name})(?:>[^<]*</\1>| xsi:nil=\"true\"/>)", written, text)
        assert count == 1, f"{call} has no {name}"
    return text.encode()


def member(answer: httpx.Response, name: str) -> str | None:
    """The text of the first member of this name; None where it is nil. Raises for a member that is not there."""
    found = re.search(rf"<(?:\w+:)?{name}(?: [^>]*?)?(?:/>|>(.*?)</)", answer.text, re.DOTALL)
    assert found is not None, f"no {name} in {answer.text}"
    return found.group(1)


def refusal(answer: httpx.Response) -> str | None:
    """None for an accepted call; the reason for a refused one. Both are HTTP 200."""
    assert answer.status_code == 200, answer.text
    valid = member(answer, "IsValid")
    assert valid in ("true", "false")
    return None if valid == "true" else member(answer, "InvalidReason")
