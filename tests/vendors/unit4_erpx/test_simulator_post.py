"""POST_001 to POST_008 of vendor document 002, its default values and auto-numbering, by raw requests."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.vendors.simulation import Json
from tests.vendors.unit4_erpx.simulator_requests import (
    B0,
    C0,
    C1,
    MINIMUM,
    NOT_AUTHORISED,
    PATHS,
    POST_SAMPLE,
    RECORD_123,
    Erp,
    answered,
    invalid,
    without,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    change: dict[str, Json]
    message: str


def case_id(case: Case) -> str:
    return case.id


CONVERTED = "Error converting value {} to type '{}'. Path '{}'."

MISSING = [
    *(
        Case(id=f"no {name}", change={name: None}, message=f"The {name} field is required.")
        for name in ("companyId", "workOrderName", "projectId", "dateFrom")
    ),
    Case(id="an empty name", change={"workOrderName": ""}, message="The workOrderName field is required."),
    Case(id="a blank name", change={"workOrderName": " "}, message="Illegal value entered"),
    Case(id="no relation", change={"relatedValues": [without(C1, "relationId")]},
         message="The relationId field is required."),
    Case(id="no related value", change={"relatedValues": [without(C1, "relatedValue")]},
         message="A value must be entered for C1."),
]  # fmt: skip

WRONG_FORMAT = [
    Case(id="a date of another form", change={"dateFrom": "20/11/2026"},
         message="Invalid date time format: 20/11/2026 is not a date written as YYYY-MM-DD."),
    Case(id="a day that is not", change={"dateTo": "2026-02-30"},
         message="Invalid date time format: 2026-02-30 is not a date written as YYYY-MM-DD."),
    Case(id="a date and time", change={"dateTo": "2026-11-20T00:00:00"},
         message="Invalid date time format: 2026-11-20T00:00:00 is not a date written as YYYY-MM-DD."),
    Case(id="a number as a date", change={"dateFrom": 20261120},
         message=CONVERTED.format(20261120, "System.DateTime", "dateFrom")),
    Case(id="text as an integer", change={"probability": "seventy"},
         message=CONVERTED.format('"seventy"', "System.Int32", "probability")),
    Case(id="a truth value as an integer", change={"periodFrom": True},
         message=CONVERTED.format("true", "System.Int32", "periodFrom")),
    Case(id="a number as text", change={"workOrderId": 123},
         message=CONVERTED.format(123, "System.String", "workOrderId")),
    Case(id="text as a truth value", change={"serviceOrder": "no"},
         message=CONVERTED.format('"no"', "System.Boolean", "serviceOrder")),
    Case(id="a member's member", change={"customerInformation": {"invoiceSeparately": 1}},
         message=CONVERTED.format(1, "System.Boolean", "customerInformation.invoiceSeparately")),
    Case(id="no object", change={"customerInformation": "GBP"},
         message=CONVERTED.format('"GBP"', "CustomerInformation", "customerInformation")),
    Case(id="no list", change={"relatedValues": {}},
         message=CONVERTED.format("{}", "RelatedValue[]", "relatedValues")),
    Case(id="no object in a list", change={"relatedValues": ["C1"]},
         message=CONVERTED.format('"C1"', "RelatedValue", "relatedValues[0]")),
    Case(id="above 100", change={"probability": 101}, message="The field probability must be between 0 and 100."),
    Case(id="below 0", change={"probability": -1}, message="The field probability must be between 0 and 100."),
]  # fmt: skip

RESTRICTED = [
    Case(id="a long number", change={"workOrderId": "1" * 26},
         message="The field workOrderId must be a string with max length 25"),
    Case(id="a long name", change={"workOrderName": "n" * 256},
         message="The field workOrderName must be a string with max length 255"),
    Case(id="a long description", change={"relatedValues": [C1 | {"description": "d" * 256}]},
         message="The field description must be a string with max length 255"),
    Case(id="dates", change={"dateTo": "2026-11-19"}, message="dateFrom must be equal or earlier than dateTo"),
    Case(id="periods", change={"periodFrom": 202613, "periodTo": 202612},
         message="periodFrom must be equal or earlier than periodTo"),
    Case(id="a default and a period", change={"periodTo": 202610},
         message="periodFrom must be equal or earlier than periodTo"),
    Case(id="dates of a related value", change={"relatedValues": [C1 | {"dateFrom": "2026-01-02", "dateTo": "2026-01-01"}]},
         message="dateFrom must be equal or earlier than dateTo"),
    Case(id="a date too late", change={"dateTo": "2100-01-01"},
         message="The date must be between 1900-01-01 and 2099-12-31"),
    Case(id="a date too early", change={"dateFrom": "1899-12-31"},
         message="The date must be between 1900-01-01 and 2099-12-31"),
    Case(id="no period", change={"periodFrom": 2026},
         message="The field periodFrom must be between 190001 and 209999."),
]  # fmt: skip

UNKNOWN = [
    Case(id="project", change={"projectId": "ProId9"}, message="ProId9 is not a legal projectId"),
    Case(id="manager", change={"projectManagerId": "1"}, message="1 is not a legal projectManagerId"),
    Case(id="cost centre", change={"costCentre": "C9"}, message="C9 is not a legal costCentre"),
    Case(id="status", change={"status": "X"}, message="Illegal status"),
    Case(id="customer", change={"customerInformation": {"customerId": "CUST9"}},
         message="CUST9 is not a legal customerId"),
    Case(id="currency", change={"customerInformation": {"currencyCode": "XXX"}},
         message="XXX is not a legal currencyCode"),
    Case(id="invoice status", change={"customerInformation": {"invoiceStatus": "X"}}, message="Illegal invoiceStatus"),
    Case(id="relation", change={"relatedValues": [C1 | {"relationId": "Z9"}]}, message="Z9 is not a legal relationId"),
]  # fmt: skip


@pytest.mark.parametrize("client", ["readonly", "nobody"])
def test_POST_001_user_is_not_authorised(sim_erp: Erp, client: str) -> None:
    assert answered(sim_erp.post(MINIMUM | {"workOrderId": "P001"}, client=client)) == NOT_AUTHORISED
    assert sim_erp.effects("P001") == []


def test_POST_001_an_unknown_company_is_answered_as_a_missing_right(sim_erp: Erp) -> None:
    assert answered(sim_erp.post(MINIMUM | {"companyId": "COMP9"})) == NOT_AUTHORISED


@pytest.mark.parametrize("case", MISSING, ids=case_id)
def test_POST_002_missing_mandatory_fields(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.post(MINIMUM | {"workOrderId": "P002"} | case.change)) == invalid(case.message)
    assert sim_erp.effects("P002") == []


def test_POST_002_a_number_series_that_requires_a_relation_value(sim_fresh: Erp) -> None:
    sim_fresh.settings(number_series_relation="C1")

    assert answered(sim_fresh.post(MINIMUM)) == invalid(
        "This number series requires a relation value for C1. Please enter the relation value."
    )
    assert sim_fresh.post(MINIMUM | {"workOrderId": "77"}).status_code == 201
    assert sim_fresh.post(MINIMUM | {"relatedValues": [C1]}).json()["workOrderId"] == "124"


@pytest.mark.parametrize("case", WRONG_FORMAT, ids=case_id)
def test_POST_003_invalid_format_of_fields(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.post(MINIMUM | {"workOrderId": "P003"} | case.change)) == invalid(case.message)
    assert sim_erp.effects("P003") == []


@pytest.mark.parametrize("case", RESTRICTED, ids=case_id)
def test_POST_004_unsatisfied_model_restrictions(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.post(MINIMUM | {"workOrderId": "P004"} | case.change)) == invalid(case.message)
    assert sim_erp.effects("P004") == []


def test_POST_005_duplicate_work_order_id(sim_erp: Erp) -> None:
    assert answered(sim_erp.post(POST_SAMPLE)) == invalid("The work order already exists.")
    assert (sim_erp.record("123"), sim_erp.effects("123")) == (RECORD_123, [])


def test_POST_005_the_same_number_may_exist_in_another_company(sim_fresh: Erp) -> None:
    answer = sim_fresh.post(POST_SAMPLE.replace(b"COMP1", b"COMP2"))

    assert answered(answer) == (201, RECORD_123 | {"companyId": "COMP2"})
    assert sim_fresh.record("123@COMP2") == answer.json()
    assert (sim_fresh.kinds("123"), sim_fresh.kinds("123@COMP2")) == ([], ["created"])


@pytest.mark.parametrize("case", UNKNOWN, ids=case_id)
def test_POST_006_invalid_data(sim_erp: Erp, case: Case) -> None:
    assert answered(sim_erp.post(MINIMUM | {"workOrderId": "P006"} | case.change)) == invalid(case.message)
    assert sim_erp.effects("P006") == []


def test_each_fault_is_told_in_one_answer(sim_erp: Erp) -> None:
    answer = sim_erp.post(without(MINIMUM, "dateFrom") | {"status": "X", "probability": 101})

    assert answered(answer) == invalid(
        "The dateFrom field is required.",
        "Illegal status",
        "The field probability must be between 0 and 100.",
    )


@pytest.mark.parametrize("path", [*PATHS, f"{PATHS[0]}/"])
def test_POST_007_work_order_created(sim_fresh: Erp, path: str) -> None:
    answer = sim_fresh.call("POST", path, POST_SAMPLE.replace(b'"123"', b'"WO-7"'))

    assert answered(answer) == (201, RECORD_123 | {"workOrderId": "WO-7"})
    assert sim_fresh.record("WO-7") == answer.json()
    assert sim_fresh.kinds("WO-7") == ["created"]
    assert sim_fresh.details("WO-7") == [
        without(RECORD_123, "dateTo", "serviceOrder")
        | {"workOrderId": "WO-7", "customerInformation": {"currencyCode": "GBP"}, "relatedValues": [C1]}
    ]


def test_POST_008_work_order_created_with_auto_numbering(sim_fresh: Erp) -> None:
    unnumbered = POST_SAMPLE.replace(b'"workOrderId": "123",\n', b"")

    answers = [sim_fresh.post(unnumbered), sim_fresh.post(unnumbered)]

    assert [answered(answer) for answer in answers] == [
        (201, RECORD_123 | {"workOrderId": "124"}),
        (201, RECORD_123 | {"workOrderId": "125"}),
    ]
    assert [effect["order"] for effect in sim_fresh.effects()] == ["124", "125"]


def test_auto_numbering_goes_on_above_every_number_of_the_company(sim_fresh: Erp) -> None:
    sim_fresh.post(MINIMUM | {"workOrderId": "0900"})
    sim_fresh.post(MINIMUM | {"workOrderId": "A1000"})

    assert sim_fresh.new_order() == "901"
    assert sim_fresh.new_order(workOrderId=None) == "902"
    assert sim_fresh.new_order(companyId="COMP2") == "1"


def test_default_values_of_the_smallest_work_order(sim_fresh: Erp) -> None:
    assert sim_fresh.post(MINIMUM).json() == {
        "companyId": "COMP1",
        "dateFrom": "2026-11-20",
        "dateTo": "2099-12-31",
        "workOrderName": "Pump",
        "periodFrom": 202611,
        "periodTo": 209912,
        "projectId": "ProId1",
        "status": "N",
        "workOrderId": "124",
        "serviceOrder": False,
        "customerInformation": {"invoiceSeparately": False, "invoiceStatus": "T"},
        "relatedValues": [B0],
    }


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"dateTo": "2027-03-01"}, {"dateTo": "2027-03-01", "periodTo": 202703}),
        ({"dateTo": "2026-11-20"}, {"dateTo": "2026-11-20", "periodTo": 202611}),
        ({"serviceOrder": True}, {"serviceOrder": True}),
        ({"periodFrom": 200101, "periodTo": 200153}, {"periodFrom": 200101, "periodTo": 200153}),
        ({"projectManagerId": "33225"}, {"projectManagerId": "33225", "relatedValues": [B0, C0]}),
        (
            {"relatedValues": [B0 | {"relatedValue": "ProId2"}, {"relationId": "C1", "relatedValue": "100"}]},
            {"relatedValues": [B0 | {"relatedValue": "ProId2"}, C1]},
        ),
        (
            {"relatedValues": [{"relationId": "C1", "relatedValue": "100", "description": "Hundred"}]},
            {"relatedValues": [C1 | {"description": "Hundred"}, B0]},
        ),
        (
            {"customerInformation": {"invoiceSeparately": True, "invoiceStatus": "N"}},
            {"customerInformation": {"invoiceSeparately": True, "invoiceStatus": "N"}},
        ),
    ],
)
def test_default_values_are_for_what_is_empty_only(
    sim_erp: Erp, change: dict[str, Json], result: dict[str, Json]
) -> None:
    made = sim_erp.post(MINIMUM | change).json()

    assert {name: made[name] for name in result} == result


@pytest.mark.parametrize(
    ("customer", "reference"),
    [
        ({"customerId": "CUST1"}, "Ann Lee"),
        ({"customerId": "CUST1", "reference": "Bob Ray"}, "Bob Ray"),
        ({"customerId": "CUST2"}, None),
        ({"currencyCode": "SEK"}, None),
    ],
)
def test_default_reference_is_the_customers_contact_person(
    sim_erp: Erp, customer: dict[str, Json], reference: str | None
) -> None:
    made = sim_erp.post(MINIMUM | {"customerInformation": customer}).json()

    assert made["customerInformation"].get("reference") == reference


def test_members_that_the_model_lacks_are_dropped_in_silence_and_noted(sim_erp: Erp) -> None:
    number = sim_erp.new_order(colour="red", customerInformation={"vat": 5}, relatedValues=[C1 | {"note": "Hundred"}])

    assert "colour" not in sim_erp.record(number)
    assert sim_erp.kinds(number) == ["dropped_member", "dropped_member", "dropped_member", "created"]
    assert [effect["member"] for effect in sim_erp.details(number)[:3] if isinstance(effect, dict)] == [
        "colour",
        "customerInformation.vat",
        "relatedValues[0].note",
    ]


def test_only_one_work_order_per_call(sim_erp: Erp) -> None:
    answer = sim_erp.post(b"[" + POST_SAMPLE + b"]")

    assert answer.status_code == 422
    assert answer.json()[0]["message"].endswith("to type 'WorkOrder'. Path ''.")
