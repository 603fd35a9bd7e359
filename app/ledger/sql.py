"""A statement compiled once for both databases, and units: transactions written once and run by either store.

A unit is a generator. It yields `(statement, parameters)`, is sent the rows, and returns its result; it does no I/O of its
own. SQLite's writer thread drives it on the DBAPI cursor, PostgreSQL's pool drives it on a raw connection.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

Value: TypeAlias = "bool | int | float | str | None"
Params: TypeAlias = "Mapping[str, Value]"


class Row(Protocol):
    """A row of either driver: columns by name."""

    def __getitem__(self, column: str, /) -> object: ...


T = TypeVar("T")

_SQLITE = sqlite.dialect(paramstyle="named")
_POSTGRES = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Sql:
    """One Core statement as the text and the parameter order that each driver wants."""

    __slots__ = ("_named", "_positional", "order", "postgres", "sqlite", "statement")

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        plain = _compiled(statement, _SQLITE)
        numbered = _compiled(statement, _POSTGRES)
        self.sqlite = str(plain)
        self.postgres = str(numbered)
        self.order: tuple[str, ...] = tuple(numbered.positiontup or ())
        self._named = _constants(plain)
        self._positional = _constants(numbered)

    def named(self, params: Params) -> Mapping[str, Value]:
        return {**self._named, **params} if self._named else params

    def positional(self, params: Params) -> list[Value]:
        values = {**self._positional, **params}
        return [values[name] for name in self.order]


def _compiled(statement: Executable, dialect: object) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _constants(compiled: SQLCompiler) -> dict[str, Value]:
    """Values written into the statement itself, nulls too; either dialect numbers the nameless ones in its own way."""
    return {name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required}


Step: TypeAlias = "tuple[Sql, Params]"
Unit: TypeAlias = "Generator[Step, Sequence[Row], T]"
