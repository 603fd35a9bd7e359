"""What each write becomes on its way to NexusFS, and what an order of NexusFS becomes here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from app.domain.errors import CapabilityMissing, GatewayError, InvalidRequest
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Kind, Proof, VendorRequest, Write
from app.domain.statuses import PHASE, Basis, Phase, Status, StatusCode, StatusTable
from app.domain.terms import Terms
from app.domain.work_orders import Observation, OrderKey
from app.vendors.nexusfs import VENDOR
from app.vendors.nexusfs.evidence import proof_of
from app.vendors.nexusfs.tables import STATUSES, WORKFLOW
from app.vendors.nexusfs.translate import from_nexus_order, is_number, status_code, to_nexus_request
from tests.vendors.nexusfs.adapters import CODES, a_write, settings_of
from tests.vendors.nexusfs.simulator_requests import document

SETTINGS = settings_of("http://nexus.example")
NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
ORDER: JsonObject = {
    "type": "1001",
    "priority": "1003",
    "account": {"number": "1029"},
    "location": {"number": "1030"},
}
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "orderbridge",
    "x-access-token": "***",
}


def request_of(write: Write, **changes: object) -> VendorRequest:
    request = to_nexus_request(write, settings_of("http://nexus.example", **changes), before=write.before)
    assert request is not None
    return request


def body_of(write: Write) -> JsonObject:
    body: JsonObject = json.loads(request_of(write).body)
    return body


def pointers(write: Write, error: type[GatewayError] = InvalidRequest) -> list[str]:
    with pytest.raises(error) as caught:
        to_nexus_request(write, SETTINGS, before=write.before)
    return [fault.pointer for fault in caught.value.faults]


# --- a status update


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("1/0", {"OrderStatus": "1", "DispatchStatus": 0}),
        ("1/1", {"OrderStatus": "1", "DispatchStatus": 1}),
        ("1/2", {"OrderStatus": "1", "DispatchStatus": 2}),
        ("1/3", {"OrderStatus": "1", "DispatchStatus": 3}),
        ("6", {"OrderStatus": "6"}),
        ("7", {"OrderStatus": "7"}),
        ("8", {"OrderStatus": "8"}),
        ("9", {"OrderStatus": "9"}),
        ("1001", {"OrderStatus": "1001"}),
        ("4096", {"OrderStatus": "4096"}),
        ("4097", {"OrderStatus": "4097"}),
    ],
)
def test_a_status_update_is_a_patch_of_the_order_status_alone(code: str, sent: JsonObject) -> None:
    assert body_of(a_write(Kind.status_update, {"comments": "At the gate"}, code=code)) == {**sent, "OrderNum": "1214"}


def test_the_whole_request_of_a_status_update() -> None:
    assert request_of(a_write(Kind.status_update, {"reason_code": "no_parts"}, code="4097")) == VendorRequest(
        method="PATCH",
        url="http://nexus.example/seiapi/v3/trans/WorkOrder/1214",
        headers={**HEADERS, "Content-Type": "application/json"},
        body=b'{"OrderNum":"1214","OrderStatus":"4097","ReasonCode":"1001"}',
    )


def test_a_late_reason_is_a_reason_code_too() -> None:
    write = a_write(Kind.status_update, {"late_reason": "parts_delay"}, code="4097")
    request = request_of(write, late_reasons={"parts_delay": 1005})
    assert json.loads(request.body)["ReasonCode"] == "1005"


def test_a_code_of_no_such_form_is_not_sent() -> None:
    odd = StatusCode(code="1/x", label="Odd", status=None, phase=None)
    assert pointers(replace(a_write(Kind.status_update), status=odd)) == ["/vendor_code"]


def test_where_patch_is_forbidden_a_post_says_that_it_is_one() -> None:
    plain = request_of(a_write(Kind.status_update, code="7"))
    assert request_of(a_write(Kind.status_update, code="7"), method_override=True) == replace(
        plain, method="POST", headers={**plain.headers, "X-HTTP-Method-Override": "PATCH"}
    )
    for kind in (Kind.create, Kind.replace, Kind.delete):
        write = a_write(kind, ORDER)
        assert request_of(write, method_override=True) == request_of(write)


# --- create, replace, delete


def test_a_new_order_is_a_put_and_begins_as_new() -> None:
    request = request_of(a_write(Kind.create, {"number": "5000", **ORDER}, number="5000"))
    assert (request.method, request.url) == ("PUT", "http://nexus.example/seiapi/v3/trans/WorkOrder/5000")
    assert request.headers == {**HEADERS, "Content-Type": "application/json"}
    assert json.loads(request.body) == {
        "Account": {"AccountNum": "1029"},
        "DispatchStatus": 0,
        "Location": {"LocationNum": "1030"},
        "OrderNum": "5000",
        "OrderStatus": "1",
        "OrderType": "1001",
        "Priority": "1003",
    }


@dataclass(frozen=True, kw_only=True)
class Begins:
    """The status of a new order, by the code that was chosen and the DispatchStatus that the body has."""

    id: str
    code: str | None
    body: int | None
    sent: JsonObject


BEGINS = [
    Begins(id="none", code=None, body=None, sent={"OrderStatus": "1", "DispatchStatus": 0}),
    Begins(id="none, but dispatched", code=None, body=3, sent={"OrderStatus": "1", "DispatchStatus": 3}),
    Begins(id="dispatched", code="1/3", body=None, sent={"OrderStatus": "1", "DispatchStatus": 3}),
    Begins(id="dispatched twice", code="1/3", body=3, sent={"OrderStatus": "1", "DispatchStatus": 3}),
    Begins(id="on site", code="7", body=None, sent={"OrderStatus": "7"}),
    Begins(id="on site, dispatched", code="7", body=3, sent={"OrderStatus": "7", "DispatchStatus": 3}),
]


@pytest.mark.parametrize("case", BEGINS, ids=lambda case: case.id)
def test_the_status_that_an_order_begins_with(case: Begins) -> None:
    extra = {} if case.body is None else {"extensions": {"nexusfs": {"DispatchStatus": case.body}}}
    body = body_of(a_write(Kind.replace, {**ORDER, **extra}, code=case.code))
    assert {name: body[name] for name in ("OrderStatus", "DispatchStatus") if name in body} == case.sent


@pytest.mark.parametrize("shown", [None, "1/3"])
def test_a_status_that_contradicts_the_body_is_refused(shown: str | None) -> None:
    read = {} if shown is None else {"vendor_status": {"code": shown}}
    body = {**ORDER, **read, "extensions": {"nexusfs": {"DispatchStatus": 2}}}
    assert pointers(a_write(Kind.replace, body, code="1/0")) == ["/extensions/nexusfs/DispatchStatus"]


@pytest.mark.parametrize("was", ["1/3", "7"])
@pytest.mark.parametrize("kind", [Kind.create, Kind.replace])
def test_the_dispatch_status_that_was_read_gives_way_to_another_status(kind: Kind, was: str) -> None:
    own: JsonObject = {"DispatchStatus": 3, "User": "t.nguyen"}
    write = a_write(kind, {**ORDER, "vendor_status": {"code": was}, "extensions": {"nexusfs": own}}, code="1/0")
    sent = body_of(write)
    assert (sent["OrderStatus"], sent["DispatchStatus"], sent["User"]) == ("1", 0, "t.nguyen")
    seen = from_nexus_order(sent, as_of=NOW)
    assert proof_of(write, seen) is Proof.applied


def test_a_replacement_is_a_put_and_with_if_match_the_post_that_needs_the_order() -> None:
    assert request_of(a_write(Kind.replace, ORDER)).method == "PUT"
    post = request_of(a_write(Kind.replace, ORDER, terms=Terms(if_match=("*",))))
    assert (post.method, "X-HTTP-Method-Override" in post.headers) == ("POST", False)


def test_a_deletion_has_no_body() -> None:
    assert request_of(a_write(Kind.delete)) == VendorRequest(
        method="DELETE", url="http://nexus.example/seiapi/v3/trans/WorkOrder/1214", headers=HEADERS, body=b""
    )


def test_an_order_that_was_read_is_sent_back_as_it_was() -> None:
    record = {
        **document("example_6_initial"),
        **{n: v for n, v in document("example_7_result").items() if n == "Discounts"},
    }
    seen = from_nexus_order(record, as_of=NOW)
    assert seen is not None
    read = {
        "backend": "field",
        "number": "1214",
        "external_reference": None,
        **seen.fields,
        "status": "scheduled",
        "phase": "open",
        "vendor_status": {"code": "1/3", "label": "Dispatched", "master": None},
        "delivery": {"state": "settled", "pending": 0, "hold_id": None},
        "as_of": "2026-11-20T20:40:00Z",
        "vendor_ids": {},
    }
    assert body_of(a_write(Kind.replace, read, code=seen.code)) == record


def test_nulls_and_empty_things_are_members_that_are_not_there() -> None:
    body = {
        **ORDER,
        "priority": None,
        "rules": {},
        "assets": {},
        "dates": {"raised": None},
        "discounts": {"1": {"fixed": None, "product_types": []}},
        "extensions": {"nexusfs": {"AccountingPackage": {"Extensions": {}}}},
    }
    assert body_of(a_write(Kind.create, body)) == {
        "Account": {"AccountNum": "1029"},
        "Discounts": [{"ID": "1", "ProdTypes": []}],
        "DispatchStatus": 0,
        "Location": {"LocationNum": "1030"},
        "OrderNum": "1214",
        "OrderStatus": "1",
        "OrderType": "1001",
    }


@pytest.mark.parametrize("kind", [Kind.create, Kind.replace])
def test_an_account_or_location_is_its_number_or_whole_and_never_half(kind: Kind) -> None:
    half = {"account": {"number": "1029", "name": "Buckhead Ltd."}, "location": {"number": "1030"}}
    assert pointers(a_write(kind, {**ORDER, **half})) == ["/account/type"]
    whole: JsonObject = {"location": {"number": "1030", "name": "Station", "address": {"city": "Atlanta"}}}
    assert body_of(a_write(kind, {**ORDER, **whole}))["Location"] == {
        "Address": {"City": "Atlanta"},
        "LocationNum": "1030",
        "Name": "Station",
    }


def test_what_an_order_has_no_place_for_is_refused_by_name() -> None:
    body = {**ORDER, "description": "Tap drips", "project": {"number": "7"}}
    assert pointers(a_write(Kind.create, body), CapabilityMissing) == ["/description", "/project"]


def test_commands_of_the_vendors_patch_are_no_members_of_an_order() -> None:
    body = {**ORDER, "extensions": {"nexusfs": {"_paths": ["$.Account"]}}}
    assert pointers(a_write(Kind.replace, body)) == ["/extensions/nexusfs/_paths"]


# --- numbers


def test_nobody_but_the_caller_numbers_an_order() -> None:
    assert pointers(a_write(Kind.create, ORDER, number="")) == ["/number"]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("1214", True),
        ("WO 12%?#&14", True),
        ("ärger", True),
        ("...", True),
        ("x" * 100, True),
        ("x" * 101, False),
        ("", False),
        (".", False),
        ("..", False),
        ("a/b", False),
        ("a\\b", False),
        ("a\x00", False),
        ("a\n", False),
        ("a\ud800", False),
    ],
)
def test_a_number_is_what_a_url_can_name(number: str, told: bool) -> None:
    assert is_number(number) is told
    if not told:
        assert pointers(a_write(Kind.delete, number=number)) == ["/number"]


def test_a_number_is_quoted_in_the_url() -> None:
    url = request_of(a_write(Kind.delete, number="WO 12%?#&14")).url
    assert url == "http://nexus.example/seiapi/v3/trans/WorkOrder/WO%2012%25%3F%23%2614"


def test_what_json_cannot_carry_is_not_sent() -> None:
    for value in (float("nan"), "\ud800"):
        assert pointers(a_write(Kind.patch, {"priority": value})) == [""]


def test_text_goes_out_as_compact_utf_8() -> None:
    request = request_of(a_write(Kind.patch, {"priority": "Größe ☂"}))
    assert request.body == '{"OrderNum":"1214","Priority":"Größe ☂"}'.encode()


# --- towards us


def test_the_documented_order_as_an_observation() -> None:
    record = document("example_1_initial")
    ours = ("type", "priority", "dates", "account", "location", "rules", "extensions")
    seen = from_nexus_order(record, as_of=NOW)
    assert seen is not None
    assert set(seen.fields) == set(ours)
    assert replace(seen, fields={}) == Observation(
        key=OrderKey(number="1214"),
        code="1/3",
        status_at=None,
        late=False,
        target_at=None,
        fields={},
        record=record,
        as_of=NOW,
    )


@pytest.mark.parametrize("number", [None, "", 1214, ["1214"]])
def test_an_object_without_a_number_is_no_order(number: JsonValue) -> None:
    assert from_nexus_order({**document("example_1_initial"), "OrderNum": number}, as_of=NOW) is None


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"OrderStatus": "1"}, "1/0"),
        ({"OrderStatus": "1", "DispatchStatus": None}, "1/0"),
        ({"OrderStatus": "1", "DispatchStatus": 2}, "1/2"),
        ({"OrderStatus": 1, "DispatchStatus": "3"}, "1/3"),
        ({"OrderStatus": "1", "DispatchStatus": 9}, "1/9"),
        ({"OrderStatus": "1", "DispatchStatus": {}}, "1/?"),
        ({"OrderStatus": "6", "DispatchStatus": 3}, "6"),
        ({"OrderStatus": "5000"}, "5000"),
        ({"OrderStatus": ""}, None),
        ({"OrderStatus": True}, None),
        ({}, None),
    ],
)
def test_the_status_code_of_a_record(record: Mapping[str, JsonValue], code: str | None) -> None:
    assert status_code(record) == code


# --- the status table


def test_the_codes_and_what_they_stand_for() -> None:
    assert {row.code: (row.label, row.status) for row in STATUSES} == {
        "1/0": ("New", Status.issued),
        "1/1": ("Scheduled", Status.scheduled),
        "1/2": ("Assigned", Status.scheduled),
        "1/3": ("Dispatched", Status.scheduled),
        "6": ("En Route", Status.en_route),
        "7": ("Onsite", Status.on_site),
        "8": ("Travel complete", Status.in_progress),
        "9": ("Pending", Status.accepted),
        "1001": ("Rejected", Status.rejected),
        "4096": ("Closed Complete", Status.complete),
        "4097": ("Closed Incomplete", Status.incomplete),
    }
    assert {row.basis for row in STATUSES} == {Basis.assumed}
    assert all(row.status is not None and row.phase is PHASE[row.status] for row in STATUSES)
    assert CODES["1001"].phase is Phase.incomplete


def test_scheduled_means_dispatched_unless_the_code_is_named() -> None:
    table = StatusTable(rows=STATUSES, workflow=WORKFLOW)
    assert table.choose(status=Status.scheduled, vendor_code=None, at=NOW).code == "1/3"
    assert table.choose(status=None, vendor_code="1/1", at=NOW).code == "1/1"


def test_no_code_ends_an_order_and_none_is_refused() -> None:
    table = StatusTable(rows=STATUSES, workflow=WORKFLOW)
    assert [row.code for row in STATUSES if table.ended(row)] == []
    for was in STATUSES:
        for to in STATUSES:
            verdict = table.verdict(was, to)
            assert (verdict.allowed, verdict.basis) == (True, Basis.assumed)


def test_the_vendor_says_of_itself_what_the_design_says() -> None:
    assert (VENDOR.slug, VENDOR.sandbox.port_offset, VENDOR.sandbox.example_order) == ("nexusfs", 2, "1214")
    assert VENDOR.removal is not None
    assert VENDOR.removal.effect == "deleted"
    assert sorted(one.value for one in VENDOR.capabilities) == [
        "create",
        "delete",
        "patch",
        "read",
        "replace",
        "status_update",
    ]
