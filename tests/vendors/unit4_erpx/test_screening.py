"""What ERPx has no place for, or would read as something else, is refused by name when a write is accepted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.errors import CapabilityMissing, FieldFault, InvalidRequest
from app.domain.json import JsonObject
from app.domain.ports import Kind, Write
from app.domain.terms import Terms
from app.domain.work_orders import OrderKey
from app.vendors.unit4_erpx.translate import check
from tests.vendors.unit4_erpx.erpx import created, deleted, patched, status_set


def own(**members: object) -> JsonObject:
    return {"extensions": {"unit4_erpx": members}}  # type: ignore[dict-item]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A write that is refused before anything is known of the order, and the pointers of its faults."""

    id: str
    write: Write
    error: type[CapabilityMissing | InvalidRequest]
    pointers: list[str]


NO, WRONG = CapabilityMissing, InvalidRequest
REFUSED = [
    Refused(
        id="members without a place",
        write=patched({"title": "X", "priority": "1", "dates": {"target": "2026-01-01"}, "location": {"number": "7"}}),
        error=NO,
        pointers=["/priority", "/dates/target", "/location"],
    ),
    Refused(id="in a create, too", write=created({"assets": {"7": {}}}), error=NO, pointers=["/assets"]),
    Refused(
        id="another vendor's own members",
        write=patched({"extensions": {"nexusfs": {"Rules": 1}}}),
        error=NO,
        pointers=["/extensions/nexusfs"],
    ),
    Refused(
        id="a reason",
        write=status_set("P", body={"status": "on_hold", "reason_code": "weather"}),
        error=NO,
        pointers=["/reason_code"],
    ),
    Refused(
        id="a collection replaced whole",
        write=patched({"related_values": {}}, terms=Terms(replace=("related_values",))),
        error=NO,
        pointers=["/related_values"],
    ),
    Refused(id="a number that no path can carry", write=created({}, number="a/b"), error=WRONG, pointers=["/number"]),
    Refused(id="a removal of no order (DEL_002)", write=deleted(""), error=WRONG, pointers=["/number"]),
    Refused(
        id="an id that differs from its key",
        write=patched({"related_values": {"C1~1900-01-01": {"relation_id": "B0"}}}),
        error=WRONG,
        pointers=["/related_values/C1~01900-01-01/relation_id"],
    ),
    Refused(
        id="a key without a date",
        write=patched({"related_values": {"C1": {"value": "7"}}}),
        error=WRONG,
        pointers=["/related_values/C1"],
    ),
    Refused(
        id="a member that has a name of ours",
        write=patched(own(workOrderName="X", status="C")),
        error=WRONG,
        pointers=["/extensions/unit4_erpx/workOrderName", "/extensions/unit4_erpx/status"],
    ),
    Refused(
        id="a status in other capitals",
        write=patched(own(STATUS="C", companyID="COMP2", customerinformation={})),
        error=WRONG,
        pointers=[f"/extensions/unit4_erpx/{name}" for name in ("STATUS", "companyID", "customerinformation")],
    ),
    Refused(
        id="other capitals further down",
        write=patched(
            {**own(customerInformation={"CurrencyCode": "EUR"}), "related_values": {"C1~1": own(DateTo="x")}}
        ),
        error=WRONG,
        pointers=[
            "/extensions/unit4_erpx/customerInformation/CurrencyCode",
            "/related_values/C1~01/extensions/unit4_erpx/DateTo",
        ],
    ),
    Refused(
        id="a member without a name, which ERPx would read as the whole order",
        write=patched(own(**{"": None})),
        error=WRONG,
        pointers=["/extensions/unit4_erpx/"],
    ),
    Refused(
        id="the vendor's own array",
        write=patched(own(relatedValues=[{"relationId": "C1"}])),
        error=WRONG,
        pointers=["/extensions/unit4_erpx/relatedValues"],
    ),
    Refused(
        id="a related value that is null in a create",
        write=created({"related_values": {"C1~1900-01-01": None}}),
        error=WRONG,
        pointers=["/related_values/C1~01900-01-01"],
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_erpx_has_no_place_for_is_refused_by_name(case: Refused) -> None:
    with pytest.raises(case.error) as caught:
        check(case.write)
    assert [fault.pointer for fault in caught.value.faults] == case.pointers


def test_a_replacement_is_refused_with_what_can_be_done() -> None:
    write = Write(operation_id="op_1", kind=Kind.replace, order=OrderKey(number="123"), body={})
    with pytest.raises(CapabilityMissing) as caught:
        check(write)
    assert caught.value.members == {"capabilities": ["create", "delete", "patch", "read", "status_update"]}


@pytest.mark.parametrize(
    "write", [deleted(), status_set("C"), status_set("P", body={"status": "on_hold", "comments": "Parts"})]
)
def test_a_removal_and_a_status_with_comments_are_taken(write: Write) -> None:
    check(write)


def test_the_faults_of_a_refusal_are_told_in_words() -> None:
    with pytest.raises(CapabilityMissing) as caught:
        check(patched({"notes": "x"}))
    fault = FieldFault(pointer="/notes", code="capability-missing", message="This vendor has no place for it.")
    assert (str(caught.value), caught.value.faults) == ("Unit4 ERPx has no place for /notes.", (fault,))
