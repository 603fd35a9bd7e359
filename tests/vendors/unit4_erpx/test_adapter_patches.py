"""The adapter patches orders of the simulated ERPx: PATCH_001 to 004 and 006 (the document has no 005), and what follows."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from app.domain.errors import BackendMisconfigured, VendorRejectedData, VendorSaid, WorkOrderNotFound
from app.domain.json import JsonObject
from app.domain.ports import Outcome, Proof, Write
from tests.vendors.unit4_erpx.erpx import adapting, patched
from tests.vendors.unit4_erpx.simulator_requests import B0, C0, C1, Erp


async def patch_of(erp: Erp, number: str, body: JsonObject) -> Write:
    """A patch of the order as it is now."""
    async with adapting(erp.url) as adapter:
        return patched(body, (await adapter.read(number)).fields, number=number)


async def test_patch_001_user_is_not_authorised(sim_erp: Erp, sim_order: str) -> None:
    write = await patch_of(sim_erp, sim_order, {"title": "X"})
    async with adapting(sim_erp.url, client_id="readonly", client_secret="readonly-secret") as adapter:
        answer = await adapter.send(write)
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A patch that ERPx rejects: its words, and the members that they are about."""

    id: str
    body: JsonObject
    messages: list[str]
    pointers: list[str]


REJECTED = [
    Rejected(
        id="PATCH_002 Missing mandatory fields",
        body={"title": None},
        messages=["The workOrderName field is required."],
        pointers=["/title"],
    ),
    Rejected(
        id="PATCH_003 Invalid format of fields",
        body={"title": "X", "dates": {"planned_start": "tomorrow"}, "extensions": {"unit4_erpx": {"periodTo": "x"}}},
        messages=[
            "Invalid date time format: tomorrow is not a date written as YYYY-MM-DD.",
            "Error converting value \"x\" to type 'System.Int32'. Path 'periodTo'.",
        ],
        pointers=["", "/extensions/unit4_erpx/periodTo"],
    ),
    Rejected(
        id="PATCH_004 Unsatisfied model restrictions",
        body={"title": "x" * 256, "dates": {"planned_start": "1899-12-31"}},
        messages=[
            "The date must be between 1900-01-01 and 2099-12-31",
            "The field workOrderName must be a string with max length 255",
        ],
        pointers=["", "/title"],
    ),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.id)
async def test_rejected_data_changes_nothing_and_is_told_by_member(
    sim_erp: Erp, sim_order: str, case: Rejected
) -> None:
    before = sim_erp.record(sim_order)
    write = await patch_of(sim_erp, sim_order, case.body)
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(write)
    assert (answer.outcome, answer.error) == (Outcome.refused, VendorRejectedData)
    assert [fault.message for fault in answer.faults] == case.messages
    assert [fault.pointer for fault in answer.faults] == case.pointers
    assert sim_erp.record(sim_order) == before


