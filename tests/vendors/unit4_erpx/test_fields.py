"""The table of members: every documented payload survives to us and back, and so does whatever else a record holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.field_table import to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.vendors.unit4_erpx.fields import (
    CUSTOMER,
    DOCUMENTED,
    DOCUMENTED_CUSTOMER,
    DOCUMENTED_RELATED,
    HOMES,
    RELATED,
    TABLE,
    related_ids,
    related_key,
)
from tests.vendors.unit4_erpx.erpx import ORDER, SAMPLE

RELATED_VALUE: JsonObject = {
    "relationId": "C1",
    "relatedValue": "100",
    "description": "Cost centre one",
    "dateFrom": "1900-01-01",
    "dateTo": "2099-12-31",
}
WITH_EVERY_MEMBER: JsonObject = {
    **SAMPLE,
    "dateTo": "2026-12-31",
    "serviceOrder": False,
    "probability": 70,
    "customerInformation": {
        "customerId": "CUST1",
        "reference": "Ann Lee",
        "currencyCode": "GBP",
        "invoiceSeparately": False,
        "invoiceStatus": "T",
    },
    "relatedValues": [
        RELATED_VALUE,
        {"relationId": "B0", "relatedValue": "ProId1", "dateFrom": "1900-01-01", "dateTo": "2099-12-31"},
        {"relationId": "C0", "relatedValue": "33225", "dateFrom": "1900-01-01", "dateTo": "2099-12-31"},
    ],
}
PATCH_OF_THE_WHOLE: JsonObject = {"workOrderName": "Updated Work Order Name", "status": "C", "probability": 70}
PATCH_OF_ONE_FIELD: JsonObject = {"workOrderName": "New name"}

PAYLOADS = {
    "the POST sample": SAMPLE,
    "every documented member": WITH_EVERY_MEMBER,
    "the PATCH sample of the whole": PATCH_OF_THE_WHOLE,
    "the PATCH sample of one field": PATCH_OF_ONE_FIELD,
    "flexi-fields": {**SAMPLE, "customFieldGroups": {"site": {"gate_fx": "B"}}},
    "members that are null": {**SAMPLE, "projectManagerId": None, CUSTOMER: None, RELATED: None},
    "empty members": {**SAMPLE, CUSTOMER: {}, RELATED: []},
    "related values that look alike": {**SAMPLE, RELATED: [RELATED_VALUE, RELATED_VALUE]},
    "related values without a date": {**SAMPLE, RELATED: [{"relationId": "C1", "relatedValue": "100"}]},
    "shapes that the document does not have": {**SAMPLE, CUSTOMER: "CUST1", RELATED: "none", "dateFrom": {"day": 1}},
}


def there_and_back(record: JsonObject) -> str:
    back = to_theirs(TABLE, to_ours(TABLE, record))
    assert (back.homeless, back.wrong) == ((), ())
    return told(back.record)


def told(value: JsonValue) -> str:
    """JSON tells 1 from true, as == does not."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_documented_payload_survives_to_us_and_back(name: str) -> None:
    assert there_and_back(PAYLOADS[name]) == told(PAYLOADS[name])


def test_the_post_sample_in_our_names() -> None:
    assert to_ours(TABLE, SAMPLE) == {
        **ORDER,
        "number": "123",
        "vendor_status": {"code": "N"},
        "vendor_ids": {"company_id": "COMP1"},
    }


def test_what_has_a_name_of_ours_is_not_in_extensions_and_the_rest_is() -> None:
    ours = to_ours(TABLE, WITH_EVERY_MEMBER)
    assert ours["extensions"] == {
        "unit4_erpx": {
            "costCentre": "C1",
            "periodFrom": 200101,
            "periodTo": 200153,
            "serviceOrder": False,
            "probability": 70,
            "customerInformation": {"currencyCode": "GBP", "invoiceSeparately": False, "invoiceStatus": "T"},
        }
    }
    assert (ours["account"], ours["dates"]) == (
        {"number": "CUST1", "reference": "Ann Lee"},
        {"planned_start": "2001-01-01", "planned_end": "2026-12-31"},
    )


def test_the_table_and_the_documents_member_list_agree() -> None:
    listed = {
        *DOCUMENTED,
        *(f"{CUSTOMER}.{name}" for name in DOCUMENTED_CUSTOMER),
        *(f"{RELATED}[].{name}" for name in DOCUMENTED_RELATED),
    }
    customer = WITH_EVERY_MEMBER[CUSTOMER]
    assert isinstance(customer, dict)
    shown = {
        *WITH_EVERY_MEMBER,
        *(f"{CUSTOMER}.{name}" for name in customer),
        *(f"{RELATED}[].{name}" for name in RELATED_VALUE),
    }
    assert shown == listed
    assert {theirs for theirs, _ in HOMES} <= listed


def test_the_homes_are_those_of_the_design() -> None:
    assert dict(HOMES) == {
        "companyId": "vendor_ids.company_id",
        "workOrderId": "number",
        "workOrderName": "title",
        "status": "vendor_status.code",
        "dateFrom": "dates.planned_start",
        "dateTo": "dates.planned_end",
        "projectId": "project.number",
        "projectManagerId": "project.manager",
        "customerInformation.customerId": "account.number",
        "customerInformation.reference": "account.reference",
        "relatedValues": "related_values",
        "relatedValues[].relationId": "related_values{}.relation_id",
        "relatedValues[].relatedValue": "related_values{}.value",
        "relatedValues[].description": "related_values{}.description",
        "relatedValues[].dateFrom": "related_values{}.date_from",
        "relatedValues[].dateTo": "related_values{}.date_to",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*DOCUMENTED, *DOCUMENTED_CUSTOMER, "extensions", "title", "number", "", "a/b~c"])
ROWS = st.lists(
    st.dictionaries(st.sampled_from([*DOCUMENTED_RELATED, "extensions"]), st.text("AB~1/", max_size=3), max_size=5),
    max_size=4,
)


@given(st.dictionaries(NAMES, JSON, max_size=8), ROWS)
def test_any_record_survives_to_us_and_back(record: dict[str, JsonValue], rows: list[JsonValue]) -> None:
    assert there_and_back(record) == told(record)
    assert there_and_back({**record, RELATED: rows}) == told({**record, RELATED: rows})


@given(st.sampled_from(sorted(WITH_EVERY_MEMBER)), JSON, st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_a_documented_payload_survives_with_any_member_changed_or_added(
    name: str, value: JsonValue, added: dict[str, JsonValue]
) -> None:
    record = {**WITH_EVERY_MEMBER, name: value}
    assert there_and_back(record) == told(record)
    assert there_and_back({**added, **WITH_EVERY_MEMBER}) == told({**added, **WITH_EVERY_MEMBER})


@given(st.text("AB~1", max_size=4), st.text("AB~1", max_size=4))
def test_a_key_stands_for_its_relation_and_date(relation: str, begins: str) -> None:
    ids = {"relationId": relation, "dateFrom": begins}
    key = related_key(ids)
    assert key is None or related_ids(key) == ids


@pytest.mark.parametrize("key", ["", "C1", "~1900-01-01", "C1~"])
def test_a_key_that_lacks_its_relation_or_date_stands_for_nothing(key: str) -> None:
    assert related_ids(key) is None
