"""The simulator's own calls under /_sim, and what a restart or a kill leaves of its effects."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import OPERATION1, ORDER, Fsm, new, running
from tests.vendors.serving import served

ADDRESS: Json = {"street": "Via Roma", "apartament": "4"}


@contextlib.contextmanager
def process_on(folder: Path) -> Iterator[tuple[Fsm, subprocess.Popen[str]]]:
    """The simulator in a process of its own, ready."""
    with served("overit", folder) as (url, process):
        fsm = Fsm(url)
        with fsm.http:
            yield fsm, process


def written(fsm: Fsm) -> str:
    """Writes one effect of each kind, and returns the order that was added for it."""
    order = fsm.new_order()
    noted: dict[str, Json] = {"notes": "Schlüssel – 5 €", "extension": {"a": [1]}}
    assert fsm.patch(noted, [new(OPERATION1, description="d")]).status_code == 204
    assert fsm.patch(operations=[new(2, code="two", activityAddress=ADDRESS)]).status_code == 204
    assert fsm.patch({"aggregateCardinalityCode": "c", "appointmentStartDate": "2023-11-20T10:00:00+02:00"}).is_success
    assert fsm.cancel(operations=[{"code": "two"}]).is_success
    assert fsm.cancel("WO00224").is_success
    fsm.http.post("/_sim/orders/WO00100/cancel").raise_for_status()
    fsm.http.post(f"/_sim/orders/{order}/status", json={"statusCode": "IN_CHARGE"}).raise_for_status()
    return order


KINDS = [
    "updated", "operations_updated", "addresses_created", "operations_created", "dropped_member", "updated",
    "operations_cancelled", "status_change", "cancelled_by_client", "status_set_by_client",
]  # fmt: skip


def state(fsm: Fsm, *orders: str) -> Json:
    records: list[Json] = [fsm.record(order) for order in (ORDER, "WO00224", "WO00100", *orders)]
    return [fsm.http.get("/_sim/effects").json()["effects"], records]


def test_plain_orders_are_open_and_DISTINCT_with_one_operation(sim_fsm: Fsm) -> None:
    answer = sim_fsm.http.post("/_sim/orders", json={"count": 1000, "first": 200000})

    assert (answer.status_code, answer.json()) == (201, {"first": 200000, "last": 200999, "count": 1000})
    last = sim_fsm.record("200999")
    assert {name: last[name] for name in ("id", "code", "externalCode", "statusCode", "operationsAssignment")} == {
        "id": 200999,
        "code": "200999",
        "externalCode": "EXT-200999",
        "statusCode": "OPEN",
        "operationsAssignment": "DISTINCT",
    }
    assert [one["code"] for one in sim_fsm.operations("200999")] == ["operation1"]
    assert sim_fsm.effects() == []
    assert sim_fsm.patch({"notes": "n"}, [new(1, description="d"), new(2)], order="200998").status_code == 204
    assert sim_fsm.record("200999") == last


def test_the_next_number_is_above_every_orders_id(sim_fsm: Fsm) -> None:
    assert [sim_fsm.new_order() for _ in range(2)] == ["225", "226"]


def test_orders_are_not_put_over_others(sim_fsm: Fsm) -> None:
    answer = sim_fsm.http.post("/_sim/orders", json={"count": 2, "first": 222})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "first must leave 2 free numbers: order 223 exists", "field": "first"},
    )
    assert sim_fsm.http.get("/_sim/orders/222").status_code == 404


def test_effects_are_numbered_without_gaps_and_filtered_by_order() -> None:
    with running(clock=lambda: datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC)) as fsm:
        for order in (ORDER, "WO00224", ORDER):
            assert fsm.patch({"notes": "n"}, order=order).status_code == 204

        assert [(one["n"], one["order"]) for one in fsm.effects()] == [(1, ORDER), (2, "WO00224"), (3, ORDER)]
        assert [one["n"] for one in fsm.effects(ORDER)] == [1, 3]
        assert fsm.http.get("/_sim/effects").json()["effects"][0]["at"] == "2026-11-22T09:30:00.250000Z"
        assert fsm.effects("WO9") == []


def test_a_client_user_cancels_an_order_on_screen(sim_fsm: Fsm) -> None:
    record = sim_fsm.http.post(f"/_sim/orders/{ORDER}/cancel").json()

    assert (record["statusCode"], record["operations"][0]["statusCode"]) == ("CANCELLED", "CANCELLED")
    assert sim_fsm.effects() == [
        {"n": 1, "order": ORDER, "kind": "cancelled_by_client", "detail": {"statusCode": "CANCELLED"}}
    ]
    again = sim_fsm.http.post(f"/_sim/orders/{ORDER}/cancel")
    assert (again.status_code, again.json()) == (
        409,
        {"error": "number cannot be cancelled in status CANCELLED", "field": "number"},
    )


def test_a_client_user_sets_any_status_on_screen(sim_fsm: Fsm) -> None:
    for status in ("CANCELLED", "CLOSED", "OPEN"):
        moved = sim_fsm.http.post(f"/_sim/orders/{ORDER}/status", json={"statusCode": status})
        assert moved.json()["statusCode"] == status

    assert sim_fsm.kinds() == ["status_set_by_client"] * 3


def test_settings_are_changed_one_by_one_and_returned_whole(sim_fsm: Fsm) -> None:
    def settings(**body: Json) -> Json:
        changed: Json = sim_fsm.http.post("/_sim/settings", json=body).json()
        return changed

    assert settings() == {"double_location": True, "success": 204, "fail_step": None}
    assert settings(success=200) == {"double_location": True, "success": 200, "fail_step": None}
    assert settings(double_location=False) == {"double_location": False, "success": 200, "fail_step": None}
    assert settings(fail_step=12) == {"double_location": False, "success": 200, "fail_step": 12}
    assert settings(success=204) == {"double_location": False, "success": 204, "fail_step": 12}
    assert settings(fail_step=None) == {"double_location": False, "success": 204, "fail_step": None}


def test_a_success_is_204_without_a_body_or_200_with_an_empty_object(sim_fsm: Fsm) -> None:
    assert (answer := sim_fsm.patch({"notes": "n"})).status_code == 204
    assert answer.content == b""
    sim_fsm.set(success=200)
    assert (answer := sim_fsm.patch({"notes": "n"})).status_code == 200
    assert (answer.json(), answer.headers["content-type"]) == ({}, "application/json")
    assert sim_fsm.cancel().json() == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/_sim/orders", b"[]", 400, "body"),
        ("POST", "/_sim/orders", b'{"count": "5"}', 422, "count"),
        ("POST", "/_sim/orders/1/cancel", b"", 404, "number"),
        ("GET", "/_sim/orders/x%00y", b"", 404, "number"),
        ("GET", "/_sim/orders/223", b"", 404, "number"),
        ("POST", "/_sim/orders/WO00223/delete", b"", 404, "action"),
        ("POST", "/_sim/orders/WO00223/cancel", b'{"why": 1}', 422, "why"),
        ("POST", "/_sim/orders/WO00223/status", b"", 422, "statusCode"),
        ("POST", "/_sim/orders/WO00223/status", b'{"statusCode": "open"}', 422, "statusCode"),
        ("POST", "/_sim/orders/WO00223/status", b'{"statusCode": 1}', 422, "statusCode"),
        ("POST", "/_sim/settings", b'{"double_location": "yes"}', 422, "double_location"),
        ("POST", "/_sim/settings", b'{"success": 201}', 422, "success"),
        ("POST", "/_sim/settings", b'{"fail_step": 10}', 422, "fail_step"),
        ("POST", "/_sim/settings", b'{"fail_step": "9"}', 422, "fail_step"),
        ("POST", "/_sim/settings", b'{"token_life_s": 1}', 422, "token_life_s"),
        ("GET", "/_sim/effects?oder=1", b"", 422, "oder"),
        ("DELETE", "/_sim/effects", b"", 404, "path"),
    ],
)
def test_a_wrong_call_is_a_4xx_that_names_the_field(
    sim_shared_fsm: Fsm, method: str, path: str, body: bytes, status: int, field: str
) -> None:
    answer = sim_shared_fsm.http.request(method, path, content=body)

    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_calls_on_one_order_at_once_are_made_one_after_the_other(sim_fsm: Fsm) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: sim_fsm.patch(operations=[new(2, code="two")]), range(20)))

    assert [answer.status_code for answer in answers] == [204] * 20
    assert sim_fsm.kinds() == ["operations_created"] + ["operations_updated"] * 19


def test_a_restart_finds_orders_states_and_effects_again(tmp_path: Path) -> None:
    with running(tmp_path) as fsm:
        order = written(fsm)
        before = state(fsm, order)
        assert [one["kind"] for one in fsm.effects()] == KINDS

    with running(tmp_path) as fsm:
        assert state(fsm, order) == before
        assert fsm.patch(operations=[new(9)]).status_code == 204
        assert fsm.operations()[-1]["id"] == 5
        assert fsm.new_order() == "226"


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with process_on(tmp_path) as (fsm, process):
        order = written(fsm)
        before = state(fsm, order)
        process.kill()

    with running(tmp_path) as fsm:
        assert state(fsm, order) == before


def test_a_line_that_a_kill_cut_short_is_taken_off_and_the_steps_before_it_stay(tmp_path: Path) -> None:
    with running(tmp_path) as fsm:
        fsm.patch({"notes": "stays"}, [new(2)])
    journal = tmp_path / "effects.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])

    with running(tmp_path) as fsm:
        assert (fsm.record()["notes"], len(fsm.operations()), fsm.kinds()) == ("stays", 1, ["updated"])


@pytest.mark.parametrize(
    "line",
    [
        '{"effect": 5}',
        '{"effect": {"n": 1, "order": "WO9", "kind": "updated", "detail": {}, "at": "2026-11-22T09:00:00Z"}}',
        '{"effect": {"n": 1, "order": "WO00223", "kind": "moved", "detail": {}, "at": "2026-11-22T09:00:00Z"}}',
    ],
)
def test_a_journal_that_is_not_this_simulators_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "effects.jsonl").write_text(line + "\n")

    with pytest.raises(ValueError, match=r"line 1|effect 1"), running(tmp_path):
        pass


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_on_a_signal(tmp_path: Path, sent: signal.Signals) -> None:
    with process_on(tmp_path) as (fsm, process):
        assert httpx.get(f"{fsm.url}/work-orders/r1/work-orders?code=WO00223").status_code == 400
        process.send_signal(sent)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, "over\n", "")
