"""Version 0002 of the tables, and back: what was held before holds had causes can be found and resolved like any other."""

from __future__ import annotations

from functools import partial

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.domain.operations import EDGES
from app.ledger import migrate as migrations
from app.ledger.migrate import needed_version
from tests.ledger.old_databases import On, old_database, to

OPERATION = (
    "INSERT INTO operation (id, tenant, client_id, backend, work_order, seq, kind, state, body, attempts, accepted_at,"
    " finished_at) VALUES (:id, :tenant, 'app', 'cx', :work_order, :seq, 'status_update', :state, '{}', 1, 1, :finished_at)"
)
ORDER = (
    "INSERT INTO work_order (backend, number, vendor_ids, fields, late, changed_at, version, last_seq, open_count,"
    " blocked_by, blocked_tenant, held, ready_at, lease_until, fence, event_seq)"
    " VALUES ('cx', :number, '{}', '{}', 0, 50, 3, 2, :open_count, :blocked_by, 'acme', :held, :ready_at, 0, 1, 1)"
)
HOLD = (
    "INSERT INTO order_hold (id, tenant, backend, work_order, operation_id, cause, opened_at, closed_at, closed_by,"
    " resolution, reason) VALUES (:id, 'acme', 'cx', :work_order, :operation_id, 'vendor-refused', 40, :closed_at,"
    " :closed_by, :resolution, :reason)"
)
CLOSED = {"closed_at": 60, "closed_by": "ann", "reason": "seen"}
STILL_OPEN = {"closed_at": None, "closed_by": None, "resolution": None, "reason": None}


@pytest.fixture(params=["sqlite", "postgres"])
def on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> On:
    """Something run on a connection to a database of version 0001, in one transaction."""
    return old_database(request, tmp_path_factory, version="0001")


def filled(connection: Connection) -> None:
    """As 0001 kept them: a lost write that is held, one that is still looked for, refusals that hold, and held once."""
    for number, first, blocked_by, held in (
        ("1", "held", "op_1", 1),
        ("2", "unknown", "op_2", 0),
        ("3", "refused", "hold_3", 1),
        ("4", "refused", None, 0),
        ("5", "refused", None, 0),
    ):
        finished = 40 if first == "refused" else None
        rows = [(f"op_{number}", "acme", 1, first, finished), (f"op_{number}b", "other", 2, "queued", None)]
        for id_, tenant, seq, state, finished_at in rows:
            values = {"id": id_, "tenant": tenant, "seq": seq, "state": state, "finished_at": finished_at}
            connection.execute(text(OPERATION), {**values, "work_order": number})
        order = {"number": number, "open_count": 2 if finished is None else 1, "blocked_by": blocked_by, "held": held}
        connection.execute(text(ORDER), {**order, "ready_at": None if held else 70})
    for number, ending in (
        ("3", STILL_OPEN),
        ("4", {**CLOSED, "resolution": "applied"}),
        ("5", {**CLOSED, "resolution": "not-applied"}),
    ):
        of = {"id": f"hold_{number}", "work_order": number, "operation_id": f"op_{number}"}
        connection.execute(text(HOLD), {**of, **ending})


def holds(connection: Connection) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(text("SELECT * FROM order_hold ORDER BY id")).mappings()]


def blocks(connection: Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(
        text("SELECT number, blocked_by, held, ready_at, version FROM work_order ORDER BY number")
    )
    return [tuple(row) for row in rows]


def hold(number: str, **values: object) -> dict[str, object]:
    """A hold as 0002 keeps it."""
    return {
        "id": f"hold_{number}",
        "tenant": "acme",
        "backend": "cx",
        "work_order": number,
        "operation_id": f"op_{number}",
        "cause": "vendor-refused",
        "opened_at": 40,
        **STILL_OPEN,
        "detail": None,
        "version": 1,
        "evidence": None,
        "made_operation": None,
        **values,
    }


AFTER = [
    hold("1", cause="outcome-unknown", opened_at=50),
    hold("3"),
    hold("4", **CLOSED, resolution="skip"),
    hold("5", **CLOSED, resolution="skip"),
]
BLOCKED = [
    ("1", "hold_1", 1, None, 3),
    ("2", "op_2", 0, 70, 3),
    ("3", "hold_3", 1, None, 3),
    ("4", None, 0, 70, 3),
    ("5", None, 0, 70, 3),
]


def test_what_was_held_without_a_hold_gets_one_and_the_old_words_get_their_new_names(on: On) -> None:
    on(filled)
    on(lambda connection: to(connection, "0002"))
    assert on(holds) == AFTER
    assert on(blocks) == BLOCKED


def test_back_to_0001_a_held_write_blocks_its_order_by_itself_again(on: On) -> None:
    on(filled)
    before = on(blocks)
    on(lambda connection: to(connection, "0002"))
    on(lambda connection: to(connection, "0001"))
    assert on(blocks) == before
    assert [(row["id"], row["cause"]) for row in on(holds)] == [  # type: ignore[attr-defined]
        (f"hold_{n}", "vendor-refused") for n in (3, 4, 5)
    ]


def test_up_and_down_and_up_again_leaves_the_same(on: On) -> None:
    on(filled)
    for version in ("0002", "0001", "0002", needed_version()):
        on(partial(to, version=version))
    assert on(holds) == AFTER
    assert on(blocks) == BLOCKED


def test_back_to_0001_nothing_stays_stopped_by_a_hold_that_0001_cannot_keep(on: On) -> None:
    on(filled)
    on(lambda connection: to(connection, "0002"))
    nobodys = "UPDATE order_hold SET tenant = NULL, operation_id = NULL, cause = 'contradiction' WHERE id = 'hold_3'"
    on(lambda connection: connection.execute(text(nobodys)))
    on(lambda connection: to(connection, "0001"))
    stopped = [row for row in on(blocks) if row[2]]  # type: ignore[attr-defined]
    ids = {row["id"] for row in on(holds)} | {"op_1"}  # type: ignore[attr-defined]
    assert {row[1] for row in stopped} <= ids


def test_the_edges_that_0002_guards_are_those_of_the_code() -> None:
    script = ScriptDirectory.from_config(migrations.config()).get_revision("0002")
    assert script is not None
    assert {was: frozenset(onward) for was, onward in script.module.EDGES.items()} == {
        was.value: frozenset(state.value for state in onward) for was, onward in EDGES.items() if onward
    }


@pytest.mark.parametrize("version", ["0002", "head"])
def test_the_guard_is_there_from_0002_on_and_only_then(on: On, version: str) -> None:
    on(filled)
    wrong = text("UPDATE operation SET state = 'queued' WHERE id = 'op_3'")
    on(lambda connection: connection.execute(wrong))
    on(lambda connection: connection.execute(text("UPDATE operation SET state = 'refused' WHERE id = 'op_3'")))
    on(lambda connection: to(connection, needed_version() if version == "head" else version))
    with pytest.raises(Exception, match="an operation does not go") as raised:
        on(lambda connection: connection.execute(wrong))
    assert isinstance(raised.value.__cause__ or raised.value, DBAPIError)
    on(lambda connection: to(connection, "0001"))
    on(lambda connection: connection.execute(wrong))
