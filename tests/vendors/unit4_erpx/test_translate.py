"""What ERPx is sent: what a create, a merge patch and a status become in its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.domain.errors import CapabilityMissing, InvalidRequest
from app.domain.json import JsonObject
from app.domain.ports import Write
from app.vendors.unit4_erpx.fields import RELATED
from app.vendors.unit4_erpx.translate import (
    check,
    to_erpx_create,
    to_erpx_patch,
    to_erpx_status,
)
from tests.vendors.unit4_erpx.erpx import ORDER, SAMPLE, created, patched

BEFORE: JsonObject = {
    "title": "NewWorkOrder",
    "dates": {"planned_start": "2001-01-01", "planned_end": "2099-12-31"},
    "project": {"number": "ProId1", "manager": "33225"},
    "account": {"number": "CUST1"},
    "related_values": {
        "C1~1900-01-01": {"relation_id": "C1", "value": "100", "date_from": "1900-01-01", "date_to": "2099-12-31"},
        "B0~1900-01-01": {"relation_id": "B0", "value": "ProId1", "date_from": "1900-01-01", "date_to": "2099-12-31"},
        "C0~1900-01-01": {"relation_id": "C0", "value": "33225", "date_from": "1900-01-01", "date_to": "2099-12-31"},
    },
    "extensions": {
        "unit4_erpx": {
            "costCentre": "C1",
            "probability": 50,
            "customerInformation": {"currencyCode": "GBP", "invoiceSeparately": False},
            "customFieldGroups": {"site": {"gate_fx": "B"}},
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A merge patch of BEFORE (or of another order), and what ERPx is sent."""

    id: str
    body: JsonObject
    sent: list[JsonObject]
    before: JsonObject | None = None


def own(**members: object) -> JsonObject:
    return {"extensions": {"unit4_erpx": members}}  # type: ignore[dict-item]


def replace(path: str, value: object) -> JsonObject:
    return {"path": path, "op": "Replace", "value": value}  # type: ignore[dict-item]


def add(path: str, value: object) -> JsonObject:
    return {"path": path, "op": "Add", "value": value}  # type: ignore[dict-item]


def remove(path: str) -> JsonObject:
    return {"path": path, "op": "Remove"}


