"""Version 0008 of the tables, and back: what was known of listed orders stays, and so does how fresh it was."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from tests.ledger.old_databases import On, old_database, to

ORDER = (
    "INSERT INTO work_order (backend, number, vendor_ids, fields, late, changed_at, version, last_seq, open_count, held,"
    " lease_until, fence, event_seq, observed_at, listed_at, mark, marked_version)"
    " VALUES (:backend, :number, '{}', '{}', 0, 50, 1, 0, 0, 0, 0, 0, 1, :seen, :seen, 'm', 1)"
)
ROUND = (
    "INSERT INTO poll_round (backend, owner, until, started_at, completed_at, rounds) VALUES ('cx', NULL, 0, 70, 75, 3)"
)
TIMES = "SELECT backend, number, observed_at, listed_at, mark FROM work_order ORDER BY backend, number"
OLD = [("cx", "1", 60, 60, "m"), ("cx", "2", 60, 60, "m"), ("cx", "3", 90, 90, "m"), ("other", "1", 60, 60, "m")]


@pytest.fixture(params=["sqlite", "postgres"])
def on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> On:
    """Something run on a connection to a database of version 0007 with listed orders, in one transaction."""
    on_it = old_database(request, tmp_path_factory, version="0007")
    on_it(filled)
    return on_it


def filled(connection: Connection) -> None:
    connection.execute(text(ROUND))
    for backend, number, seen, _, _ in OLD:
        connection.execute(text(ORDER), {"backend": backend, "number": number, "seen": seen})


def times(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(TIMES))]


def test_orders_stand_in_no_list_until_one_was_compared(on: On) -> None:
    on(lambda connection: to(connection, "0008"))
    assert on(times) == OLD
    assert on(lambda each: each.execute(text("SELECT DISTINCT stands FROM work_order")).scalars().all()) == [0]
    assert on(lambda each: tuple(each.execute(text("SELECT shown_at, shown_round FROM poll_round")).one())) == (
        None,
        None,
    )


def test_orders_that_stood_in_the_last_list_are_as_fresh_as_it_was_after_a_downgrade(on: On) -> None:
    on(lambda connection: to(connection, "0008"))

    def listed(connection: Connection) -> None:
        connection.execute(text("UPDATE poll_round SET shown_at = 80, shown_round = 79"))
        connection.execute(text("UPDATE work_order SET stands = 1 WHERE number IN ('1', '3')"))

    on(listed)
    on(lambda connection: to(connection, "0007"))
    assert on(times) == [("cx", "1", 80, 79, "m"), OLD[1], OLD[2], OLD[3]]
    on(lambda connection: to(connection, "0008"))
    assert on(times) == [("cx", "1", 80, 79, "m"), OLD[1], OLD[2], OLD[3]]
