"""The adapter closes orders of the simulated ERPx and sets their statuses: DEL_001 to DEL_004, and PATCH for the rest."""

from __future__ import annotations

import pytest

from app.domain.errors import BackendMisconfigured, CapabilityMissing, VendorSaid, WorkOrderNotFound
from app.domain.ports import Answer, Outcome, Proof, Write
from tests.vendors.unit4_erpx.erpx import adapting, deleted, status_set
from tests.vendors.unit4_erpx.simulator_requests import Erp


async def sent(erp: Erp, write: Write, **settings: object) -> Answer:
    async with adapting(erp.url, settings) as adapter:
        return await adapter.send(write)


async def test_del_001_user_is_not_authorised(sim_erp: Erp, sim_order: str) -> None:
    answer = await sent(sim_erp, deleted(sim_order), client_id="readonly", client_secret="readonly-secret")
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
    assert sim_erp.record(sim_order)["status"] == "N"


async def test_del_002_a_removal_always_names_its_order(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        [request] = adapter.requests(deleted())
    assert (request.method, request.url, request.body) == (
        "DELETE",
        f"{sim_erp.url}/v1/work-orders/123?companyId=COMP1",
        b"",
    )


async def test_del_003_work_order_does_not_exist(sim_erp: Erp) -> None:
    answer = await sent(sim_erp, deleted("no such"))
    message = "WorkOrder with Id no such was not found within company COMP1"
    said = VendorSaid(code="1040", message=message, status=404)
    assert (answer.outcome, answer.error, answer.said) == (Outcome.refused, WorkOrderNotFound, said)


@pytest.mark.parametrize("as_status", [False, True])
async def test_del_004_work_order_exists(sim_erp: Erp, sim_order: str, as_status: bool) -> None:
    write = status_set("C", number=sim_order) if as_status else deleted(sim_order)
    async with adapting(sim_erp.url) as adapter:
        answer = await adapter.send(write)
        seen = await adapter.read(sim_order)
        assert adapter.prove(write, seen) is Proof.applied
    assert (answer.outcome, answer.said) == (Outcome.applied, VendorSaid(status=200))
    assert (seen.code, sim_erp.kinds(sim_order)) == ("C", ["created", "closed"])


@pytest.mark.parametrize("code", ["P", "T", "N"])
async def test_any_other_status_is_a_patch(sim_erp: Erp, sim_order: str, code: str) -> None:
    if code == "N":
        await sent(sim_erp, status_set("P", number=sim_order))
    answer = await sent(sim_erp, status_set(code, number=sim_order))
    assert answer.outcome is Outcome.applied
    assert answer.seen is not None
    assert answer.seen.code == code
    assert sim_erp.effects(sim_order)[-1]["kind"] == "status_change"
    assert sim_erp.details(sim_order)[-1] == {
        "companyId": "COMP1",
        "workOrderId": sim_order,
        "status": code,
        "operations": [{"path": "/", "op": "Replace", "value": {"status": code}}],
    }


async def test_a_status_whose_answer_is_empty_is_confirmed_by_reading(sim_fresh: Erp) -> None:
    sim_fresh.settings(patch_answers=False)
    answer = await sent(sim_fresh, status_set("P"))
    assert (answer.outcome, answer.seen and answer.seen.code) == (Outcome.applied, "P")


async def test_a_refused_status_is_told_in_the_vendors_words(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="refuse", on="write", count=1)
    answer = await sent(sim_erp, status_set("P", number=sim_order))
    assert (answer.outcome, answer.said) == (
        Outcome.refused,
        VendorSaid(code="1020", message="Illegal status", status=422),
    )
    assert [fault.pointer for fault in answer.faults] == ["/status"]


@pytest.mark.parametrize(
    ("kind", "proof"),
    [("lost_answer", Proof.applied), ("http_500", Proof.not_applied), ("html", Proof.not_applied)],
)
async def test_a_closing_without_an_answer_is_unknown_until_the_order_is_read(
    sim_erp: Erp, sim_order: str, kind: str, proof: Proof
) -> None:
    async with adapting(sim_erp.url) as adapter:
        sim_erp.fault(kind=kind, on="write", count=1)
        assert (await adapter.send(deleted(sim_order))).outcome is Outcome.unknown
        assert adapter.prove(deleted(sim_order), await adapter.read(sim_order)) is proof


async def test_a_reason_has_no_place_in_erpx(sim_erp: Erp) -> None:
    async with adapting(sim_erp.url) as adapter:
        with pytest.raises(CapabilityMissing, match="no place for /late_reason"):
            adapter.screen(status_set("P", body={"status": "on_hold", "late_reason": "parts"}))
