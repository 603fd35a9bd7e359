"""Bodies of creates, patches and replacements that do not fit: told by pointer and code, before anything is kept or sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.domain.work_orders import MEMBERS
from tests.api.routes.changing import A_CHANGE, NEXUS_NEW, UNIT4_NEW, create, faults, patch, put, read, refusal, send
from tests.api.routes.contract import MARKER
from tests.api.routes.scene import new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, kw_only=True)
class Invalid:
    """Members that do not fit wherever they stand, and pointer and code of each thing that is wrong."""

    id: str
    body: dict[str, Any]
    faults: dict[str, str]


LONG = MARKER + "x" * 4000
INVALID = [
    Invalid(id="an unknown member", body={"colour": MARKER}, faults={"/colour": "unknown-member"}),
    Invalid(id="an odd name", body={f"<{MARKER}>": 1}, faults={"": "unknown-member"}),
    Invalid(id="the vendor's name", body={"workOrderName": "x"}, faults={"/workOrderName": "unknown-member"}),
    Invalid(id="unknown inside", body={"dates": {"due": "2026-12-01"}}, faults={"/dates/due": "unknown-member"}),
    Invalid(
        id="unknown in an element",
        body={"assets": {"1": {"colour": "red"}}},
        faults={"/assets/1/colour": "unknown-member"},
    ),
    Invalid(
        id="unknown in an element whose key is escaped",
        body={"related_values": {"C1~1900-01-01": {"foo": 1}}, "assets": {"a/b": {"foo": 1}}},
        faults={
            "/related_values/C1~01900-01-01/foo": "unknown-member",
            "/assets/a~1b/foo": "unknown-member",
        },
    ),
    Invalid(id="a number for a text", body={"title": 5}, faults={"/title": "string-type"}),
    Invalid(id="true for a text", body={"notes": True}, faults={"/notes": "string-type"}),
    Invalid(id="an object for a text", body={"priority": {}}, faults={"/priority": "string-type"}),
    Invalid(id="a number for a number", body={"number": 123}, faults={"/number": "string-type"}),
    Invalid(id="no number at all", body={"number": ""}, faults={"/number": "string-too-short"}),
    Invalid(id="a long number", body={"number": "x" * 101}, faults={"/number": "string-too-long"}),
    Invalid(id="a text for an object", body={"account": MARKER}, faults={"/account": "model-type"}),
    Invalid(id="a list for an object", body={"dates": []}, faults={"/dates": "model-type"}),
    Invalid(id="a list of elements", body={"assets": [{"number": "1"}]}, faults={"/assets": "dict-type"}),
    Invalid(id="an element that is a text", body={"discounts": {"1": MARKER}}, faults={"/discounts/1": "model-type"}),
    Invalid(
        id="a null line",
        body={"info_panels": {"1": {"items": [None]}}},
        faults={"/info_panels/1/items/0": "model-type"},
    ),
    Invalid(id="extensions as a list", body={"extensions": []}, faults={"/extensions": "dict-type"}),
    Invalid(
        id="a vendor's as a text", body={"extensions": {"nexusfs": MARKER}}, faults={"/extensions/nexusfs": "dict-type"}
    ),
    Invalid(
        id="a vendor's as null", body={"extensions": {"nexusfs": None}}, faults={"/extensions/nexusfs": "dict-type"}
    ),
    Invalid(id="a long text", body={"description": LONG}, faults={"/description": "string-too-long"}),
    Invalid(id="a long text inside", body={"location": {"name": LONG}}, faults={"/location/name": "string-too-long"}),
    Invalid(id="no such day", body={"dates": {"raised": "2026-02-30"}}, faults={"/dates/raised": "date-time"}),
    Invalid(
        id="no offset", body={"appointment": {"end": "2026-12-01T10:00:00"}}, faults={"/appointment/end": "date-time"}
    ),
    Invalid(id="seconds", body={"dates": {"target": 1763671200}}, faults={"/dates/target": "string-type"}),
    Invalid(id="words", body={"dates": {"target": MARKER}}, faults={"/dates/target": "date-time"}),
    Invalid(
        id="three things",
        body={"title": 5, "colour": 1, "dates": {"target": "now"}},
        faults={"/title": "string-type", "/colour": "unknown-member", "/dates/target": "date-time"},
    ),
]
UNTRUE = [
    Invalid(id="yes", body={"assets": {"1": {"is_component": "yes"}}}, faults={"/assets/1/is_component": "bool-type"}),
    Invalid(id="one", body={"rules": {"is_ops": 1}}, faults={"/rules/is_ops": "bool-type"}),
]
NO_NUMBERS = [
    Invalid(
        id="text",
        body={"discounts": {"1": {"percentage": "5"}}},
        faults={"/discounts/1/percentage": "number-type"},
    ),
    Invalid(id="true", body={"discounts": {"1": {"fixed": True}}}, faults={"/discounts/1/fixed": "number-type"}),
    Invalid(
        id="neither",
        body={"operations": {"1": {"address": {"x_coordinate": [], "y_coordinate": "1" * 4001}}}},
        faults={
            "/operations/1/address/x_coordinate": "number-or-text-type",
            "/operations/1/address/y_coordinate": "string-too-long",
        },
    ),
    Invalid(
        id="true as order",
        body={"operations": {"1": {"execution_order": True}}},
        faults={"/operations/1/execution_order": "int-type"},
    ),
    Invalid(
        id="text as order",
        body={"operations": {"1": {"execution_order": "1"}}},
        faults={"/operations/1/execution_order": "int-type"},
    ),
]


@pytest.mark.parametrize("case", [*INVALID, *UNTRUE], ids=lambda case: case.id)
async def test_a_body_that_does_not_fit(unit4: Site, nexus: Site, overit: Site, case: Invalid) -> None:
    number = new_order(nexus)
    for answer in (
        await create(unit4, case.body),
        await create(nexus, case.body),
        await put(nexus, number, case.body),
        await patch(unit4, "123", case.body),
        await patch(nexus, number, case.body),
        await patch(overit, "WO00223", case.body),
    ):
        assert refusal(answer) == (422, "invalid-request", case.faults)
        assert answer.json()["next"]["action"] == "fix_request"
        assert "idempotent-replayed" not in answer.headers
    assert nexus.effects(number) == []


@pytest.mark.parametrize("case", NO_NUMBERS, ids=lambda case: case.id)
async def test_a_number_is_a_number(nexus: Site, overit: Site, case: Invalid) -> None:
    for site in (nexus, overit):
        answer = await patch(site, new_order(site), case.body)
        assert refusal(answer) == (422, "invalid-request", case.faults)
        assert len(answer.json()["errors"]) == len(case.faults)


async def test_a_member_that_is_wrong_twice_is_one_fault(overit: Site) -> None:
    body = {"extensions": {"overit": {"operations": [{"executionOrder": 1}]}}}
    answer = await patch(overit, new_order(overit), body)
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/extensions/overit/operations"]


async def test_a_body_that_does_not_fit_uses_up_no_key(changing: Site) -> None:
    key, number = changing.fresh_key(), new_order(changing)
    assert (await patch(changing, number, {"colour": "red"}, idempotency_key=key)).status_code == 422
    answer = await patch(changing, number, A_CHANGE[changing.backend], idempotency_key=key)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (200, "false")


READ_ONLY = {
    "status": "closed",
    "vendor_code": "C",
    "vendor_status": {"code": "C"},
    "backend": "nexusfs",
    "phase": "open",
    "delivery": {},
    "as_of": "2026-11-20T20:40:00Z",
    "vendor_ids": {},
}


@pytest.mark.parametrize("name", READ_ONLY)
async def test_a_patch_takes_no_member_that_it_cannot_change(changing: Site, name: str) -> None:
    for value in (READ_ONLY[name], None):
        answer = await patch(changing, new_order(changing), {name: value})
        assert refusal(answer) == (422, "invalid-request", {f"/{name}": "read-only"})


CONTRADICTIONS = [
    ({"backend": "another"}, "/backend"),
    ({"phase": "complete"}, "/phase"),
    ({"phase": 5}, "/phase"),
    ({"vendor_ids": {"company_id": "COMP2"}}, "/vendor_ids"),
    ({"vendor_ids": "COMP2"}, "/vendor_ids"),
]


@pytest.mark.parametrize(("members", "pointer"), CONTRADICTIONS, ids=str)
async def test_what_an_order_shows_and_nobody_writes_is_not_dropped_where_it_says_otherwise(
    unit4: Site, nexus: Site, members: dict[str, Any], pointer: str
) -> None:
    for answer in (
        await create(unit4, {**UNIT4_NEW, "number": "U9", **members}),
        await create(nexus, {**NEXUS_NEW, "number": "N9", **members}),
        await put(nexus, "N9", {**NEXUS_NEW, **members}),
    ):
        assert refusal(answer)[:2] == (422, "invalid-request")
        (told,) = faults(answer)
        assert told.startswith(pointer)
    assert (unit4.effects("U9"), nexus.effects("N9")) == ([], [])


async def test_two_codes_of_the_vendor_are_one_too_many(unit4: Site) -> None:
    body = {**UNIT4_NEW, "number": "U9", "vendor_code": "N", "vendor_status": {"code": "P"}}
    assert refusal(await create(unit4, body)) == (422, "invalid-request", {"/vendor_code": "invalid-request"})
    shown = await send(unit4, "POST", f"/v1/backends/{unit4.backend}/preview", {"kind": "create", "body": body})
    assert refusal(shown) == (422, "invalid-request", {"/body/vendor_code": "invalid-request"})


async def test_what_an_order_shows_and_nobody_writes_may_stay_where_it_agrees(unit4: Site) -> None:
    agreeing = {"backend": unit4.backend, "phase": "on_hold", "vendor_ids": {"company_id": "comp1"}}
    answer = await create(unit4, {**UNIT4_NEW, "status": "on_hold", "vendor_status": {"code": "P"}, **agreeing})
    assert (answer.status_code, answer.json()["phase"]) == (201, "on_hold")


async def test_a_member_that_nobody_writes_is_not_said_to_have_a_name(unit4: Site) -> None:
    answer = await patch(unit4, "123", {"extensions": {"unit4_erpx": {"companyId": "COMP2"}}})
    assert [each["message"] for each in answer.json()["errors"]] == ["This cannot be written."]


async def test_an_order_that_was_read_is_no_patch(changing: Site) -> None:
    order = await read(changing, new_order(changing))
    answer = await patch(changing, order["number"], order)
    assert refusal(answer)[:2] == (422, "invalid-request")
    assert set(faults(answer)) == {f"/{name}" for name in READ_ONLY if name in order}


async def test_the_number_cannot_be_removed(changing: Site) -> None:
    answer = await patch(changing, new_order(changing), {"number": None, **A_CHANGE[changing.backend]})
    assert refusal(answer) == (422, "invalid-request", {"/number": "read-only"})


async def test_the_number_in_a_patch_is_the_paths(changing: Site) -> None:
    answer = await patch(changing, new_order(changing), {"number": "55"})
    assert refusal(answer) == (422, "invalid-request", {"/number": "invalid-request"})


async def test_the_number_in_a_patch_is_the_orders_however_the_path_names_it(overit: Site) -> None:
    external = overit.orders("ext:EXT-223")
    for body, status in (({"number": "WO00223", "notes": "q"}, 200), ({"number": "ext:EXT-223", "notes": "r"}, 422)):
        answer = await send(overit, "PATCH", external, body)
        assert answer.status_code == status, answer.text
        asked = {"kind": "patch", "work_order": "ext:EXT-223", "body": body}
        shown = await overit.api.post(f"/v1/backends/{overit.backend}/preview", json=asked)
        assert shown.status_code == status, shown.text


async def test_what_is_no_object_is_told_so_in_the_words_of_json(unit4: Site) -> None:
    order = unit4.orders("123")
    for method, path, body, pointer in (
        ("POST", f"{order}/status-updates", [], ""),
        ("POST", unit4.orders(), [], ""),
        ("PATCH", order, {"dates": 5}, "/dates"),
        ("PATCH", order, {"assets": []}, "/assets"),
    ):
        answer = await send(unit4, method, path, body)
        assert answer.status_code == 422, answer.text
        [told] = answer.json()["errors"]
        assert (told["pointer"], told["message"]) == (pointer, "This must be a JSON object.")


@pytest.mark.parametrize("query", ["?replace=,", "?replace=assets,", "?replace=%20"])
async def test_a_collection_without_a_name_is_not_taken_for_none(nexus: Site, query: str) -> None:
    answer = await patch(nexus, new_order(nexus), {"assets": {}}, query=query)
    assert refusal(answer) == (422, "invalid-request", {"/query/replace": "invalid-request"})


@pytest.mark.parametrize("name", [*MEMBERS, "external_reference", "number"])
async def test_null_is_taken_or_refused_by_name(unit4: Site, nexus: Site, overit: Site, name: str) -> None:
    answers = [await patch(site, new_order(site), {name: None}) for site in (unit4, nexus, overit)]
    answers += [await create(unit4, {**UNIT4_NEW, name: None}), await put(nexus, "B7001", {**NEXUS_NEW, name: None})]
    for answer in answers:
        assert answer.status_code in (200, 201, 422), answer.text
        if answer.status_code == 422:
            assert faults(answer), answer.text
            assert all(pointer.startswith(f"/{name}") for pointer in faults(answer)), answer.text


async def test_null_for_everything(unit4: Site, nexus: Site, overit: Site) -> None:
    nulls = dict.fromkeys(await read(nexus, "1214"))
    for answer in (
        await create(unit4, nulls),
        await create(nexus, nulls),
        await put(nexus, "B7002", nulls),
        await patch(overit, "WO00223", dict.fromkeys(MEMBERS)),
        await patch(unit4, "123", dict.fromkeys(MEMBERS)),
    ):
        assert answer.status_code == 422
        assert faults(answer)


DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31", "2026-12-01T24:00:00Z"]


@pytest.mark.parametrize(
    "when", [*DATES, "2016-12-31T23:59:60Z", "2026-12-01T10:00:00.123456789Z", "2026-12-01t10:00:00z"]
)
async def test_a_time_at_the_edge_of_time_is_taken_or_refused(changing: Site, when: str) -> None:
    body = {"dates": {"planned_start": when}}
    for answer in (
        await patch(changing, new_order(changing), body),
        await create(changing, {**NEXUS_NEW, "number": f"B{when}", **body}),
    ):
        assert answer.status_code in (200, 201, 422), answer.text


MISFITS = [
    ("a key of another kind", {"operations": {"x": {"notes": "a"}}}, "/operations/x"),
    ("a key with a zero", {"operations": {"01": {"notes": "a"}}}, "/operations/01"),
    ("a negative key", {"operations": {"-1": {"notes": "a"}}}, "/operations/-1"),
    ("a key in other digits", {"operations": {"٣": {"notes": "a"}}}, "/operations/٣"),
    ("another id than the key", {"operations": {"1": {"execution_order": 2}}}, "/operations/1/execution_order"),
    ("half a key", {"related_values": {"C1": {"value": "1"}}}, "/related_values/C1"),
    ("another relation", {"related_values": {"C~1900-01-01": {"relation_id": "D"}}}, "/related_values/C~01900-01-01/relation_id"),
    ("another asset", {"assets": {"1": {"number": "2"}}}, "/assets/1/number"),
    ("another panel", {"info_panels": {"a/b": {"id": "2"}}}, "/info_panels/a~1b/id"),
    ("a name that we have", {"extensions": {"nexusfs": {"OrderType": "1"}}}, "/extensions/nexusfs/OrderType"),
]  # fmt: skip
PLACES = {
    "operations": "overit",
    "related_values": "unit4",
    "assets": "nexus",
    "info_panels": "nexus",
    "extensions": "nexus",
}


@pytest.mark.parametrize(("what", "body", "pointer"), MISFITS, ids=[case[0] for case in MISFITS])
async def test_an_element_stands_under_its_own_key(
    unit4: Site, nexus: Site, overit: Site, what: str, body: dict[str, Any], pointer: str
) -> None:
    sites = {"unit4": unit4, "nexus": nexus, "overit": overit}
    site = sites[PLACES[next(iter(body))]]
    answer = await patch(site, new_order(site), body)
    assert refusal(answer)[:2] == (422, "invalid-request")
    assert set(faults(answer)) == {pointer}


async def test_a_member_that_the_vendor_has_no_place_for(unit4: Site, nexus: Site, overit: Site) -> None:
    for site, name, value in (
        (unit4, "priority", "1"),
        (nexus, "title", "T"),
        (overit, "project", {"number": "P"}),
    ):
        number = new_order(site)
        for answer in (
            await patch(site, number, {name: value}),
            await patch(site, number, {"extensions": {"civica_cx": {"A": 1}}}),
            *([await create(site, {"number": "B7003", name: value})] if site is not overit else []),
        ):
            assert refusal(answer)[:2] == (422, "capability-missing")
            assert answer.json()["next"]["action"] == "none"
            assert set(faults(answer)) <= {f"/{name}", "/extensions/civica_cx"}
        assert site.effects(number) == []


RAW = {
    "NaN": (b'{"title": NaN}', 400, "/title"),
    "infinity": (b'{"title": -Infinity}', 400, "/title"),
    "a lone surrogate": (b'{"title": "\\ud800"}', 400, "/title"),
    "a null character": (b'{"title": "\\u0000"}', 400, "/title"),
    "a name twice": (b'{"title": "a", "title": "b"}', 400, ""),
    "a large number": (b'{"discounts": {"1": {"fixed": 1e300}}}', 400, "/discounts/1/fixed"),
    "deep": (b'{"extensions": ' + b'{"a": ' * 40 + b"1" + b"}" * 41, 400, None),
    "broken": (b'{"title": "a"', 400, None),
    "not UTF-8": (b'{"title": "\xff"}', 400, None),
    "nothing": (b"", 400, None),
    "a list": (b"[]", 422, ""),
    "null": (b"null", 422, ""),
    "a text": (b'"title"', 422, ""),
    "too much": (b'{"title": "' + b"x" * 300_000 + b'"}', 413, None),
}  # fmt: skip


@pytest.mark.parametrize("what", RAW)
async def test_bytes_that_are_no_body(unit4: Site, nexus: Site, overit: Site, what: str) -> None:
    raw, status, pointer = RAW[what]
    for method, site, path in (
        ("POST", unit4, unit4.orders()),
        ("PUT", nexus, nexus.orders("1214")),
        ("PATCH", overit, overit.orders("WO00223")),
        ("POST", overit, "/v1/backends/overit/preview"),
    ):
        headers = {"Idempotency-Key": site.fresh_key(), "Content-Type": "application/json"}
        answer = await site.api.request(method, path, content=raw, headers=headers)
        assert answer.status_code == status, answer.text
        assert set(faults(answer)) == (set() if pointer is None else {pointer})
    again = await send(unit4, "PATCH", unit4.orders("123"), {})
    assert again.status_code == 200
