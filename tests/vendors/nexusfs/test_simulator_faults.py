"""Bad days on demand: what each fault looks like to a caller of NexusFS, and which calls meet it."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import OVERRIDE, Nexus, document, ok, refusal, running

START = document("example_1_initial")


def on_site(number: str) -> dict[str, Json]:
    return {"OrderNum": number, "OrderStatus": "7"}


def until_effect(nexus: Nexus, number: str) -> None:
    started = time.monotonic()
    while not nexus.kinds(number):
        assert time.monotonic() - started < 10
        time.sleep(0.02)


def test_reset_is_a_connection_reset_and_no_effect(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="reset")

    with pytest.raises(ConnectionResetError):
        sim_shared.bare("PATCH", sim_order, on_site(sim_order))

    assert sim_shared.kinds(sim_order) == []


def test_lost_answer_is_an_empty_reply_after_the_effect(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="lost_answer")

    assert sim_shared.bare("PATCH", sim_order, on_site(sim_order)) == b""

    assert sim_shared.kinds(sim_order) == ["status_change"]


def test_truncate_promises_a_body_and_gives_half_of_it_after_the_effect(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="truncate")

    head, _, body = sim_shared.bare("PATCH", sim_order, on_site(sim_order)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: 15" in head.lower()
    assert body == b'{"statu'
    assert sim_shared.kinds(sim_order) == ["status_change"]


def test_late_effect_is_an_empty_reply_before_the_effect(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="late_effect", delay_s=1.5)
    sent = time.monotonic()

    assert sim_shared.bare("PATCH", sim_order, on_site(sim_order)) == b""

    assert sim_shared.kinds(sim_order) == []
    until_effect(sim_shared, sim_order)
    assert time.monotonic() - sent > 1.4


def test_a_late_effect_is_made_by_the_rules_of_its_time(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="late_effect", delay_s=1)
    sim_shared.bare("PATCH", sim_order, on_site(sim_order))
    sim_shared.http.post(f"/_sim/orders/{sim_order}/cancel").raise_for_status()
    time.sleep(1.5)

    assert sim_shared.kinds(sim_order) == ["cancelled_by_client"]


def test_hang_gives_nothing_and_does_nothing_until_the_caller_gives_up(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="hang")

    with pytest.raises(TimeoutError):
        sim_shared.bare("PATCH", sim_order, on_site(sim_order), wait_s=0.3)

    assert sim_shared.kinds(sim_order) == []


def test_hang_ends_after_its_delay(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="hang", delay_s=0.2)

    assert sim_shared.bare("PATCH", sim_order, on_site(sim_order)) == b""
    assert sim_shared.kinds(sim_order) == []


def test_latency_is_late_but_right(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="latency", delay_s=0.3)
    started = time.monotonic()

    ok(sim_shared.send("PATCH", sim_order, on_site(sim_order)))

    assert time.monotonic() - started > 0.25
    assert sim_shared.kinds(sim_order) == ["status_change"]


def test_latency_makes_its_effect_though_the_caller_has_gone(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="latency", delay_s=0.4)

    with pytest.raises(TimeoutError):
        sim_shared.bare("PATCH", sim_order, on_site(sim_order), wait_s=0.1)

    assert sim_shared.kinds(sim_order) == []
    until_effect(sim_shared, sim_order)


@pytest.mark.parametrize(
    ("method", "status", "detail"),
    [
        ("GET", 400, "The request could not be completed."),
        ("PUT", 409, "The specified object can not be replaced."),
        ("POST", 409, "The specified object can not be replaced."),
        ("PATCH", 409, "The specified object can not be updated."),
        ("DELETE", 409, "The specified object can not be deleted."),
    ],
)
def test_refuse_is_the_vendors_no_without_an_effect(
    sim_shared: Nexus, sim_order: str, method: str, status: int, detail: str
) -> None:
    sim_shared.fault(kind="refuse", on="read" if method == "GET" else "write")

    answer = sim_shared.send(method, sim_order, START | {"OrderNum": sim_order})

    assert refusal(answer) == (status, [])
    assert answer.json()["detail"] == detail
    assert sim_shared.kinds(sim_order) == []


def test_refuse_of_a_login_is_invalid_logon(sim_shared: Nexus) -> None:
    sim_shared.fault(kind="refuse", on="login")

    answer = sim_shared.http.post("/createjwt", json={"username": "sandbox", "password": "sandbox-secret"})

    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid Logon.")


def test_http_500_is_the_vendors_own_internal_error(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="http_500")

    answer = sim_shared.send("PATCH", sim_order, on_site(sim_order))

    assert (refusal(answer), answer.json()["title"]) == ((500, []), "Internal Server Error")
    assert sim_shared.kinds(sim_order) == []


def test_html_is_a_proxys_error_page(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="html")

    answer = sim_shared.send("PATCH", sim_order, on_site(sim_order))

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert sim_shared.kinds(sim_order) == []


def test_token_expired_ends_every_token_given_out_before(sim_nexus: Nexus) -> None:
    sim_nexus.fault(kind="token_expired")

    assert refusal(sim_nexus.send("PATCH", "1214", on_site("1214"))) == (401, [])
    assert refusal(sim_nexus.send("GET", "1214")) == (401, [])
    sim_nexus.login()
    ok(sim_nexus.send("PATCH", "1214", on_site("1214")))


def test_strip_override_leaves_a_real_patch_alone(sim_shared: Nexus, sim_order: str) -> None:
    before = sim_shared.record(sim_order)
    sim_shared.fault(kind="strip_override")

    ok(sim_shared.send("PATCH", sim_order, on_site(sim_order)))

    assert sim_shared.record(sim_order) == before | {"OrderStatus": "7"}


def test_strip_override_takes_the_header_off_a_post(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="strip_override")

    ok(sim_shared.send("POST", sim_order, on_site(sim_order), OVERRIDE))

    assert sim_shared.record(sim_order) == on_site(sim_order)
    assert sim_shared.kinds(sim_order) == ["replaced"]


def test_a_fault_is_met_by_its_count_of_matching_calls_and_no_other(sim_shared: Nexus, sim_order: str) -> None:
    other = sim_shared.new_order()
    sim_shared.fault(kind="refuse", count=2, order=sim_order)

    ok(sim_shared.send("PATCH", other, on_site(other)))
    assert sim_shared.send("GET", sim_order).status_code == 200
    codes = [sim_shared.send("PATCH", sim_order, on_site(sim_order)).status_code for _ in range(3)]
    assert codes == [409, 409, 200]
    assert sim_shared.http.get("/_sim/faults").json() == {"faults": []}


def test_a_fault_for_an_order_that_is_not_there_yet_meets_its_insertion(sim_shared: Nexus) -> None:
    sim_shared.fault(kind="lost_answer", order="NEW-1")

    assert sim_shared.bare("PUT", "NEW-1", START | {"OrderNum": "NEW-1"}) == b""

    assert sim_shared.kinds("NEW-1") == ["created"]


def test_a_rate_holds_until_the_faults_are_deleted(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="refuse", rate=0.5, on="read")

    refused = [sim_shared.send("GET", sim_order).status_code == 400 for _ in range(60)]
    assert 5 < sum(refused) < 55

    assert sim_shared.http.delete("/_sim/faults").json() == {"removed": 1}
    assert sim_shared.send("GET", sim_order).status_code == 200


def test_wrong_urls_and_verbs_use_up_no_fault(sim_shared: Nexus) -> None:
    for on in ("read", "write", "login"):
        sim_shared.fault(kind="reset", on=on)

    assert sim_shared.http.get("/seiapi/v3/trans/WorkOrder").status_code == 404
    assert sim_shared.http.request("OPTIONS", "/seiapi/v3/trans/WorkOrder/1214").status_code == 405
    assert sim_shared.http.get("/createjwt").status_code == 405

    assert [fault["count"] for fault in sim_shared.http.get("/_sim/faults").json()["faults"]] == [1, 1, 1]


def test_a_fault_that_makes_no_sense_is_refused_with_the_kinds_there_are(sim_shared: Nexus) -> None:
    answer = sim_shared.http.post("/_sim/faults", json={"kind": "rate_limited"})

    assert (answer.status_code, answer.json()["field"]) == (422, "kind")
    assert json.loads(answer.content)["error"].startswith(
        "kind must be one of latency, refuse, http_500, html, reset, truncate, lost_answer, late_effect, token_expired, "
        "hang, strip_override"
    )


def test_a_server_that_stops_drops_what_faults_hold() -> None:
    with running() as nexus:
        nexus.fault(kind="hang")
        nexus.fault(kind="late_effect", delay_s=30)
        with pytest.raises(TimeoutError):
            nexus.bare("PATCH", "1214", on_site("1214"), wait_s=0.1)
        assert nexus.bare("PATCH", "1214", on_site("1214")) == b""
        started = time.monotonic()

    assert time.monotonic() - started < 3
    with pytest.raises(httpx.ConnectError):
        httpx.get(nexus.url)
