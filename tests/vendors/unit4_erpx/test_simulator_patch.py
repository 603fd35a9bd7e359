"""PATCH_001 to PATCH_004 and PATCH_006 of vendor document 002 (it has no 005), and both printed forms, by raw requests."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.vendors.simulation import Json
from tests.vendors.unit4_erpx.simulator_requests import (
    B0,
    C0,
    C1,
    JSON_PATCH,
    NOT_AUTHORISED,
    PATCH_OF_ONE_FIELD,
    PATCH_OF_THE_WHOLE,
    PATHS,
    RECORD_123,
    Erp,
    answered,
    invalid,
    without,
)


def op(kind: str, path: str, value: Json = None) -> dict[str, Json]:
    return {"op": kind, "path": path} | ({} if kind == "Remove" else {"value": value})


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    operation: dict[str, Json]
    message: str


def case_id(case: Case) -> str:
    return case.id


MISSING = [
    *(
        Case(id=f"{name} removed", operation=op("Remove", f"/{name}"), message=f"The {name} field is required.")
        for name in ("companyId", "workOrderId", "workOrderName", "projectId", "dateFrom", "status")
    ),
    Case(id="null in the whole", operation=op("Replace", "/", {"dateFrom": None}),
         message="The dateFrom field is required."),
    Case(id="an empty text", operation=op("Replace", "/workOrderName", ""),
         message="The workOrderName field is required."),
    Case(id="no value", operation={"op": "Replace", "path": "/status"}, message="The value field is required."),
    Case(id="no path", operation={"op": "Replace", "value": 1}, message="The path field is required."),
    Case(id="no op", operation={"path": "/status", "value": "P"}, message="The op field is required."),
    Case(id="no relation", operation=op("Remove", "/relatedValues/0/relationId"),
         message="The relationId field is required."),
    Case(id="no related value", operation=op("Replace", "/relatedValues/0/relatedValue", None),
         message="A value must be entered for C1."),
]  # fmt: skip

WRONG_FORMAT = [
    Case(id="a date", operation=op("Replace", "/dateTo", "tomorrow"),
         message="Invalid date time format: tomorrow is not a date written as YYYY-MM-DD."),
    Case(id="a number", operation=op("Replace", "/", {"probability": "70"}),
         message="Error converting value \"70\" to type 'System.Int32'. Path 'probability'."),
    Case(id="an object", operation=op("Replace", "/customerInformation", 5),
         message="Error converting value 5 to type 'CustomerInformation'. Path 'customerInformation'."),
    Case(id="an element", operation=op("Add", "/relatedValues/-", "C1"),
         message="Error converting value \"C1\" to type 'RelatedValue'. Path 'relatedValues[3]'."),
]  # fmt: skip

RESTRICTED = [
    Case(id="a date", operation=op("Replace", "/dateTo", "2100-01-01"),
         message="The date must be between 1900-01-01 and 2099-12-31"),
    Case(id="a name", operation=op("Replace", "/workOrderName", "n" * 256),
         message="The field workOrderName must be a string with max length 255"),
    Case(id="dates", operation=op("Replace", "/dateTo", "2000-12-31"),
         message="dateFrom must be equal or earlier than dateTo"),
    Case(id="a share", operation=op("Replace", "/probability", 101),
         message="The field probability must be between 0 and 100."),
    Case(id="a code", operation=op("Replace", "/status", "X"), message="Illegal status"),
    Case(id="another number", operation=op("Replace", "/workOrderId", "124"), message="Illegal workOrderId"),
    Case(id="another company", operation=op("Replace", "/", {"companyId": "COMP2"}), message="Illegal companyId"),
]  # fmt: skip

NO_LOCATION = "The target location specified by path segment '{}' was not found."

NOT_MADE = [
    Case(id="a field that is not", operation=op("Replace", "/colour", "red"), message=NO_LOCATION.format("colour")),
    Case(id="a path without its stroke", operation=op("Replace", "status", "P"), message=NO_LOCATION.format("status")),
    Case(id="a path too long", operation=op("Replace", "/status/code", "P"), message=NO_LOCATION.format("code")),
    Case(id="an index too high", operation=op("Replace", "/relatedValues/3", {}), message=NO_LOCATION.format("3")),
    Case(id="an index below 0", operation=op("Remove", "/relatedValues/-1"), message=NO_LOCATION.format("-1")),
    Case(id="the end", operation=op("Replace", "/relatedValues/-", {}), message=NO_LOCATION.format("-")),
    Case(id="all of it", operation=op("Remove", "/"), message=NO_LOCATION.format("/")),
    Case(id="no object", operation=op("Replace", "/", "P"), message=NO_LOCATION.format("/")),
    Case(id="an op that is not", operation=op("Move", "/status", "P"), message='"Move" is not a legal op'),
]  # fmt: skip


@pytest.mark.parametrize("client", ["readonly", "nobody"])
def test_PATCH_001_user_is_not_authorised(sim_fresh: Erp, client: str) -> None:
    assert answered(sim_fresh.patch("123", PATCH_OF_ONE_FIELD, client=client)) == NOT_AUTHORISED
    assert (sim_fresh.record("123"), sim_fresh.effects()) == (RECORD_123, [])


def test_PATCH_001_an_unknown_company_is_answered_as_a_missing_right(sim_erp: Erp) -> None:
    answer = sim_erp.call("PATCH", "/v1/work-orders/123?companyId=COMP9", PATCH_OF_ONE_FIELD)

    assert answered(answer) == NOT_AUTHORISED


@pytest.mark.parametrize("case", MISSING, ids=case_id)
def test_PATCH_002_missing_mandatory_fields(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.patch("123", [case.operation])) == invalid(case.message)
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


@pytest.mark.parametrize("case", WRONG_FORMAT, ids=case_id)
def test_PATCH_003_invalid_format_of_fields(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.patch("123", [case.operation])) == invalid(case.message)
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


@pytest.mark.parametrize("case", RESTRICTED, ids=case_id)
def test_PATCH_004_unsatisfied_model_restrictions(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.patch("123", [case.operation])) == invalid(case.message)
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


@pytest.mark.parametrize(("company", "number"), [("COMP1", "999"), ("COMP2", "123")])
def test_PATCH_006_unknown_work_order_id(sim_erp: Erp, company: str, number: str) -> None:
    answer = sim_erp.call("PATCH", f"/v1/work-orders/{number}?companyId={company}", PATCH_OF_ONE_FIELD)

    message = f"Work order with ID {number} was not found within the company {company}."
    assert answered(answer) == (404, {"code": 1040, "message": message})
    assert sim_erp.effects("123") == []


@pytest.mark.parametrize("case", NOT_MADE, ids=case_id)
def test_an_operation_that_does_not_exist_is_a_422(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.patch("123", [case.operation])) == invalid(case.message)
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


@pytest.mark.parametrize("media_type", [JSON_PATCH, "application/json", "application/json-patch+json; charset=utf-8"])
@pytest.mark.parametrize("path", PATHS)
def test_the_printed_patch_of_the_whole_merges_its_members(sim_fresh: Erp, path: str, media_type: str) -> None:
    answer = sim_fresh.call("PATCH", f"{path}/123?companyId=COMP1", PATCH_OF_THE_WHOLE, media_type=media_type)

    changed: dict[str, Json] = {"workOrderName": "Updated Work Order Name", "status": "C", "probability": 70}
    assert answered(answer) == (200, RECORD_123 | changed)
    assert sim_fresh.record("123") == RECORD_123 | changed
    operations: Json = [{"path": "/", "op": "Replace", "value": changed}]
    assert sim_fresh.effects() == [
        {
            "n": 1,
            "order": "123",
            "kind": "status_change",
            "detail": {"companyId": "COMP1", "workOrderId": "123", "status": "C", "operations": operations},
        }
    ]


def test_the_printed_patch_of_one_field_replaces_it(sim_fresh: Erp) -> None:
    answer = sim_fresh.patch("123", PATCH_OF_ONE_FIELD)

    assert answered(answer) == (200, RECORD_123 | {"workOrderName": "New name"})
    operations: Json = [{"path": "/workOrderName", "op": "Replace", "value": "New name"}]
    assert sim_fresh.effects() == [
        {
            "n": 1,
            "order": "123",
            "kind": "updated",
            "detail": {"companyId": "COMP1", "workOrderId": "123", "operations": operations},
        }
    ]


CUSTOMER: dict[str, Json] = {"currencyCode": "GBP", "invoiceSeparately": False, "invoiceStatus": "T"}
ANOTHER: dict[str, Json] = {"relationId": "C1", "relatedValue": "200"}
DATED: dict[str, Json] = ANOTHER | {"dateFrom": "1900-01-01", "dateTo": "2099-12-31"}


@pytest.mark.parametrize(
    ("operations", "change"),
    [
        ([op("replace", "/status", "P")], {"status": "P"}),
        ([op("REPLACE", "/probability", 0)], {"probability": 0}),
        ([op("Add", "/probability", 5)], {"probability": 5}),
        ([op("Add", "/", {"probability": 5, "workOrderId": "123"})], {"probability": 5}),
        ([op("Remove", "/costCentre"), op("Remove", "/probability")], {"costCentre": None}),
        ([op("Replace", "/", {"costCentre": None, "serviceOrder": True})], {"costCentre": None, "serviceOrder": True}),
        ([op("Replace", "/customerInformation/currencyCode", "EUR")],
         {"customerInformation": CUSTOMER | {"currencyCode": "EUR"}}),
        ([op("Remove", "/customerInformation/currencyCode")],
         {"customerInformation": without(CUSTOMER, "currencyCode")}),
        ([op("Replace", "/customerInformation", {"customerId": "CUST1"})],
         {"customerInformation": {"customerId": "CUST1"}}),
        ([op("Replace", "/", {"customerInformation": {"currencyCode": "NOK"}})],
         {"customerInformation": {"currencyCode": "NOK"}}),
        ([op("Remove", "/customerInformation"), op("Add", "/customerInformation/reference", "Ann")],
         {"customerInformation": {"reference": "Ann"}}),
        ([op("Replace", "/relatedValues/0/relatedValue", "200")], {"relatedValues": [DATED, B0, C0]}),
        ([op("Add", "/relatedValues/0/description", "Hundred")],
         {"relatedValues": [C1 | {"description": "Hundred"}, B0, C0]}),
        ([op("Remove", "/relatedValues/0/dateTo")], {"relatedValues": [C1, B0, C0]}),
        ([op("Replace", "/relatedValues/0", ANOTHER)], {"relatedValues": [DATED, B0, C0]}),
        ([op("Add", "/relatedValues/-", ANOTHER)], {"relatedValues": [C1, B0, C0, DATED]}),
        ([op("Add", "/relatedValues/1", ANOTHER)], {"relatedValues": [C1, DATED, B0, C0]}),
        ([op("Remove", "/relatedValues/0"), op("Remove", "/relatedValues/0")], {"relatedValues": [C0]}),
        ([op("Replace", "/relatedValues", [ANOTHER])], {"relatedValues": [DATED]}),
        ([op("Remove", "/relatedValues")], {"relatedValues": []}),
    ],
)  # fmt: skip
def test_operations_are_made_one_after_the_other(
    sim_fresh: Erp, operations: list[Json], change: dict[str, Json]
) -> None:
    answer = sim_fresh.patch("123", operations)

    expected = {name: value for name, value in (RECORD_123 | change).items() if value is not None}
    assert answered(answer) == (200, expected)
    assert sim_fresh.record("123") == expected


def test_a_patch_is_made_whole_or_not_at_all(sim_erp: Erp) -> None:
    operations: Json = [op("Replace", "/status", "P"), op("Remove", "/relatedValues/0"), op("Replace", "/colour", 1)]

    assert answered(sim_erp.patch("123", operations)) == invalid(NO_LOCATION.format("colour"))
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


def test_a_patch_without_operations_is_accepted_and_no_change(sim_erp: Erp) -> None:
    assert answered(sim_erp.patch("123", [])) == (200, RECORD_123)
    assert sim_erp.effects("123") == []


def test_a_patch_that_repeats_what_is_there_is_seen_as_an_effect(sim_erp: Erp, sim_order: str) -> None:
    for _ in range(2):
        sim_erp.patch(sim_order, [op("Replace", "/status", "P")]).raise_for_status()

    assert sim_erp.kinds(sim_order) == ["created", "status_change", "status_change"]


def test_members_that_the_model_lacks_are_dropped_in_silence_and_noted(sim_erp: Erp, sim_order: str) -> None:
    answer = sim_erp.patch(sim_order, [op("Replace", "/", {"colour": "red", "status": "P"})])

    assert (answer.status_code, answer.json()["status"], "colour" in answer.json()) == (200, "P", False)
    assert sim_erp.kinds(sim_order) == ["created", "dropped_member", "status_change"]
    assert sim_erp.details(sim_order)[1] == {"companyId": "COMP1", "member": "colour", "operation": "PATCH"}


def test_a_patch_may_be_answered_with_nothing(sim_fresh: Erp) -> None:
    sim_fresh.settings(patch_answers=False)

    assert answered(sim_fresh.patch("123", PATCH_OF_ONE_FIELD)) == (200, None)
    assert sim_fresh.record("123")["workOrderName"] == "New name"


@pytest.mark.parametrize("body", [{}, "x", 5, {"path": "/status", "op": "Replace", "value": "P"}, [5]])
def test_a_patch_that_is_no_list_of_operations_is_a_422(sim_erp: Erp, body: Json) -> None:
    answer = sim_erp.patch("123", body)

    assert (answer.status_code, answer.json()[0]["code"]) == (422, 1020)
    assert sim_erp.effects("123") == []
