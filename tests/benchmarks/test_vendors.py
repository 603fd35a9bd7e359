"""The canned vendors say, byte for byte, what the simulators say to the requests that our adapters send."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

import pytest

from app.vendors.civica_cx.contract import Contract, load
from app.vendors.civica_cx.documents import VENDORED, FolderDocuments
from app.vendors.civica_cx.simulator import CivicaCx
from app.vendors.civica_cx.soap import headers, members
from app.vendors.civica_cx.tables import GET_TOKEN, LIST_ORDERS, READ_ORDER, UPDATE_STATUS, Call
from app.vendors.nexusfs.simulator import NexusFS
from app.vendors.simulation_effects import AddedOrders, Journal
from app.vendors.simulation_messages import Answer, Request
from app.vendors.simulation_messages import Call as Understood
from benchmarks.lab import Lab
from benchmarks.vendors import canned_cx
from benchmarks.vendors.cx import FIRST, TOKEN, CannedCx
from benchmarks.vendors.nexusfs import CannedNexusFs
from benchmarks.vendors.server import Floor, answer, content_length

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
LOGIN = {"UserName": "sandbox", "Password": "sandbox-secret"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load(FolderDocuments(VENDORED), "http://cx", {})


def asked(contract: Contract, call: Call, texts: Mapping[str, str]) -> tuple[str, bytes]:
    """What our adapter sends: the SOAPAction and the envelope."""
    operation = contract[call]
    return headers(operation)["SOAPAction"], operation.envelope(members(call, texts)).fill(texts)


class Both:
    """The simulator and the canned vendor, with the same two orders; `say` is what each says, without the HTTP head."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.floor = Floor()
        self.canned = CannedCx(self.floor, orders=2, port=1)
        self._simulator = CivicaCx(Journal(None), lambda: NOW)
        self._simulator.add_orders(AddedOrders(first=FIRST, count=2, at=NOW))
        self._token = self._simulated(GET_TOKEN, LOGIN).split(b"<a:Token>")[1].split(b"<")[0].decode()

    def say(self, call: Call, texts: Mapping[str, str], *, token: bool = True) -> tuple[bytes, bytes]:
        ours, theirs = (TOKEN.decode(), self._token) if token else ("wrong", "wrong")
        return self._simulated(call, {**texts, "Token": theirs}), self.canned_says(call, {**texts, "Token": ours})

    def canned_says(self, call: Call, texts: Mapping[str, str]) -> bytes:
        action, body = asked(self._contract, call, texts)
        head = f"POST /x HTTP/1.1\r\nSOAPAction: {action}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        said_by, _ = self.canned.take(head, body)
        whole = said_by if isinstance(said_by, bytes) else b"".join(said_by)
        said_head, _, said = whole.partition(b"\r\n\r\n")
        assert content_length(said_head + b"\r\n\r\n") == len(said)
        return said

    def _simulated(self, call: Call, texts: Mapping[str, str]) -> bytes:
        action, body = asked(self._contract, call, texts)
        path = f"/{call.service}"
        given = {"content-type": "text/xml; charset=utf-8", "soapaction": action}
        return ran(
            self._simulator,
            Request(method="POST", scheme="http", path=path, query="", headers=given, body=body),
        )


def ran(simulator: CivicaCx | NexusFS, request: Request) -> bytes:
    understood = simulator.receive(request)
    said: Answer = understood.run() if isinstance(understood, Understood) else understood
    return said.body


def update(number: int, code: str) -> Mapping[str, str]:
    return {
        "Comments": "Engineer on site",
        "StatusCodeId": code,
        "StatusDate": "2026-11-20T20:40:00",
        "StatusReasonId": "0",
        "WorkOrderId": str(number),
        "WorkOrderUid": str(uuid5(NAMESPACE_URL, f"urn:orderbridge:civica-cx:{number}")),
    }


def listed(xml: bytes) -> list[bytes]:
    """What stands before the orders of a list, and each order of ours: the simulator has those of the documents besides."""
    begins, *orders = xml.split(b"<a:RepairWorkOrder>")
    whole = [order.partition(b"</a:RepairWorkOrder>")[0] for order in orders]
    return [begins, *[order for order in whole if b"<a:WorkOrderId>30000" in order]]


