"""`orderbridge check` for NexusFS: each finding, on a good day and on each bad one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.ports import Finding, VendorAdapter
from app.vendors.nexusfs import VENDOR
from app.vendors.vendor import Connection
from tests.vendors.loopback import loopback, reply
from tests.vendors.nexusfs.adapters import adapting, settings_of
from tests.vendors.nexusfs.simulator_requests import Nexus

CODES = Finding(name="status codes", ok=True, detail="The vendor's own codes are in use.")
LOGGED_IN = Finding(name="log-in", ok=True, detail="NexusFS gave sandbox a token.")


async def findings(adapter: VendorAdapter) -> list[Finding]:
    return [finding async for finding in adapter.check()]


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


async def test_nobody_there(sim_nexus: Nexus) -> None:
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


# --- a table of one's own

HEADER = "Code,Label,Status\n"
PUBLISHED = "".join(f"{row.code},{row.label},{row.status}\n" for row in VENDOR.statuses)


async def table_finding(url: str, folder: Path) -> Finding:
    """What is said of the table `codes.csv` in this folder."""
    async with _with_folder(url, folder) as adapter:
        [found] = [one for one in await findings(adapter) if one.name == "status codes"]
    return found


@asynccontextmanager
async def _with_folder(url: str, folder: Path) -> AsyncIterator[VendorAdapter]:
    settings = settings_of(url, statuses="codes.csv")
    adapter = await VENDOR.connect(Connection(backend="field", settings=settings, deadline_s=2, folder=folder))
    try:
        yield adapter
    finally:
        await adapter.aclose()


@pytest.mark.parametrize(
    ("text", "ok", "warning", "said"),
    [
        (HEADER + PUBLISHED, True, False, "codes.csv has the codes that the vendor publishes."),
        (
            HEADER + PUBLISHED.replace("6,En Route,en_route\n", "") + "5001,Waiting,on_hold\n",
            True,
            True,
            "codes.csv has no 6; it has 5001, which the vendor does not publish.",
        ),
        (HEADER, False, False, "codes.csv: line 1: the table has no rows"),
        (HEADER + "1,New,issued\n", False, False, "codes.csv: Code '1' is neither"),
    ],
    ids=["all", "another", "empty", "impossible"],
)
async def test_a_table_of_ones_own_is_compared_with_the_published_codes(
    sim_nexus: Nexus, tmp_path: Path, text: str, ok: bool, warning: bool, said: str
) -> None:
    (tmp_path / "codes.csv").write_text(text)
    found = await table_finding(sim_nexus.url, tmp_path)
    assert (found.ok, found.warning) == (ok, warning)
    assert found.detail.startswith(said)


async def test_a_table_that_is_not_there(sim_nexus: Nexus, tmp_path: Path) -> None:
    found = await table_finding(sim_nexus.url, tmp_path)
    assert (found.ok, found.detail.startswith("codes.csv: ")) == (False, True)
