"""Reading and cancelling, both assumed: vendor document 004 has neither, the dossier says where they are."""

from __future__ import annotations

import json

import pytest

from app.vendors.overit.simulator_steps import CANCELLABLE, STATUSES
from tests.vendors.overit.simulator_requests import CANCELLATION, OPERATION1, ORDER, PARENT, READ, Fsm, new, problem

RECORD = {
    "id": 223,
    "code": "WO00223",
    "externalCode": "EXT-223",
    "externalSystemCode": "ORDERBRIDGE",
    "externalParentCode": None,
    "typeCode": "WOT1",
    "statusCode": "OPEN",
    "urgencyCode": "U1",
    "workCenterCode": "WC1",
    "operationsAssignment": "DISTINCT",
    "aggregateCardinalityCode": None,
    "startDate": "2023-11-20T08:00:00.000Z",
    "endDate": "2023-12-31T17:00:00.000Z",
    "description": "Replace the meter",
    "aggregateDuration": None,
    "notes": "Ring before arrival",
    "appointmentStartDate": None,
    "appointmentEndDate": None,
    "creationDate": "2023-11-01T09:00:00.000Z",
    "operations": [
        {
            "id": 1,
            "code": "operation1",
            "executionOrder": OPERATION1,
            "cardinalityCode": "cardinality1",
            "typeCode": "opType1",
            "accountCode": "account_4",
            "assetCode": None,
            "defaultDuration": 60,
            "currentDuration": 60,
            "description": "Inspect the meter",
            "startDate": "2023-11-20T08:00:00.000Z",
            "endDate": "2023-11-20T09:00:00.000Z",
            "operationNote": None,
            "statusCode": "OPEN",
            "activityAddress": None,
        }
    ],
}


@pytest.mark.parametrize(
    "query",
    [
        {"code": "WO00223"},
        {"externalCode": "EXT-223", "externalSystemCode": "ORDERBRIDGE"},
        {"code": "WO00223", "externalCode": "EXT-9", "externalSystemCode": "OLDSYS"},
    ],
)
def test_an_order_is_read_by_its_code_or_its_external_code(sim_shared_fsm: Fsm, query: dict[str, str]) -> None:
    answer = sim_shared_fsm.read(**query)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"content": [RECORD], "_page": {"num": 0, "hasMore": False}}
    assert list(answer.json()["content"][0]) == list(RECORD)
    assert sim_shared_fsm.record() == RECORD


@pytest.mark.parametrize(
    "query",
    [
        {"code": "WO9"},
        {"code": ""},
        {"externalCode": "EXT-9", "externalSystemCode": "ORDERBRIDGE"},
        {"externalCode": "EXT-223", "externalSystemCode": "OLDSYS"},
        {"code": "WO9", "externalCode": "EXT-223", "externalSystemCode": "ORDERBRIDGE"},
    ],
)
def test_an_order_that_is_not_there_is_an_empty_content(sim_shared_fsm: Fsm, query: dict[str, str]) -> None:
    answer = sim_shared_fsm.read(**query)

    assert (answer.status_code, answer.json()) == (200, {"content": [], "_page": {"num": 0, "hasMore": False}})


@pytest.mark.parametrize("query", [{}, {"externalCode": "EXT-223"}, {"externalSystemCode": "ORDERBRIDGE"}])
def test_a_query_that_names_no_order_is_refused(sim_shared_fsm: Fsm, query: dict[str, str]) -> None:
    says = "Query parameter code, or externalCode and externalSystemCode, must be present"

    assert problem(sim_shared_fsm.read(**query)) == (400, "IA000_001", says)


def test_an_unknown_query_parameter_is_refused(sim_shared_fsm: Fsm) -> None:
    answer = sim_shared_fsm.read(code="WO00223", status="OPEN")

    assert problem(answer) == (400, "IA000_001", "Query parameter status is not known")


def test_reading_needs_a_token_and_no_permission_to_edit(sim_shared_fsm: Fsm) -> None:
    named = {"code": "WO00223"}

    readonly = sim_shared_fsm.http.get(READ, params=named, headers={"Authorization": "Bearer readonly-token"})
    without = sim_shared_fsm.http.get(READ, params=named)

    assert (readonly.status_code, readonly.json()["content"]) == (200, [RECORD])
    assert problem(without) == (400, "IA000_002", "Access token is absent or not valid")