def test_cx_lists_reads_and_updates_as_its_simulator_does(contract: Contract) -> None:
    both = Both(contract)
    simulated, canned = both.say(LIST_ORDERS, {})
    assert listed(canned) == listed(simulated)
    for code in ("11", "12", "11"):
        simulated, canned = both.say(UPDATE_STATUS, update(FIRST, code))
        assert b">true</IsValid>" in canned
        assert canned == simulated
        simulated, canned = both.say(READ_ORDER, {"WorkOrderReference": f"WO{FIRST}"})
        assert f"<a:RepairStatusCodeId>{code}</a:RepairStatusCodeId>".encode() in canned
        assert canned == simulated
        simulated, canned = both.say(LIST_ORDERS, {})
        assert listed(canned) == listed(simulated)
    assert dict(both.floor.counts) == {"lists": 4, "updates": 3, "reads": 3}


def test_cx_refuses_a_wrong_token_as_its_simulator_does(contract: Contract) -> None:
    both = Both(contract)
    for call, texts in ((LIST_ORDERS, {}), (UPDATE_STATUS, update(FIRST, "11"))):
        simulated, canned = both.say(call, texts, token=False)
        assert canned == simulated
    assert dict(both.floor.counts) == {"token_refused": 2}


def test_cx_refuses_orders_that_it_does_not_have(contract: Contract) -> None:
    both = Both(contract)
    for call, texts in (
        (UPDATE_STATUS, update(FIRST + 2, "11")),
        (UPDATE_STATUS, update(FIRST - 1, "11")),
        (READ_ORDER, {"WorkOrderReference": "WO299999"}),
    ):
        assert b">false</IsValid>" in both.say(call, texts)[1]


def test_the_same_status_twice_is_counted(contract: Contract) -> None:
    both = Both(contract)
    for code in ("11", "11", "12"):
        both.say(UPDATE_STATUS, update(FIRST, code))
    assert dict(both.floor.counts) == {"updates": 3, "repeats": 1}


def test_nexusfs_reads_as_its_simulator_does() -> None:
    floor = Floor()
    canned = CannedNexusFs(floor, orders=2)
    simulator = NexusFS(Journal(None), lambda: NOW)
    login = {"content-type": "application/json"}
    body = b'{"username": "sandbox", "password": "sandbox-secret"}'
    given = json.loads(
        ran(simulator, Request(method="POST", scheme="http", path="/createjwt", query="", headers=login, body=body))
    )
    place = "/seiapi/v3/trans/WorkOrder/"
    token = {"x-access-token": given["token"]}
    simulated = ran(
        simulator, Request(method="GET", scheme="http", path=f"{place}1214", query="", headers=token, body=b"")
    )
    told, _ = canned.take(b"POST /createjwt HTTP/1.1\r\n\r\n", body)
    ours = json.loads(told.partition(b"\r\n\r\n")[2])["token"]
    said, slow = canned.take(f"GET {place}{FIRST} HTTP/1.1\r\nx-access-token: {ours}\r\n\r\n".encode(), b"")
    assert (said, slow) == (answer("200 OK", "application/json", simulated.replace(b"1214", b"%d" % FIRST)), True)
    refused, _ = canned.take(f"GET {place}{FIRST} HTTP/1.1\r\n\r\n".encode(), b"")
    assert refused.startswith(b"HTTP/1.1 401 ")


async def test_a_vendors_delay_and_peaks_can_be_set_while_it_runs(lab: Lab) -> None:
    vendor = await canned_cx(lab, orders=3)
    await vendor.set_delay(20)
    await vendor.forget_peaks()
    counts = await vendor.counts()
    assert {name: counts[name] for name in ("connections", "most_connections", "under_way", "most_under_way")} == {
        "connections": 0,
        "most_connections": 0,
        "under_way": 0,
        "most_under_way": 0,
    }
    assert vendor.orders == range(FIRST, FIRST + 3)
    assert vendor.section(max_connections=4)["max_connections"] == 4
    with urllib.request.urlopen(f"{vendor.url}/webservice/WSTokenService?wsdl", timeout=10) as wsdl:
        assert b"GetUserWSToken" in wsdl.read()
