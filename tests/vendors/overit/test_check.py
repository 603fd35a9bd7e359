"""`orderbridge check` for OverIT, against the simulator; it changes nothing."""

from __future__ import annotations

import json

import pytest

from app.domain.ports import Finding, KnownCodes, VendorAdapter
from tests.vendors.loopback import loopback, reply
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import adapting
from tests.vendors.overit.simulator_requests import Fsm

KNOWN = KnownCodes(codes=frozenset({"OPEN"}), table="imported table")


async def checked(adapter: VendorAdapter, known: KnownCodes | Finding = KNOWN) -> list[Finding]:
    return [finding async for finding in adapter.check(known)]


async def test_all_is_well(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        findings = await checked(adapter)
    assert findings == [
        Finding(name="address", ok=True, detail=f"{sim_fsm.url} answers."),
        Finding(name="read", ok=True, detail="The token is accepted, and an unknown order is answered as such."),
        Finding(name="write", ok=True, detail="The token may edit orders, and ORDERBRIDGE is an external system."),
        Finding(
            name="status codes",
            ok=True,
            warning=True,
            detail="NextGen FSM has no documented list of orders, "
            "so the codes in use cannot be held against the imported table.",
        ),
    ]
    assert sim_fsm.effects() == []


async def test_a_table_that_cannot_be_read_is_told_in_the_place_of_a_comparison(sim_fsm: Fsm) -> None:
    unreadable = Finding(name="status codes", ok=False, detail="codes.csv: line 1: the file is empty")
    async with adapting(sim_fsm.url) as adapter:
        assert (await checked(adapter, unreadable))[-1] == unreadable


async def test_a_vendor_that_is_not_there_ends_the_check() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        [finding] = await checked(adapter)
    assert (finding.name, finding.ok) == ("address", False)
    assert finding.detail.startswith("http://127.0.0.1:1/work-orders/r1/work-orders: ")


NOT_AUTHORIZED = (
    "NextGen FSM does not accept our access_token, or the token's user lacks a right there; this call needs "
)


async def test_a_token_that_is_not_accepted_ends_the_check(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url, access_token="old-token") as adapter:
        findings = await checked(adapter)
    assert [(finding.name, finding.ok) for finding in findings] == [("address", True), ("read", False)]
    assert findings[1].detail.startswith(NOT_AUTHORIZED)


async def test_a_401_is_of_the_token_alone() -> None:
    async with loopback(reply(401)) as server, adapting(server.url) as adapter:
        findings = await checked(adapter)
    assert [(finding.name, finding.ok) for finding in findings] == [("address", True), ("access token", False)]


@pytest.mark.parametrize("token", ["readonly-token", "no-configuration-token", "no-technical-object-token"])
async def test_a_token_that_lacks_a_right_is_told_which_rights_it_needs(sim_fsm: Fsm, token: str) -> None:
    async with adapting(sim_fsm.url, access_token=token) as adapter:
        write = (await checked(adapter))[2]
    assert (write.name, write.ok) == ("write", False)
    assert write.detail.startswith(f"{NOT_AUTHORIZED}fsm.core.workorder.edit, ")


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, b'{"status": 400, "code": "IA000_002", "detail": "Unauthorized"}'),
        (403, b'{"status": 403, "title": "Forbidden"}'),
    ],
)
async def test_a_read_that_is_not_authorized_is_told_as_the_tokens_or_its_users(status: int, problem: bytes) -> None:
    refused = reply(status, problem, Content_Type="application/problem+json")
    async with loopback(refused) as server, adapting(server.url) as adapter:
        findings = await checked(adapter)
    assert [(finding.name, finding.ok) for finding in findings] == [("address", True), ("read", False)]
    assert findings[1].detail.startswith(f"{NOT_AUTHORIZED}fsm.core.workorder.view.")


async def test_an_external_system_that_is_not_active_is_told(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url, external_system_code="OLDSYS") as adapter:
        write = (await checked(adapter))[2]
    assert (write.ok, "external_system_code" in write.detail) == (False, True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, b""), (200, b"<html>"), (200, b'{"code": "IA005_001"}'), (404, b'{"code": "IA005_001"}')],
)
async def test_a_write_that_is_not_answered_as_one_is_told(status: int, answer: bytes) -> None:
    empty = reply(200, b'{"content": []}', Content_Type="application/json")
    answered = reply(status, answer, Content_Type="application/json")
    async with loopback(empty, answered) as server, adapting(server.url) as adapter:
        write = (await checked(adapter))[2]
    assert (write.name, write.ok) == ("write", False)


async def test_a_write_that_does_not_arrive_is_told() -> None:
    empty = reply(200, b'{"content": []}', Content_Type="application/json", Connection="close")

    async def gone(writer: object) -> None:
        raise ConnectionError

    async with loopback(empty, gone) as server, adapting(server.url) as adapter:
        write = (await checked(adapter))[2]
    assert (write.name, write.ok) == ("write", False)
    assert write.detail.startswith(f"{server.url}/integration/work-orders/r1/work-orders: ")


async def test_a_private_api_that_is_not_there_is_told() -> None:
    async with loopback(reply(404)) as server, adapting(server.url) as adapter:
        findings = await checked(adapter)
    assert findings[1] == Finding(name="read", ok=False, detail="There is no such API at this address (HTTP 404).")
    assert len(findings) == 2


async def test_an_order_with_the_code_that_the_check_uses_is_told() -> None:
    record = {**documented.record(), "code": "orderbridge-check-no-such-order"}
    page = json.dumps({"content": [record]}).encode()
    async with loopback(reply(200, page, Content_Type="application/json")) as server, adapting(server.url) as adapter:
        findings = await checked(adapter)
    assert [(finding.name, finding.ok) for finding in findings] == [("address", True), ("read", False)]
