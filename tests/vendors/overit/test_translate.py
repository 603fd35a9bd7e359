"""A merge patch in the vendor's words: what goes out, what is refused, and where the fault points."""

from __future__ import annotations

import pytest

from app.domain.errors import CapabilityMissing, InvalidRequest
from app.domain.field_table import to_ours
from app.domain.json import JsonValue
from app.domain.work_orders import Observation, OrderKey
from app.vendors.overit import constraints
from app.vendors.overit.fields import ORDER
from app.vendors.overit.translate import FaultyOrder, from_record, is_number, to_record
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import AT
from tests.vendors.overit.bodies import EXTENSION, Refused, at, operation, own


def test_an_order_as_read_is_an_observation() -> None:
    ours = to_ours(ORDER, documented.record())
    of_key = {"number", "external_reference", "vendor_status", "vendor_ids"}
    assert from_record(documented.record(), as_of=AT) == Observation(
        key=OrderKey(
            number="WO00223",
            reference="EXT-223",
            vendor_ids={"id": "223", "external_system_code": "ORDERBRIDGE"},
        ),
        code="OPEN",
        status_at=None,
        late=False,
        target_at=None,
        fields={name: value for name, value in ours.items() if name not in of_key},
        record=documented.record(),
        as_of=AT,
    )


@pytest.mark.parametrize("code", [None, "", 223, ["WO00223"]])
def test_an_order_without_its_code_cannot_be_read(code: JsonValue) -> None:
    with pytest.raises(FaultyOrder):
        from_record({**documented.record(), "code": code}, as_of=AT)


@pytest.mark.parametrize(("text", "number"), [("WO00223", True), ("223", True), ("ext:EXT-223", False)])
def test_an_external_code_is_told_by_what_stands_before_it(text: str, number: bool) -> None:
    assert is_number(text) is number