PATCHES = [
    Patch(
        id="scalars in one replacement of the whole",
        body={"title": "Updated Work Order Name", **own(probability=70)},
        sent=[replace("/", {"workOrderName": "Updated Work Order Name", "probability": 70})],
    ),
    Patch(
        id="scalars from several groups",
        body={"dates": {"planned_end": "2026-12-31"}, "project": {"manager": "33226"}},
        sent=[replace("/", {"dateTo": "2026-12-31", "projectManagerId": "33226"})],
    ),
    Patch(
        id="a text that names the same moment otherwise is another text",
        before={"title": "2026-01-01T00:00:00Z"},
        body={"title": "2026-01-01T01:00:00+01:00"},
        sent=[replace("/", {"workOrderName": "2026-01-01T01:00:00+01:00"})],
    ),
    Patch(id="null removes", body=own(costCentre=None), sent=[remove("/costCentre")]),
    Patch(id="null for what is not there is nothing", body={"account": {"reference": None}}, sent=[]),
    Patch(id="what is so already is not sent", body={"title": "NewWorkOrder", **own(probability=50)}, sent=[]),
    Patch(id="an empty patch", body={}, sent=[]),
    Patch(id="an empty object asks for nothing", body={"account": {}, "dates": {}, "related_values": {}}, sent=[]),
    Patch(
        id="members of the customer by their own paths",
        body={
            "account": {"number": "CUST2", "reference": "Ann Lee"},
            **own(customerInformation={"currencyCode": None}),
        },
        sent=[
            replace("/customerInformation/customerId", "CUST2"),
            add("/customerInformation/reference", "Ann Lee"),
            remove("/customerInformation/currencyCode"),
        ],
    ),
    Patch(
        id="a customer where there is none",
        before={"title": "Pump"},
        body={"account": {"number": "CUST1", "reference": None}},
        sent=[add("/customerInformation", {"customerId": "CUST1"})],
    ),
    Patch(
        id="all of the customer that has no name of ours",
        body=own(customerInformation=None),
        sent=[remove("/customerInformation/currencyCode"), remove("/customerInformation/invoiceSeparately")],
    ),
    Patch(
        id="that, and the account changed",
        body={"account": {"reference": "Z"}, **own(customerInformation=None)},
        sent=[
            add("/customerInformation/reference", "Z"),
            remove("/customerInformation/currencyCode"),
            remove("/customerInformation/invoiceSeparately"),
        ],
    ),
    Patch(
        id="that, where the order shows an account alone",
        before={"account": {"number": "CUST1"}},
        body=own(customerInformation=None),
        sent=[],
    ),
    Patch(id="a group that is null", body={"account": None}, sent=[remove("/customerInformation/customerId")]),
    Patch(
        id="flexi-fields, however deep",
        body=own(customFieldGroups={"site": {"gate_fx": None, "key_fx": "7"}, "crew": {"size_fx": 2}}),
        sent=[
            remove("/customFieldGroups/site/gate_fx"),
            add("/customFieldGroups/site/key_fx", "7"),
            add("/customFieldGroups/crew", {"size_fx": 2}),
        ],
    ),
    Patch(
        id="a name with the pointer's own characters",
        before={"extensions": {"unit4_erpx": {"a/b": {"c~d": 1}}}},
        body=own(**{"a/b": {"c~d": 2}}),
        sent=[replace("/a~1b/c~0d", 2)],
    ),
    Patch(
        id="a related value by its index",
        body={"related_values": {"B0~1900-01-01": {"value": "ProId2", "date_to": None}}},
        sent=[replace("/relatedValues/1/relatedValue", "ProId2"), remove("/relatedValues/1/dateTo")],
    ),
    Patch(
        id="an id that repeats its key",
        body={"related_values": {"C1~1900-01-01": {"relation_id": "C1", "value": "7"}}},
        sent=[replace("/relatedValues/0/relatedValue", "7")],
    ),
    Patch(
        id="a member that the related value did not have",
        body={"related_values": {"C0~1900-01-01": {"description": "Resource"}}},
        sent=[add("/relatedValues/2/description", "Resource")],
    ),
    Patch(
        id="removed from the last index down, and the new ones last",
        body={
            "related_values": {
                "C1~1900-01-01": None,
                "C1~2026-01-01": {"value": "200", "date_to": "2026-12-31", "description": None},
                "C0~1900-01-01": None,
                "B0~1900-01-01": {"value": "ProId2"},
                "X1~1900-01-01": None,
            }
        },
        sent=[
            replace("/relatedValues/1/relatedValue", "ProId2"),
            remove("/relatedValues/2"),
            remove("/relatedValues/0"),
            add(
                "/relatedValues/-",
                {"relationId": "C1", "dateFrom": "2026-01-01", "relatedValue": "200", "dateTo": "2026-12-31"},
            ),
        ],
    ),
    Patch(
        id="a related value that is not there, and of which nothing is said",
        body={
            "title": "X",
            "related_values": {
                "C1~2010-01-01": {},
                "C1~2011-01-01": {"value": None},
                "C1~2026-01-01": {"value": "7"},
                "C0~1900-01-01": {},
            },
        },
        sent=[
            replace("/", {"workOrderName": "X"}),
            add("/relatedValues/-", {"relationId": "C1", "dateFrom": "2026-01-01", "relatedValue": "7"}),
        ],
    ),
    Patch(
        id="the same where there are none",
        before={"title": "Pump"},
        body={"related_values": {"C1~2010-01-01": {}, "C1~2011-01-01": {"value": None}}},
        sent=[],
    ),
    Patch(
        id="all related values",
        body={"related_values": None},
        sent=[remove("/relatedValues/2"), remove("/relatedValues/1"), remove("/relatedValues/0")],
    ),
    Patch(
        id="a related value where there are none",
        before={"title": "Pump"},
        body={"related_values": {"C1~1900-01-01": {"value": "7"}}},
        sent=[add("/relatedValues", [{"relationId": "C1", "dateFrom": "1900-01-01", "relatedValue": "7"}])],
    ),
    Patch(
        id="a related value where the vendor shows null",
        before={"related_values": None},
        body={"related_values": {"C1~1900-01-01": {"value": "7"}}},
        sent=[add("/relatedValues", [{"relationId": "C1", "dateFrom": "1900-01-01", "relatedValue": "7"}])],
    ),
    Patch(id="all related values where there are none", before={}, body={"related_values": None}, sent=[]),
    Patch(
        id="all at once, in one call",
        body={"title": "X", "account": {"number": "CUST2"}, "related_values": {"C1~1900-01-01": None}},
        sent=[
            replace("/", {"workOrderName": "X"}),
            replace("/customerInformation/customerId", "CUST2"),
            remove("/relatedValues/0"),
        ],
    ),
    Patch(
        id="members that only we write",
        body={"number": "123", "status": "closed", "vendor_ids": {"company_id": "COMP2"}, "as_of": "x", "title": "X"},
        sent=[replace("/", {"workOrderName": "X"})],
    ),
]


