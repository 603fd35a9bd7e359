"""What an order that is read back shows: that a write took effect, that it did not, or that it hit something else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.field_table import to_ours
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import shows
from app.domain.ports import Proof, Write
from app.domain.work_orders import Observation
from app.vendors.unit4_erpx.adapter import Unit4ErpxAdapter
from app.vendors.unit4_erpx.evidence import values_that_differ, with_each_named
from app.vendors.unit4_erpx.fields import TABLE
from app.vendors.unit4_erpx.orders import from_erpx_order
from app.vendors.unit4_erpx.simulator_patch import patched as as_erpx_patches
from app.vendors.unit4_erpx.translate import check, to_erpx_patch
from tests.vendors.unit4_erpx.erpx import NOW, SAMPLE, adapting, created, deleted, patched, status_set
from tests.vendors.unit4_erpx.simulator_requests import B0, C0, C1, RECORD_123


def seen(**changed: JsonValue) -> Observation:
    return from_erpx_order({**RECORD_123, **changed}, "COMP1", as_of=NOW)


BEFORE = seen().fields
TITLE = patched({"title": "X"}, BEFORE)
CREATE = created({"title": "Pump", "dates": {"planned_end": None}}, number="123", status="N")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A write whose answer was lost, what was read afterwards, and what that proves."""

    id: str
    write: Write
    seen: Observation | None
    proof: Proof


YES, NO, MAYBE = Proof.applied, Proof.not_applied, Proof.inconclusive
CASES = [
    Case(id="the status that was set", write=status_set("P"), seen=seen(status="P"), proof=YES),
    Case(id="the status before", write=status_set("P"), seen=seen(status="N"), proof=NO),
    Case(id="a third status", write=status_set("P"), seen=seen(status="T"), proof=MAYBE),
    Case(id="a status, but no order", write=status_set("P"), seen=None, proof=MAYBE),
    Case(id="closed, as asked", write=status_set("C"), seen=seen(status="C"), proof=YES),
    Case(id="no status at all", write=status_set("P", was=None), seen=seen(status=None), proof=MAYBE),
    Case(id="the order is closed", write=deleted(), seen=seen(status="C"), proof=YES),
    Case(id="the order is open still", write=deleted(), seen=seen(), proof=NO),
    Case(id="the order was cancelled instead", write=deleted(), seen=seen(status="T"), proof=MAYBE),
    Case(id="the order is gone, which a closing does not do", write=deleted(), seen=None, proof=MAYBE),
    Case(id="the patch shows", write=TITLE, seen=seen(workOrderName="X"), proof=YES),
    Case(id="all is as before", write=TITLE, seen=seen(), proof=NO),
    Case(id="something else changed", write=TITLE, seen=seen(workOrderName="Y"), proof=MAYBE),
    Case(id="no order was made", write=CREATE, seen=None, proof=NO),
    Case(id="the order shows what was asked, and defaults", write=CREATE, seen=seen(workOrderName="Pump"), proof=YES),
    Case(id="an order of that number, but another one", write=CREATE, seen=seen(), proof=MAYBE),
    Case(
        id="every related value is gone",
        write=patched({"related_values": None}, BEFORE),
        seen=seen(relatedValues=[]),
        proof=YES,
    ),
]


FILLED_AGAIN: list[JsonObject] = [
    {"dates": {"planned_end": None}},
    {"account": {"reference": None}},
    {"related_values": {"C1~1900-01-01": {"date_to": None}}},
    {"related_values": {"B0~1900-01-01": None}},
    {"extensions": {"unit4_erpx": {"serviceOrder": None, "periodFrom": None}}},
    {"extensions": {"unit4_erpx": {"unknown": 1}}},
]
GONE: list[JsonObject] = [
    {"account": {"number": None}},
    {"project": {"manager": None}},
    {"related_values": {"C1~1900-01-01": None}},
    {"related_values": None},
    {"extensions": {"unit4_erpx": {"probability": None}}},
]
FULL = seen(
    customerInformation={"customerId": "CUST1", "reference": "Ann Lee"}, serviceOrder=False, periodFrom=1, probability=7
)


@pytest.fixture
async def adapter() -> AsyncIterator[Unit4ErpxAdapter]:
    """Nobody is called here."""
    async with adapting("http://127.0.0.1:1") as adapter:
        yield adapter


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_order_read_back_proves(adapter: Unit4ErpxAdapter, case: Case) -> None:
    assert adapter.prove(case.write, case.seen) is case.proof


@pytest.mark.parametrize("body", FILLED_AGAIN, ids=str)
def test_an_order_as_it_was_proves_nothing_of_what_erpx_fills_in_again(
    adapter: Unit4ErpxAdapter, body: JsonObject
) -> None:
    """Vendor document 002, "Default Values": what is empty is completed."""
    assert adapter.prove(patched(body, FULL.fields), FULL) is MAYBE
    assert adapter.prove(patched({**body, "title": "X"}, FULL.fields), FULL) is NO


