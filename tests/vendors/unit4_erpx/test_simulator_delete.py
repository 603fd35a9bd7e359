"""DEL_001 to DEL_004 of vendor document 002, by raw requests."""

from __future__ import annotations

import pytest

from tests.vendors.unit4_erpx.simulator_requests import NOT_AUTHORISED, PATHS, RECORD_123, Erp, answered

SAMPLE_TARGET = "/v1/projects/work-orders/123?companyId=COMP1"


@pytest.mark.parametrize("client", ["readonly", "nobody"])
def test_DEL_001_user_is_not_authorised(sim_fresh: Erp, client: str) -> None:
    assert answered(sim_fresh.call("DELETE", SAMPLE_TARGET, client=client)) == NOT_AUTHORISED
    assert (sim_fresh.record("123"), sim_fresh.effects()) == (RECORD_123, [])


def test_DEL_001_an_unknown_company_is_answered_as_a_missing_right(sim_fresh: Erp) -> None:
    assert answered(sim_fresh.call("DELETE", "/v1/work-orders/123?companyId=COMP9")) == NOT_AUTHORISED


@pytest.mark.parametrize("target", [*PATHS, *(f"{path}/" for path in PATHS), f"{PATHS[1]}?companyId=COMP1"])
def test_DEL_002_missing_required_parameters(sim_fresh: Erp, target: str) -> None:
    answer = sim_fresh.call("DELETE", target)

    assert (answer.status_code, answer.content) == (405, b"")
    assert sim_fresh.effects() == []


@pytest.mark.parametrize(("company", "number"), [("COMP1", "999"), ("COMP2", "123")])
def test_DEL_003_work_order_does_not_exist(sim_fresh: Erp, company: str, number: str) -> None:
    answer = sim_fresh.call("DELETE", f"/v1/work-orders/{number}?companyId={company}")

    message = f"WorkOrder with Id {number} was not found within company {company}"
    assert answered(answer) == (404, {"code": 1040, "message": message})
    assert sim_fresh.effects() == []


@pytest.mark.parametrize("target", [SAMPLE_TARGET, "/v1/work-orders/123?companyId=COMP1", "/v1/work-orders/123"])
def test_DEL_004_work_order_exists(sim_fresh: Erp, target: str) -> None:
    answer = sim_fresh.call("DELETE", target)

    assert (answer.status_code, answer.content) == (200, b"")
    assert sim_fresh.record("123") == RECORD_123 | {"status": "C"}
    assert sim_fresh.effects() == [
        {
            "n": 1,
            "order": "123",
            "kind": "closed",
            "detail": {"companyId": "COMP1", "workOrderId": "123", "status": "C"},
        }
    ]


def test_a_closed_work_order_stays_and_can_be_read_and_reopened(sim_fresh: Erp) -> None:
    sim_fresh.call("DELETE", SAMPLE_TARGET)

    assert sim_fresh.call("GET", SAMPLE_TARGET).json()["status"] == "C"
    assert sim_fresh.patch("123", [{"path": "/status", "op": "Replace", "value": "N"}]).json() == RECORD_123
    assert sim_fresh.kinds("123") == ["closed", "status_change"]


def test_a_second_delete_is_accepted_and_seen_as_a_second_effect(sim_fresh: Erp) -> None:
    answers = [sim_fresh.call("DELETE", SAMPLE_TARGET).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert sim_fresh.kinds("123") == ["closed", "closed"]