async def test_patch_006_unknown_work_order_id(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(patched({"title": "X"}, {}, number="no such"))
    message = "Work order with ID no such was not found within the company COMP1."
    said = VendorSaid(code="1040", message=message, status=404)
    assert (answer.outcome, answer.error, answer.said) == (Outcome.refused, WorkOrderNotFound, said)


async def test_the_patch_sample_of_the_document_is_what_arrives(sim_erp: Erp, sim_order: str) -> None:
    body: JsonObject = {"title": "Updated Work Order Name", "extensions": {"unit4_erpx": {"probability": 70}}}
    write = await patch_of(sim_erp, sim_order, body)
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(write)
    operations = [
        {"path": "/", "op": "Replace", "value": {"workOrderName": "Updated Work Order Name", "probability": 70}}
    ]
    assert sim_erp.effects(sim_order)[-1]["kind"] == "updated"
    assert sim_erp.details(sim_order)[-1] == {
        "companyId": "COMP1",
        "workOrderId": sim_order,
        "operations": operations,
    }
    assert answer.outcome is Outcome.applied
    assert answer.seen is not None
    assert answer.seen.record == sim_erp.record(sim_order)


async def test_everything_at_once_is_one_call(sim_erp: Erp) -> None:
    number = sim_erp.new_order(relatedValues=[C1], costCentre="C1", projectManagerId="33225")
    body: JsonObject = {
        "title": "X",
        "account": {"number": "CUST1"},
        "related_values": {
            "C1~1900-01-01": {"value": "200", "description": "Two hundred"},
            "C0~1900-01-01": None,
            "C1~2026-01-01": {"value": "7", "date_to": "2026-12-31"},
        },
        "extensions": {"unit4_erpx": {"costCentre": None, "customerInformation": {"currencyCode": "EUR"}}},
    }
    write = await patch_of(sim_erp, number, body)
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(write)
        assert answer.seen is not None
        assert adapter.side_effect(write, answer.seen) is None
        assert adapter.prove(write, answer.seen) is Proof.applied
    record = sim_erp.record(number)
    assert sim_erp.kinds(number) == ["created", "updated"]
    assert record["relatedValues"] == [
        C1 | {"relatedValue": "200", "description": "Two hundred"},
        B0,
        C1 | {"relatedValue": "7", "dateFrom": "2026-01-01", "dateTo": "2026-12-31"},
    ]
    assert ("costCentre" in record, record["customerInformation"]) == (
        False,
        {"customerId": "CUST1", "currencyCode": "EUR", "invoiceSeparately": False, "invoiceStatus": "T"},
    )


async def test_a_patch_that_changes_nothing_is_not_sent(sim_erp: Erp, sim_order: str) -> None:
    write = await patch_of(sim_erp, sim_order, {"title": "Pump", "account": {"reference": None}})
    async with adapting(sim_erp.url) as adapter:
        assert adapter.requests(write) == []
        assert (await adapter.send(write)).outcome is Outcome.applied
    assert sim_erp.kinds(sim_order) == ["created"]


async def test_a_related_value_that_moved_meanwhile_is_found_out(sim_fresh: Erp) -> None:
    write = await patch_of(sim_fresh, "123", {"related_values": {"C1~1900-01-01": {"value": "200"}}})
    moved = {"relationId": "C1", "relatedValue": "9", "dateFrom": "1999-01-01", "dateTo": "1999-12-31"}
    sim_fresh.http.post("/_sim/orders/123/related_value", json=moved).raise_for_status()
    async with adapting(sim_fresh.url) as adapter:
        answer = await adapter.send(write)
        assert (answer.outcome, answer.seen is not None) == (Outcome.applied, True)
        assert answer.seen is not None
        said = adapter.side_effect(write, answer.seen)
    assert said == ("The related values are not as this patch should have left them: C1~1900-01-01, C1~1999-01-01.")
    assert sim_fresh.record("123")["relatedValues"] == [moved | {"relatedValue": "200"}, C1, B0, C0]


async def test_an_empty_answer_is_confirmed_by_reading(sim_fresh: Erp) -> None:
    sim_fresh.settings(patch_answers=False)
    write = await patch_of(sim_fresh, "123", {"title": "X", "related_values": None})
    async with adapting(sim_fresh.url) as adapter:
        answer = await adapter.send(write)
    assert (answer.outcome, answer.detail) == (Outcome.applied, "ERPx accepted the write, as the order shows.")
    assert answer.seen is not None
    assert answer.seen.record == sim_fresh.record("123")
    assert (answer.seen.fields["title"], answer.seen.fields["related_values"]) == ("X", {})


async def test_an_empty_answer_that_no_read_confirms_is_unknown(sim_fresh: Erp) -> None:
    sim_fresh.settings(patch_answers=False)
    write = await patch_of(sim_fresh, "123", {"title": "X"})
    async with adapting(sim_fresh.url) as adapter:
        sim_fresh.fault(kind="http_500", on="read", count=1)
        answer = await adapter.send(write)
        assert answer.outcome is Outcome.unknown
        assert adapter.prove(write, await adapter.read("123")) is Proof.applied


@pytest.mark.parametrize(
    ("kind", "proof"),
    [
        ("lost_answer", Proof.applied),
        ("truncate", Proof.applied),
        ("http_500", Proof.not_applied),
        ("html", Proof.not_applied),
        ("reset", Proof.not_applied),
    ],
)
async def test_a_patch_without_an_answer_is_unknown_until_the_order_is_read(
    sim_erp: Erp, sim_order: str, kind: str, proof: Proof
) -> None:
    write = await patch_of(sim_erp, sim_order, {"title": "X"})
    async with adapting(sim_erp.url) as adapter:
        sim_erp.fault(kind=kind, on="write", count=1)
        assert (await adapter.send(write)).outcome is Outcome.unknown
        assert adapter.prove(write, await adapter.read(sim_order)) is proof


async def test_the_company_rides_in_the_query_of_a_patch(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, company_id="COMP2") as adapter:
        [request] = adapter.requests(patched({"title": "X"}, {}))
        answer = await adapter.send(patched({"title": "X"}, {}))
    assert request.url == f"{sim_erp.url}/v1/work-orders/123?companyId=COMP2"
    assert request.headers["Content-Type"] == "application/json-patch+json"
    assert json.loads(request.body) == [{"path": "/", "op": "Replace", "value": {"workOrderName": "X"}}]
    assert answer.error is WorkOrderNotFound
