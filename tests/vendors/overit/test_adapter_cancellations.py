"""A cancellation, the one status that we can set, through the adapter against the simulator."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.errors import BackendMisconfigured, CapabilityMissing, WorkOrderNotFound
from app.domain.ports import Outcome, Proof
from app.domain.statuses import Basis, StatusTable
from app.vendors.overit import VENDOR
from app.vendors.overit.tables import STATUSES, WORKFLOW
from tests.vendors.loopback import loopback, reply
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import CODES, a_cancellation, adapting
from tests.vendors.overit.simulator_requests import ORDER, Fsm


async def test_a_cancellation_is_a_call_of_its_own(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        adapter.screen(a_cancellation())
        answer = await adapter.send(a_cancellation())
        seen = await adapter.read(ORDER)
        assert adapter.side_effect(a_cancellation(), seen) is None
        assert adapter.prove(a_cancellation(), seen) is Proof.applied
    assert (answer.outcome, seen.code) == (Outcome.applied, "CANCELLED")
    assert sim_fsm.details() == [{"statusCode": "CANCELLED"}]


async def test_a_cancellation_carries_the_orders_code_and_our_system() -> None:
    async with loopback(reply(204)) as server, adapting(server.url) as adapter:
        [shown] = adapter.requests(a_cancellation())
        await adapter.send(a_cancellation())
    [arrived] = server.arrived
    assert (arrived.method, arrived.target) == ("POST", "/integration/work-orders/r1/work-orders/cancellation")
    assert arrived.body == shown.body
    assert json.loads(shown.body) == {"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": ORDER}}


async def test_the_cancellations_path_can_be_set() -> None:
    async with loopback(reply(204)) as server, adapting(server.url, cancellation_path="/api/cancel") as adapter:
        await adapter.send(a_cancellation())
    assert server.arrived[0].target == "/api/cancel"


@pytest.mark.parametrize("status", ["TECHNICALLY_CLOSED", "CLOSED", "CANCELLED"])
async def test_ODL017_is_a_refusal_that_the_order_explains(sim_fsm: Fsm, status: str) -> None:
    sim_fsm.http.post(f"/_sim/orders/{ORDER}/status", json={"statusCode": status}).raise_for_status()
    async with adapting(sim_fsm.url) as adapter:
        answer = await adapter.send(a_cancellation())
    assert (answer.outcome, answer.error, answer.faults) == (Outcome.refused, None, ())
    assert answer.said is not None
    assert answer.said.code == "ODL017"


async def test_STEP_1_external_system_validation(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url, external_system_code="OLDSYS") as adapter:
        answer = await adapter.send(a_cancellation())
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)


async def test_STEP_2_work_order_existence(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        answer = await adapter.send(a_cancellation(number="WO99999"))
    assert (answer.outcome, answer.error) == (Outcome.refused, WorkOrderNotFound)


async def test_a_cancellation_without_the_right_names_it(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url, access_token="readonly-token") as adapter:
        answer = await adapter.send(a_cancellation())
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
    assert answer.detail == (
        "NextGen FSM does not accept our access_token, or the token's user lacks a right there; "
        "this call needs fsm.core.workorder.edit."
    )


@pytest.mark.parametrize("code", sorted(CODES.keys() - {"CANCELLED"}))
async def test_no_other_status_can_be_set(code: str) -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        for call in (adapter.screen, adapter.requests):
            with pytest.raises(CapabilityMissing):
                call(a_cancellation(code=code))
        assert (await adapter.send(a_cancellation(code=code))).error is CapabilityMissing
    assert not StatusTable(rows=STATUSES, workflow=WORKFLOW).settable(CODES[code])


async def test_an_empty_200_is_confirmed_by_a_read() -> None:
    for code, outcome in (("CANCELLED", Outcome.applied), ("OPEN", Outcome.unknown)):
        page = documented.one_page({**documented.record(), "statusCode": code})
        async with (
            loopback(reply(200), reply(200, page, Content_Type="application/json")) as server,
            adapting(server.url) as adapter,
        ):
            assert (await adapter.send(a_cancellation())).outcome is outcome


@pytest.mark.parametrize(
    ("code", "proof"),
    [
        ("CANCELLED", Proof.applied),
        ("OPEN", Proof.not_applied),
        ("PLANNED", Proof.inconclusive),
        (None, Proof.inconclusive),
    ],
)
async def test_a_lost_answer_is_proved_by_the_orders_status(sim_fsm: Fsm, code: str | None, proof: Proof) -> None:
    async with adapting(sim_fsm.url) as adapter:
        seen = replace(await adapter.read(ORDER), code=code)
        assert adapter.prove(a_cancellation(), seen) is proof
        assert adapter.prove(a_cancellation(), None) is Proof.inconclusive
        told = adapter.side_effect(a_cancellation(), seen)
    assert told == (
        None if code == "CANCELLED" else f"NextGen FSM accepted the cancellation, and shows the order as {code}."
    )


def test_the_status_table_is_whole() -> None:
    codes = {row.code for row in STATUSES}
    assert len(codes) == len(STATUSES)
    assert {row.basis for row in STATUSES} == {Basis.assumed}
    assert set(WORKFLOW.steps) == codes
    assert {code for row in WORKFLOW.steps.values() for code in row.next} <= codes
    assert codes >= WORKFLOW.terminal
    assert VENDOR.statuses == STATUSES
