"""Orders as ERPx names and shows them: numbers, and a record as an order of ours."""

from __future__ import annotations

import pytest

from app.domain.json import JsonObject
from app.domain.work_orders import Observation, OrderKey
from app.vendors.unit4_erpx.orders import FaultyOrder, from_erpx_order, is_number, own_number
from tests.vendors.unit4_erpx.erpx import NOW, ORDER, SAMPLE


def test_a_number_of_ours_is_the_same_for_the_same_operation_and_short_enough() -> None:
    numbers = {own_number("ORDERBRIDGE-X", f"op_{n}") for n in range(1000)}
    assert own_number("OB-", "op_1") == own_number("OB-", "op_1") == "OB-7EFRSN2K63RZ"
    assert len(numbers) == 1000
    assert {len(number) for number in numbers} == {25}


@pytest.mark.parametrize("number", ["123", "OB-7EFRSN2K63RZ", "A B", "Zürich.1", "1@COMP"])
def test_a_number_can_be_asked_for(number: str) -> None:
    assert is_number(number)


@pytest.mark.parametrize(
    "number", ["", ".", "..", "1/2", "1?x", "1#x", "a%2Fb", " 1", "1\n", "x" * 256, "1;v=2", "\ud800"]
)
def test_a_text_that_would_lead_elsewhere_in_a_path_is_no_number(number: str) -> None:
    assert not is_number(number)


def test_an_order_from_erpx() -> None:
    assert from_erpx_order(SAMPLE, "COMP1", as_of=NOW) == Observation(
        key=OrderKey(number="123", reference=None, vendor_ids={"company_id": "COMP1"}),
        code="N",
        status_at=None,
        late=False,
        target_at=None,
        fields=ORDER,
        record=SAMPLE,
        as_of=NOW,
    )


def test_an_order_that_does_not_name_its_company_is_of_ours_and_a_number_may_be_a_number() -> None:
    seen = from_erpx_order({"workOrderId": 123, "companyId": None, "status": ""}, "COMP1", as_of=NOW)
    assert (seen.key, seen.code, seen.fields) == (OrderKey(number="123", vendor_ids={"company_id": "COMP1"}), None, {})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"workOrderId": None}, "workOrderId is missing"),
        ({"workOrderId": ""}, "workOrderId is missing"),
        ({"workOrderId": True}, "workOrderId is missing"),
        ({"companyId": "COMP2"}, "another company"),
        ({"companyId": 7}, "another company"),
    ],
)
def test_half_an_order_or_one_of_another_company_is_none(change: JsonObject, why: str) -> None:
    with pytest.raises(FaultyOrder, match=why):
        from_erpx_order({**SAMPLE, **change}, "COMP1", as_of=NOW)
