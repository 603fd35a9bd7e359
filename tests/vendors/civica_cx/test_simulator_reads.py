"""GetRepairWorkOrders and GetRepairWorkOrderDetails of the simulator, by the assumed contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.vendors.civica_cx.simulator_requests import Cx, Watch, member, refusal, running

UID = "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9"
EMPTY = "00000000-0000-0000-0000-000000000000"
START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.fixture
def watch() -> Watch:
    return Watch(START)


@pytest.fixture
def cx(watch: Watch) -> Iterator[Cx]:
    with running(clock=watch) as cx:
        yield cx


def references(cx: Cx, from_date: str | None = None, user: str = "sandbox") -> list[str]:
    answer = cx.call("get_repair_work_orders", FromDate=from_date, Token=cx.login(user))
    assert refusal(answer) is None
    return re.findall(r"<a:WorkOrderReference>(\w+)</a:WorkOrderReference>", answer.text)


def test_details_show_every_member_in_alphabetical_order(cx: Cx) -> None:
    answer = cx.call("get_repair_work_order_details")

    inner = re.search(r"<a:WorkOrder>(.*)</a:WorkOrder>", answer.text)
    assert inner is not None
    assert inner.group(1) == (
        "<a:AddressLine1>14 Kestrel Court</a:AddressLine1><a:AddressLine2>Heron Road</a:AddressLine2>"
        "<a:AddressLine3>Westbury</a:AddressLine3><a:AddressLine4>Riverside</a:AddressLine4>"
        "<a:AppointmentEnd>2022-10-06T21:00:00</a:AppointmentEnd><a:AppointmentStart>2022-10-06T19:00:00</a:AppointmentStart>"
        '<a:CompletedDate i:nil="true"/><a:ContractorName>Ohm Sweet Ohm Electrics Ltd</a:ContractorName>'
        "<a:Description>No power to kitchen sockets; ring main trips when reset</a:Description><a:IsLate>false</a:IsLate>"
        "<a:IssuedDate>2022-10-05T09:12:00</a:IssuedDate>"
        "<a:Notes>Tenant is home after 15:00. Dog on the premises.</a:Notes><a:PostCode>RV4 2QT</a:PostCode>"
        "<a:PriorityCode>R3</a:PriorityCode><a:PropertyReference>KES0014</a:PropertyReference>"
        "<a:RaisedDate>2022-10-05T08:47:13</a:RaisedDate><a:RepairMasterStatusCode>Issued</a:RepairMasterStatusCode>"
        "<a:RepairStatusCode>Issued</a:RepairStatusCode><a:RepairStatusCodeId>3</a:RepairStatusCodeId>"
        '<a:StatusDate>2022-10-05T09:12:00</a:StatusDate><a:StatusReasonId i:nil="true"/>'
        "<a:TargetDate>2049-12-31T17:00:00</a:TargetDate><a:TradeCode>ELEC</a:TradeCode><a:WorkOrderId>113427</a:WorkOrderId>"
        f"<a:WorkOrderReference>WO113427</a:WorkOrderReference><a:WorkOrderUid>{UID}</a:WorkOrderUid>"
    )


@pytest.mark.parametrize(
    ("reference", "uid", "found"),
    [
        ("WO113427", EMPTY, "113427"),
        ("WO113427", UID, "113427"),
        ("WO113434", UID, "113434"),  # the reference wins
        ("", UID, "113427"),
        (None, UID, "113427"),
        (None, UID.upper(), "113427"),
    ],
)
def test_an_order_is_found_by_reference_or_else_by_uid(cx: Cx, reference: str | None, uid: str, found: str) -> None:
    answer = cx.call("get_repair_work_order_details", WorkOrderReference=reference, WorkOrderUid=uid)

    assert member(answer, "WorkOrderId") == found


@pytest.mark.parametrize(
    ("reference", "uid"),
    [
        ("WO999999", UID),
        ("rubbish", EMPTY),
        (None, EMPTY),
        ("WO113432", EMPTY),
        (None, "6a7b8c9d-0e1f-4a2b-9c3d-4e5f6a7b8005"),
    ],
)
def test_what_is_unknown_or_of_another_unit_is_not_valid(cx: Cx, reference: str | None, uid: str) -> None:
    answer = cx.call("get_repair_work_order_details", WorkOrderReference=reference, WorkOrderUid=uid)

    assert refusal(answer) == f"Works order {reference or uid} could not be found."
    assert '<a:WorkOrder i:nil="true"/>' in answer.text


def test_an_order_with_nothing_filled_in_has_nil_members(cx: Cx) -> None:
    answer = cx.call("get_repair_work_order_details", WorkOrderReference="WO113433")

    assert len(re.findall(r'<a:\w+ i:nil="true"/>', answer.text)) == 20
    assert member(answer, "IsLate") is None
    assert member(answer, "RepairMasterStatusCode") == "Issued"


def test_text_is_escaped(cx: Cx) -> None:
    answer = cx.call("get_repair_work_order_details", WorkOrderReference="WO113434")

    assert member(answer, "Description") == "Smoke alarm bleeps &amp; will not reset"


def test_the_list_holds_the_orders_of_the_users_unit_in_every_status(cx: Cx) -> None:
    expected = [f"WO{number}" for number in (113427, 113428, 113429, 113430, 113431, 113433, 113434)]

    assert references(cx) == expected
    assert references(cx, user="viewer") == expected


def test_the_list_from_a_date_holds_what_changed_since(cx: Cx, watch: Watch) -> None:
    cx.update()
    watch.advance(60 * 60)  # 01:30 UTC is 02:30 in the UK: the clocks went forward meanwhile
    changed = cx.order_with()
    cx.http.post("/_sim/orders/113434/cancel").raise_for_status()

    assert references(cx, "2026-03-29T00:30:00") == ["WO113427", "WO113434", f"WO{changed.number}"]
    assert references(cx, "2026-03-29T02:30:00") == ["WO113434", f"WO{changed.number}"]
    assert references(cx, "2026-03-29T01:30:00Z") == ["WO113434", f"WO{changed.number}"]


def test_an_empty_list_is_an_empty_element(cx: Cx) -> None:
    answer = cx.call("get_repair_work_orders", FromDate="2099-01-01T00:00:00")

    assert "<a:WorkOrders/>" in answer.text


def test_an_order_becomes_late_when_its_target_date_passes(cx: Cx, watch: Watch) -> None:
    watch.now = datetime(2049, 12, 31, 17, 0, tzinfo=UTC)
    assert member(cx.call("get_repair_work_order_details"), "IsLate") == "false"

    watch.advance(1)

    assert member(cx.call("get_repair_work_order_details"), "IsLate") == "true"
    assert member(cx.call("get_repair_work_order_details", WorkOrderReference="WO113430"), "IsLate") == "false"
    assert refusal(cx.update()) == "The works order is late. A late completion reason must be supplied."
