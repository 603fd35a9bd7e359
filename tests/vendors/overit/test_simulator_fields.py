"""The document's table of fields, row by row: what happens with each absent, null, blank and of a wrong type."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from app.vendors.overit.simulator_fields import ADDRESS, OPERATION, WORK_ORDER
from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import AGGREGATED_ORDER, OPERATION1, ORDER, Fsm, new, problem

ABSENT, NULL, BLANK = "must be present", "must not be null", "must not be blank"
NO_TIME, NO_WHOLE, NO_TEXT = "must be a date-time of ISO 8601", "must be a whole number", "must be text"
CODE_ABSENT = "code or workOrder.externalCode must be present"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What each of four values is answered: None where it is taken, else what is wrong. `wrong` is of another type."""

    number: int
    name: str
    absent: str | None = None
    null: str | None = None
    blank: str | None = None
    wrong: Json = 7
    because: str = NO_TEXT


# The numbers are the document's, and the constraints were copied from its last column by hand.
WORK_ORDER_ROWS = [
    Row(number=1, name="externalSystemCode", absent=ABSENT, null=NULL, blank=BLANK),
    Row(number=2, name="code", absent=CODE_ABSENT, null=NULL, blank=BLANK),
    Row(number=3, name="externalCode", null=NULL, blank=BLANK),
    Row(number=4, name="externalParentCode", null=NULL, blank=BLANK),
    Row(number=5, name="typeCode", null=NULL, blank=BLANK),
    Row(number=6, name="urgencyCode", blank=BLANK),
    Row(number=7, name="workCenterCode", blank=BLANK),
    Row(number=8, name="aggregateCardinalityCode", null=NULL, blank=BLANK),
    Row(number=9, name="startDate", null=NULL, blank=NO_TIME, wrong="2023-12-20T14:44:47", because=NO_TIME),
    Row(number=10, name="endDate", null=NULL, blank=NO_TIME, wrong=20231220, because=NO_TIME),
    Row(number=11, name="description", wrong=True),
    Row(number=12, name="aggregateDuration", null=NULL, blank=NO_WHOLE, wrong="60", because=NO_WHOLE),
    Row(number=13, name="notes", wrong=["n"]),
    Row(number=14, name="appointmentStartDate", blank=NO_TIME, wrong="20/12/2023", because=NO_TIME),
    Row(number=15, name="appointmentEndDate", blank=NO_TIME, wrong="2023-13-20T14:44:47Z", because=NO_TIME),
]
OPERATION_ROWS = [
    Row(number=16, name="cardinalityCode", null=NULL, blank=BLANK),
    Row(number=17, name="typeCode", null=NULL, blank=BLANK),
    Row(number=18, name="accountCode", null=NULL, blank=BLANK),
    Row(number=19, name="assetCode", null=NULL, blank=BLANK),
    Row(number=20, name="defaultDuration", blank=NO_WHOLE, wrong=1.5, because=NO_WHOLE),
    Row(number=21, name="executionOrder", absent=ABSENT, null=NULL, blank=NO_WHOLE, wrong="1", because=NO_WHOLE),
    Row(number=22, name="description"),
    Row(number=23, name="currentDuration", blank=NO_WHOLE, wrong=True, because="must be a number"),
    Row(number=24, name="code"),
    Row(number=25, name="startDate", blank=NO_TIME, wrong="now", because=NO_TIME),
    Row(number=26, name="endDate", blank=NO_TIME, wrong="0001-01-01T00:00:00+14:00", because=NO_TIME),
    Row(number=27, name="operationNote"),
    Row(number=28, name="activityAddress", blank="must be an object", wrong=[], because="must be an object"),
]
ADDRESS_NAMES = [
    "description", "countryIsoAlphaCode", "districtAcronym", "districtCode", "municipality", "municipalityCode",
    "locality", "postalCode", "street", "streetNumber", "streetNumberExtension", "floor", "lot", "staircase",
    "apartament", "direction", "yCoordinate", "xCoordinate", "toponym",
]  # fmt: skip


def answered(fsm: Fsm, row: Row, work_order: dict[str, Json], operations: list[Json], told: str | None) -> None:
    """A refused request writes nothing, and any other something."""
    body: dict[str, Json] = {"workOrder": work_order, "operations": operations}
    where = "workOrder" if row in WORK_ORDER_ROWS else "operations[0]"
    before = len(fsm.effects())
    answer = fsm.send(json.dumps(body).encode())
    if told is None:
        assert answer.status_code == 204, answer.text
    else:
        said = f"{where}.{told}" if told == CODE_ABSENT else f"{where}.{row.name} {told}"
        assert problem(answer) == (400, "IA000_001", said)
    assert (len(fsm.effects()) == before) is (told is not None)


@pytest.mark.parametrize("row", WORK_ORDER_ROWS, ids=lambda row: f"{row.number}-{row.name}")
def test_a_field_of_workOrder_absent_null_and_blank(sim_shared_fsm: Fsm, row: Row) -> None:
    given: dict[str, Json] = {"externalSystemCode": "ORDERBRIDGE", "code": AGGREGATED_ORDER, "notes": "n"}
    absent = {name: value for name, value in given.items() if name != row.name}

    answered(sim_shared_fsm, row, absent, [new(1)], row.absent)
    answered(sim_shared_fsm, row, {**given, row.name: None}, [], row.null)
    for blank in ("", " \t"):
        answered(sim_shared_fsm, row, {**given, row.name: blank}, [], row.blank)
    answered(sim_shared_fsm, row, {**given, row.name: row.wrong}, [], row.because)


