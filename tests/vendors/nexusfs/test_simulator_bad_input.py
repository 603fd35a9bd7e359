"""Requests that the simulator refuses: the standard response object of dossier 3.3, and nothing changed."""

from __future__ import annotations

import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import OVERRIDE, Nexus, document, documented, refusal

START = document("example_1_initial")
NESTED = b'{"OrderNum": "1214", "Alerts": ' + b"[" * 800 + b"]" * 800 + b"}"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"1214"', b"\xff", b'\xef\xbb\xbf{"OrderNum": "1214"}', b'{"OrderNum": NaN}', b"<x/>",
        b'{"OrderNum": "1214", "User": "\\ud800"}', b'{"OrderNum": "1214", "Alerts": [1e999]}', NESTED,
        b"[" * 100_000, b'{"OrderNum": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_400(sim_shared: Nexus, method: str, body: bytes) -> None:
    answer = sim_shared.send(method, "1214", body)

    assert refusal(answer) == (400, [])
    assert (sim_shared.record(), sim_shared.effects()) == (START, [])


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", ""]
)
def test_another_media_type_is_400(sim_shared: Nexus, media_type: str) -> None:
    answer = sim_shared.send("PATCH", "1214", documented("example_1_request"), {"Content-Type": media_type})

    assert refusal(answer) == (400, [])
    assert answer.json()["detail"] == "Content-Type must be application/json."


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("number", "reason", "value"),
    [
        (None, "must be the number in the URL", "null"),
        ("1215", "must be the number in the URL", "1215"),
        (1214, "must be the number in the URL", "1214"),
        ("", "must be the number in the URL", ""),
    ],
)
def test_the_body_names_the_order_of_the_url(
    sim_shared: Nexus, method: str, number: Json, reason: str, value: str
) -> None:
    answer = sim_shared.send(method, "1214", START | {"OrderNum": number})

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "The work order is not valid.",
            "invalidParams": [{"name": "OrderNum", "reason": reason, "path": "OrderNum", "value": value}],
        },
    )


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_a_body_without_the_orders_number_is_400(sim_shared: Nexus, method: str) -> None:
    assert refusal(sim_shared.send(method, "1214", {"Priority": "1001"})) == (400, [("OrderNum", "is required")])


@pytest.mark.parametrize("name", ["OrderType", "OrderStatus", "Account", "Location"])
def test_put_needs_the_required_members_and_post_does_not(sim_shared: Nexus, sim_order: str, name: str) -> None:
    body = {member: value for member, value in START.items() if member != name} | {"OrderNum": sim_order}

    assert refusal(sim_shared.send("PUT", sim_order, body)) == (400, [(name, "is required")])
    assert sim_shared.send("POST", sim_order, body).status_code == 200


WRONG: list[tuple[dict[str, Json], str, str]] = [
    ({"AccountLoc": {"LocNum": "1030"}}, "AccountLoc", "is not a known property"),
    ({"Location": {"LocNum": "1030"}}, "Location.LocNum", "is not a known property"),
    ({"orderstatus": "6"}, "orderstatus", "is not a known property"),
    ({"OrderStatus": "2"}, "OrderStatus", 'must be one of "1", "6", "7", "8", "9", "1001", "4096", "4097"'),
    ({"OrderStatus": 6}, "OrderStatus", 'must be one of "1", "6", "7", "8", "9", "1001", "4096", "4097"'),
    ({"DispatchStatus": 4}, "DispatchStatus", "must be one of 0, 1, 2, 3"),
    ({"DispatchStatus": "3"}, "DispatchStatus", "must be one of 0, 1, 2, 3"),
    ({"DispatchStatus": True}, "DispatchStatus", "must be one of 0, 1, 2, 3"),
    ({"DispatchStatus": 3.0}, "DispatchStatus", "must be one of 0, 1, 2, 3"),
    ({"OrderType": "1003"}, "OrderType", 'must be one of "1001", "1002"'),
    ({"Priority": "1"}, "Priority", 'must be one of "1001", "1002", "1003"'),
    ({"OrderDate": "2016-02-19"}, "OrderDate", "must be a time in UTC such as 2016-02-19T20:44:15.498Z"),
    ({"OrderDate": "2016-02-30T20:44:15Z"}, "OrderDate", "must be a time in UTC such as 2016-02-19T20:44:15.498Z"),
    ({"ActualEndDate": "2016-02-19T20:44:15+01:00"}, "ActualEndDate",
     "must be a time in UTC such as 2016-02-19T20:44:15.498Z"),
    ({"Rules": {"IsOps": "false"}}, "Rules.IsOps", "must be true or false"),
    ({"Rules": []}, "Rules", "must be an object"),
    ({"Discounts": [{"ID": "1", "Percentage": "4"}]}, "Discounts[0].Percentage", "must be a number"),
    ({"Discounts": [{"ID": "1", "ProdTypes": [1001]}]}, "Discounts[0].ProdTypes", "must be an array of strings"),
    ({"FlexView": [{"ID": "1", "Items": {}}]}, "FlexView[0].Items", "must be an array"),
    ({"User": None}, "User", "must not be null"),
    ({"User": 5}, "User", "must be a string"),
    ({"Account": {"AccountNum": "1030"}}, "Account.AccountNum", "does not exist"),
    ({"Location": {"LocationNum": "1029"}}, "Location.LocationNum", "does not exist"),
]  # fmt: skip


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
@pytest.mark.parametrize(("members", "path", "reason"), WRONG, ids=lambda value: str(value)[:60])
def test_an_order_that_is_not_valid_is_400_and_names_the_member(
    sim_shared: Nexus, method: str, members: dict[str, Json], path: str, reason: str
) -> None:
    answer = sim_shared.send(method, "1214", START | members)

    assert refusal(answer) == (400, [(path, reason)])
    assert (sim_shared.record(), sim_shared.effects("1214")) == (START, [])


def test_every_member_at_fault_is_named(sim_shared: Nexus) -> None:
    answer = sim_shared.send("PATCH", "1214", {"OrderNum": "1214", "Rules": {"No": 1}, "User": 5, "_fields": ["x"]})

    assert [path for path, _ in refusal(answer)[1]] == ["Rules.No", "User", "_fields[0]"]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/seiapi", "/seiapi/v3/trans/WorkOrder", "/seiapi/v3/trans/WorkOrder/", "/seiapi/v3/trans/WorkOrder/1214/",
        "/seiapi/v3/trans/workorder/1214", "/seiapi/v3/master/WorkOrder/1214", "/seiapi/v3/trans/WorkOrder/1214/TechNotes",
        "/createJWT",
    ],
)  # fmt: skip
def test_a_wrong_url_is_404_with_a_page(sim_shared: Nexus, path: str) -> None:
    answer = sim_shared.http.get(path, headers={"x-access-token": sim_shared.token or ""})

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "headers", "allow"),
    [
        ("OPTIONS", "/seiapi/v3/trans/WorkOrder/1214", {}, "GET, PUT, POST, PATCH, DELETE"),
        (
            "POST",
            "/seiapi/v3/trans/WorkOrder/1214",
            {"X-HTTP-Method-Override": "DELETE"},
            "GET, PUT, POST, PATCH, DELETE",
        ),
        ("GET", "/createjwt", OVERRIDE, "POST"),
    ],
)
def test_a_wrong_verb_is_405(sim_shared: Nexus, method: str, path: str, headers: dict[str, str], allow: str) -> None:
    answer = sim_shared.http.request(method, path, headers=headers)

    assert refusal(answer) == (405, [])
    assert answer.headers["allow"] == allow
    assert sim_shared.effects("1214") == []
