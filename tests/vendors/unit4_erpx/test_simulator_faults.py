"""Bad days on demand: what each fault looks like from a bare socket, and which calls meet it."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.unit4_erpx.simulator_requests import (
    JSON_PATCH,
    MINIMUM,
    PATCH_OF_ONE_FIELD,
    Erp,
    answered,
    invalid,
)

NOT_MADE = ["created"]
MADE = ["created", "updated"]


def raw_patch(erp: Erp, number: str, *, wait_s: float = 5) -> bytes:
    """Every byte that comes back; raises what the socket raises."""
    head = (
        f"PATCH /v1/work-orders/{number}?companyId=COMP1 HTTP/1.1\r\nHost: erp\r\n"
        f"Authorization: Bearer {erp.token()}\r\nContent-Type: {JSON_PATCH}\r\n"
        f"Content-Length: {len(PATCH_OF_ONE_FIELD)}\r\n\r\n"
    )
    parts = urlsplit(erp.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=wait_s) as connection:
        connection.sendall(head.encode() + PATCH_OF_ONE_FIELD)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def until_effect(erp: Erp, number: str) -> None:
    started = time.monotonic()
    while erp.kinds(number) != MADE:
        assert time.monotonic() - started < 10
        time.sleep(0.02)


def test_reset_is_a_connection_reset_and_no_effect(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="reset")

    with pytest.raises(ConnectionResetError):
        raw_patch(sim_erp, sim_order)

    assert sim_erp.kinds(sim_order) == NOT_MADE


def test_lost_answer_makes_the_effect_and_says_nothing(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="lost_answer")

    assert raw_patch(sim_erp, sim_order) == b""
    assert sim_erp.kinds(sim_order) == MADE


def test_lost_answer_of_a_create_leaves_an_order_that_the_vendor_numbered(sim_fresh: Erp) -> None:
    sim_fresh.token()
    sim_fresh.fault(kind="lost_answer")

    with pytest.raises(httpx.RemoteProtocolError):
        sim_fresh.post(MINIMUM)

    assert (sim_fresh.kinds("124"), sim_fresh.record("124")["workOrderName"]) == (["created"], "Pump")


def test_late_effect_says_nothing_and_makes_the_effect_later(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="late_effect", delay_s=1.5)
    sent = time.monotonic()

    assert raw_patch(sim_erp, sim_order) == b""
    assert sim_erp.kinds(sim_order) == NOT_MADE
    until_effect(sim_erp, sim_order)
    assert time.monotonic() - sent > 1.4


def test_truncate_makes_the_effect_and_breaks_off_in_the_body(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="truncate")

    head, _, body = raw_patch(sim_erp, sim_order).partition(b"\r\n\r\n")

    promised = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == int(promised.split(b":")[1]) // 2
    assert sim_erp.kinds(sim_order) == MADE


def test_hang_says_nothing_and_does_nothing_until_the_caller_gives_up(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="hang")

    with pytest.raises(TimeoutError):
        raw_patch(sim_erp, sim_order, wait_s=0.3)

    assert sim_erp.kinds(sim_order) == NOT_MADE


def test_latency_is_late_but_right(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="latency", delay_s=0.3)
    started = time.monotonic()

    assert sim_erp.patch(sim_order, PATCH_OF_ONE_FIELD).status_code == 200

    assert time.monotonic() - started > 0.25
    assert sim_erp.kinds(sim_order) == MADE


def test_http_500_is_the_vendors_own_and_no_effect(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="http_500")

    answer = sim_erp.patch(sim_order, PATCH_OF_ONE_FIELD)

    assert answered(answer) == (500, {"statusCode": 500, "message": "Internal server error"})
    assert sim_erp.kinds(sim_order) == NOT_MADE


def test_html_is_a_proxys_error_page(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="html")

    answer = sim_erp.patch(sim_order, PATCH_OF_ONE_FIELD)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert sim_erp.kinds(sim_order) == NOT_MADE


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("POST", {**MINIMUM, "workOrderId": "F1"}, invalid("Illegal status")),
        ("PATCH", [{"path": "/status", "op": "Replace", "value": "P"}], invalid("Illegal status")),
        ("DELETE", None, (404, {"code": 1040, "message": "WorkOrder with Id {} was not found within company COMP1"})),
    ],
)
def test_refuse_is_a_documented_refusal_without_an_effect(
    sim_erp: Erp, sim_order: str, method: str, body: Json, expected: tuple[int, Json]
) -> None:
    sim_erp.fault(kind="refuse")

    answer = sim_erp.call(method, "/v1/work-orders" + ("" if method == "POST" else f"/{sim_order}"), body)

    status, told = answered(answer)
    if isinstance(told, dict):
        told["message"] = str(told["message"]).replace(sim_order, "{}")
    assert (status, told) == expected
    assert (sim_erp.kinds(sim_order), sim_erp.kinds("F1")) == (NOT_MADE, [])


def test_token_expired_ends_every_token_given_out_before(sim_fresh: Erp) -> None:
    other = sim_fresh.token("readonly")
    sim_fresh.token()
    sim_fresh.fault(kind="token_expired")

    assert sim_fresh.patch("123", PATCH_OF_ONE_FIELD).status_code == 401
    headers = {"Authorization": f"Bearer {other}"}
    assert sim_fresh.http.get("/v1/work-orders/123", headers=headers).status_code == 401
    fresh = {"Authorization": f"Bearer {sim_fresh.login().json()['access_token']}"}
    assert sim_fresh.http.get("/v1/work-orders/123", headers=fresh).status_code == 200
    assert sim_fresh.effects() == []


@pytest.mark.parametrize(("delay", "seconds"), [({}, 1), ({"delay_s": 32}, 32), ({"delay_s": 0.2}, 1)])
def test_rate_limited_is_a_429_with_its_seconds_and_no_effect(
    sim_erp: Erp, sim_order: str, delay: dict[str, Json], seconds: int
) -> None:
    sim_erp.fault(kind="rate_limited", **delay)

    answer = sim_erp.patch(sim_order, PATCH_OF_ONE_FIELD)

    message = f"Rate limit is exceeded. Try again in {seconds} seconds."
    assert answered(answer) == (429, {"statusCode": 429, "message": message})
    assert answer.headers["Retry-After"] == str(seconds)
    assert sim_erp.kinds(sim_order) == NOT_MADE
    assert sim_erp.patch(sim_order, PATCH_OF_ONE_FIELD).status_code == 200


def test_faults_can_be_put_on_reads_and_on_logins(sim_erp: Erp, sim_order: str) -> None:
    sim_erp.fault(kind="refuse", on="read", order=sim_order)
    sim_erp.fault(kind="refuse", on="login")
    sim_erp.fault(kind="rate_limited", on="login")
    sim_erp.fault(kind="http_500", on="login")

    read = sim_erp.call("GET", f"/v1/work-orders/{sim_order}")
    logins = [sim_erp.login() for _ in range(4)]

    assert read.status_code == 404
    assert [answer.status_code for answer in logins] == [400, 429, 500, 200]
    assert logins[0].json() == {"error": "invalid_client"}


def test_a_fault_is_met_by_its_count_of_calls_on_its_order_and_company(sim_fresh: Erp) -> None:
    sim_fresh.post({**MINIMUM, "companyId": "COMP2", "workOrderId": "123"}).raise_for_status()
    sim_fresh.fault(kind="http_500", count=2, order="123")

    def patched(company: str) -> int:
        target = f"/v1/work-orders/123?companyId={company}"
        return sim_fresh.call("PATCH", target, PATCH_OF_ONE_FIELD).status_code

    assert [patched(company) for company in ("COMP2", "COMP1", "COMP1", "COMP1")] == [200, 500, 500, 200]
    assert sim_fresh.http.get("/_sim/faults").json() == {"faults": []}


def test_a_create_meets_the_fault_of_the_number_that_it_asks_for(sim_erp: Erp) -> None:
    sim_erp.fault(kind="http_500", order="F2")

    assert sim_erp.post(MINIMUM).status_code == 201
    assert sim_erp.post({**MINIMUM, "workOrderId": "F2"}).status_code == 500
    assert sim_erp.post({**MINIMUM, "workOrderId": "F2"}).status_code == 201


def test_calls_that_the_api_lacks_use_up_no_fault(sim_erp: Erp) -> None:
    sim_erp.fault(kind="reset")
    sim_erp.fault(kind="reset", on="read")

    assert [sim_erp.call("GET", target).status_code for target in ("/v1/work-orders", "/v1")] == [405, 404]
    assert [fault["count"] for fault in sim_erp.http.get("/_sim/faults").json()["faults"]] == [1, 1]


def test_an_override_has_no_meaning_for_this_vendor(sim_erp: Erp) -> None:
    answer = sim_erp.http.post("/_sim/faults", json={"kind": "strip_override"})

    assert (answer.status_code, answer.json()["field"]) == (422, "kind")
