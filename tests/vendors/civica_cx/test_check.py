"""`orderbridge check` and the live WSDL, against a Cx on loopback that publishes its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import BackendMisconfigured, BackendUnavailable
from app.domain.ports import Finding, KnownCodes, Outcome, VendorAdapter
from app.vendors.civica_cx.documents import VENDORED
from tests.vendors.civica_cx.conftest import Adapting, Cx
from tests.vendors.civica_cx.messages import OURS, WsdlSet, orders, sample
from tests.vendors.civica_cx.test_adapter import APPLIED, WRITE
from tests.vendors.loopback import loopback, reply


@pytest.fixture(params=[OURS], ids=lambda wsdl: wsdl.id)
def wsdl(request: pytest.FixtureRequest) -> WsdlSet:
    """What the server publishes; the foreign set's imports lead to its own host, which is another test."""
    chosen = request.param
    assert isinstance(chosen, WsdlSet)
    return chosen


KNOWN = KnownCodes(codes=frozenset({"3", "17"}), table="imported table")


async def checked(adapter: VendorAdapter, known: KnownCodes | Finding = KNOWN) -> list[Finding]:
    return [finding async for finding in adapter.check(known)]


async def test_all_is_well(cx: Cx, adapter: VendorAdapter) -> None:
    page = f"{cx.url}/webservice"
    assert await checked(adapter) == [
        Finding(name="page of WSTokenService", ok=True, detail=f"{page}/WSTokenService answers with HTTP 200."),
        Finding(
            name="page of WSRepairContractorService",
            ok=True,
            detail=f"{page}/WSRepairContractorService answers with HTTP 200.",
        ),
        Finding(name="elements", ok=True, detail="The WSDL in use has every element."),
        Finding(name="live WSDL", ok=True, detail="The published WSDL is the one in use."),
        Finding(name="log-in", ok=True, detail="Cx gave api.contractor a token."),
        Finding(name="status codes", ok=True, detail="All in the imported table: 3 (1 orders)."),
    ]


async def test_a_cx_that_is_not_there_ends_the_check(adapting: Adapting) -> None:
    findings = await checked(await adapting(url="http://127.0.0.1:1/cx"))
    assert [(finding.name, finding.ok) for finding in findings] == [
        ("page of WSTokenService", False),
        ("page of WSRepairContractorService", False),
    ]


