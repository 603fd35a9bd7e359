"""Bad days on demand: what each fault of the simulator looks like from a bare socket, and which calls meet it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.vendors.overit.simulator_requests import PATH, Fsm, new, problem, running

ASKED_FOR = "refused as /_sim/settings asked"


@pytest.fixture
def fsm(sim_shared_fsm: Fsm) -> Iterator[Fsm]:
    yield sim_shared_fsm
    sim_shared_fsm.http.delete("/_sim/faults").raise_for_status()
    sim_shared_fsm.set(success=204, fail_step=None)


@pytest.fixture
def order(fsm: Fsm) -> str:
    return fsm.new_order()


def raw_patch(fsm: Fsm, order: str, *, wait_s: float = 5) -> bytes:
    """Every byte that comes back until the simulator hangs up; raises what the socket raises."""
    body = f'{{"workOrder": {{"externalSystemCode": "ORDERBRIDGE", "code": "{order}", "notes": "n"}}}}'
    head = (
        f"PATCH {PATH} HTTP/1.1\r\nHost: fsm\r\nAuthorization: Bearer sandbox-token\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    parts = urlsplit(fsm.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=wait_s) as connection:
        connection.sendall((head + body).encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def until_effect(fsm: Fsm, order: str) -> None:
    started = time.monotonic()
    while not fsm.kinds(order):
        assert time.monotonic() - started < 10
        time.sleep(0.02)


def test_reset_is_a_connection_reset_and_no_effect(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="reset")

    with pytest.raises(ConnectionResetError):
        raw_patch(fsm, order)

    assert fsm.kinds(order) == []


def test_lost_answer_is_an_empty_reply_after_the_effect(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="lost_answer")

    assert raw_patch(fsm, order) == b""

    assert fsm.kinds(order) == ["updated"]


def test_truncate_promises_a_body_and_gives_half_of_it_after_the_effect(fsm: Fsm, order: str) -> None:
    fsm.set(success=200)
    fsm.fault(kind="truncate")

    head, _, body = raw_patch(fsm, order).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert (b"content-length: 2" in head.lower(), body) == (True, b"{")
    assert fsm.kinds(order) == ["updated"]


def test_truncate_cuts_off_the_whole_answer_where_it_has_no_body(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="truncate")

    with pytest.raises(httpx.RemoteProtocolError):
        fsm.patch({"notes": "n"}, order=order)
    assert fsm.kinds(order) == ["updated"]


def test_truncate_of_a_read(fsm: Fsm) -> None:
    fsm.fault(kind="truncate", on="read")

    with pytest.raises(httpx.RemoteProtocolError):
        fsm.read(code="WO00223")


def test_late_effect_is_an_empty_reply_before_the_effect(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="late_effect", delay_s=1.5)
    sent = time.monotonic()

    assert raw_patch(fsm, order) == b""

    assert fsm.kinds(order) == []
    until_effect(fsm, order)
    assert time.monotonic() - sent > 1.4


def test_hang_gives_nothing_and_does_nothing_until_the_caller_gives_up(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="hang")

    with pytest.raises(TimeoutError):
        raw_patch(fsm, order, wait_s=0.3)

    assert fsm.kinds(order) == []


def test_latency_is_late_but_right(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="latency", delay_s=0.3)
    started = time.monotonic()

    assert fsm.patch({"notes": "n"}, order=order).status_code == 204

    assert time.monotonic() - started > 0.25
    assert fsm.kinds(order) == ["updated"]


def test_refuse_is_the_error_of_the_step_that_would_have_written(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="refuse", count=2)

    of_the_order = fsm.patch({"notes": "n"}, [new(1)], order=order)
    of_operations = fsm.patch(operations=[new(1)], order=order)

    assert problem(of_the_order) == (400, "IA005_015", f"Work order could not be updated: {ASKED_FOR}")
    assert problem(of_operations) == (400, "IA005_019", f"Operation could not be updated: {ASKED_FOR}")
    assert fsm.kinds(order) == []


def test_refuse_of_a_cancellation_is_ODL017(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="refuse", order=order)

    assert problem(fsm.cancel(order)) == (400, "ODL017", "Work order in status CLOSED cannot be cancelled")
    assert fsm.record(order)["statusCode"] == "OPEN"


def test_http_500_is_an_exception_of_a_private_API(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="http_500")

    assert problem(fsm.patch({"notes": "n"}, order=order)) == (500, "IA000_004", "Private API failed")
    assert fsm.kinds(order) == []


def test_html_is_a_proxys_error_page(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="html")

    answer = fsm.patch({"notes": "n"}, order=order)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert fsm.kinds(order) == []


def test_rate_limited_is_429_with_the_seconds_to_wait(fsm: Fsm, order: str) -> None:
    fsm.fault(kind="rate_limited", delay_s=3)

    answer = fsm.patch({"notes": "n"}, order=order)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert fsm.kinds(order) == []


def test_token_expired_is_400_for_the_calls_that_meet_it(fsm: Fsm, order: str) -> None:
    """Nothing in the vendor's API gives out tokens: a new one has the same text here, and the next call is right."""
    fsm.fault(kind="token_expired", on="read")
    fsm.fault(kind="token_expired")

    assert problem(fsm.read(code=order)) == (400, "IA000_002", "Access token has expired")
    assert problem(fsm.patch({"notes": "n"}, order=order)) == (400, "IA000_002", "Access token has expired")
    assert fsm.kinds(order) == []
    assert fsm.patch({"notes": "n"}, order=order).status_code == 204
    assert fsm.read(code=order).status_code == 200


