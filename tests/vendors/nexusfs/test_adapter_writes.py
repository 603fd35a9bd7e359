"""The adapter against the simulated NexusFS over loopback: every call of the document, and what each comes to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.domain.errors import (
    BackendMisconfigured,
    FieldFault,
    InvalidRequest,
    VendorRejectedData,
    VendorSaid,
    WorkOrderNotFound,
)
from app.domain.json import JsonObject
from app.domain.merge_patch import shows
from app.domain.ports import Answer, Kind, Outcome, Proof, VendorAdapter
from app.domain.terms import Terms
from app.vendors.nexusfs.evidence import as_shown
from app.vendors.simulation import Json
from tests.vendors.nexusfs.adapters import EXAMPLE, a_write, adapting, carried_out, patched, starts_from
from tests.vendors.nexusfs.simulator_requests import ABSENT, Nexus, document, documented

DONE = Answer(outcome=Outcome.applied, detail="NexusFS accepted the change.", said=VendorSaid(status=200))
INSERTED = replace(DONE, said=VendorSaid(status=201))
ORDER: JsonObject = {"type": "1001", "account": {"number": "1031"}, "location": {"number": "1032"}}


@pytest.fixture
async def adapter(sim_nexus: Nexus) -> AsyncIterator[VendorAdapter]:
    async with adapting(sim_nexus.url) as made:
        yield made


# --- GET


async def test_retrieve_the_details_of_a_specific_work_order(adapter: VendorAdapter) -> None:
    seen = await adapter.read(EXAMPLE)
    assert (seen.key.number, seen.code) == ("1214", "1/3")
    assert seen.record == document("example_1_initial")
    assert seen.fields["account"] == {"number": "1029", "type": "1001", "name": "Buckhead Inc."}


@pytest.mark.parametrize("absent", [404, 410])
async def test_an_order_that_is_not_there(sim_nexus: Nexus, adapter: VendorAdapter, absent: int) -> None:
    sim_nexus.http.post("/_sim/settings", json={"absent_status": absent}).raise_for_status()
    with pytest.raises(WorkOrderNotFound) as caught:
        await adapter.read("999999")
    assert caught.value.vendor == VendorSaid(message=ABSENT, status=absent)
    assert await adapter.send(a_write(Kind.delete, number="999999")) == Answer(
        outcome=Outcome.refused,
        detail="NexusFS has no such work order.",
        said=VendorSaid(message=ABSENT, status=absent),
        error=WorkOrderNotFound,
    )


@pytest.mark.parametrize("number", ["a/b", "..", "a\\b"])
async def test_a_number_that_a_url_cannot_name_is_not_asked_for(adapter: VendorAdapter, number: str) -> None:
    with pytest.raises(WorkOrderNotFound):
        await adapter.read(number)


async def test_a_number_with_signs_of_its_own_is_one_number(adapter: VendorAdapter) -> None:
    number = "WO 12%?#&é"
    assert await adapter.send(a_write(Kind.create, ORDER, number=number)) == INSERTED
    assert (await adapter.read(number)).key.number == number


async def test_nothing_is_listed(adapter: VendorAdapter) -> None:
    assert [batch async for batch in adapter.listing()] == []


# --- PUT, POST, DELETE


async def test_insert_a_specific_work_order_with_its_master_data_filled_in(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    assert await adapter.send(a_write(Kind.create, ORDER, number="5000")) == INSERTED
    seen = await adapter.read("5000")
    assert seen.code == "1/0"
    assert seen.fields["account"] == {"number": "1031", "type": "1001", "name": "Peachtree Ltd."}
    assert sim_nexus.kinds("5000") == ["created"]
    assert adapter.prove(a_write(Kind.create, ORDER, number="5000"), seen) is Proof.applied


async def test_replace_a_specific_work_order_and_what_is_not_named_is_gone(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    assert await carried_out(adapter, a_write(Kind.replace, ORDER, code="7")) == DONE
    assert sim_nexus.record().keys() == {"Account", "Location", "OrderNum", "OrderStatus", "OrderType"}
    assert (await adapter.read(EXAMPLE)).code == "7"


async def test_update_by_POST_needs_the_order(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    terms = Terms(if_match=("*",))
    assert await adapter.send(a_write(Kind.replace, ORDER, terms=terms)) == DONE
    assert sim_nexus.kinds() == ["replaced"]
    gone = await adapter.send(a_write(Kind.replace, ORDER, number="999999", terms=terms))
    assert (gone.outcome, gone.error) == (Outcome.refused, WorkOrderNotFound)
    assert sim_nexus.kinds("999999") == []


async def test_an_order_that_was_read_can_be_sent_back_as_it_is(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    starts_from(sim_nexus, documented("example_6_initial"))
    seen = await adapter.read(EXAMPLE)
    assert await adapter.send(a_write(Kind.replace, seen.fields, code=seen.code)) == DONE
    assert sim_nexus.record() == document("example_6_initial")


async def test_delete_a_specific_work_order(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    write = a_write(Kind.delete, previous="1/3", before={})
    assert adapter.prove(write, await adapter.read(EXAMPLE)) is Proof.not_applied
    assert await carried_out(adapter, write) == DONE
    with pytest.raises(WorkOrderNotFound):
        await adapter.read(EXAMPLE)
    assert adapter.prove(write, None) is Proof.applied
    assert sim_nexus.details() == [{"DispatchStatus": 3, "notified": True}]


async def test_an_account_that_does_not_exist_is_named_in_our_words(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    body = {**ORDER, "account": {"number": "4711"}, "location": {"number": "4712"}}
    answer = await adapter.send(a_write(Kind.create, body, number="5000"))
    assert (answer.outcome, answer.error) == (Outcome.refused, VendorRejectedData)
    assert [fault.pointer for fault in answer.faults] == ["/account/number", "/location/number"]
    changed = await patched(adapter, {"account": {"number": "4711"}})
    assert [fault.pointer for fault in changed.faults] == ["/account/number"]
    assert sim_nexus.effects() == []


async def test_what_the_vendor_requires_and_finds_wrong_is_named_in_our_words(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    answer = await adapter.send(a_write(Kind.create, {"account": {"number": "1031"}}, number="5000"))
    assert [fault.pointer for fault in answer.faults] == ["/type", "/location"]
    wrong: JsonObject = {"priority": "9", "assets": {"a/b": {"is_component": "no"}}, "dates": {"raised": "yesterday"}}
    found = (await patched(adapter, wrong)).faults
    assert {fault.pointer for fault in found} == {"/priority", "/assets/a~1b/is_component", "/dates/raised"}
    assert sim_nexus.effects() == []


# --- PATCH


async def test_a_status_update_changes_the_status_and_nothing_else(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    before = sim_nexus.record()
    write = a_write(Kind.status_update, {"comments": "At the gate"}, code="7", previous="1/3")
    assert await adapter.send(write) == DONE
    assert sim_nexus.record() == {**before, "OrderStatus": "7"}
    assert sim_nexus.effects() == [
        {"n": 1, "order": "1214", "kind": "status_change", "detail": {"OrderNum": "1214", "OrderStatus": "7"}}
    ]
    assert adapter.prove(write, await adapter.read(EXAMPLE)) is Proof.applied


async def test_closed_incomplete_carries_its_reason(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    write = a_write(Kind.status_update, {"reason_code": "refused_access"}, code="4097")
    assert await adapter.send(write) == DONE
    record = sim_nexus.record()
    assert (record["OrderStatus"], record["ReasonCode"]) == ("4097", "1003")
    assert (await adapter.read(EXAMPLE)).code == "4097"


@pytest.mark.parametrize("code", ["1/0", "1/1", "1/2", "1/3", "6", "7", "8", "9", "1001", "4096", "4097"])
async def test_every_code_that_is_set_is_read_again(adapter: VendorAdapter, code: str) -> None:
    assert (await adapter.send(a_write(Kind.status_update, code=code))).outcome is Outcome.applied
    assert (await adapter.read(EXAMPLE)).code == code


async def test_an_account_s_number_alone_is_expanded_by_the_vendor(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    assert await patched(adapter, {"account": {"number": "1031"}}) == DONE
    assert sim_nexus.record()["Account"] == {"AccountNum": "1031", "AccountType": "1001", "Name": "Peachtree Ltd."}


async def test_a_line_of_the_address_leaves_the_rest_of_the_location(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    before = sim_nexus.record()["Location"]
    assert isinstance(before, dict)
    address = before["Address"]
    assert isinstance(address, dict)
    assert await patched(adapter, {"location": {"address": {"line_1": "2 Buckhead Loop"}}}) == DONE
    assert sim_nexus.record()["Location"] == {**before, "Address": {**address, "AddrLine1": "2 Buckhead Loop"}}


async def test_an_override_with_a_gap_is_refused_before_anything_is_sent(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    write = a_write(Kind.patch, {"account": {"type": None}}, before=(await adapter.read(EXAMPLE)).fields)
    adapter.screen(write)
    with pytest.raises(InvalidRequest):
        adapter.requests(write)
    message = "More than the number is an override of the master data, which needs this too."
    assert await adapter.send(write) == Answer(
        outcome=Outcome.refused,
        detail=message,
        error=InvalidRequest,
        faults=(FieldFault(pointer="/account/type", code="missing", message=message),),
    )
    assert sim_nexus.effects() == []


PATCHES: list[JsonObject] = [
    {"priority": "1001", "dates": {"planned_start": "2026-11-20T21:40:00+01:00"}},
    {"rules": {"is_ops": None, "in_warranty": True}},
    {"assets": {"3182": None, "7": {"type": "1002", "description": "Oven"}}},
    {"discounts": {"1": {"product_types": ["1002"], "fixed": 3}}},
    {"info_panels": {"1001": None, "1003": {"title": "Gate", "items": [{"label": "Code", "value": "7"}]}}},
    {"extensions": {"nexusfs": {"User": "t.nguyen", "DispatchUTC": None}}},
    {"extensions": {"nexusfs": {"Alerts": [{"AlertID": "2"}], "AccountingPackage": {"InvoiceNum": None}}}},
    {"assets": {"3182": {"extensions": {"nexusfs": {"FlexView": [{"ID": "2", "Title": "b"}]}}}}},
    {"assets": {"3182": {"extensions": {"nexusfs": {"FlexView": []}}}}},
    {"extensions": {"nexusfs": {"AccountingPackage": {"Extensions": {"a": {"c": [2]}}}}}},
    {"dates": None, "priority": None},
    {"location": {"address": {"line_1": "2 Buckhead Loop", "postcode": None}}},
    {"account": {"name": "Buckhead Ltd."}, "location": {"extensions": {"nexusfs": {"SigReq": True}}}},
]


@pytest.mark.parametrize("patch", PATCHES, ids=json.dumps)
async def test_the_order_shows_what_a_patch_asked_for_and_keeps_the_rest(
    sim_nexus: Nexus, adapter: VendorAdapter, patch: JsonObject
) -> None:
    whole: dict[str, Json] = {
        **document("example_6_initial"),
        "Assets": [
            {"AssetNum": "3182", "Desc": "D", "FlexView": [{"ID": "1", "Title": "a"}, {"ID": "2", "Title": "b"}]}
        ],
        "AccountingPackage": {"Extensions": {"a": {"b": 1, "c": [1]}}, "InvoiceNum": "5", "IsSent": False},
        "Alerts": [{"AlertID": "1"}],
        "Discounts": document("example_7_initial")["Discounts"],
        "FlexView": document("example_6_initial")["FlexView"],
    }
    starts_from(sim_nexus, whole)
    before = (await adapter.read(EXAMPLE)).fields
    write = a_write(Kind.patch, patch, before=before)
    assert await carried_out(adapter, write) == DONE
    seen = await adapter.read(EXAMPLE)
    assert shows(seen.fields, as_shown(patch))
    assert {name: seen.fields.get(name) for name in before if name not in patch} == {
        name: value for name, value in before.items() if name not in patch
    }
    assert adapter.prove(write, seen) is Proof.applied
    assert adapter.side_effect(write, seen) is None


# --- users, and what the preview shows


async def test_a_user_without_the_right_to_write_pauses_the_backend(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, username="readonly", password="readonly-secret") as adapter:
        assert (await adapter.read(EXAMPLE)).code == "1/3"
        answer = await adapter.send(a_write(Kind.status_update, code="7"))
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
    assert answer.said is not None
    assert "readonly" in str(answer.said.message)


async def test_a_fixed_token_needs_no_log_in(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, username=None, password=None, access_token=sim_nexus.token) as adapter:
        assert (await adapter.read(EXAMPLE)).code == "1/3"
        assert await adapter.send(a_write(Kind.status_update, code="7")) == DONE


async def test_a_patch_that_says_nothing_is_done_without_being_sent(adapter: VendorAdapter, sim_nexus: Nexus) -> None:
    write = a_write(Kind.patch, {"rules": {}, "assets": {}}, before={})
    assert adapter.requests(write) == []
    assert await adapter.send(write) == Answer(outcome=Outcome.applied, detail="There was nothing to change.")
    assert sim_nexus.effects() == []


async def test_nobody_but_the_caller_numbers_an_order(adapter: VendorAdapter) -> None:
    assert adapter.own_number("op_1") is None
    with pytest.raises(InvalidRequest) as caught:
        adapter.screen(a_write(Kind.create, ORDER, number=""))
    assert [fault.pointer for fault in caught.value.faults] == ["/number"]
