"""Patches through the adapter against the simulator: what the order shows afterwards, and what was sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.errors import BackendMisconfigured, BackendUnavailable, CapabilityMissing, WorkOrderNotFound
from app.domain.field_table import to_ours
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import shows
from app.domain.order_body import contents
from app.domain.ports import Answer, Kind, Outcome, Proof, Write
from app.domain.terms import Terms
from app.vendors.overit import VENDOR
from app.vendors.overit.fields import ORDER as TABLE
from tests.vendors.loopback import loopback, reply
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import a_patch, adapting, read_and_patch
from tests.vendors.overit.simulator_requests import OPERATION1, ORDER, Fsm


@pytest.mark.parametrize("success", [204, 200])
async def test_a_patch_shows_in_the_order(sim_fsm: Fsm, success: int) -> None:
    sim_fsm.set(success=success)
    body: JsonObject = {
        "priority": None,
        "description": "",
        "dates": {"planned_end": "2024-01-01T10:00:00+01:00"},
        "operations": {"10": {"notes": "ring twice", "remaining_duration": 5}},
        "extensions": {"overit": {"extension": {"myFieldName": "myValue"}}},
    }
    async with adapting(sim_fsm.url) as adapter:
        answer = await read_and_patch(adapter, body)
        seen = await adapter.read(ORDER)
        write = a_patch(body, before=None)
        assert adapter.side_effect(write, seen) is None
    assert answer.outcome is Outcome.applied
    assert shows(seen.fields, contents(body))
    assert sim_fsm.kinds() == ["updated", "operations_updated"]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("update_one_field", ["updated"]),
        ("update_two_fields_of_an_operation", ["updated", "operations_updated"]),
        ("add_an_operation", ["updated", "operations_created"]),
    ],
)
async def test_a_documented_example_succeeds_once_our_adapter_has_completed_it(
    sim_fsm: Fsm, name: str, kinds: list[JsonValue]
) -> None:
    printed = documented.example(name)
    rows = printed.get("operations")
    if isinstance(rows, list):  # the second names no executionOrder; the third's goes out as printed
        [row] = [one for one in rows if isinstance(one, dict)]
        printed = {**printed, "operations": [{"executionOrder": OPERATION1, **row}]}
    asked = contents(to_ours(TABLE, documented.joined(printed)))
    async with adapting(sim_fsm.url) as adapter:
        assert (await read_and_patch(adapter, asked)).outcome is Outcome.applied
        assert shows((await adapter.read(ORDER)).fields, asked)
    assert sim_fsm.kinds() == kinds


async def test_new_operations_get_their_addresses(sim_fsm: Fsm) -> None:
    body: JsonObject = {
        "operations": {
            "2": {"code": "second", "type": "opType1", "address": {"street": "Via Roma", "apartment": "4"}},
            "3": {"code": "third", "asset_number": "asset_7", "planned_start": "2023-11-20T14:44:47.106Z"},
        }
    }
    async with adapting(sim_fsm.url) as adapter:
        assert (await read_and_patch(adapter, body)).outcome is Outcome.applied
        assert shows((await adapter.read(ORDER)).fields, body)
    assert sim_fsm.kinds() == ["addresses_created", "operations_created"]


async def test_an_address_of_nulls_is_not_created(sim_fsm: Fsm) -> None:
    body: JsonObject = {"operations": {"5": {"type": "opType1", "address": {"city": None}}}}
    async with adapting(sim_fsm.url) as adapter:
        assert (await read_and_patch(adapter, body)).outcome is Outcome.applied
    assert sim_fsm.kinds() == ["operations_created"]


async def test_nothing_that_we_send_is_dropped_or_ignored(sim_fsm: Fsm) -> None:
    bodies: list[JsonObject] = [
        {"operations": {"10": {"code": "other"}}},
        {"operations": {"10": {"notes": "n"}, "2": {"type": "opType1"}}},
        {"extensions": {"overit": {"aggregateCardinalityCode": "cardinality2"}}},
    ]
    async with adapting(sim_fsm.url) as adapter:
        before = (await adapter.read(ORDER)).fields
        for body in bodies:
            answer = await adapter.send(a_patch(body, before=before))
            assert (answer.outcome, bool(answer.faults)) == (Outcome.refused, True)
    assert sim_fsm.effects() == []


async def test_what_the_order_shows_already_is_not_sent(sim_fsm: Fsm) -> None:
    body: JsonObject = {"priority": "U1", "operations": {"10": {"code": "operation1"}}}
    async with adapting(sim_fsm.url) as adapter:
        before = (await adapter.read(ORDER)).fields
        assert adapter.requests(a_patch(body, before=before)) == []
        assert (await adapter.send(a_patch(body, before=before))).outcome is Outcome.applied
    assert sim_fsm.effects() == []


async def test_the_preview_is_what_arrives_but_for_the_token() -> None:
    async with loopback(reply(204)) as server, adapting(server.url) as adapter:
        write = a_patch({"notes": "naïve ✓", "priority": None}, before={})
        [shown] = adapter.requests(replace(write, before={"priority": "U1"}))
        await adapter.send(replace(write, before={"priority": "U1"}))
    [arrived] = server.arrived
    assert (shown.method, shown.url) == ("PATCH", f"{server.url}/integration/work-orders/r1/work-orders")
    assert (arrived.method, f"{server.url}{arrived.target}") == (shown.method, shown.url)
    assert arrived.body == shown.body
    assert json.loads(shown.body) == {
        "workOrder": {
            "externalSystemCode": "ORDERBRIDGE",
            "code": ORDER,
            "urgencyCode": None,
            "notes": "naïve ✓",
        }
    }
    sent = {name: value for name, value in arrived.headers.items() if name not in {"host", "content-length"}}
    assert sent["authorization"] == "Bearer sandbox-token"
    assert {**sent, "authorization": "Bearer ***"} == {name.lower(): text for name, text in shown.headers.items()}


async def test_paths_can_be_set() -> None:
    async with (
        loopback(reply(204), reply(200, b'{"content": []}', Content_Type="application/json")) as server,
        adapting(server.url, work_orders_path="/api/int/orders", read_path="/api/orders") as adapter,
    ):
        await adapter.send(a_patch({"notes": "n"}, before={}))
        with pytest.raises(WorkOrderNotFound):
            await adapter.read("A+1 &=%#ü/")
    assert [arrived.target for arrived in server.arrived] == [
        "/api/int/orders",
        "/api/orders?code=A%2B1%20%26%3D%25%23%C3%BC%2F",
    ]


@pytest.mark.parametrize(
    "body", [b"", b'{"code": "WO00223"}', b'{"status": 400}', b'{"code": "IA000_003", "status": 400}']
)
async def test_a_200_that_says_too_little_is_confirmed_by_a_read(body: bytes) -> None:
    shown = {**documented.record(), "notes": "n"}
    for order, outcome in ((shown, Outcome.applied), (documented.record(), Outcome.unknown)):
        vague = reply(200, body, Content_Type="application/json")
        confirmed = reply(200, documented.one_page(order), Content_Type="application/json")
        async with loopback(vague, confirmed) as server, adapting(server.url) as adapter:
            answer = await adapter.send(a_patch({"notes": "n"}, before={}))
        assert answer.outcome is outcome
        assert (answer.seen is not None) is (outcome is Outcome.applied)
        assert [arrived.method for arrived in server.arrived] == ["PATCH", "GET"]


async def test_a_200_whose_read_fails_stays_unknown() -> None:
    async with loopback(reply(200), reply(500)) as server, adapting(server.url) as adapter:
        answer = await adapter.send(a_patch({"notes": "n"}, before={}))
    assert (answer.outcome, answer.detail) == (Outcome.unknown, "The answer is empty (HTTP 200).")


async def test_our_token_is_struck_out_of_the_vendors_words() -> None:
    problem = b'{"status": 401, "code": "IA000_002", "detail": "Token sandbox-token has expired"}'
    async with (
        loopback(reply(401, problem, Content_Type="application/problem+json")) as server,
        adapting(server.url) as adapter,
    ):
        answer = await adapter.send(a_patch({"notes": "n"}, before={}))
    assert answer.said is not None
    assert answer.said.message == "Token *** has expired"


@pytest.mark.parametrize("kind", [Kind.create, Kind.replace, Kind.delete])
async def test_what_the_document_does_not_have_is_a_missing_capability(kind: Kind) -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        write = Write(operation_id="op_1", kind=kind, order=a_patch({}, before=None).order, body={})
        for call in (adapter.screen, adapter.requests):
            with pytest.raises(CapabilityMissing) as raised:
                call(write)
            assert raised.value.members["capabilities"] == sorted(one.value for one in VENDOR.capabilities)
        assert adapter.own_number("op_1") is None


async def test_a_collection_cannot_be_replaced_whole() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        with pytest.raises(CapabilityMissing):
            adapter.screen(replace(a_patch({"operations": {}}, before=None), terms=Terms(replace=("operations",))))


async def test_a_vendor_that_is_not_there_got_nothing() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        answer = await adapter.send(a_patch({"notes": "n"}, before={}))
        with pytest.raises(BackendUnavailable):
            await adapter.read(ORDER)
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendUnavailable)


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "html", "http_500", "truncate"])
async def test_a_fault_whose_effect_cannot_be_told_is_unknown_and_the_order_proves_it(sim_fsm: Fsm, kind: str) -> None:
    sim_fsm.set(success=200)
    sim_fsm.fault(kind=kind, on="write")
    async with adapting(sim_fsm.url) as adapter:
        before = (await adapter.read(ORDER)).fields
        write = a_patch({"notes": "n"}, before=before)
        answer = await adapter.send(write)
        proof = adapter.prove(write, await adapter.read(ORDER))
    assert answer.outcome is Outcome.unknown
    assert proof is (Proof.applied if kind in {"lost_answer", "truncate"} else Proof.not_applied)


SHOWN: JsonObject = {"notes": None, "operations": {"1": {"description": "d"}}}


@pytest.mark.parametrize(
    ("body", "proof"),
    [
        ({"notes": "n"}, Proof.not_applied),
        ({"description": "d"}, Proof.inconclusive),
        ({"notes": ""}, Proof.inconclusive),
        ({"operations": {"1": {"description": None}}}, Proof.not_applied),
        ({"operations": {"1": {"notes": "n"}}}, Proof.inconclusive),
        ({"operations": {"2": {"type": "t"}}}, Proof.not_applied),
    ],
    ids=[
        "a member that the order shows",
        "one that it may never show",
        "a blank for a null",
        "of an operation",
        "one that an operation may never show",
        "a new operation",
    ],
)
async def test_an_order_as_it_was_proves(sim_fsm: Fsm, body: JsonObject, proof: Proof) -> None:
    """What a read holds is written nowhere: what it never showed tells nothing."""
    async with adapting(sim_fsm.url) as adapter:
        seen = replace(await adapter.read(ORDER), fields=SHOWN)
        assert adapter.prove(a_patch(body, before=SHOWN), seen) is proof


async def test_a_patch_that_stopped_half_way_proves_neither(sim_fsm: Fsm) -> None:
    body: JsonObject = {"notes": "n", "operations": {"2": {"type": "opType1"}}}
    async with adapting(sim_fsm.url) as adapter:
        before = (await adapter.read(ORDER)).fields
        sim_fsm.set(fail_step=12)
        await adapter.send(a_patch(body, before=before))
        seen = await adapter.read(ORDER)
        assert adapter.prove(a_patch(body, before=before), seen) is Proof.inconclusive
        assert adapter.prove(a_patch(body, before=before), None) is Proof.inconclusive


async def test_what_was_accepted_and_does_not_show_is_told(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        seen = await adapter.read(ORDER)
        body: JsonObject = {"notes": "n", "operations": {"10": {"description": "d"}}, "priority": "U1"}
        assert adapter.side_effect(a_patch(body, before=seen.fields), seen) == (
            "NextGen FSM accepted the change, and does not show: /notes, /operations/10/description."
        )


@pytest.mark.parametrize("kind", ["refuse", "rate_limited", "token_expired"])
async def test_a_fault_that_was_answered_is_no_unknown(sim_fsm: Fsm, kind: str) -> None:
    sim_fsm.fault(kind=kind, on="write", delay_s=7)
    async with adapting(sim_fsm.url) as adapter:
        answer: Answer = await read_and_patch(adapter, {"notes": "n"})
    told = (answer.outcome, answer.trouble, answer.retry_after_s)
    assert (
        told
        == {
            "refuse": (Outcome.refused, None, None),
            "rate_limited": (Outcome.not_applied, BackendUnavailable, 7),
            "token_expired": (Outcome.not_applied, BackendMisconfigured, None),
        }[kind]
    )
    assert sim_fsm.effects() == []
