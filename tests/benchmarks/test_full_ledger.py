"""A ledger that was filled in bulk is one that the product itself might have written, and works on like its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.holds import Hold
from app.domain.operations import FINAL, State
from app.domain.times import SECOND, now_micros
from app.ledger import feed, holds, operation_lists, orders, stories
from app.ledger.open import open_store
from benchmarks.lab import Lab
from benchmarks.ledger.calls import ListCall, Lists, Places
from benchmarks.ledger.capture import captured
from benchmarks.ledger.fill import main
from benchmarks.ledger.loading import NotFillable, load
from benchmarks.ledger.past import FIRST_ENDED, STOPPED, Caller, Past, Size
from benchmarks.ledger.pattern import StepPattern, cut, steps
from tests.chaos import evidence
from tests.chaos.checker import Indexed, events_agree, everything_ends
from tests.chaos.history import History
from tests.gateway import CX, site

ONE = (Caller(tenant="acme", client="tester", share=1),)
SIZE = Size(operations=400, orders=40, open_orders=12, resolved=30, old=100)
FREE = Size(operations=240, orders=24, open_orders=12, backends={"civica-cx": 1}, callers=ONE, resolved=20)
INVARIANTS = {
    "places of an order without gaps": "SELECT backend, work_order FROM operation GROUP BY 1, 2"
    " HAVING count(*) <> max(seq) OR min(seq) <> 1",
    "places given out": "SELECT number FROM work_order w WHERE last_seq <> (SELECT count(*) FROM operation o"
    " WHERE o.backend = w.backend AND o.work_order = w.number)",
    "writes that are open": "SELECT number FROM work_order w WHERE open_count <> (SELECT count(*) FROM operation o"
    " WHERE o.backend = w.backend AND o.work_order = w.number AND o.finished_at IS NULL)",
    "events told": "SELECT number FROM work_order w WHERE event_seq <> (SELECT count(*) FROM event e"
    " WHERE e.backend = w.backend AND e.work_order = w.number)",
    "orders of operations": "SELECT id FROM operation o WHERE NOT EXISTS (SELECT 1 FROM work_order w"
    " WHERE w.backend = o.backend AND w.number = o.work_order)",
    "a key for each": "SELECT id FROM operation o WHERE NOT EXISTS (SELECT 1 FROM idempotency_key k"
    " WHERE k.operation_id = o.id AND k.client_id = o.client_id AND k.created_at = o.accepted_at)",
    "ended when final": "SELECT id FROM operation WHERE (finished_at IS NULL) <> (state IN ('queued', 'held'))",
    "answered when final": "SELECT id FROM operation WHERE (finished_at IS NULL) <> (answer_body IS NULL)",
    "times in order": "SELECT a.id FROM event a JOIN event b ON b.id = a.id + 1 WHERE b.at < a.at",
    "holds of orders that are held": "SELECT number FROM work_order w WHERE held <> (SELECT count(*) FROM order_hold h"
    " WHERE h.id = w.blocked_by AND h.closed_at IS NULL)",
    "the code that the last write set": "SELECT number FROM work_order w JOIN operation o ON o.id = w.code_operation"
    " WHERE o.target_code <> w.code OR o.state <> 'applied' OR o.tenant <> w.code_tenant",
    "nobody at work": "SELECT number FROM work_order WHERE lease_until > 0 OR lease_owner IS NOT NULL OR ready_at IS NOT NULL",
}
"""Statements that find what should not be."""


async def fill(database: str, size: Size) -> None:
    past = Past(size, now=now_micros())
    await asyncio.to_thread(load, database, (rows for _, rows in past.batches()))


async def test_the_rows_keep_what_the_ledger_keeps(database: str) -> None:
    await fill(database, SIZE)
    found = await evidence.query(database, *INVARIANTS.values())
    assert dict(zip(INVARIANTS, found, strict=True)) == {name: [] for name in INVARIANTS}
    history = History(
        kept=await evidence.kept(database), holds=await evidence.holds(database), events=await evidence.events(database)
    )
    assert [*events_agree(Indexed(history)), *everything_ends(Indexed(history))] == []
    assert len(history.kept) == SIZE.operations
    assert await evidence.orders(database) == SIZE.orders
    states = Counter(one.state for one in history.kept)
    assert states["applied"] > 0.9 * SIZE.operations
    assert {"refused", "held"} <= set(states) <= {"applied", "refused", "held", "queued"}
    assert {one.closed is None for one in history.holds} == {True, False}


async def test_a_quarter_is_as_old_as_was_asked_for_and_the_rest_is_fresh(database: str) -> None:
    await fill(database, SIZE)
    edge = now_micros() - 7 * 86_400 * SECOND
    old = f"SELECT count(*) AS n FROM operation WHERE accepted_at < {edge}"
    older = f"SELECT count(*) AS n FROM operation WHERE accepted_at < {edge - 394 * 86_400 * SECOND}"
    late = f"SELECT count(*) AS n FROM operation WHERE accepted_at > {now_micros()}"
    counts = [rows[0]["n"] for rows in await evidence.query(database, old, older, late)]
    assert counts == [SIZE.old, SIZE.old, 0]


async def test_the_products_own_reads_understand_every_row(database: str, tmp_path: Path) -> None:
    await fill(database, SIZE)
    store = open_store(database, folder=tmp_path, owner=False)
    await store.open()
    try:
        backends = frozenset(SIZE.backends)
        mine = operation_lists.OperationFilter(tenant="bench", backends=backends)
        written = await store.read(operation_lists.list_operations(mine, most=1000))
        known = [
            one for name in sorted(backends) for one in await store.read(orders.list_orders(name, every(), most=1000))
        ]
        told = await store.read(feed.events(feed.EVERYONES, after=0, upto=10**9, most=10_000))
        stopped: list[Hold] = []
        for tenant in ("bench", "north", "south"):
            narrowed = holds.HoldFilter(tenant=tenant, backends=backends, open=True)
            stopped += await store.read(holds.list_holds(narrowed, most=1000))
        story = await store.read(stories.story("civica-cx", written[-1].work_order, tenant="bench", most=1000))
    finally:
        await store.close()
    assert len(known) == SIZE.orders
    assert [one.id for one in told] == list(range(1, len(told) + 1))
    assert {one.work_order for one in stopped} == {one.view.number for one in known if one.view.held}
    assert len(stopped) == sum(one.view.held for one in known) > 0
    assert all(one.result is not None for one in written if one.state is State.applied)
    assert all(one.problem is not None for one in written if one.state is State.refused)
    assert {one.state for one in written} - FINAL <= {State.held, State.queued}
    assert len(story) > 2


def every() -> orders.OrderFilter:
    return orders.OrderFilter()


async def test_updates_and_every_list_go_on_from_what_was_filled_in(cx_url: str, database: str, tmp_path: Path) -> None:
    await fill(database, FREE)
    async with site(CX, cx_url, database, tmp_path) as gateway:
        added = gateway.vendor.post("/_sim/orders", json={"first": FREE.first_open, "count": FREE.open_orders})
        assert added.status_code == 201
        for number in FREE.free("civica-cx"):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            answer = await gateway.update(str(number), {"status": "delayed", "occurred_at": now})
            assert answer.status_code == 201, answer.text
        listed = await gateway.api.get(f"{gateway.orders(str(number))}/status-updates")
        assert listed.json()["items"][0]["status"] == "delayed"
        places = Places(
            backend="civica-cx",
            small_backend="civica-cx",
            middle=now_micros() - FREE.span_s * SECOND // 2,
            last_event=(await evidence.query(database, "SELECT max(id) AS last FROM event"))[0][0]["last"],
            ended=[str(FIRST_ENDED)],
            open_orders=[str(FREE.first_open)],
            held=str(FREE.first_open + FREE.open_orders - 1),
        )
        empty: list[str] = []
        for call in Lists("0123456789abcdef" * 4, places, client="tester").calls():
            page = await gateway.api.get(call.paths[0])
            assert page.status_code == 200, (call, page.text)
            if call.finds and not page.json()["items"]:
                empty.append(call.name)
        assert empty == []


def test_the_same_seed_makes_the_same_past() -> None:
    first, again = ([rows for _, rows in Past(SIZE, now=10**15 * 2).batches()] for _ in range(2))
    assert first == again


def test_a_ledger_that_is_not_empty_is_left_alone(sqlite_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill_it = ["--database", sqlite_database, "--operations", "40", "--open-orders", "2"]
    assert main(fill_it) == 0
    before = Path(sqlite_database.removeprefix("sqlite:///")).read_bytes()
    assert main(fill_it) == 2
    assert "somebody's orders" in capsys.readouterr().err
    assert Path(sqlite_database.removeprefix("sqlite:///")).read_bytes() == before


async def test_a_database_without_our_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFillable, match="migrate it first"):
        await fill(f"sqlite:///{tmp_path / 'none.db'}", SIZE)
    assert list(tmp_path.iterdir()) == []


def test_too_few_operations_for_the_orders_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", "sqlite:///none.db", "--operations", "10", "--orders", "6"]) == 2
    assert "6 orders need at least 12 operations" in capsys.readouterr().err


async def test_the_pattern_is_what_the_product_writes_today(lab: Lab) -> None:
    written = [shape(cut(step)) for step in await captured(lab, only_plain=True)]
    kept = {(step.name, step.was, step.state): step for step in steps()}
    assert written == [shape(kept["raised", "", "3"]), shape(kept["applied", "3", "11"])]


def shape(step: StepPattern) -> object:
    """All that is not an id, a time or a number, and where those stand."""
    rows = [*step.rows, step.order]
    return (
        step.adds,
        [(row.table, row.fixed, [place for place, _ in row.plain], [text for _, text, _ in row.texts]) for row in rows],
    )


def test_the_numbers_that_nothing_stops_are_left_for_updates() -> None:
    assert SIZE.free("civica-cx") == range(SIZE.first_open, SIZE.first_open + 12 - STOPPED)


def test_a_call_can_be_asked_for_fewer_items() -> None:
    call = ListCall(name="holds", paths=["/v1/holds?limit=50&work_order=50", "/v1/holds?work_order=7&limit=200"])
    assert call.of(3).paths == ["/v1/holds?limit=3&work_order=50", "/v1/holds?work_order=7&limit=3"]
