"""`orderbridge check` for NexusFS: each finding, on a good day and on each bad one."""

from __future__ import annotations

import pytest

from app.domain.ports import Finding, KnownCodes, VendorAdapter
from app.vendors.nexusfs import VENDOR
from tests.vendors.loopback import loopback, reply
from tests.vendors.nexusfs.adapters import adapting
from tests.vendors.nexusfs.simulator_requests import Nexus

PUBLISHED = frozenset(row.code for row in VENDOR.statuses)
OWN = KnownCodes(codes=PUBLISHED, table="vendor's own table")
CODES = Finding(name="status codes", ok=True, detail="The vendor's own table has the codes that the vendor publishes.")
LOGGED_IN = Finding(name="log-in", ok=True, detail="NexusFS gave sandbox a token.")


async def findings(adapter: VendorAdapter, known: KnownCodes | Finding = OWN) -> list[Finding]:
    return [finding async for finding in adapter.check(known)]


def address(url: str, status: int = 404) -> Finding:
    return Finding(name="address", ok=True, detail=f"{url} answers with HTTP {status}.")


def absent(status: int = 404) -> Finding:
    detail = f"NexusFS takes our token and says HTTP {status}, as it should."
    return Finding(name="an order that is not there", ok=True, detail=detail)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_set_up_in_order(sim_nexus: Nexus, status: int) -> None:
    sim_nexus.http.post("/_sim/settings", json={"absent_status": status}).raise_for_status()
    async with adapting(sim_nexus.url) as adapter:
        assert await findings(adapter) == [address(sim_nexus.url), LOGGED_IN, absent(status), CODES]
    assert sim_nexus.effects() == []


async def test_nobody_there() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        [found] = await findings(adapter)
    assert (found.name, found.ok) == ("address", False)


async def test_a_log_in_that_is_refused(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, password="wrong") as adapter:
        found = await findings(adapter)
    assert found == [
        address(sim_nexus.url),
        Finding(name="log-in", ok=False, detail="NexusFS refused our log-in. Invalid Logon."),
    ]


async def test_a_fixed_token_that_is_good_and_one_that_is_not(sim_nexus: Nexus) -> None:
    fixed = Finding(name="log-in", ok=True, detail="There is none: the configuration has a fixed access_token.")
    async with adapting(sim_nexus.url, username=None, password=None, access_token=sim_nexus.token) as adapter:
        assert await findings(adapter) == [address(sim_nexus.url), fixed, absent(), CODES]
    async with adapting(sim_nexus.url, username=None, password=None, access_token="wrong") as adapter:
        found = (await findings(adapter))[2]
    assert (found.name, found.ok) == ("an order that is not there", False)
    assert "does not accept our access token" in found.detail


async def test_another_server_at_the_address() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        token = reply(200, b'{"token":"t"}', Content_Type="application/json")
        page = reply(404, b"<html></html>", Content_Type="text/html")
        server.route = lambda arrived: token if arrived.target == "/createjwt" else page
        found = (await findings(adapter))[2]
    assert (found.ok, found.detail) == (
        False,
        f"{server.url}: There is no NexusFS work order API at this address (HTTP 404).",
    )


async def test_the_override_is_a_warning(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, method_override=True) as adapter:
        last = (await findings(adapter))[-1]
    assert (last.name, last.ok, last.warning) == ("method_override", True, True)


@pytest.mark.parametrize(
    ("known", "warning", "detail"),
    [
        (PUBLISHED, False, "The imported table has the codes that the vendor publishes."),
        (
            PUBLISHED - {"6"} | {"5001"},
            True,
            "The imported table has no 6; it has 5001, which the vendor does not publish.",
        ),
    ],
    ids=["all", "another"],
)
async def test_a_table_of_ones_own_is_compared_with_the_published_codes(
    sim_nexus: Nexus, known: frozenset[str], warning: bool, detail: str
) -> None:
    async with adapting(sim_nexus.url) as adapter:
        last = (await findings(adapter, KnownCodes(codes=known, table="imported table")))[-1]
    assert last == Finding(name="status codes", ok=True, warning=warning, detail=detail)


async def test_a_table_that_cannot_be_read_is_told_in_the_place_of_a_comparison(sim_nexus: Nexus) -> None:
    unreadable = Finding(name="status codes", ok=False, detail="codes.csv: line 1: the table has no rows")
    async with adapting(sim_nexus.url) as adapter:
        assert (await findings(adapter, unreadable))[-1] == unreadable
