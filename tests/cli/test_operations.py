"""`operations resolve` and `list`, on operations that were left unknown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import lanes, operations
from app.ledger.postgres import PostgresStore
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store
from tests.cli.conftest import CONFIG, Run, Said
from tests.ledger.scenes import NUMBER, REFUSED, begun, claimed, op_id, queued, rows_of, settlement

T = TypeVar("T")
UNKNOWN = op_id(1)


def in_file(folder: Path, use: Callable[[Store], Awaitable[T]]) -> T:
    return used(SqliteStore(folder / "orderbridge.db", owner=False), use)


def used(store: Store, use: Callable[[Store], Awaitable[T]]) -> T:
    async def opened() -> T:
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(opened())


async def plant(store: Store, *, to: State = State.unknown, holds: bool = False) -> None:
    """An operation that was sent and whose answer was lost, or refused; one more of its order waits behind it."""
    first = await begun(store, 1)
    await queued(store, 2, code="15")
    ending = REFUSED if to is State.refused else None
    hold_id = "hold_1" if holds else None
    await store.settle(settlement(first.claim, first.operation, to, ending=ending, hold_id=hold_id))


CODES = """\
RepairStatusCodeId,RepairStatusCode,RepairMasterStatusCode,WorksOrderApplicable,Status
11,On Site,Work In Progress,1,on_site
"""


@pytest.fixture
def planted(ready: Path) -> Path:
    (ready / "orderbridge.toml").write_text(CONFIG.replace("riverside", "civica-cx"))
    (ready / "codes.csv").write_text(CODES)
    in_file(ready, plant)
    return ready


def test_an_unknown_write_resolved_as_applied_answers_201_from_then_on(run: Run, planted: Path) -> None:
    run("statuses", "import", "civica-cx", "codes.csv")
    said = run("operations", "resolve", UNKNOWN, "--as", "applied", "--reason", "seen in Cx")
    assert said == Said(
        code=0,
        out=f"{UNKNOWN} is applied, on your word; what waits behind it on order {NUMBER} of civica-cx goes on.\n",
        err="",
    )
    after = in_file(planted, lambda store: store.read(operations.find(UNKNOWN)))
    assert after is not None
    assert after.answer_body is not None
    assert (after.state, after.answer_status) == (State.applied, 201)
    assert json.loads(after.answer_body) == after.result
    assert after.result is not None
    assert {name: after.result[name] for name in ("operation_id", "state", "status", "vendor_status", "evidence")} == {
        "operation_id": UNKNOWN,
        "state": "applied",
        "status": "on_site",
        "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"},
        "evidence": "operator",
    }
    event = in_file(planted, lambda store: rows_of(store, "event"))[-1]
    assert {"reason": "seen in Cx", "evidence": "operator"}.items() <= json.loads(str(event["data"])).items()


def test_an_unknown_write_resolved_as_not_applied_is_sent_again(run: Run, planted: Path) -> None:
    said = run("operations", "resolve", UNKNOWN, "--as", "not-applied", "--reason", "not in Cx")
    assert said.out == (
        f"{UNKNOWN} is back at the head of the queue of order {NUMBER} of civica-cx; "
        "a running gateway sends it again unless it shows there.\n"
    )
    after = in_file(planted, lambda store: store.read(operations.find(UNKNOWN)))
    assert after is not None
    assert after.state is State.queued


def test_a_word_on_a_refused_write_lets_the_queue_behind_its_hold_go_on(run: Run, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(CONFIG.replace("riverside", "civica-cx"))
    in_file(ready, lambda store: plant(store, to=State.refused, holds=True))
    said = run("operations", "resolve", UNKNOWN, "--as", "not-applied", "--reason", "spoke to the client")
    assert said.out == (
        f"{UNKNOWN} stays refused; its hold is closed, and what waits behind it on order {NUMBER} of civica-cx goes on.\n"
    )


@pytest.mark.usefixtures("an_hour_ahead")
@pytest.mark.parametrize("was", [State.unknown, State.held])
@pytest.mark.parametrize(("outcome", "next_"), [("applied", op_id(2)), ("not-applied", UNKNOWN)])
def test_on_postgresql_the_order_goes_on_at_once_however_far_this_host_s_clock_is_ahead(
    was: State, outcome: str, next_: str, run: Run, folder: Path, postgres_database: str
) -> None:
    config = CONFIG.replace("riverside", "civica-cx") + f'[database]\nurl = "{postgres_database}"\n'
    (folder / "orderbridge.toml").write_text(config)
    (folder / "codes.csv").write_text(CODES)
    run("statuses", "import", "civica-cx", "codes.csv")
    used(PostgresStore(postgres_database), lambda store: plant(store, to=was))
    assert run("operations", "resolve", UNKNOWN, "--as", outcome, "--reason", "looked in Cx").code == 0

    async def goes_on(store: Store) -> None:
        [claim] = await claimed(store)
        head = await store.read(lanes.head(claim))
        assert head is not None
        assert (claim.number, head.id) == (NUMBER, next_)
        told = int(str((await rows_of(store, "event"))[-1]["at"]))
        assert store.now() - 60 * SECOND < told <= store.now()

    used(PostgresStore(postgres_database), goes_on)


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("op_none", "--as", "applied", "--reason", "x"), "there is no operation 'op_none'\n", 1),
        (
            (op_id(2), "--as", "not-applied", "--reason", "x"),
            f"{op_id(2)}: the operation is queued; only an unknown or held one, or the cause of a hold, can be resolved\n",
            1,
        ),
        ((UNKNOWN, "--as", "done", "--reason", "x"), "--as must be applied or not-applied\n", 2),
        ((UNKNOWN, "--as", "applied", "--reason", " "), "--reason must say something\n", 2),
    ],
    ids=["no such operation", "needs nobody", "unknown word", "no reason"],
)
def test_what_cannot_be_resolved_is_one_line(
    arguments: tuple[str, ...], says: str, code: int, run: Run, planted: Path
) -> None:
    assert run("operations", "resolve", *arguments) == Said(code=code, out="", err=says)


def test_operations_of_all_tenants_are_listed_by_state_and_backend(run: Run, planted: Path) -> None:
    listed = json.loads(run("operations", "list", "--json").out)
    assert [(one["operation_id"], one["tenant"], one["state"]) for one in listed] == [
        (op_id(2), "acme", "queued"),
        (UNKNOWN, "acme", "unknown"),
    ]
    only = run("operations", "list", "--state", "unknown", "--backend", "civica-cx").out
    assert only.split()[:2] == [UNKNOWN, "unknown"]
    waits = run("operations", "list", "--state", "queued").out
    assert waits.split()[3:] == ["acme", "civica-cx", NUMBER, "status_update", "blocked", "by", UNKNOWN]
    assert run("operations", "list", "--backend", "lakeside").out == "There are no such operations.\n"
    in_file(planted, lambda store: queued(store, 3, number=op_id(3)))  # as a create whose order the vendor numbers
    assert run("operations", "list").out.splitlines()[0].split("acme  ")[1].startswith("civica-cx a new order  ")
    said = run("operations", "list", "--state", "lost")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("there is no state 'lost'; there is: queued, sending, ")


@pytest.mark.parametrize(("word", "state"), [("applied", "applied"), ("not-applied", "queued")])
def test_a_write_of_a_backend_that_is_configured_no_more_is_resolved_all_the_same(
    run: Run, planted: Path, word: str, state: str
) -> None:
    (planted / "orderbridge.toml").write_text(CONFIG)
    said = run("operations", "resolve", UNKNOWN, "--as", word, "--reason", "seen in Cx")
    assert said.code == 0, said.err
    assert f"{UNKNOWN} is {state}, on your word; nothing of civica-cx is sent until" in said.out
    found = in_file(planted, lambda store: store.read(operations.find(UNKNOWN)))
    assert found is not None
    assert found.state.value == state