@pytest.mark.parametrize("row", OPERATION_ROWS, ids=lambda row: f"{row.number}-{row.name}")
def test_a_field_of_operations_absent_null_and_blank(sim_shared_fsm: Fsm, row: Row) -> None:
    named: dict[str, Json] = {"externalSystemCode": "ORDERBRIDGE", "code": ORDER}
    given: dict[str, Json] = {"executionOrder": 2}
    absent = {name: value for name, value in given.items() if name != row.name}

    answered(sim_shared_fsm, row, named, [absent], row.absent)
    answered(sim_shared_fsm, row, named, [{**given, row.name: None}], row.null)
    for blank in ("", " \t"):
        answered(sim_shared_fsm, row, named, [{**given, row.name: blank}], row.blank)
    answered(sim_shared_fsm, row, named, [{**given, row.name: row.wrong}], row.because)


def test_the_tables_have_the_documents_rows_in_its_order() -> None:
    assert [field.name for field in WORK_ORDER] == [row.name for row in WORK_ORDER_ROWS]
    assert [field.name for field in OPERATION] == [row.name for row in OPERATION_ROWS]
    assert [field.name for field in ADDRESS] == ADDRESS_NAMES


def test_null_clears_absent_leaves_and_an_empty_text_is_kept(sim_fsm: Fsm) -> None:
    cleared: dict[str, Json] = dict.fromkeys(
        ("urgencyCode", "workCenterCode", "notes", "appointmentStartDate", "appointmentEndDate")
    )
    before = sim_fsm.record()

    assert sim_fsm.patch({**cleared, "description": ""}).status_code == 204

    assert sim_fsm.record() == before | cleared | {"description": ""}


def test_times_are_recorded_in_utc_with_milliseconds(sim_fsm: Fsm) -> None:
    sent = {"startDate": "2023-11-20T10:00:00+02:00", "endDate": "2023-11-20T08:00:00.1239Z"}

    assert sim_fsm.patch({**sent}).status_code == 204

    record = sim_fsm.record()
    assert (record["startDate"], record["endDate"]) == ("2023-11-20T08:00:00.000Z", "2023-11-20T08:00:00.123Z")
    assert sim_fsm.details() == [sent]


@pytest.mark.parametrize("first", ["accountCode", "assetCode"])
def test_accountCode_and_assetCode_are_not_present_together(sim_fsm: Fsm, first: str) -> None:
    both: dict[str, Json] = {"accountCode": "account_4", "assetCode": "asset_7"}
    given = {first: both[first], **both}

    assert problem(sim_fsm.patch(operations=[new(2, **given)])) == (
        400,
        "IA000_001",
        "operations[0].accountCode must not be present if assetCode is present",
    )
    for alone in both.items():
        assert sim_fsm.patch(operations=[new(OPERATION1, **dict([alone]))]).status_code == 204


def test_activityAddress_takes_every_member_in_the_tables_spelling(sim_fsm: Fsm) -> None:
    given: dict[str, Json] = dict.fromkeys(ADDRESS_NAMES, "IT") | {"yCoordinate": 45.07, "xCoordinate": 7}

    assert sim_fsm.patch(operations=[new(2, activityAddress={**given, "extension": {"a": 1}})]).status_code == 204
    assert sim_fsm.patch(operations=[new(3, activityAddress=dict.fromkeys(ADDRESS_NAMES))]).status_code == 204

    addresses = [operation["activityAddress"] for operation in sim_fsm.operations()[1:]]
    assert addresses == [given | {"extension": {"a": 1}}, dict.fromkeys(ADDRESS_NAMES)]


@pytest.mark.parametrize("name", ["apartment", "directions", "countryCode", "aprtament"])
def test_activityAddress_refuses_the_spelling_of_step_11(sim_fsm: Fsm, name: str) -> None:
    answer = sim_fsm.patch(operations=[new(2, activityAddress={name: "IT"})])

    assert problem(answer) == (400, "IA000_001", f"operations[0].activityAddress.{name} is not known")


@pytest.mark.parametrize("address", [{"street": "Via Roma"}, None])
def test_activityAddress_is_available_only_with_double_location(sim_fsm: Fsm, address: Json) -> None:
    sim_fsm.set(double_location=False)

    assert problem(sim_fsm.patch(operations=[new(2, activityAddress=address)])) == (
        400,
        "IA000_001",
        "operations[0].activityAddress is not available: company.fsm.doubleLocation is not true",
    )


def test_extension_objects_are_kept_and_changed_member_by_member(sim_fsm: Fsm) -> None:
    first: Json = {"myFieldName": "myValue", "nested": {"list": [1, None]}}

    assert sim_fsm.patch({"extension": first}, [new(OPERATION1, extension=first)]).status_code == 204
    assert (
        sim_fsm.patch({"extension": {"other": 2}}, [new(OPERATION1, extension={"myFieldName": None})]).status_code
        == 204
    )

    assert sim_fsm.record()["extension"] == {"myFieldName": "myValue", "nested": {"list": [1, None]}, "other": 2}
    assert sim_fsm.operations()[0]["extension"] == {"myFieldName": None, "nested": {"list": [1, None]}}
