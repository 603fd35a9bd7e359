"""The adapter reads from the simulated ERPx: GET_001 to GET_005, companies, paths, and answers that are none."""

from __future__ import annotations

import pytest

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable, GatewayError, WorkOrderNotFound
from app.domain.work_orders import OrderKey
from tests.vendors.unit4_erpx.erpx import ORDER, adapting
from tests.vendors.unit4_erpx.simulator_requests import MINIMUM, PATHS, RECORD_123, Erp


async def test_get_001_user_is_not_authorised(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, client_id="nobody", client_secret="nobody-secret") as adapter:
        with pytest.raises(BackendMisconfigured) as caught:
            await adapter.read("123")
    assert caught.value.detail == (
        "The client nobody may not do this in ERPx, or company COMP1 does not exist (HTTP 403)."
    )
    assert caught.value.vendor is not None
    assert caught.value.vendor.as_json() == {"code": "2030", "message": "User is not authorised.", "status": 403}


async def test_get_002_unknown_company_id(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, company_id="COMP9") as adapter:
        with pytest.raises(BackendMisconfigured, match=r"client sandbox may not .* or company COMP9 does not exist"):
            await adapter.read("123")


@pytest.mark.parametrize("number", ["", ".", "..", "a/b", "123?companyId=COMP2"])
async def test_get_003_a_number_that_is_none_is_never_asked_for(number: str) -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        with pytest.raises(WorkOrderNotFound):
            await adapter.read(number)


async def test_get_004_work_order_id_does_not_exist(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        with pytest.raises(WorkOrderNotFound) as caught:
            await adapter.read("no such")
    assert (caught.value.detail, caught.value.vendor and caught.value.vendor.message) == (
        "ERPx has no such work order in company COMP1.",
        "The entity of the following parameters [Company: COMP1, Work order: no such] was not found.",
    )


@pytest.mark.parametrize("path", PATHS)
async def test_get_005_work_order_exists(sim_fresh: Erp, path: str) -> None:
    async with adapting(sim_fresh.url, work_orders_path=path) as adapter:
        seen = await adapter.read("123")
    extensions = {"serviceOrder": False, "customerInformation": RECORD_123["customerInformation"]}
    known = ORDER["extensions"]
    assert isinstance(known, dict)
    assert seen.fields["extensions"] == {"unit4_erpx": {**known["unit4_erpx"], **extensions}}
    assert list(seen.fields["related_values"] or ()) == ["C1~1900-01-01", "B0~1900-01-01", "C0~1900-01-01"]  # type: ignore[arg-type]
    assert (seen.key, seen.code, seen.record) == (
        OrderKey(number="123", vendor_ids={"company_id": "COMP1"}),
        "N",
        RECORD_123,
    )


async def test_the_same_number_in_another_company_is_another_order(sim_erp: Erp) -> None:
    number = sim_erp.new_order()
    sim_erp.post(MINIMUM | {"companyId": "COMP2", "workOrderId": number, "workOrderName": "Boiler"}).raise_for_status()
    async with adapting(sim_erp.url) as ours, adapting(sim_erp.url, company_id="COMP2") as theirs:
        seen = [(await adapter.read(number)) for adapter in (ours, theirs)]
    assert [(order.fields["title"], order.key.vendor_ids["company_id"]) for order in seen] == [
        ("Pump", "COMP1"),
        ("Boiler", "COMP2"),
    ]


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        ({"work_orders_path": "/v2/work-orders"}, "There is no Work Orders API at this address"),
        ({"client_secret": "wrong"}, "The log-in of client sandbox was refused"),
        ({"scope": "wrong"}, "The log-in of client sandbox was refused"),
    ],
    ids=["a wrong path", "a wrong secret", "a wrong scope"],
)
async def test_what_only_an_operator_can_correct_is_told_as_such(
    sim_erp: Erp, settings: dict[str, str], detail: str
) -> None:
    async with adapting(sim_erp.url, settings) as adapter:
        with pytest.raises(BackendMisconfigured, match=detail):
            await adapter.read("123")


async def test_a_token_url_that_leads_nowhere_is_the_operators(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, token_url=f"{sim_erp.url}/elsewhere") as adapter:
        with pytest.raises(BackendMisconfigured, match="There is no identity service at this address"):
            await adapter.read("123")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "http_500"}, BackendUnavailable),
        ({"kind": "html"}, BackendUnavailable),
        ({"kind": "reset"}, BackendUnavailable),
        ({"kind": "truncate"}, BackendUnavailable),
        ({"kind": "hang", "delay_s": 5}, BackendTimeout),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_an_answer_that_is_none_is_trouble_and_never_not_found(
    sim_erp: Erp, fault: dict[str, str], error: type[GatewayError]
) -> None:
    async with adapting(sim_erp.url, deadline_s=0.6) as adapter:
        await adapter.read("123")
        sim_erp.fault(on="read", count=1, **fault)
        with pytest.raises(error):
            await adapter.read("123")


async def test_a_vendor_that_is_not_there_is_unavailable() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        with pytest.raises(BackendUnavailable):
            await adapter.read("123")


async def test_there_is_no_list(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        assert [batch async for batch in adapter.listing()] == []