async def test_a_refused_log_in_is_told_in_the_words_of_cx(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will("GetUserWSToken", sample("login_refused.xml"))
    assert (await checked(adapter))[-1] == Finding(
        name="log-in", ok=False, detail="Cx refused our log-in. Invalid login. Please try again."
    )


async def test_codes_that_the_table_lacks_are_named(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will("GetRepairWorkOrders", orders(1, 2).replace(b"<a:RepairStatusCodeId>3<", b"<a:RepairStatusCodeId>77<"))
    assert (await checked(adapter))[-1] == Finding(
        name="status codes", ok=False, detail="Not in the imported table: 77."
    )


async def test_without_a_table_the_codes_are_told(adapter: VendorAdapter) -> None:
    nothing = KnownCodes(codes=frozenset(), table="status table (nothing is imported)")
    assert (await checked(adapter, nothing))[-1] == Finding(
        name="status codes",
        ok=True,
        detail="Codes seen in the list: 3 (1 orders); there is no status table (nothing is imported).",
    )


async def test_a_table_that_cannot_be_read_is_told_in_the_place_of_a_comparison(cx: Cx, adapter: VendorAdapter) -> None:
    unreadable = Finding(name="status codes", ok=False, detail="codes.csv: line 1: the file is empty")
    assert (await checked(adapter, unreadable))[-1] == unreadable
    assert cx.asked("GetRepairWorkOrders") == []


@pytest.fixture
def drifted(tmp_path: Path) -> WsdlSet:
    """The client's server after an upgrade of theirs."""
    folder = shutil.copytree(VENDORED, tmp_path / "wsdl")
    contract = folder / "WSRepairContractorService.xsd2.xsd"
    contract.write_text(contract.read_text().replace('name="WorkOrderUid" type', 'name="WorkOrderGuid" type'))
    return replace(OURS, folder=folder)


async def test_a_wsdl_that_has_changed_is_told_call_by_call(cx: Cx, adapter: VendorAdapter, drifted: WsdlSet) -> None:
    cx.wsdl = drifted
    findings = await checked(adapter)
    assert [finding.detail for finding in findings if finding.name == "live WSDL"] == [
        "UpdateRepairWorksOrderStatus has no WorkOrderUid any more.",
        "UpdateRepairWorksOrderStatus also has WorkOrderGuid.",
        "GetRepairWorkOrders has no WorkOrders.RepairWorkOrder.WorkOrderUid any more.",
        "GetRepairWorkOrders also has WorkOrders.RepairWorkOrder.WorkOrderGuid.",
        "GetRepairWorkOrderDetails has no WorkOrder.WorkOrderUid, WorkOrderUid any more.",
        "GetRepairWorkOrderDetails also has WorkOrder.WorkOrderGuid, WorkOrderGuid.",
    ]


async def test_elements_that_the_wsdl_in_use_lacks_are_named(adapting: Adapting, drifted: WsdlSet) -> None:
    findings = await checked(await adapting(wsdl=str(drifted.folder)))
    assert [finding.detail for finding in findings if finding.name == "elements"] == [
        "Not in the WSDL in use: UpdateRepairWorksOrderStatus: WorkOrderUid; "
        "GetRepairWorkOrders: RepairWorkOrder.WorkOrderUid; "
        "GetRepairWorkOrderDetails: WorkOrderUid, RepairWorkOrder.WorkOrderUid."
    ]


async def test_an_update_that_would_lose_a_member_waits_for_the_configuration(
    cx: Cx, adapting: Adapting, drifted: WsdlSet
) -> None:
    adapter = await adapting(wsdl=str(drifted.folder))
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendMisconfigured)
    assert cx.asked("UpdateRepairWorksOrderStatus") == []
    with pytest.raises(BackendUnavailable, match="no WorkOrderUid"):
        adapter.requests(WRITE)


async def test_the_live_wsdl_is_used(cx: Cx, adapting: Adapting) -> None:
    adapter = await adapting(wsdl="live")
    assert await adapter.send(WRITE) == APPLIED
    assert [arrived.target for arrived in cx.server.arrived[:2]] == [
        "/cx/webservice/WSTokenService?wsdl",
        "/cx/webservice/WSTokenService.xsd0.xsd",
    ]


async def test_a_cx_that_is_down_at_the_start_is_asked_for_its_wsdl_at_the_next_call(
    cx: Cx, adapting: Adapting
) -> None:
    cx.server.answers.append(reply(503))
    adapter = await adapting(wsdl="live")
    with pytest.raises(BackendUnavailable):
        adapter.requests(WRITE)
    cx.server.answers.append(reply(503))
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendUnavailable)
    assert await adapter.send(WRITE) == APPLIED
    assert len(adapter.requests(WRITE)) == 1


async def test_a_live_wsdl_that_imports_from_another_server_is_refused(cx: Cx, adapting: Adapting) -> None:
    wsdl = (VENDORED / "WSTokenService.wsdl").read_bytes()
    async with loopback() as elsewhere:
        led_away = wsdl.replace(b'"WSTokenService.xsd0.xsd"', f'"{elsewhere.url}/x.xsd"'.encode())
        cx.server.answers.append(reply(200, led_away))
        adapter = await adapting(wsdl="live")
        cx.server.answers.append(reply(200, led_away))
        answer = await adapter.send(WRITE)
        assert elsewhere.arrived == []
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendMisconfigured)
    assert "not the backend's own server" in answer.detail


async def test_a_folder_without_a_wsdl_stops_the_start(adapting: Adapting, tmp_path: Path) -> None:
    with pytest.raises(BackendMisconfigured, match="the WSDL cannot be read"):
        await adapting(wsdl=str(tmp_path))
