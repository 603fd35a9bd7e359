"""The adapter creates orders in the simulated ERPx: POST_001 to POST_008, defaults, numbers, and lost answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from app.domain.errors import BackendMisconfigured, GatewayError, VendorRejectedData, VendorSaid, WorkOrderExists
from app.domain.json import JsonObject
from app.domain.ports import Outcome, Proof
from tests.delivery.bench import until
from tests.vendors.unit4_erpx.erpx import ORDER, adapting, created
from tests.vendors.unit4_erpx.simulator_requests import B0, C0, C1, RECORD_123, Erp

BODY: JsonObject = {"title": "Pump", "dates": {"planned_start": "2026-11-20"}, "project": {"number": "ProId1"}}


def own(**members: object) -> JsonObject:
    return {**BODY, "extensions": {"unit4_erpx": members}}  # type: ignore[dict-item]


async def test_post_001_user_is_not_authorised(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, client_id="readonly", client_secret="readonly-secret") as adapter:
        answer = await adapter.send(created(BODY))
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
    assert answer.detail == "The client readonly may not do this in ERPx, or company COMP1 does not exist (HTTP 403)."


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A create that ERPx rejects: its words, and the members that they are about."""

    id: str
    body: JsonObject
    message: str
    pointers: list[str]


REJECTED = [
    Rejected(
        id="POST_002 Missing mandatory fields",
        body={"dates": BODY["dates"]},
        message="The workOrderName field is required. The projectId field is required.",
        pointers=["/title", "/project/number"],
    ),
    Rejected(
        id="POST_003 Invalid format of fields",
        body={**own(periodFrom="x", probability=101), "dates": {"planned_start": "2026-13-01"}},
        message="Invalid date time format: 2026-13-01 is not a date written as YYYY-MM-DD. "
        "Error converting value \"x\" to type 'System.Int32'. Path 'periodFrom'. "
        "The field probability must be between 0 and 100.",
        pointers=["", "/extensions/unit4_erpx/periodFrom", "/extensions/unit4_erpx/probability"],
    ),
    Rejected(
        id="POST_004 Unsatisfied model restrictions",
        body={**BODY, "title": "x" * 256, "dates": {"planned_start": "2026-11-20", "planned_end": "2026-11-19"}},
        message="The field workOrderName must be a string with max length 255 "
        "dateFrom must be equal or earlier than dateTo",
        pointers=["/title", "/dates/planned_start"],
    ),
    Rejected(
        id="POST_006 Invalid data",
        body={**BODY, "project": {"number": "ProId9"}, "account": {"number": "CUST9"}},
        message="ProId9 is not a legal projectId CUST9 is not a legal customerId",
        pointers=["/project/number", "/account/number"],
    ),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.id)
async def test_rejected_data_is_told_by_member(sim_erp: Erp, case: Rejected) -> None:
    made = len(sim_erp.effects())
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(created(case.body))
    assert (answer.outcome, answer.error) == (Outcome.refused, VendorRejectedData)
    assert answer.said is not None
    assert (answer.said.status, answer.said.code, answer.said.message) == (422, "1020", case.message)
    assert [fault.pointer for fault in answer.faults] == case.pointers
    assert " ".join(fault.message for fault in answer.faults) == case.message
    assert len(sim_erp.effects()) == made


async def test_post_005_duplicate_work_order_id(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(created(BODY, number="123"))
    said = VendorSaid(code="1020", message="The work order already exists.", status=422)
    assert (answer.outcome, answer.error, answer.said) == (Outcome.refused, WorkOrderExists, said)


async def test_post_007_work_order_created_with_its_defaults(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(created(ORDER, number="WO-7", status="N"))
    assert (answer.outcome, answer.number) == (Outcome.applied, "WO-7")
    assert answer.seen is not None
    assert answer.seen.record == {**RECORD_123, "workOrderId": "WO-7"} == sim_erp.record("WO-7")
    assert answer.seen.record["relatedValues"] == [C1, B0, C0]


async def test_post_008_work_order_created_with_auto_numbering(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        first, second = [await adapter.send(created(BODY)) for _ in range(2)]
        assert first.seen is not None
        assert first.number is not None
        seen = await adapter.read(first.number)
    assert (first.outcome, first.seen) == (Outcome.applied, replace(seen, as_of=first.seen.as_of))
    assert first.number != second.number
    assert sim_erp.kinds(first.number) == ["created"]


async def test_the_reference_of_a_customer_is_the_vendors(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(created({**BODY, "account": {"number": "CUST1"}}))
    assert answer.seen is not None
    assert answer.seen.fields["account"] == {"number": "CUST1", "reference": "Ann Lee"}


async def test_with_a_prefix_we_number_the_orders(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url, number_prefix="OB-") as adapter:
        number = adapter.own_number("op_42")
        assert number is not None
        answer = await adapter.send(created(BODY, number=number))
        assert (answer.outcome, answer.number) == (Outcome.applied, number)
    async with adapting(sim_erp.url) as adapter:
        assert adapter.own_number("op_42") is None


async def test_a_created_order_may_have_a_status_of_its_own(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(created(BODY, status="P"))
    assert answer.seen is not None
    assert answer.seen.code == "P"


@pytest.mark.parametrize("kind", ["lost_answer", "truncate", "late_effect"])
async def test_a_create_whose_answer_is_lost_is_unknown_and_proved_by_its_number(sim_erp: Erp, kind: str) -> None:
    number = f"LOST-{kind}"
    write = created(BODY, number=number)
    async with adapting(sim_erp.url) as adapter:
        sim_erp.fault(kind=kind, on="write", count=1, delay_s=0.0)
        assert (await adapter.send(write)).outcome is Outcome.unknown
        await until(lambda: sim_erp.kinds(number))
        assert adapter.prove(write, await adapter.read(number)) is Proof.applied
    assert sim_erp.kinds(number) == ["created"]


@pytest.mark.parametrize("kind", ["http_500", "html", "reset"])
async def test_a_create_without_an_answer_of_erpx_is_unknown(sim_erp: Erp, kind: str) -> None:
    write = created(BODY, number=f"NONE-{kind}")
    async with adapting(sim_erp.url) as adapter:
        sim_erp.fault(kind=kind, on="write", count=1)
        assert (await adapter.send(write)).outcome is Outcome.unknown
        assert adapter.prove(write, None) is Proof.not_applied


async def test_a_body_that_cannot_be_said_is_refused_before_anything_is_sent() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        answer = await adapter.send(created({**BODY, "priority": "1"}))
    error: type[GatewayError] | None = answer.error
    assert (answer.outcome, error and error.code) == (Outcome.refused, "capability-missing")
    assert [fault.pointer for fault in answer.faults] == ["/priority"]