@pytest.mark.parametrize("body", GONE, ids=str)
def test_an_order_as_it_was_proves_that_what_stays_away_was_not_removed(
    adapter: Unit4ErpxAdapter, body: JsonObject
) -> None:
    assert adapter.prove(patched(body, FULL.fields), FULL) is NO


VALUE = patched({"related_values": {"B0~1900-01-01": {"value": "ProId2"}, "C1~2026-01-01": {"value": "7"}}}, BEFORE)
B0_SET: dict[str, JsonValue] = {**B0, "relatedValue": "ProId2"}
C1_NEW: JsonValue = {**C1, "relatedValue": "7", "dateFrom": "2026-01-01"}


@pytest.mark.parametrize(
    ("after", "differing"),
    [
        ([C1, B0_SET, C0, C1_NEW], None),
        ([C0, B0_SET, C1, C1_NEW], None),
        ([{**C1, "relatedValue": "ProId2"}, B0, C0, C1_NEW], "B0~1900-01-01, C1~1900-01-01"),
        ([C1, B0_SET, C0, C1_NEW, {**C0, "dateFrom": "2026-01-01"}], "C0~2026-01-01"),
        ([C1, B0_SET, C1_NEW], "C0~1900-01-01"),
        ([C1, B0_SET, C0], "C1~2026-01-01"),
        ([C1, {**B0_SET, "dateTo": "2026-12-31"}, C0, C1_NEW], "B0~1900-01-01"),
        ([C1, C1], "B0~1900-01-01, C0~1900-01-01, C1~1900-01-01, C1~2026-01-01"),
    ],
    ids=[
        "as asked, the new one completed by ERPx",
        "in another order",
        "another element was hit",
        "somebody added one",
        "somebody removed one",
        "the new one is missing",
        "a member that was not named is another",
        "they cannot be told apart any more",
    ],
)
def test_related_values_that_are_not_as_the_patch_should_have_left_them_are_named(
    adapter: Unit4ErpxAdapter, after: list[JsonValue], differing: str | None
) -> None:
    said = (
        None if differing is None else f"The related values are not as this patch should have left them: {differing}."
    )
    assert adapter.side_effect(VALUE, seen(relatedValues=after)) == said


def test_a_patch_that_names_no_related_value_looks_at_none(adapter: Unit4ErpxAdapter) -> None:
    assert adapter.side_effect(TITLE, seen(workOrderName="X", relatedValues=[])) is None


def test_a_create_that_got_another_number_says_so(adapter: Unit4ErpxAdapter) -> None:
    assert adapter.side_effect(created({}, number="OB-1"), seen()) == (
        "ERPx gave the order another number than the one asked for: 123."
    )
    assert adapter.side_effect(created({}), seen()) is None


TEXTS = st.sampled_from(["ProId1", "ProId2", "7", "2026-01-01"])
VALUES = st.dictionaries(
    st.sampled_from(["C1~1900-01-01", "B0~1900-01-01", "C0~1900-01-01", "C1~2026-01-01", "X~Y~2026-01-01"]),
    st.none()
    | st.sampled_from([{}, {"value": None}, {"date_to": None, "description": None}])
    | st.fixed_dictionaries({"value": TEXTS}, optional={"date_to": st.none() | TEXTS, "description": st.none()}),
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.none() | TEXTS,
        "project": st.none() | st.fixed_dictionaries({}, optional={"number": TEXTS, "manager": st.none() | TEXTS}),
        "account": st.none() | st.fixed_dictionaries({}, optional={"number": TEXTS, "reference": st.none() | TEXTS}),
        "related_values": st.none() | VALUES,
        "extensions": st.fixed_dictionaries(
            {
                "unit4_erpx": st.fixed_dictionaries(
                    {},
                    optional={
                        "costCentre": st.none() | TEXTS,
                        "probability": st.none() | st.integers(0, 100),
                        "customerInformation": st.none()
                        | st.fixed_dictionaries({}, optional={"currencyCode": st.none() | TEXTS}),
                    },
                )
            }
        ),
    },
)


@given(BODIES, st.sampled_from([SAMPLE, RECORD_123, {**SAMPLE, "customerInformation": {}, "relatedValues": []}]))
def test_the_operations_leave_the_order_as_the_merge_patch_would(
    body: dict[str, JsonValue], record: JsonObject
) -> None:
    before = from_erpx_order(record, "COMP1", as_of=NOW).fields
    write = patched(body, before)
    check(write)
    operations = to_erpx_patch(write)
    left = to_ours(TABLE, as_erpx_patches(dict(record), list(operations)).record)  # type: ignore[arg-type]
    assert shows(left, without_last_days(with_each_named(write).body))
    assert values_that_differ(write, left) == []
    assert to_erpx_patch(patched(without_last_days(body), left)) == []


def without_last_days(body: JsonObject) -> JsonObject:
    """Without the related values' last days: ERPx puts in one of its own where none is."""
    values = body.get("related_values")
    if not isinstance(values, dict):
        return body
    kept = {
        key: value and {name: one for name, one in value.items() if name != "date_to"} for key, value in values.items()
    }
    return {**body, "related_values": kept}