def test_a_fault_is_met_by_its_count_of_matching_calls_and_no_other(fsm: Fsm, order: str) -> None:
    other = fsm.new_order()
    fsm.fault(kind="refuse", count=2, order=order)

    assert fsm.patch({"notes": "n"}, order=other).status_code == 204
    assert fsm.read(code=order).status_code == 200
    assert fsm.patch({"notes": "n"}, order=order).status_code == 400
    by_external = f'{{"workOrder": {{"externalSystemCode": "ORDERBRIDGE", "externalCode": "EXT-{order}"}}}}'
    assert fsm.send(by_external.encode()).status_code == 400
    assert fsm.patch({"notes": "n"}, order=order).status_code == 204


def test_refuse_of_a_read_is_an_unexpected_error(fsm: Fsm) -> None:
    fsm.fault(kind="refuse", on="read")

    assert problem(fsm.read(code="WO00223")) == (400, "IA000_003", "Unexpected error")


def test_malformed_calls_use_up_no_fault(fsm: Fsm) -> None:
    fsm.fault(kind="reset")

    assert fsm.send(b"{").status_code == 400
    assert fsm.send(b"{}", Content_Type="text/plain").status_code == 415
    assert fsm.send(b"{}", path="/").status_code == 404
    assert fsm.send(b"{}", method="PUT").status_code == 405

    assert [fault["count"] for fault in fsm.http.get("/_sim/faults").json()["faults"]] == [1]


def test_a_rate_holds_until_the_faults_are_deleted(fsm: Fsm) -> None:
    fsm.fault(kind="refuse", rate=0.5, on="read")

    refused = [fsm.read(code="WO00223").status_code == 400 for _ in range(60)]
    assert 5 < sum(refused) < 55

    assert fsm.http.delete("/_sim/faults").json() == {"removed": 1}
    assert fsm.read(code="WO00223").status_code == 200


@pytest.mark.parametrize("kind", ["strip_override", "explode"])
def test_a_fault_of_another_vendor_is_refused(fsm: Fsm, kind: str) -> None:
    answer = fsm.http.post("/_sim/faults", json={"kind": kind})

    assert (answer.status_code, answer.json()["field"]) == (422, "kind")


def test_a_server_that_stops_drops_what_faults_hold() -> None:
    with running() as fsm:
        held = fsm.new_order()
        fsm.fault(kind="latency", delay_s=30)
        fsm.fault(kind="late_effect", delay_s=30)
        with pytest.raises(TimeoutError):
            raw_patch(fsm, held, wait_s=0.1)
        assert raw_patch(fsm, held) == b""
        started = time.monotonic()

    assert time.monotonic() - started < 3