@pytest.mark.parametrize("case", PATCHES, ids=lambda case: case.id)
def test_a_merge_patch_becomes_the_operations_of_one_call(case: Patch) -> None:
    write = patched(case.body, BEFORE if case.before is None else case.before)
    check(write)
    assert to_erpx_patch(write) == case.sent


def test_a_status_goes_out_as_in_the_documents_sample() -> None:
    assert to_erpx_status("P") == [{"path": "/", "op": "Replace", "value": {"status": "P"}}]


@pytest.mark.parametrize("write", [created, patched])
def test_an_account_gives_way_to_nothing_that_stands_under_the_vendor_s_name(write: Callable[..., Write]) -> None:
    body = {"account": {"number": "CUST1"}, **own(customerInformation="x")}
    with pytest.raises(InvalidRequest) as caught:
        check(write(body, number="1"))
    assert [fault.pointer for fault in caught.value.faults] == ["/extensions/unit4_erpx/customerInformation"]


def test_related_values_that_look_alike_cannot_be_patched() -> None:
    twice = {"relationId": "C1", "relatedValue": "1", "dateFrom": "1900-01-01"}
    before = own(relatedValues=[twice, twice])
    with pytest.raises(CapabilityMissing, match="cannot be told apart") as caught:
        to_erpx_patch(patched({"related_values": {"C1~1900-01-01": None}}, before))
    assert [fault.pointer for fault in caught.value.faults] == ["/related_values"]
    assert to_erpx_patch(patched({"title": "X"}, before)) == [replace("/", {"workOrderName": "X"})]


def test_a_create_carries_the_company_the_number_and_the_status() -> None:
    body = {**ORDER, "number": "123", "notes": None}
    assert to_erpx_create(created(body, number="123", status="N"), "COMP1") == SAMPLE


def test_a_create_that_erpx_numbers_says_nothing_of_number_or_status() -> None:
    sent = to_erpx_create(created({"title": "Pump", "project": {"number": "ProId1", "manager": None}}), "COMP1")
    assert sent == {"companyId": "COMP1", "workOrderName": "Pump", "projectId": "ProId1"}


def test_empty_members_of_a_create_are_not_sent() -> None:
    body = {
        "title": "Pump",
        "account": {"number": None},
        "related_values": {"C1~1900-01-01": {"value": "7", "date_to": None}},
        **own(probability=None, customerInformation={"currencyCode": None}),
    }
    alike = {**body, **own(customerInformation=None)}
    assert to_erpx_create(created(alike), "COMP1") == to_erpx_create(created(body), "COMP1")
    named = to_erpx_create(created({"account": {"number": "CUST1"}, **own(customerInformation=None)}), "COMP1")
    assert named["customerInformation"] == {"customerId": "CUST1"}
    assert to_erpx_create(created(body), "COMP1") == {
        "companyId": "COMP1",
        "workOrderName": "Pump",
        RELATED: [{"relationId": "C1", "dateFrom": "1900-01-01", "relatedValue": "7"}],
    }
