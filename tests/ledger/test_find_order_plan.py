"""An order is found by its number or its reference without reading the others of its backend."""

from __future__ import annotations

import sqlite3

from app.ledger.order_sql import FIND_ANY_NAME


def test_sqlite_looks_into_an_index_for_either_name(sqlite_database: str) -> None:
    with sqlite3.connect(sqlite_database.removeprefix("sqlite:///")) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {FIND_ANY_NAME.sqlite}",
            FIND_ANY_NAME.for_sqlite({"of_backend": "riverside", "name": "1"}),
        ).fetchall()
    connection.close()
    searches = [detail for *_, detail in plan if "work_order" in detail]
    assert [detail.partition("(")[2] for detail in searches] == [
        "backend=? AND number=?)",
        "backend=? AND reference=?)",
    ]
