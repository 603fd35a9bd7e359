"""The simulator's own calls under /_sim, and what a restart finds of its effects."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.serving import served
from tests.vendors.unit4_erpx.simulator_requests import (
    B0,
    C0,
    C1,
    MINIMUM,
    PATCH_OF_THE_WHOLE,
    RECORD_123,
    Erp,
    Watch,
    running,
)


def test_the_seeded_order_is_the_documents_sample_with_the_vendors_defaults(sim_fresh: Erp) -> None:
    assert sim_fresh.record("123") == RECORD_123
    assert sim_fresh.effects() == []
    assert sim_fresh.http.get("/_sim/orders/123@COMP2").status_code == 404


def test_plain_orders_are_open_and_like_the_sample(sim_fresh: Erp) -> None:
    answer = sim_fresh.http.post("/_sim/orders", json={"count": 1000, "first": 200000})

    assert (answer.status_code, answer.json()) == (201, {"first": 200000, "last": 200999, "count": 1000})
    assert sim_fresh.record("200999") == RECORD_123 | {"workOrderId": "200999"}
    assert sim_fresh.call("GET", "/v1/work-orders/200000").json() == RECORD_123 | {"workOrderId": "200000"}
    assert sim_fresh.effects() == []
    assert sim_fresh.new_order() == "201000"
    assert sim_fresh.http.post("/_sim/orders", json={}).json()["first"] == 201001


def test_plain_orders_change_one_by_one(sim_fresh: Erp) -> None:
    sim_fresh.http.post("/_sim/orders", json={"count": 2, "first": 500}).raise_for_status()

    sim_fresh.patch("500", [{"path": "/relatedValues/0/relatedValue", "op": "Replace", "value": "7"}])

    assert sim_fresh.record("500")["relatedValues"] == [C1 | {"relatedValue": "7"}, B0, C0]
    assert sim_fresh.record("501") == RECORD_123 | {"workOrderId": "501"}
    assert sim_fresh.record("123") == RECORD_123


def test_orders_are_not_put_over_others(sim_fresh: Erp) -> None:
    answer = sim_fresh.http.post("/_sim/orders", json={"count": 2, "first": 122})

    assert (answer.status_code, answer.json()["field"]) == (409, "first")
    assert sim_fresh.http.get("/_sim/orders/122").status_code == 404


def test_effects_are_numbered_without_gaps_and_filtered_by_order() -> None:
    with running(clock=Watch(datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC))) as erp:
        one, other = erp.new_order(), erp.new_order()
        erp.call("DELETE", f"/v1/work-orders/{one}")

        assert [(effect["n"], effect["order"]) for effect in erp.effects()] == [(1, one), (2, other), (3, one)]
        assert [effect["n"] for effect in erp.effects(one)] == [1, 3]
        assert erp.http.get("/_sim/effects").json()["effects"][0]["at"] == "2026-11-22T09:30:00.250000Z"
        assert erp.effects("4711") == []


def test_a_client_user_cancels_an_order_on_screen(sim_fresh: Erp) -> None:
    record = sim_fresh.http.post("/_sim/orders/123/cancel").json()

    assert record == RECORD_123 | {"status": "T"}
    detail: Json = {"companyId": "COMP1", "workOrderId": "123", "status": "T"}
    assert sim_fresh.effects() == [{"n": 1, "order": "123", "kind": "cancelled_by_client", "detail": detail}]
    assert sim_fresh.http.post("/_sim/orders/123/cancel").status_code == 409


def test_a_client_user_sets_a_status_on_screen(sim_fresh: Erp) -> None:
    record = sim_fresh.http.post("/_sim/orders/123/status", json={"status": "P"}).json()

    assert record == RECORD_123 | {"status": "P"}
    assert sim_fresh.kinds("123") == ["status_set_by_client"]


def test_a_related_value_added_on_screen_moves_the_others(sim_fresh: Erp) -> None:
    added: Json = {"relationId": "C1", "relatedValue": "9", "dateFrom": "2026-01-01", "dateTo": "2026-12-31"}

    record = sim_fresh.http.post("/_sim/orders/123/related_value", json=added).json()

    assert record == RECORD_123 | {"relatedValues": [added, C1, B0, C0]}
    assert sim_fresh.details("123") == [{"companyId": "COMP1", "workOrderId": "123", "relatedValue": added}]


def test_settings_are_told_as_they_stand(sim_fresh: Erp) -> None:
    usual: dict[str, Json] = {
        "token_life_s": 3600,
        "patch_answers": True,
        "deprecation": None,
        "sunset": None,
        "calls_per_minute": None,
        "number_series_relation": None,
    }
    changed: dict[str, Json] = {"token_life_s": 5, "patch_answers": False, "sunset": "soon", "calls_per_minute": 9}

    assert sim_fresh.settings() == usual
    assert sim_fresh.settings(**changed) == usual | changed
    assert sim_fresh.settings(sunset=None, calls_per_minute=None, token_life_s=None) == usual | {
        "token_life_s": 5,
        "patch_answers": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/_sim/orders", b"[]", 400, "body"),
        ("POST", "/_sim/orders", b'{"count": 0}', 422, "count"),
        ("POST", "/_sim/orders/1/cancel", b"", 404, "number"),
        ("POST", "/_sim/orders/123/cancel", b'{"why": 1}', 422, "why"),
        ("POST", "/_sim/orders/123/close", b"", 404, "action"),
        ("POST", "/_sim/orders/123/status", b"", 422, "status"),
        ("POST", "/_sim/orders/123/status", b'{"status": "X"}', 422, "status"),
        ("POST", "/_sim/orders/123/status", b'{"status": ["P"]}', 422, "status"),
        ("POST", "/_sim/orders/123/related_value", b'{"relationId": "Z9"}', 422, "related_value"),
        ("POST", "/_sim/orders/123/related_value", b'{"relation": "C1"}', 422, "relation"),
        ("POST", "/_sim/settings", b'{"token_life_s": "long"}', 422, "token_life_s"),
        ("POST", "/_sim/settings", b'{"patch_answers": 0}', 422, "patch_answers"),
        ("POST", "/_sim/settings", b'{"deprecation": "a\\r\\nb: c"}', 422, "deprecation"),
        ("POST", "/_sim/settings", b'{"sunset": ""}', 422, "sunset"),
        ("POST", "/_sim/settings", b'{"calls_per_minute": 0}', 422, "calls_per_minute"),
        ("POST", "/_sim/settings", b'{"number_series_relation": "Z9"}', 422, "number_series_relation"),
        ("GET", "/_sim/effects?oder=1", b"", 422, "oder"),
        ("DELETE", "/_sim/effects", b"", 404, "path"),
    ],
)
def test_a_wrong_call_is_a_4xx_that_names_the_field(
    sim_fresh: Erp, method: str, path: str, body: bytes, status: int, field: str
) -> None:
    answer = sim_fresh.http.request(method, path, content=body)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert (sim_fresh.record("123"), sim_fresh.effects()) == (RECORD_123, [])


def test_calls_at_once_are_made_one_after_the_other(sim_fresh: Erp) -> None:
    sim_fresh.token()

    with ThreadPoolExecutor(20) as pool:
        same = list(pool.map(lambda _: sim_fresh.post(MINIMUM | {"workOrderId": "777"}).status_code, range(20)))
        numbered = list(pool.map(lambda _: sim_fresh.new_order(), range(20)))

    assert sorted(same) == [201, *[422] * 19]
    assert len(set(numbered)) == 20


def changed(erp: Erp) -> list[str]:
    """Makes an effect of every kind; the orders that were changed."""
    erp.http.post("/_sim/orders", json={"first": 300}).raise_for_status()
    erp.post(MINIMUM | {"companyId": "COMP2", "workOrderId": "123", "colour": "red"}).raise_for_status()
    number = erp.new_order(workOrderName="Pumpe – 5 €", customerInformation={"customerId": "CUST1"})
    erp.patch(number, PATCH_OF_THE_WHOLE).raise_for_status()
    erp.patch("300", [{"op": "Add", "path": "/relatedValues/-", "value": {"relationId": "C1", "relatedValue": "2"}}])
    erp.call("DELETE", "/v1/work-orders/123?companyId=COMP2").raise_for_status()
    erp.http.post("/_sim/orders/123/cancel").raise_for_status()
    erp.http.post(f"/_sim/orders/{number}/status", json={"status": "P"}).raise_for_status()
    erp.http.post("/_sim/orders/300/related_value", json={"relationId": "C1", "relatedValue": "3"}).raise_for_status()
    return ["123", "300", number, "123@COMP2"]


def test_a_restart_finds_orders_and_effects_again(tmp_path: Path) -> None:
    with running(tmp_path) as erp:
        numbers = changed(erp)
        effects, records = erp.effects(), [erp.record(number) for number in numbers]

    with running(tmp_path) as erp:
        assert (erp.effects(), [erp.record(number) for number in numbers]) == (effects, records)
        assert erp.new_order() == "302"
        assert [effect["n"] for effect in erp.effects()] == list(range(1, 11))
    assert [effect["kind"] for effect in effects] == [
        "dropped_member", "created", "created", "status_change", "updated", "closed",
        "cancelled_by_client", "status_set_by_client", "related_value_added_by_client",
    ]  # fmt: skip


def test_an_effect_of_an_order_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "effects.jsonl").write_text(
        '{"effect": {"n": 1, "order": "9", "kind": "closed", "at": "2026-11-22T09:00:00Z", '
        '"detail": {"companyId": "COMP1", "workOrderId": "9", "status": "C"}}}\n'
    )

    with pytest.raises(ValueError, match="effect 1 does not fit"), running(tmp_path):
        pass


@pytest.mark.parametrize(("sent", "code", "out"), [(signal.SIGTERM, 0, "over\n"), (signal.SIGKILL, -9, "")])
def test_what_was_answered_survives_the_servers_end(tmp_path: Path, sent: signal.Signals, code: int, out: str) -> None:
    with served("unit4_erpx", tmp_path) as (url, process):
        erp = Erp(url)
        with erp.http:
            numbers = changed(erp)
            records = [erp.record(number) for number in numbers]
        process.send_signal(sent)
        ended = process.communicate(timeout=10)

    assert (process.returncode, ended) == (code, (out, ""))
    with running(tmp_path) as erp:
        assert [erp.record(number) for number in numbers] == records


def test_a_server_that_stops_drops_what_faults_hold() -> None:
    with running() as erp:
        erp.fault(kind="hang")
        with pytest.raises(httpx.ReadTimeout):
            httpx.delete(
                f"{erp.url}/v1/work-orders/123", headers={"Authorization": f"Bearer {erp.token()}"}, timeout=0.2
            )
        started = time.monotonic()

    assert time.monotonic() - started < 3
