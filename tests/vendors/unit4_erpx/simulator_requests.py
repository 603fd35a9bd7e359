"""Raw requests to the simulator, with the vendor document's own bytes where it prints them, never through an adapter."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from app.vendors.simulation import Clock, Json, utc_now
from app.vendors.unit4_erpx.simulator import create_simulator
from tests.in_background import in_background

SAMPLES = Path(__file__).parent / "samples" / "simulator"
POST_SAMPLE = (SAMPLES / "post.json").read_bytes()
PATCH_OF_THE_WHOLE = (SAMPLES / "patch_of_the_whole.json").read_bytes()
PATCH_OF_ONE_FIELD = (SAMPLES / "patch_of_one_field.json").read_bytes()
"""The three bodies that vendor document 002 prints, as it prints them."""

PATHS = ("/v1/work-orders", "/v1/projects/work-orders")
JSON_PATCH = "application/json-patch+json"

B0: dict[str, Json] = {
    "relationId": "B0", "relatedValue": "ProId1", "dateFrom": "1900-01-01", "dateTo": "2099-12-31",
}  # fmt: skip
C0 = B0 | {"relationId": "C0", "relatedValue": "33225"}
C1 = B0 | {"relationId": "C1", "relatedValue": "100"}

RECORD_123: dict[str, Json] = {
    "companyId": "COMP1",
    "dateFrom": "2001-01-01",
    "dateTo": "2099-12-31",
    "costCentre": "C1",
    "workOrderName": "NewWorkOrder",
    "periodFrom": 200101,
    "periodTo": 200153,
    "projectId": "ProId1",
    "projectManagerId": "33225",
    "status": "N",
    "workOrderId": "123",
    "serviceOrder": False,
    "customerInformation": {"currencyCode": "GBP", "invoiceSeparately": False, "invoiceStatus": "T"},
    "relatedValues": [C1, B0, C0],
}
"""What ERPx makes of its own POST sample: the sample and the defaults."""

MINIMUM: dict[str, Json] = {
    "companyId": "COMP1", "workOrderName": "Pump", "projectId": "ProId1", "dateFrom": "2026-11-20",
}  # fmt: skip


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Erp:
    """A running simulator, by HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, verify=False)
        self._tokens: dict[str, str] = {}

    def login(self, client: str = "sandbox", **form: str) -> httpx.Response:
        usual = {"client_id": client, "client_secret": f"{client}-secret", "scope": "u4erp"}
        return self.http.post("/identity/connect/token", data=usual | {"grant_type": "client_credentials"} | form)

    def token(self, client: str = "sandbox") -> str:
        """One token for each client is enough for as long as it lives."""
        if client not in self._tokens:
            self._tokens[client] = str(self.login(client).raise_for_status().json()["access_token"])
        return self._tokens[client]

    def call(
        self,
        method: str,
        target: str,
        body: bytes | Json = None,
        *,
        client: str = "sandbox",
        media_type: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(client)}"}
        if body is None:
            return self.http.request(method, target, headers=headers)
        headers["Content-Type"] = media_type or (JSON_PATCH if method == "PATCH" else "application/json")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, target, content=content, headers=headers)

    def post(self, body: bytes | Json, *, client: str = "sandbox") -> httpx.Response:
        return self.call("POST", PATHS[0], body, client=client)

    def patch(self, number: str, body: bytes | Json, *, client: str = "sandbox") -> httpx.Response:
        return self.call("PATCH", f"{PATHS[0]}/{number}?companyId=COMP1", body, client=client)

    def new_order(self, **members: Json) -> str:
        """An order of its own, by a POST; the vendor numbers it."""
        return str(self.post(MINIMUM | members).raise_for_status().json()["workOrderId"])

    def record(self, number: str) -> dict[str, Json]:
        found: dict[str, Json] = self.http.get(f"/_sim/orders/{number}").raise_for_status().json()
        return found

    def effects(self, number: str | None = None) -> list[dict[str, Json]]:
        """Without `at`, which a test of its own looks at."""
        query = {} if number is None else {"order": number}
        found = self.http.get("/_sim/effects", params=query).raise_for_status().json()["effects"]
        return [{name: value for name, value in effect.items() if name != "at"} for effect in found]

    def kinds(self, number: str) -> list[Json]:
        return [effect["kind"] for effect in self.effects(number)]

    def details(self, number: str) -> list[Json]:
        return [effect["detail"] for effect in self.effects(number)]

    def fault(self, **body: Json) -> None:
        self.http.post("/_sim/faults", json=body).raise_for_status()

    def settings(self, **body: Json) -> dict[str, Json]:
        found: dict[str, Json] = self.http.post("/_sim/settings", json=body).raise_for_status().json()
        return found


@contextlib.contextmanager
def running(data: Path | None = None, clock: Clock = utc_now) -> Iterator[Erp]:
    with in_background(create_simulator(data=data, clock=clock)) as url:
        erp = Erp(url)
        with erp.http:
            yield erp


def without(members: Mapping[str, Json], *names: str) -> dict[str, Json]:
    return {name: value for name, value in members.items() if name not in names}


def invalid(*messages: str) -> tuple[int, Json]:
    """A 422, as `answered` shows it."""
    return 422, [{"code": 1020, "message": message} for message in messages]


def answered(answer: httpx.Response) -> tuple[int, Json]:
    """The status and the body; None for an empty one."""
    return answer.status_code, answer.json() if answer.content else None


NOT_AUTHORISED: tuple[int, Json] = (403, {"code": 2030, "message": "User is not authorised."})
