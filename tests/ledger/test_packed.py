"""A packed statement brings on SQLite what it would bring column by column."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, select

from app.ledger.sql import Row, Sql, Unit
from app.ledger.sqlite_jobs import run

KEPT = Table("kept", MetaData(), Column("a", Text), Column("b", BigInteger), Column("c", Text))
FOUND = select(KEPT.c.a, KEPT.c.b.label("number"), KEPT.c.c).where(KEPT.c.b >= bindparam("least")).order_by(KEPT.c.b)

# As `strict_json.carried` lets texts through: no control characters but tab and newline, no surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | st.none()
numbers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
rows = st.lists(st.tuples(texts, numbers, texts), max_size=5)


def brought(kept: list[tuple[str | None, int, str | None]], statement: Sql) -> list[dict[str, object]]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE TABLE kept (a TEXT, b BIGINT, c TEXT)")
        connection.executemany("INSERT INTO kept VALUES (?, ?, ?)", kept)

        def unit() -> Unit[Sequence[Row]]:
            return (yield statement, {"least": -(2**63)})

        return [{name: row[name] for name in ("a", "number", "c")} for row in run(connection.cursor(), unit())]
    finally:
        connection.close()


@given(kept=rows)
def test_packed_and_plain_rows_are_the_same(kept: list[tuple[str | None, int, str | None]]) -> None:
    plain = brought(kept, Sql(FOUND))
    assert brought(kept, Sql(FOUND, packed=True)) == plain
    assert [row["number"] for row in plain] == sorted(number for _, number, _ in kept)


def test_a_json_text_in_a_column_stays_a_text() -> None:
    assert brought([('{"uid": "1"}', 1, "[]")], Sql(FOUND, packed=True)) == [
        {"a": '{"uid": "1"}', "number": 1, "c": "[]"}
    ]
