"""A canned NexusFS, `python -m benchmarks.vendors.nexusfs --port P --orders N --delay-ms D`: reads of one order, and the log-in.

Each order is the one of the vendor's document (1214) under a number of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

from app.vendors.nexusfs.simulator import NexusFS
from app.vendors.nexusfs.simulator_calls import WORK_ORDERS
from app.vendors.simulation_effects import Journal
from app.vendors.simulation_messages import Answer, Call, Request
from benchmarks.vendors.server import NOT_FOUND, Floor, answer, arguments, run

FIRST = 300_000
"""The number of the first order; the others follow."""
TOKEN = "canned-access-token"
DOCUMENTED = "1214"
UNAUTHORISED = answer("401 Unauthorized", "application/json", b"{}")


class CannedNexusFs:
    """The vendor: `take` is called with each request."""

    def __init__(self, floor: Floor, *, orders: int) -> None:
        self._floor = floor
        self._begins = b"GET " + WORK_ORDERS.encode()
        body = documented()
        self._answers = {
            b"%d" % number: answer("200 OK", "application/json", body.replace(DOCUMENTED.encode(), b"%d" % number))
            for number in range(FIRST, FIRST + orders)
        }
        self._login = answer("200 OK", "application/json", b'{"token": "' + TOKEN.encode() + b'"}')

    def take(self, head: bytes, body: bytes) -> tuple[bytes, bool]:
        if head.startswith(self._begins):
            if TOKEN.encode() not in head:
                self._floor.counts["token_refused"] += 1
                return UNAUTHORISED, False
            self._floor.counts["reads"] += 1
            place = head[len(self._begins) : head.find(b" HTTP/")].partition(b"?")[0]
            return self._answers.get(place, NOT_FOUND), True
        if head.startswith(b"POST /createjwt "):
            self._floor.counts["logins"] += 1
            return self._login, False
        return NOT_FOUND, False


def documented() -> bytes:
    """The body with which the simulator answers a read of the order in the vendor's document."""
    vendor = NexusFS(Journal(None), lambda: datetime.now(UTC))
    login = Request(
        method="POST",
        scheme="http",
        path="/createjwt",
        query="",
        headers={"content-type": "application/json"},
        body=b'{"username": "sandbox", "password": "sandbox-secret"}',
    )
    token = said(vendor, login).body.decode().split('"')[3]
    read = Request(
        method="GET",
        scheme="http",
        path=WORK_ORDERS + DOCUMENTED,
        query="",
        headers={"x-access-token": token},
        body=b"",
    )
    found = said(vendor, read)
    assert found.status == 200, found
    return found.body


def said(vendor: NexusFS, request: Request) -> Answer:
    call = vendor.receive(request)
    return call.run() if isinstance(call, Call) else call


def main() -> None:
    given = arguments(__doc__ or "").parse_args()
    floor = Floor(delay_s=given.delay_ms / 1000)
    run(CannedNexusFs(floor, orders=given.orders), floor, given.port)


if __name__ == "__main__":
    main()
