"""The simulator's own calls under /_sim, and what a restart finds of its effects."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import Nexus, document, documented, ok, running
from tests.vendors.serving import served

START = document("example_1_initial")


@contextlib.contextmanager
def logged_in(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Nexus]]:
    """The simulator in a process of its own, logged in."""
    with served("nexusfs", folder) as (url, process):
        nexus = Nexus(url)
        with nexus.http:
            nexus.login()
            yield process, nexus


def test_the_record_is_the_vendors_own_as_json(sim_shared: Nexus, sim_order: str) -> None:
    for number in ("1214", sim_order):
        assert sim_shared.http.get(f"/_sim/orders/{number}").text == sim_shared.send("GET", number).text


def test_plain_orders_are_new_and_not_scheduled(sim_shared: Nexus) -> None:
    answer = sim_shared.http.post("/_sim/orders", json={"count": 1000, "first": 200000})

    assert (answer.status_code, answer.json()) == (201, {"first": 200000, "last": 200999, "count": 1000})
    assert sim_shared.record("200999") == {
        "Account": START["Account"],
        "DispatchStatus": 0,
        "Location": START["Location"],
        "OrderDate": "2016-02-19T20:44:15.498Z",
        "OrderNum": "200999",
        "OrderStatus": "1",
        "OrderType": "1001",
        "Priority": "1003",
    }
    assert sim_shared.effects("200999") == []
    assert sim_shared.new_order() == "201000"


def test_orders_are_not_put_over_others(sim_shared: Nexus) -> None:
    answer = sim_shared.http.post("/_sim/orders", json={"count": 2, "first": 1213})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "first must leave 2 free numbers: order 1214 exists", "field": "first"},
    )
    assert sim_shared.http.get("/_sim/orders/1213").status_code == 404


def test_effects_are_numbered_without_gaps_and_filtered_by_order(sim_nexus: Nexus) -> None:
    one, other = sim_nexus.new_order(), sim_nexus.new_order()
    for number in (one, other, one):
        ok(sim_nexus.send("PATCH", number, {"OrderNum": number, "User": "T7"}))

    assert [(effect["n"], effect["order"]) for effect in sim_nexus.effects()] == [(1, one), (2, other), (3, one)]
    assert [effect["n"] for effect in sim_nexus.effects(one)] == [1, 3]
    assert sim_nexus.http.get("/_sim/effects").json()["effects"][0]["at"] == "2026-11-22T09:30:00.250000Z"


def test_a_dispatcher_cancels_by_deleting_and_the_answer_is_the_last_record(sim_nexus: Nexus) -> None:
    assert sim_nexus.http.post("/_sim/orders/1214/cancel").json() == START

    assert sim_nexus.send("GET", "1214").status_code == 404
    assert sim_nexus.http.get("/_sim/orders/1214").status_code == 404
    assert sim_nexus.http.post("/_sim/orders/1214/cancel").status_code == 404
    assert sim_nexus.effects() == [
        {"n": 1, "order": "1214", "kind": "cancelled_by_client", "detail": {"DispatchStatus": 3, "notified": True}}
    ]


def test_a_dispatcher_sets_the_status_on_screen(sim_nexus: Nexus) -> None:
    answer = sim_nexus.http.post("/_sim/orders/1214/status", json={"OrderStatus": "4096"})

    assert (answer.status_code, answer.json()) == (200, START | {"OrderStatus": "4096"})
    assert sim_nexus.effects() == [
        {"n": 1, "order": "1214", "kind": "status_set_by_client", "detail": {"OrderStatus": "4096"}}
    ]


def test_a_dispatcher_edits_members_on_screen(sim_nexus: Nexus) -> None:
    edit: dict[str, Json] = {"Account": {"AccountNum": "1031"}, "Rules": {"IsOps": True}, "User": "T7"}

    answer = sim_nexus.http.post("/_sim/orders/1214/edit", json=edit)

    account: dict[str, Json] = {"AccountNum": "1031", "AccountType": "1001", "Name": "Peachtree Ltd."}
    assert answer.json() == START | edit | {"Account": account}
    assert sim_nexus.effects() == [{"n": 1, "order": "1214", "kind": "edited_by_client", "detail": edit}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/_sim/orders", b"[]", 400, "body"),
        ("POST", "/_sim/orders", b"{", 400, "body"),
        ("POST", "/_sim/orders", b'{"count": 0}', 422, "count"),
        ("POST", "/_sim/orders", b'{"first": -1}', 422, "first"),
        ("POST", "/_sim/orders", b'{"form": 1}', 422, "form"),
        ("POST", "/_sim/orders/1/cancel", b"", 404, "number"),
        ("GET", "/_sim/orders/x%00y", b"", 404, "number"),
        ("POST", "/_sim/orders/1214/delete", b"", 404, "action"),
        ("POST", "/_sim/orders/1214/cancel", b'{"why": 1}', 422, "why"),
        ("POST", "/_sim/orders/1214/status", b"", 422, "OrderStatus"),
        ("POST", "/_sim/orders/1214/status", b'{"OrderStatus": "2"}', 422, "OrderStatus"),
        ("POST", "/_sim/orders/1214/edit", b"", 422, "body"),
        ("POST", "/_sim/orders/1214/edit", b'{"OrderNum": "1215"}', 422, "OrderNum"),
        ("POST", "/_sim/orders/1214/edit", b'{"Account": {"AccountNum": "1"}}', 422, "Account.AccountNum"),
        ("POST", "/_sim/orders/1214/edit", b'{"Rules": {"No": 1}}', 422, "Rules.No"),
        ("POST", "/_sim/settings", b'{"token_life_s": "long"}', 422, "token_life_s"),
        ("POST", "/_sim/settings", b'{"absent_status": 409}', 422, "absent_status"),
        ("POST", "/_sim/settings", b'{"absent": 404}', 422, "absent"),
        ("GET", "/_sim/effects?oder=1", b"", 422, "oder"),
        ("DELETE", "/_sim/effects", b"", 404, "path"),
    ],
)
def test_a_wrong_call_is_a_4xx_that_names_the_field(
    sim_shared: Nexus, method: str, path: str, body: bytes, status: int, field: str
) -> None:
    answer = sim_shared.http.request(method, path, content=body)

    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_calls_on_one_order_at_once_are_made_one_after_the_other(sim_shared: Nexus, sim_order: str) -> None:
    def add(number: int) -> None:
        ok(sim_shared.send("PATCH", sim_order, {"OrderNum": sim_order, "Assets": [{"AssetNum": str(number)}]}))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(add, range(20)))

    assets = sim_shared.record(sim_order)["Assets"]
    assert isinstance(assets, list)
    assert len(assets) == len(sim_shared.kinds(sim_order)) == 20


def every_change(nexus: Nexus) -> list[str]:
    """Makes an effect of every kind; the numbers of the orders concerned."""
    one, other = nexus.new_order(), nexus.new_order()
    ok(nexus.send("PUT", "1214", documented("example_5_initial")))
    ok(nexus.send("PATCH", "1214", documented("example_6_request")))
    ok(nexus.send("PATCH", "1214", {"OrderNum": "1214", "OrderStatus": "7", "_fields": ["Rules"]}))
    ok(
        nexus.send(
            "POST", one, {"OrderNum": one, "_fields": ["Rules"], "Account": {"AccountNum": "1031"}, "User": "ü€"}
        )
    )
    assert nexus.send("PUT", "NEW-1", START | {"OrderNum": "NEW-1"}).status_code == 201
    ok(nexus.send("DELETE", "NEW-1"))
    nexus.http.post(f"/_sim/orders/{one}/status", json={"OrderStatus": "8"}).raise_for_status()
    nexus.http.post(f"/_sim/orders/{one}/edit", json={"Location": {"LocationNum": "1032"}}).raise_for_status()
    nexus.http.post(f"/_sim/orders/{other}/cancel").raise_for_status()
    return ["1214", one, other, "NEW-1"]


def test_a_restart_finds_orders_and_effects_again(tmp_path: Path) -> None:
    with running(tmp_path) as nexus:
        numbers = every_change(nexus)
        effects, records = nexus.effects(), [nexus.send("GET", number).text for number in numbers]

    assert [effect["kind"] for effect in effects] == [
        "replaced", "updated", "status_change", "dropped_member", "replaced", "created", "deleted",
        "status_set_by_client", "edited_by_client", "cancelled_by_client",
    ]  # fmt: skip
    with running(tmp_path) as nexus:
        assert (nexus.effects(), [nexus.send("GET", number).text for number in numbers]) == (effects, records)
        assert nexus.new_order() == "1217"
        ok(nexus.send("PATCH", "1214", {"OrderNum": "1214", "User": "T7"}))
        assert [effect["n"] for effect in nexus.effects()] == list(range(1, 12))


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (process, nexus):
        numbers = every_change(nexus)
        effects, records = nexus.effects(), [nexus.send("GET", number).text for number in numbers]
        process.kill()

    with running(tmp_path) as nexus:
        assert (nexus.effects(), [nexus.send("GET", number).text for number in numbers]) == (effects, records)


def test_a_line_that_a_kill_cut_short_is_taken_off(tmp_path: Path) -> None:
    with running(tmp_path) as nexus:
        ok(nexus.send("PATCH", "1214", documented("example_1_request")))
    journal = tmp_path / "effects.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"effect": {"n": 2, "or')

    with running(tmp_path) as nexus:
        assert nexus.record() == document("example_1_result")
        ok(nexus.send("DELETE", "1214"))
    with running(tmp_path) as nexus:
        assert nexus.kinds() == ["updated", "deleted"]


@pytest.mark.parametrize(
    "line",
    [
        '{"effect": {"n": 1, "order": "1214", "kind": "created", "detail": {}, "at": "2026-11-22T09:00:00Z"}}',
        '{"effect": {"n": 1, "order": "4711", "kind": "updated", "detail": {}, "at": "2026-11-22T09:00:00Z"}}',
        '{"effect": {"n": 1, "order": "1214", "kind": "moved", "detail": {}, "at": "2026-11-22T09:00:00Z"}}',
    ],
)
def test_a_journal_that_does_not_fit_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "effects.jsonl").write_text(line + "\n")

    with pytest.raises(ValueError, match="effect 1 does not fit this simulator's orders"), running(tmp_path):
        pass


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_on_a_signal(tmp_path: Path, sent: signal.Signals) -> None:
    with logged_in(tmp_path) as (process, nexus):
        process.send_signal(sent)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, "over\n", "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(nexus.url)
