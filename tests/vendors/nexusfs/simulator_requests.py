"""Raw requests to the simulator, in the vendor document's own words and never through an adapter."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from app.vendors.nexusfs.simulator import create_simulator
from app.vendors.simulation import Clock, Json, utc_now
from tests.in_background import in_background

DOCUMENTED = Path(__file__).parent / "documented"
"""The seven PATCH examples of vendor document 003, as it prints them."""

ABSENT = "The specified object does not exists."
OVERRIDE = {"X-HTTP-Method-Override": "PATCH"}


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Nexus:
    """A running simulator, by HTTP. `token`: what is sent as `x-access-token`; None sends none."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, verify=False)
        self.token: str | None = None

    def login(self, user: str = "sandbox") -> str:
        answer = self.http.post("/createjwt", json={"username": user, "password": f"{user}-secret"})
        self.token = str(answer.raise_for_status().json()["token"])
        return self.token

    def send(
        self,
        method: str,
        number: str,
        body: bytes | Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A call on one work order; bytes go out as they are."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {} if self.token is None else {"x-access-token": self.token}
        if content is not None:
            sent["Content-Type"] = "application/json"
        path = f"/seiapi/v3/trans/WorkOrder/{number}"
        return self.http.request(method, path, content=content, headers=sent | dict(headers or {}))

    def bare(self, method: str, number: str, body: Mapping[str, Json], *, wait_s: float = 5) -> bytes:
        """Every byte that comes back on a socket of its own; raises what the socket raises."""
        content = json.dumps(body).encode()
        head = (
            f"{method} /seiapi/v3/trans/WorkOrder/{number} HTTP/1.1\r\nHost: nexus\r\nContent-Type: application/json\r\n"
            f"x-access-token: {self.token}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=wait_s) as connection:
            connection.sendall(head.encode() + content)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def new_order(self) -> str:
        return str(self.http.post("/_sim/orders", json={}).raise_for_status().json()["first"])

    def record(self, number: str = "1214") -> dict[str, Json]:
        """What the vendor's own GET answers."""
        found: dict[str, Json] = self.send("GET", number).raise_for_status().json()
        return found

    def shown(self, number: str = "1214") -> str:
        """The same as JSON, its members in the order in which they came; to be compared with `exactly`."""
        return json.dumps(self.record(number))

    def effects(self, number: str | None = None) -> list[dict[str, Json]]:
        """Without `at`."""
        query = {} if number is None else {"order": str(number)}
        found = self.http.get("/_sim/effects", params=query).raise_for_status().json()["effects"]
        return [{name: value for name, value in effect.items() if name != "at"} for effect in found]

    def kinds(self, number: str = "1214") -> list[Json]:
        return [effect["kind"] for effect in self.effects(number)]

    def details(self, number: str = "1214") -> list[Json]:
        return [effect["detail"] for effect in self.effects(number)]

    def fault(self, **body: str | float) -> None:
        self.http.post("/_sim/faults", json=body).raise_for_status()


@contextlib.contextmanager
def running(data: Path | None = None, clock: Clock = utc_now) -> Iterator[Nexus]:
    """Logged in as `sandbox`."""
    with in_background(create_simulator(data=data, clock=clock)) as url:
        nexus = Nexus(url)
        with nexus.http:
            nexus.login()
            yield nexus


def documented(name: str) -> bytes:
    """One line of the document, such as `example_1_request`."""
    return (DOCUMENTED / f"{name}.json").read_bytes().strip()


def document(name: str) -> dict[str, Json]:
    read: dict[str, Json] = json.loads(documented(name))
    return read


def exactly(value: Json | Mapping[str, Json]) -> str:
    """JSON in which 4 is not 4.0, nor 1 true; members in alphabetical order, as the vendor shows them (dossier 3.6)."""
    return json.dumps(value, sort_keys=True)


def refusal(answer: httpx.Response) -> tuple[int, list[tuple[str, str]]]:
    """The status and each invalid member's path and reason; checks the standard response object around them."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert {"type", "title", "status", "detail"} <= set(body) <= {"type", "title", "status", "detail", "invalidParams"}
    assert (body["type"], body["status"]) == ("about:blank", answer.status_code)
    params = body.get("invalidParams", [])
    assert all(set(param) == {"name", "reason", "path", "value"} for param in params)
    return answer.status_code, [(param["path"], param["reason"]) for param in params]


def ok(answer: httpx.Response) -> None:
    """The standard response object of a success: `status` alone."""
    assert (answer.status_code, answer.text) == (200, '{"status": 200}')
