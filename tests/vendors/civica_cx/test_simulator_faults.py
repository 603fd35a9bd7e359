"""Bad days on demand: what each fault of a simulator looks like from a bare socket, and which calls meet it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.vendors.civica_cx.simulator_requests import CALLS, Cx, NewOrder, envelope, member, refusal, running

UPDATE = "update_repair_works_order_status"


@pytest.fixture(scope="module")
def served() -> Iterator[Cx]:
    with running() as cx:
        yield cx


@pytest.fixture
def cx(served: Cx) -> Cx:
    served.http.delete("/_sim/faults").raise_for_status()
    return served


@pytest.fixture
def order(cx: Cx) -> NewOrder:
    return cx.new_order()


def raw_update(cx: Cx, order: NewOrder, *, wait_s: float = 5) -> bytes:
    """Every byte that comes back; raises what the socket raises."""
    path, action = CALLS[UPDATE]
    body = envelope(UPDATE, Token=cx.login(), WorkOrderId=order.number, WorkOrderUid=order.uid)
    head = (
        f"POST /cx/webservice/{path} HTTP/1.1\r\nHost: cx\r\nContent-Type: text/xml\r\nSOAPAction: {action}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    parts = urlsplit(cx.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=wait_s) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def until_effect(cx: Cx, order: NewOrder) -> None:
    started = time.monotonic()
    while not cx.kinds(order.number):
        assert time.monotonic() - started < 10
        time.sleep(0.02)


def test_reset_is_a_connection_reset_and_no_effect(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="reset")

    with pytest.raises(ConnectionResetError):
        raw_update(cx, order)

    assert cx.kinds(order.number) == []


def test_lost_answer_is_an_empty_reply_after_the_effect(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="lost_answer")

    assert raw_update(cx, order) == b""

    assert cx.kinds(order.number) == ["status_change"]


def test_truncate_promises_a_body_and_gives_half_of_it_after_the_effect(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="truncate")

    head, _, body = raw_update(cx, order).partition(b"\r\n\r\n")

    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) == promised // 2
    assert cx.kinds(order.number) == ["status_change"]


def test_late_effect_is_an_empty_reply_before_the_effect(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="late_effect", delay_s=1.5)
    sent = time.monotonic()

    assert raw_update(cx, order) == b""

    assert cx.kinds(order.number) == []
    until_effect(cx, order)
    assert time.monotonic() - sent > 1.4


def test_a_late_effect_is_made_by_the_rules_of_its_time(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="late_effect", delay_s=1)
    raw_update(cx, order)
    cx.http.post(f"/_sim/orders/{order.number}/cancel").raise_for_status()
    time.sleep(1.5)

    assert cx.kinds(order.number) == ["cancelled_by_client"]


def test_hang_gives_nothing_and_does_nothing_until_the_caller_gives_up(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="hang")

    with pytest.raises(TimeoutError):
        raw_update(cx, order, wait_s=0.3)

    assert cx.kinds(order.number) == []


def test_hang_ends_after_its_delay(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="hang", delay_s=0.2)

    assert raw_update(cx, order) == b""
    assert cx.kinds(order.number) == []


def test_latency_is_late_but_right(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="latency", delay_s=0.3)
    started = time.monotonic()

    assert refusal(cx.update(order)) is None

    assert time.monotonic() - started > 0.25
    assert cx.kinds(order.number) == ["status_change"]


def test_latency_makes_its_effect_though_the_caller_has_gone(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="latency", delay_s=0.4)

    with pytest.raises(TimeoutError):
        raw_update(cx, order, wait_s=0.1)

    assert cx.kinds(order.number) == []
    until_effect(cx, order)


def test_refuse_is_the_vendors_no_without_an_effect(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="refuse")

    assert refusal(cx.update(order)) == "The request could not be completed."
    assert cx.kinds(order.number) == []


def test_http_500_is_the_vendors_own_internal_error(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="http_500")

    answer = cx.update(order)

    assert (answer.status_code, member(answer, "faultcode")) == (500, "a:InternalServiceFault")
    assert cx.kinds(order.number) == []


def test_html_is_a_proxys_error_page(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="html")

    answer = cx.update(order)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert cx.kinds(order.number) == []


def test_token_expired_ends_every_token_given_out_before(cx: Cx, order: NewOrder) -> None:
    earlier = cx.login()
    cx.fault(kind="token_expired")

    answer = cx.update(order)

    assert (answer.status_code, member(answer, "faultcode")) == (500, "s:Client")
    assert cx.call("get_repair_work_orders", Token=earlier).status_code == 500
    assert refusal(cx.update(order)) is None


def test_a_fault_is_met_by_its_count_of_matching_calls_and_no_other(cx: Cx, order: NewOrder) -> None:
    other = cx.new_order()
    cx.fault(kind="refuse", count=2, order=str(order.number))

    assert refusal(cx.update(other)) is None
    assert refusal(cx.call("get_repair_work_order_details", WorkOrderReference=f"WO{order.number}")) is None
    assert [refusal(cx.update(order, StatusCodeId=code_id)) is None for code_id in (11, 11, 11)] == [False, False, True]
    assert cx.http.get("/_sim/faults").json() == {"faults": []}


def test_faults_can_be_put_on_reads_and_on_logins(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="refuse", on="read", order=order.number)
    cx.fault(kind="refuse", on="login")

    login = cx.post("get_user_ws_token", envelope("get_user_ws_token"))
    read = cx.call("get_repair_work_order_details", WorkOrderReference=f"WO{order.number}")

    assert (refusal(login), member(login, "Token")) == ("The request could not be completed.", None)
    assert refusal(read) == "The request could not be completed."
    assert '<a:WorkOrder i:nil="true"/>' in read.text


def test_a_rate_holds_until_the_faults_are_deleted(cx: Cx, order: NewOrder) -> None:
    cx.fault(kind="refuse", rate=0.5, on="read")
    token = cx.login()

    refused = [refusal(cx.call("get_repair_work_order_details", Token=token)) is not None for _ in range(60)]
    assert 5 < sum(refused) < 55

    assert cx.http.delete("/_sim/faults").json() == {"removed": 1}
    assert refusal(cx.call("get_repair_work_order_details")) is None


def test_a_rate_beside_a_count_is_a_share_of_that_many_calls(cx: Cx, order: NewOrder) -> None:
    made = cx.http.post("/_sim/faults", json={"kind": "refuse", "rate": 0.5, "count": 40, "on": "read"}).json()
    assert (made["count"], made["rate"]) == (40, 0.5)
    token = cx.login()

    refused = [refusal(cx.call("get_repair_work_order_details", Token=token)) is not None for _ in range(60)]
    assert 2 < sum(refused[:40]) < 38
    assert not any(refused[40:])
    assert cx.http.get("/_sim/faults").json() == {"faults": []}


def test_a_call_that_the_rate_of_one_fault_spares_may_meet_the_next(cx: Cx) -> None:
    cx.fault(kind="refuse", rate=1e-9, count=3, on="read")
    cx.fault(kind="refuse", count=1, on="read")
    token = cx.login()

    refused = [refusal(cx.call("get_repair_work_order_details", Token=token)) is not None for _ in range(3)]
    assert refused == [True, False, False]
    assert cx.http.get("/_sim/faults").json() == {"faults": []}


def test_pages_and_malformed_calls_use_up_no_fault(cx: Cx) -> None:
    cx.fault(kind="reset")
    cx.fault(kind="reset", on="read")

    assert cx.http.get("/cx/webservice/wsrepaircontractorservice?wsdl").status_code == 200
    assert cx.post(UPDATE, b"<x/>").status_code == 400

    assert [fault["count"] for fault in cx.http.get("/_sim/faults").json()["faults"]] == [1, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "strip_override"}, "kind"),
        ({"kind": "reset", "on": "list"}, "on"),
        ({"kind": "reset", "count": 0}, "count"),
        ({"kind": "reset", "count": True}, "count"),
        ({"kind": "reset", "count": 1.5}, "count"),
        ({"kind": "reset", "rate": 0}, "rate"),
        ({"kind": "reset", "rate": 1.1}, "rate"),
        ({"kind": "hang", "delay_s": -1}, "delay_s"),
        ({"kind": "hang", "delay_s": "5"}, "delay_s"),
        ({"kind": "reset", "order": []}, "order"),
        ({"kind": "reset", "order": 113427, "on": "login"}, "order"),
        ({"kind": "reset", "cuont": 2}, "cuont"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_field_at_fault(cx: Cx, body: object, field: str) -> None:
    answer = cx.http.post("/_sim/faults", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert cx.http.get("/_sim/faults").json() == {"faults": []}


def test_members_that_are_null_count_as_absent(cx: Cx) -> None:
    body = {"kind": "hang", "on": None, "count": None, "order": None, "delay_s": None, "rate": None}

    assert cx.http.post("/_sim/faults", json=body).json() == {
        "kind": "hang",
        "on": "write",
        "order": None,
        "delay_s": 60,
        "count": 1,
        "rate": None,
        "meaning": "no effect and no answer until the caller gives up, or delay_s (default 60) have passed",
    }


def test_a_rate_of_nought_beside_a_count_is_no_rate(cx: Cx) -> None:
    cx.http.delete("/_sim/faults")
    body = {"kind": "reset", "on": "write", "count": 2, "order": "113427", "delay_s": 0, "rate": 0}

    made = cx.http.post("/_sim/faults", json=body).json()

    assert (made["count"], made["rate"]) == (2, None)


def test_a_server_that_stops_drops_what_faults_hold(order: NewOrder) -> None:
    with running() as cx:
        held = cx.new_order()
        cx.fault(kind="hang")
        cx.fault(kind="latency", delay_s=30)
        cx.fault(kind="late_effect", delay_s=30)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                raw_update(cx, held, wait_s=0.1)
        assert raw_update(cx, held) == b""
        started = time.monotonic()

    assert time.monotonic() - started < 3
    with pytest.raises(httpx.ConnectError):
        httpx.get(cx.url)