LACKING, WRONG = CapabilityMissing, InvalidRequest
REFUSED = [
    Refused(id="no such member", body={"title": "T"}, error=LACKING, pointers=("/title",)),
    Refused(id="external code", body={"external_reference": "E"}, error=LACKING, pointers=("/external_reference",)),
    Refused(
        id="external code null", body={"external_reference": None}, error=LACKING, pointers=("/external_reference",)
    ),
    Refused(id="creation date", body={"dates": {"raised": "2024-01-01"}}, error=LACKING, pointers=("/dates/raised",)),
    Refused(
        id="several at once",
        body={"assets": {"1": {}}, "project": {"number": "P"}, "notes": "n"},
        error=LACKING,
        pointers=("/assets", "/project"),
    ),
    Refused(
        id="how operations are assigned",
        body=own(operationsAssignment="AGGREGATED"),
        error=LACKING,
        pointers=(f"/{EXTENSION}/operationsAssignment",),
    ),
    Refused(
        id="a member that the document does not have",
        body=own(**{"no/such": 1}),
        error=LACKING,
        pointers=(f"/{EXTENSION}/no~1such",),
    ),
    Refused(
        id="another vendor's member",
        body={"extensions": {"nexusfs": {"a": 1}}},
        error=LACKING,
        pointers=("/extensions/nexusfs",),
    ),
    Refused(id="an operation removed", body={"operations": {"1": None}}, error=LACKING, pointers=("/operations/1",)),
    Refused(id="all operations removed", body={"operations": None}, error=LACKING, pointers=("/operations",)),
    Refused(
        id="a status of an operation",
        body=operation("1", **own(statusCode="CLOSED")),
        error=LACKING,
        pointers=(f"/operations/1/{EXTENSION}/statusCode",),
    ),
    Refused(
        id="a member of an address that the document does not have",
        body=operation("2", address=own(countryCode="IT")),
        error=LACKING,
        pointers=(f"/operations/2/address/{EXTENSION}/countryCode",),
    ),
    Refused(
        id="a key that is no execution order",
        body=operation("one", type="x"),
        error=WRONG,
        pointers=("/operations/one",),
    ),
    Refused(
        id="an execution order that differs from its key",
        body=operation("1", execution_order=2),
        error=WRONG,
        pointers=("/operations/1/execution_order",),
    ),
    Refused(
        id="a canonical member under the vendor's name",
        body=own(typeCode="WOT1"),
        error=WRONG,
        pointers=(f"/{EXTENSION}/typeCode",),
    ),
    Refused(
        id="operations under the vendor's name",
        body=own(operations=[{"executionOrder": -1}]),
        error=WRONG,
        pointers=(f"/{EXTENSION}/operations",),
    ),
    Refused(
        id="an address under the vendor's name",
        body=operation("1", **own(activityAddress="Via Roma")),
        error=WRONG,
        pointers=(f"/operations/1/{EXTENSION}/activityAddress",),
    ),
    Refused(
        id="an asset and an account",
        body=operation("2", asset_number="asset_7", account_number="account_4"),
        error=WRONG,
        pointers=("/operations/2/asset_number",),
    ),
    Refused(
        id="custom data that is no object",
        body=own(extension=None),
        error=WRONG,
        pointers=(f"/{EXTENSION}/extension",),
    ),
    Refused(
        id="dates that are null, one of which is ours only to read",
        body={"dates": None},
        error=LACKING,
        pointers=("/dates/raised",),
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_patch_is_refused_for(case: Refused) -> None:
    with pytest.raises(case.error) as raised:
        to_record(case.body)
    assert tuple(fault.pointer for fault in raised.value.faults) == case.pointers
    if case.error is LACKING:
        assert raised.value.members["capabilities"] == ["patch", "read", "status_update"]


# The column "Constraint" of the document's table: what it says of null and of blank, by our names.
TAKES = {
    "Absent or Not Blank": (False, False),
    "Absent or Null or Not Blank": (True, False),
    "Absent or Not Null": (False, True),
    "Not Null": (False, True),
    "": (True, True),
}
CONSTRAINTS = [
    ("/parent_number", "Absent or Not Blank"),
    ("/type", "Absent or Not Blank"),
    ("/priority", "Absent or Null or Not Blank"),
    ("/work_center", "Absent or Null or Not Blank"),
    (f"/{EXTENSION}/aggregateCardinalityCode", "Absent or Not Blank"),
    ("/dates/planned_start", "Absent or Not Null"),
    ("/dates/planned_end", "Absent or Not Null"),
    ("/description", ""),
    (f"/{EXTENSION}/aggregateDuration", "Absent or Not Null"),
    ("/notes", ""),
    ("/appointment/start", ""),
    ("/appointment/end", ""),
    ("/operations/2/cardinality", "Absent or Not Blank"),
    ("/operations/2/type", "Absent or Not Blank"),
    ("/operations/2/account_number", "Absent or Not Blank"),
    ("/operations/2/asset_number", "Absent or Not Blank"),
    ("/operations/2/default_duration", ""),
    ("/operations/2/description", ""),
    ("/operations/2/remaining_duration", ""),
    ("/operations/2/code", ""),
    ("/operations/2/planned_start", ""),
    ("/operations/2/planned_end", ""),
    ("/operations/2/notes", ""),
    ("/operations/2/address/apartment", ""),
]


@pytest.mark.parametrize(("pointer", "words"), CONSTRAINTS)
@pytest.mark.parametrize(("value", "which"), [(None, 0), ("", 1), (" \t", 1)], ids=["null", "empty", "blank"])
def test_the_documents_constraints(pointer: str, words: str, value: JsonValue, which: int) -> None:
    if TAKES[words][which]:
        assert to_record(at(pointer, value))
        return
    with pytest.raises(InvalidRequest) as raised:
        to_record(at(pointer, value))
    assert [fault.pointer for fault in raised.value.faults] == [pointer]


def test_every_writable_member_of_the_document_has_its_rule() -> None:
    names = {"code", "externalCode", "externalSystemCode"}
    assert set(constraints.ORDER_RULES) == {*documented.WORK_ORDER, "extension"} - names
    assert set(constraints.OPERATION_RULES) == {*documented.OPERATION, "extension"}
    assert set(constraints.ADDRESS_RULES) == {*documented.ADDRESS, "extension"}
    assert {pointer.replace("/2/", "{}/").replace("/", ".")[1:] for pointer, _ in CONSTRAINTS} < set(
        constraints.WRITABLE
    )
