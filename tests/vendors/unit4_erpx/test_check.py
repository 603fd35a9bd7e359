"""`orderbridge check` against the simulated ERPx, the settings it is set up with, and what the vendor says of itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from app.domain.ports import Finding, KnownCodes, VendorAdapter
from app.domain.statuses import Basis, Status
from app.vendors.unit4_erpx import VENDOR
from tests.vendors.unit4_erpx.erpx import adapting, settings
from tests.vendors.unit4_erpx.simulator_requests import Erp

CODES = "The vendor's own table has C, N, P, T; ERPx lists no orders, and"
OWN = KnownCodes(codes=frozenset(row.code for row in VENDOR.statuses), table="vendor's own table")


async def findings_of(adapter: VendorAdapter, known: KnownCodes | Finding = OWN) -> list[Finding]:
    return [finding async for finding in adapter.check(known)]


async def checked(url: str, **changed: str) -> list[Finding]:
    return await checked_with(url, changed)


async def checked_with(url: str, changed: Mapping[str, object]) -> list[Finding]:
    async with adapting(url, changed) as adapter:
        return await findings_of(adapter)


async def test_all_is_well(sim_erp: Erp) -> None:
    assert await checked(sim_erp.url) == [
        Finding(name="address", ok=True, detail=f"{sim_erp.url} answers with HTTP 404."),
        Finding(name="log-in", ok=True, detail="The identity service gave sandbox a token."),
        Finding(name="read", ok=True, detail="sandbox may read work orders of COMP1."),
        Finding(name="status codes", ok=True, detail=f"{CODES} no order was read yet."),
    ]


async def test_an_erpx_that_is_not_there_ends_the_check() -> None:
    findings = await checked("http://127.0.0.1:1")
    assert [(finding.name, finding.ok) for finding in findings] == [("address", False)]


async def test_a_refused_log_in_ends_the_check(sim_erp: Erp) -> None:
    assert (await checked(sim_erp.url, client_secret="wrong"))[-1] == Finding(
        name="log-in",
        ok=False,
        detail="The log-in of client sandbox was refused (HTTP 400). invalid_client",
    )


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"company_id": "COMP9"}, "The client sandbox may not do this in ERPx, or company COMP9 does not exist"),
        ({"work_orders_path": "/v2/orders"}, "There is no Work Orders API at this address"),
    ],
    ids=["a company that does not exist", "a wrong path"],
)
async def test_a_read_that_must_find_nothing_tells_what_is_wrong(
    sim_erp: Erp, changed: dict[str, str], detail: str
) -> None:
    [finding] = [one for one in await checked_with(sim_erp.url, changed) if one.name == "read"]
    assert (finding.ok, finding.detail.startswith(detail)) == (False, True)


async def test_codes_seen_so_far_are_held_against_the_table(sim_erp: Erp) -> None:
    imported = KnownCodes(codes=frozenset({"P"}), table="imported table")
    async with adapting(sim_erp.url) as adapter:
        await adapter.read("123")
        assert (await findings_of(adapter, imported))[-1] == Finding(
            name="status codes", ok=False, detail="Not in the imported table: N."
        )
        assert (await findings_of(adapter))[-1].detail == f"{CODES} of the orders read, all have one of them: N."


async def test_a_table_that_cannot_be_read_is_told_in_the_place_of_a_comparison(sim_erp: Erp) -> None:
    unreadable = Finding(name="status codes", ok=False, detail="codes.csv: line 1: the file is empty")
    async with adapting(sim_erp.url) as adapter:
        assert (await findings_of(adapter, unreadable))[-1] == unreadable


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("work_orders_path", "v1/work-orders"),
        ("work_orders_path", "/v1//work-orders"),
        ("work_orders_path", "/v1/../admin"),
        ("work_orders_path", "/v1/work-orders?x=1"),
        ("work_orders_path", "/"),
        ("number_prefix", "WO 1"),
        ("number_prefix", "FOURTEENLETTER"),
        ("company_id", ""),
        ("company_id", "COMP1\n"),
        ("token_url", "ids.example/token"),
        ("client_id", ""),
        ("reasons", {"weather": 12}),
        ("late_reasons", {"parts_delay": 31}),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        settings("http://127.0.0.1:1", **{name: value})
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_a_path_may_end_with_a_slash_and_secrets_are_not_shown() -> None:
    made = settings("http://127.0.0.1:1", work_orders_path="/v1/projects/work-orders/")
    assert (made.work_orders_path, "sandbox-secret" in repr(made)) == ("/v1/projects/work-orders", False)


def test_the_status_table_is_that_of_the_design_and_all_of_it_assumed() -> None:
    assert {row.code: row.status for row in VENDOR.statuses} == {
        "N": Status.issued,
        "P": Status.on_hold,
        "C": Status.closed,
        "T": Status.cancelled,
    }
    assert {row.basis for row in VENDOR.statuses} == {Basis.assumed}
    assert set(VENDOR.workflow.steps) == {row.code for row in VENDOR.statuses}
    assert {row.code for row in VENDOR.statuses if row.step in VENDOR.workflow.terminal} == {"C", "T"}
    assert (VENDOR.removal and VENDOR.removal.code, VENDOR.workflow.same_code_refused) == ("C", False)
