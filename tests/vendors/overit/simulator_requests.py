"""Raw requests to the simulator, made from the vendor document's examples and never through an adapter."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.vendors.overit.simulator import create_simulator
from app.vendors.simulation import Clock, Json, utc_now
from tests.in_background import in_background

SAMPLES = Path(__file__).parent / "samples" / "simulator"
"""The document's three request examples and its response example, byte for byte."""

PATH = "/integration/work-orders/r1/work-orders"
CANCELLATION = "/integration/work-orders/r1/work-orders/cancellation"
READ = "/work-orders/r1/work-orders"
ORDER = "WO00223"
OPERATION1 = 10
"""Where WO00223 has its operation1; the document's third example adds another at 1."""
AGGREGATED_ORDER = "WO00224"
PARENT = "WO00100"
"""It has neither operations nor an address."""

ADDRESS: dict[str, Json] = {"street": "Via Roma", "streetNumber": "1", "apartament": "4", "direction": "2nd door"}
BACKWARDS: dict[str, Json] = {"startDate": "2024-01-02T00:00:00.000Z", "endDate": "2024-01-01T00:00:00.000Z"}


class Fsm:
    """A running simulator, by HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, verify=False)

    def send(self, body: bytes, *, path: str = PATH, method: str = "PATCH", **headers: str) -> httpx.Response:
        sent = {"Authorization": "Bearer sandbox-token", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, path, content=body, headers=sent)

    def patch(
        self,
        work_order: dict[str, Json] | None = None,
        operations: list[Json] | None = None,
        *,
        order: str = ORDER,
        system: str = "ORDERBRIDGE",
    ) -> httpx.Response:
        """These members beside the order's name and its external system."""
        named: dict[str, Json] = {"externalSystemCode": system, "code": order}
        body: dict[str, Json] = {"workOrder": {**named, **(work_order or {})}}
        if operations is not None:
            body["operations"] = operations
        return self.send(json.dumps(body).encode())

    def cancel(self, order: str = ORDER, operations: list[Json] | None = None) -> httpx.Response:
        named: dict[str, Json] = {"externalSystemCode": "ORDERBRIDGE", "code": order}
        body: dict[str, Json] = {"workOrder": named}
        if operations is not None:
            body["operations"] = operations
        return self.send(json.dumps(body).encode(), path=CANCELLATION, method="POST")

    def read(self, **query: str) -> httpx.Response:
        return self.http.get(READ, params=query, headers={"Authorization": "Bearer sandbox-token"})

    def new_order(self) -> str:
        return str(self.http.post("/_sim/orders", json={}).json()["first"])

    def record(self, number: str = ORDER) -> dict[str, Json]:
        found: dict[str, Json] = self.http.get(f"/_sim/orders/{number}").raise_for_status().json()
        return found

    def operations(self, number: str = ORDER) -> list[dict[str, Json]]:
        listed = self.record(number)["operations"]
        assert isinstance(listed, list)
        return [one for one in listed if isinstance(one, dict)]

    def effects(self, number: str | None = None) -> list[dict[str, Json]]:
        """Without `at`, which has a test of its own."""
        query = {} if number is None else {"order": number}
        found = self.http.get("/_sim/effects", params=query).raise_for_status().json()["effects"]
        return [{name: value for name, value in effect.items() if name != "at"} for effect in found]

    def kinds(self, number: str = ORDER) -> list[Json]:
        return [effect["kind"] for effect in self.effects(number)]

    def details(self, number: str = ORDER) -> list[Json]:
        return [effect["detail"] for effect in self.effects(number)]

    def fault(self, **body: str | float) -> None:
        self.http.post("/_sim/faults", json=body).raise_for_status()

    def set(self, **settings: Json) -> None:
        self.http.post("/_sim/settings", json=settings).raise_for_status()


@contextlib.contextmanager
def running(data: Path | None = None, clock: Clock = utc_now) -> Iterator[Fsm]:
    with in_background(create_simulator(data=data, clock=clock)) as url:
        fsm = Fsm(url)
        with fsm.http:
            yield fsm


def new(execution_order: int = 2, **members: Json) -> Json:
    """An operation of a request; of the orders here, none has one at executionOrder 2."""
    return {"executionOrder": execution_order, **members}


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, error code and detail of a refused call."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"], body["detail"]