def test_a_cancellation_cancels_the_order_and_its_operations(sim_fsm: Fsm) -> None:
    sim_fsm.patch(operations=[new(2)])

    assert sim_fsm.cancel().status_code == 204

    assert sim_fsm.record()["statusCode"] == "CANCELLED"
    assert [operation["statusCode"] for operation in sim_fsm.operations()] == ["CANCELLED", "CANCELLED"]
    assert sim_fsm.effects()[1:] == [
        {"n": 2, "order": ORDER, "kind": "status_change", "detail": {"statusCode": "CANCELLED"}}
    ]


def test_a_cancellation_finds_its_order_by_the_external_code(sim_fsm: Fsm) -> None:
    body = {"workOrder": {"externalSystemCode": "ORDERBRIDGE", "externalCode": "EXT-223"}}

    assert sim_fsm.send(json.dumps(body).encode(), path=CANCELLATION, method="POST").status_code == 204

    assert sim_fsm.kinds() == ["status_change"]


def test_a_cancellation_with_operations_cancels_those(sim_fsm: Fsm) -> None:
    sim_fsm.patch(operations=[new(2, code="second"), new(3, code="third")])

    assert sim_fsm.cancel(operations=[{"code": "second"}]).status_code == 204

    assert sim_fsm.record()["statusCode"] == "OPEN"
    assert [operation["statusCode"] for operation in sim_fsm.operations()] == ["OPEN", "CANCELLED", "OPEN"]
    assert sim_fsm.details()[-1] == {"operations": ["second"], "statusCode": "CANCELLED"}


def test_a_cancellation_resolves_all_operations_before_it_cancels_one(sim_fsm: Fsm) -> None:
    answer = sim_fsm.cancel(operations=[{"code": "operation1"}, {"code": "operation9"}])

    assert problem(answer) == (404, "IA005_021", "Operation operation9 does not exist")
    assert sim_fsm.effects() == []


def test_a_cancellation_has_steps_1_and_2(sim_fsm: Fsm) -> None:
    body = b'{"workOrder": {"externalSystemCode": "string", "code": "WO9"}}'

    system = sim_fsm.send(body, path=CANCELLATION, method="POST")

    assert problem(system) == (404, "IA001_001", "External system string does not exist")
    assert problem(sim_fsm.cancel("WO9")) == (404, "IA005_001", "Work order WO9 does not exist")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"workOrder": {"code": "WO00223"}}', "workOrder.externalSystemCode must be present"),
        (
            '{"workOrder": {"externalSystemCode": "ORDERBRIDGE"}}',
            "workOrder.code or workOrder.externalCode must be present",
        ),
        (
            '{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223", "notes": "n"}}',
            "workOrder.notes is not known",
        ),
        (
            '{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223"}, "operations": [{}]}',
            "operations[0].code must be present",
        ),
    ],
)
def test_a_cancellation_that_names_too_little_or_too_much_is_refused(sim_shared_fsm: Fsm, body: str, says: str) -> None:
    answer = sim_shared_fsm.send(body.encode(), path=CANCELLATION, method="POST")

    assert problem(answer) == (400, "IA000_001", says)


def test_an_order_can_be_cancelled_from_the_statuses_of_the_vendors_page_and_no_other(sim_fsm: Fsm) -> None:
    for status in sorted(STATUSES):
        order = sim_fsm.new_order()
        sim_fsm.http.post(f"/_sim/orders/{order}/status", json={"statusCode": status}).raise_for_status()
        answer = sim_fsm.cancel(order)
        if status in CANCELLABLE:
            assert answer.status_code == 204
        else:
            assert problem(answer) == (400, "ODL017", f"Work order in status {status} cannot be cancelled")
            assert sim_fsm.kinds(order) == ["status_set_by_client"]
    assert sorted(STATUSES - CANCELLABLE) == ["CANCELLED", "CLOSED", "TECHNICALLY_CLOSED"]
    assert len(CANCELLABLE) == 10


def test_the_seeded_orders_are_one_DISTINCT_one_AGGREGATED_and_a_parent(sim_shared_fsm: Fsm) -> None:
    aggregated, parent = sim_shared_fsm.record("WO00224"), sim_shared_fsm.record(PARENT)

    assert (aggregated["operationsAssignment"], aggregated["aggregateCardinalityCode"]) == (
        "AGGREGATED",
        "cardinality1",
    )
    assert [one["executionOrder"] for one in sim_shared_fsm.operations("WO00224")] == [1]
    assert (parent["externalCode"], parent["operations"]) == ("EXT-100", [])
