"""Vendor document 000, "Updating a Repair Works Order Status": by which rules the simulator takes or refuses an update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import pytest

from app.vendors.civica_cx.simulator_workflow import CODES, NEXT
from tests.vendors.civica_cx.simulator_requests import Cx, Text, envelope, refusal, running

ISSUED, ON_HOLD, PRE_INSPECTION, VARIATION, VARIED, LIVE, ON_SITE, MATERIALS = 3, 4, 5, 6, 7, 9, 11, 12
PARTIAL, COMPLETE, CANCELLED, INVOICED, EXPIRED, FUTURE, NOT_FOR_ORDERS = 16, 17, 18, 19, 20, 21, 22
LATE_ORDER: dict[str, Text] = {"WorkOrderId": 113428, "WorkOrderUid": "5d0f1c7e-52a4-4a0e-9a3f-8f3f0c2b7a11"}
HIDDEN_ORDER: dict[str, Text] = {"WorkOrderId": 113432, "WorkOrderUid": "6a7b8c9d-0e1f-4a2b-9c3d-4e5f6a7b8005"}


@pytest.fixture(scope="module")
def cx() -> Iterator[Cx]:
    with running() as cx:
        yield cx


def test_the_documents_own_request_moves_the_order() -> None:
    with running() as cx:
        answer = cx.post(
            "update_repair_works_order_status", envelope("update_repair_works_order_status", Token=cx.login())
        )

        assert (answer.status_code, answer.text) == (
            200,
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><UpdateRepairWorksOrderStatusResponse '
            'xmlns="http://www.civica.co.uk/Civica.Housing.Cx.WebServices"><UpdateRepairWorksOrderStatusResult '
            'xmlns:a="http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts.Modules.'
            'Repairs" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><InvalidReason i:nil="true" '
            'xmlns="http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts"/><IsValid '
            'xmlns="http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts">true'
            "</IsValid></UpdateRepairWorksOrderStatusResult></UpdateRepairWorksOrderStatusResponse></s:Body></s:Envelope>",
        )
        assert cx.effects() == [
            {
                "n": 1,
                "order": "113427",
                "kind": "status_change",
                "detail": {
                    "Comments": "Engineer on site",
                    "StatusCodeId": 11,
                    "StatusDate": "2022-10-06T20:40:00",
                    "StatusReasonId": 0,
                    "StatusSetByUserId": 0,
                    "StatusSetDate": None,
                    "WorkOrderId": 113427,
                    "WorkOrderUid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9",
                },
            }
        ]
        record = cx.record(113427)
        assert (record["RepairStatusCodeId"], record["RepairStatusCode"], record["RepairMasterStatusCode"]) == (
            11,
            "On Site",
            "Work In Progress",
        )
        assert record["StatusDate"] == "2022-10-06T20:40:00"


@dataclass(frozen=True, kw_only=True)
class Refused:
    id: str
    reason: str
    moved_through: tuple[int, ...] = ()
    values: dict[str, Text] = field(default_factory=dict)


REFUSED = (
    Refused(
        id="the same status again",
        moved_through=(ON_SITE,),
        reason="The works order already has the status On Site. A works order cannot be moved to the same status.",
    ),
    Refused(
        id="a jump that the master workflow does not have",
        values={"StatusCodeId": PARTIAL},
        reason="A works order cannot be moved from Issued to Partially Complete.",
    ),
    Refused(
        id="a move backwards",
        moved_through=(ON_SITE,),
        values={"StatusCodeId": ISSUED},
        reason="A works order cannot be moved from Work In Progress to Issued.",
    ),
    Refused(
        id="a code that does not exist",
        values={"StatusCodeId": 4711},
        reason="Status code 4711 is not valid for a works order.",
    ),
    Refused(
        id="a code that is not for works orders",
        values={"StatusCodeId": NOT_FOR_ORDERS},
        reason=f"Status code {NOT_FOR_ORDERS} is not valid for a works order.",
    ),
    Refused(
        id="a code that is no longer effective",
        values={"StatusCodeId": EXPIRED},
        reason="Status code Attending is not effective on 06/10/2022.",
    ),
    Refused(
        id="a code that is not effective yet",
        values={"StatusCodeId": FUTURE},
        reason="Status code Remote Fix is not effective on 06/10/2022.",
    ),
    Refused(
        id="a cancelled order",
        moved_through=(CANCELLED,),
        reason="The works order is Cancelled and cannot be updated further.",
    ),
    Refused(
        id="an invoiced order",
        moved_through=(COMPLETE, INVOICED),
        reason="The works order is Fully Invoiced and cannot be updated further.",
    ),
    Refused(
        id="an update dated after the target date, without a reason",
        values={"StatusDate": "2050-01-01T00:00:00"},
        reason="The works order is late. A late completion reason must be supplied.",
    ),
    Refused(
        id="an id without its uid",
        values={"WorkOrderUid": "00000000-0000-0000-0000-000000000000"},
        reason="The works order id and the works order uid do not belong to the same works order.",
    ),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refused_update_is_http_200_and_changes_nothing(cx: Cx, case: Refused) -> None:
    order = cx.order_with(*case.moved_through)
    before = cx.record(order.number)

    assert refusal(cx.update(order, **case.values)) == case.reason

    assert cx.record(order.number) == before
    assert cx.kinds(order.number) == ["status_change"] * len(case.moved_through)


def test_an_unknown_order_is_refused(cx: Cx) -> None:
    assert refusal(cx.update(WorkOrderId=999)) == "Works order 999 could not be found."


def test_an_order_of_another_functional_unit_is_refused_as_if_unknown(cx: Cx) -> None:
    assert refusal(cx.update(**HIDDEN_ORDER)) == "Works order 113432 could not be found."
    assert cx.kinds(113432) == []


def test_a_role_that_may_only_read_is_refused(cx: Cx) -> None:
    order = cx.new_order()

    answer = cx.update(order, Token=cx.login("viewer"))

    assert refusal(answer) == "You do not have permission to update works orders."
    assert cx.kinds(order.number) == []


def test_a_late_order_needs_a_reason_in_the_same_call(cx: Cx) -> None:
    update = LATE_ORDER | {"StatusCodeId": ON_SITE}
    assert refusal(cx.update(**update)) == "The works order is late. A late completion reason must be supplied."
    assert cx.kinds(113428) == []

    assert refusal(cx.update(**update, StatusReasonId=31)) is None

    assert cx.record(113428)["StatusReasonId"] == 31


def test_an_order_that_the_client_cancels_takes_no_further_update(cx: Cx) -> None:
    order = cx.order_with(ON_SITE)
    cx.http.post(f"/_sim/orders/{order.number}/cancel").raise_for_status()

    for code_id in (ON_SITE, MATERIALS, COMPLETE):
        assert (
            refusal(cx.update(order, StatusCodeId=code_id))
            == "The works order is Cancelled and cannot be updated further."
        )
    assert cx.kinds(order.number) == ["status_change", "cancelled_by_client"]


def test_codes_of_one_master_follow_each_other_and_nothing_is_idempotent(cx: Cx) -> None:
    order = cx.order_with(ON_SITE, MATERIALS, ON_SITE, MATERIALS)

    first, _, third, _ = cx.details(order.number)
    assert first == third
    assert cx.kinds(order.number) == ["status_change"] * 4


def test_completion_sets_the_completed_date(cx: Cx) -> None:
    order = cx.order_with(ON_SITE)

    cx.update(order, StatusCodeId=COMPLETE, StatusDate="2022-10-07T11:30:00.25")

    assert cx.record(order.number)["CompletedDate"] == "2022-10-07T11:30:00.250000"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2025-10-26T01:30:00", "2025-10-26T01:30:00"),  # the hour that comes twice
        ("2025-03-30T01:30:00", "2025-03-30T01:30:00"),  # the hour that does not exist
        ("2025-07-01T10:00:00Z", "2025-07-01T11:00:00"),
        ("2025-07-01T10:00:00+02:00", "2025-07-01T09:00:00"),
    ],
)
def test_a_status_date_is_uk_time_unless_it_says_otherwise(cx: Cx, sent: str, shown: str) -> None:
    order = cx.new_order()

    assert refusal(cx.update(order, StatusDate=sent)) is None

    assert cx.record(order.number)["StatusDate"] == shown


PATHS = {
    "Issued": (),
    "Work In Progress": (LIVE,),
    "On Hold": (ON_HOLD,),
    "Awaiting Variation Authorisation": (VARIATION,),
    "Awaiting Pre Inspection": (PRE_INSPECTION,),
    "Varied": (VARIED,),
    "Partially Complete": (LIVE, PARTIAL),
    "Complete": (COMPLETE,),
    "Cancelled": (CANCELLED,),
    "Fully Invoiced": (COMPLETE, INVOICED),
}


@pytest.mark.parametrize("master", PATHS)
def test_the_master_workflow_lets_through_its_rows_and_nothing_else(cx: Cx, master: str) -> None:
    orders = {code.id: cx.order_with(*PATHS[master]) for code in CODES.values() if code.id not in (EXPIRED, FUTURE)}

    moved = {
        CODES[code_id].master
        for code_id, order in orders.items()
        if refusal(cx.update(order, StatusCodeId=code_id)) is None
    }

    same = (
        {master}
        if sum(code.master == master and code.works_order for code in CODES.values()) > 1 and NEXT[master]
        else set()
    )
    assert moved == set(NEXT[master]) | same


def test_the_workflow_has_a_row_for_every_master_and_names_no_other() -> None:
    masters = {code.master for code in CODES.values()}

    assert set(NEXT) == masters
    assert {onward for row in NEXT.values() for onward in row} <= masters


def test_ids_and_uids_must_belong_together(cx: Cx) -> None:
    one, other = cx.new_order(), cx.new_order()

    for number, uid in product((one.number, other.number), (one.uid, other.uid)):
        answer = cx.update(WorkOrderId=number, WorkOrderUid=uid)
        assert (refusal(answer) is None) == ((number, uid) in {(one.number, one.uid), (other.number, other.uid)})
