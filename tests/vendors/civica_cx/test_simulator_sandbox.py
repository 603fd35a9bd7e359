"""The simulator's own calls under /_sim, and what a restart finds of its effects."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.vendors.civica_cx.simulator_requests import Cx, Watch, refusal, running
from tests.vendors.serving import served


@pytest.fixture
def cx() -> Iterator[Cx]:
    with running() as cx:
        yield cx


def test_the_record_is_the_vendors_own_as_json(cx: Cx) -> None:
    assert cx.record(113434) == {
        "AddressLine1": "9 Teasel Drive",
        "AddressLine2": "Heron Road",
        "AddressLine3": "Westbury",
        "AddressLine4": "Riverside",
        "AppointmentEnd": "2022-10-06T17:00:00",
        "AppointmentStart": "2022-10-06T13:00:00",
        "CompletedDate": None,
        "ContractorName": "Ohm Sweet Ohm Electrics Ltd",
        "Description": "Smoke alarm bleeps & will not reset",
        "IsLate": False,
        "IssuedDate": "2022-10-06T08:00:00",
        "Notes": None,
        "PostCode": "RV4 2QZ",
        "PriorityCode": "R1",
        "PropertyReference": "TEA0009",
        "RaisedDate": "2022-10-06T07:58:00",
        "RepairMasterStatusCode": "Work In Progress",
        "RepairStatusCode": "Received",
        "RepairStatusCodeId": 8,
        "StatusDate": "2022-10-06T08:05:00",
        "StatusReasonId": None,
        "TargetDate": "2049-12-31T17:00:00",
        "TradeCode": "ELEC",
        "WorkOrderId": 113434,
        "WorkOrderReference": "WO113434",
        "WorkOrderUid": "8c7d6e5f-4a3b-4c2d-9e1f-0a1b2c3d4007",
    }
    assert cx.record(113434) == cx.http.get("/_sim/orders/WO113434").json()


def test_plain_orders_are_issued_not_late_and_always_the_same(cx: Cx) -> None:
    answer = cx.http.post("/_sim/orders", json={"count": 1000, "first": 200000})

    assert (answer.status_code, answer.json()) == (201, {"first": 200000, "last": 200999, "count": 1000})
    last = cx.record(200999)
    assert (last["RepairMasterStatusCode"], last["IsLate"]) == ("Issued", False)
    assert last["WorkOrderUid"] == "9721addd-9bb5-55c0-8973-45f8667743e1"
    assert cx.effects() == []


def test_orders_are_not_put_over_others(cx: Cx) -> None:
    answer = cx.http.post("/_sim/orders", json={"count": 2, "first": 113426})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "first must leave 2 free numbers: order 113427 exists", "field": "first"},
    )
    assert cx.http.get("/_sim/orders/113426").status_code == 404


def test_effects_are_numbered_without_gaps_and_filtered_by_order() -> None:
    with running(clock=Watch(datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC))) as cx:
        one, other = cx.order_with(11), cx.order_with(11)
        cx.update(one, StatusCodeId=12)

        assert [(effect["n"], effect["order"]) for effect in cx.effects()] == [
            (1, str(one.number)),
            (2, str(other.number)),
            (3, str(one.number)),
        ]
        assert [effect["n"] for effect in cx.effects(one.number)] == [1, 3]
        assert cx.http.get("/_sim/effects").json()["effects"][0]["at"] == "2026-11-22T09:30:00.250000Z"
        assert cx.effects(4711) == []


def test_a_client_user_cancels_an_order_on_screen() -> None:
    with running(clock=Watch(datetime(2026, 7, 1, 9, 30, tzinfo=UTC))) as cx:
        record = cx.http.post("/_sim/orders/113427/cancel").json()

        assert (record["RepairStatusCode"], record["StatusDate"]) == ("Cancelled", "2026-07-01T10:30:00")
        assert cx.effects() == [
            {
                "n": 1,
                "order": "113427",
                "kind": "cancelled_by_client",
                "detail": {"StatusCodeId": 18, "StatusDate": "2026-07-01T10:30:00"},
            }
        ]
        assert cx.http.post("/_sim/orders/113427/cancel").status_code == 409


def test_a_client_user_moves_an_order_on_screen_by_the_same_workflow(cx: Cx) -> None:
    moved = cx.http.post("/_sim/orders/113427/status", json={"StatusCodeId": 4})

    assert moved.json()["RepairStatusCode"] == "On Hold"
    assert cx.kinds(113427) == ["status_set_by_client"]
    refused = cx.http.post("/_sim/orders/113427/status", json={"StatusCodeId": 7})
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "error": "StatusCodeId cannot be set: A works order cannot be moved from On Hold to Varied.",
            "field": "StatusCodeId",
        },
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/_sim/orders", b"[]", 400, "body"),
        ("POST", "/_sim/orders", b"{", 400, "body"),
        ("POST", "/_sim/orders", b'{"count": 0}', 422, "count"),
        ("POST", "/_sim/orders", b'{"count": "5"}', 422, "count"),
        ("POST", "/_sim/orders", b'{"first": -1}', 422, "first"),
        ("POST", "/_sim/orders", b'{"form": 1}', 422, "form"),
        ("POST", "/_sim/orders/1/cancel", b"", 404, "number"),
        ("GET", "/_sim/orders/x%00y", b"", 404, "number"),
        ("POST", "/_sim/orders/113427/delete", b"", 404, "action"),
        ("POST", "/_sim/orders/113427/status", b"", 422, "StatusCodeId"),
        ("POST", "/_sim/settings", b'{"token_life_s": "long"}', 422, "token_life_s"),
        ("GET", "/_sim/effects?oder=1", b"", 422, "oder"),
        ("DELETE", "/_sim/effects", b"", 404, "path"),
    ],
)
def test_a_wrong_call_is_a_4xx_that_names_the_field(
    cx: Cx, method: str, path: str, body: bytes, status: int, field: str
) -> None:
    answer = cx.http.request(method, path, content=body)

    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_calls_on_one_order_at_once_are_made_one_after_the_other(cx: Cx) -> None:
    order, token = cx.new_order(), cx.login()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: cx.update(order, Token=token), range(20)))

    assert sum(refusal(answer) is None for answer in answers) == 1
    assert cx.kinds(order.number) == ["status_change"]


def test_a_restart_finds_orders_states_and_effects_again(tmp_path: Path) -> None:
    with running(tmp_path) as cx:
        order = cx.order_with(11)
        cx.update(order, StatusCodeId=17, StatusDate="2022-10-07T09:00:00", StatusReasonId=31, Comments="Fertig – 5 €")
        cx.http.post("/_sim/orders/113429/cancel").raise_for_status()
        effects, records = cx.effects(), [cx.record(order.number), cx.record(113429)]

    with running(tmp_path) as cx:
        assert (cx.effects(), [cx.record(order.number), cx.record(113429)]) == (effects, records)
        assert refusal(cx.update(order, StatusCodeId=19)) is None
        assert [effect["n"] for effect in cx.effects()] == [1, 2, 3, 4]


def test_a_line_that_a_kill_cut_short_is_taken_off(tmp_path: Path) -> None:
    with running(tmp_path) as cx:
        order = cx.order_with(11)
    journal = tmp_path / "effects.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"effect": {"n": 2, "or')

    with running(tmp_path) as cx:
        assert cx.kinds(order.number) == ["status_change"]
        cx.update(order, StatusCodeId=12)
    with running(tmp_path) as cx:
        assert [effect["n"] for effect in cx.effects()] == [1, 2]


def test_a_journal_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "effects.jsonl").write_text(
        '{"orders": {"first": 1, "count": 1, "at": "2026-11-22T09:00:00Z"}}\n{"effect": 5}\n'
    )

    with pytest.raises(ValueError, match=r"effects\.jsonl, line 2"), running(tmp_path):
        pass


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_on_a_signal(tmp_path: Path, sent: signal.Signals) -> None:
    with served("civica_cx", tmp_path) as (url, process):
        assert httpx.get(f"{url}/cx/webservice/wstokenservice").status_code == 200
        process.send_signal(sent)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, "over\n", "")
