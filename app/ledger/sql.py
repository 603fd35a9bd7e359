"""A statement compiled once for both databases, and units: transactions written once and run by either store.

A unit is a generator. It yields `(statement, parameters)`, is sent the rows, and returns its result; it does no I/O of its
own. SQLite's writer thread drives it on the DBAPI cursor, PostgreSQL's pool drives it on a raw connection.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import BigInteger, Executable, Select, SelectBase, bindparam, func
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Value: TypeAlias = "bool | int | float | str | None"
Params: TypeAlias = "Mapping[str, Value]"


class Row(Protocol):
    """A row of either driver: columns by name."""

    def __getitem__(self, column: str, /) -> object: ...


T = TypeVar("T")

_SQLITE = sqlite.dialect(paramstyle="qmark")  # a third less time per execution than by name
_POSTGRES = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Now(FunctionElement[int]):
    """The time by which leases are kept: on PostgreSQL, which many hosts share, the database's own; on SQLite `:now`.

    A test that tells the time itself lets orderbridge_now() return null.
    """

    inherit_cache = True
    type = BigInteger()

    def __init__(self) -> None:
        super().__init__(bindparam("now", type_=BigInteger))


@compiles(Now, "sqlite")
def _given(element: Now, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Now, "postgresql")
def _read(element: Now, compiler: SQLCompiler, **options: object) -> str:
    return f"coalesce(orderbridge_now(), {compiler.process(element.clauses, **options)})"


LEASED_UNTIL = Now() + (bindparam("until", type_=BigInteger) - bindparam("now", type_=BigInteger))
"""A lease as long as the caller's own clock says, from what that clock says is now."""


class Sql:
    """One Core statement as the text and the parameter order that each driver wants; compiled once, at its first use.

    `whole`: it is all that its unit writes, so that when it fails nothing else of the unit is there to be undone.
    `packed`: on SQLite a row comes as one JSON text, because its driver lets go of the interpreter for each single column.
    """

    def __init__(self, statement: Executable, *, whole: bool = False, packed: bool = False) -> None:
        self.statement = statement
        self.packed = packed
        self.one_of_several = not (whole or isinstance(statement, SelectBase))
        """It writes, and the same unit may write or fail after it."""
        self.columns: tuple[str, ...] | None = tuple(_select(statement).selected_columns.keys()) if packed else None
        """The names of what it brings; for one that is not packed, once it has run on SQLite."""

    @cached_property
    def sqlite(self) -> str:
        return str(self._plain)

    @cached_property
    def postgres(self) -> str:
        return str(self._numbered)

    @property
    def order(self) -> tuple[str, ...]:
        """The names of PostgreSQL's parameters, in their order."""
        return self._for_postgres.order

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters that the caller gives."""
        return tuple(name for bind, name in self._plain.bind_names.items() if bind.required)

    def for_sqlite(self, params: Params) -> tuple[Value, ...]:
        """The parameters as SQLite's statement takes them."""
        return self._for_sqlite.taken(params)

    def positional(self, params: Params) -> tuple[Value, ...]:
        """The parameters as PostgreSQL's statement takes them."""
        return self._for_postgres.taken(params)

    @cached_property
    def _plain(self) -> SQLCompiler:
        if not self.packed:
            return _compiled(self.statement, _SQLITE)
        select = _select(self.statement)
        return _compiled(select.with_only_columns(func.json_array(*select.selected_columns)), _SQLITE)

    @cached_property
    def _numbered(self) -> SQLCompiler:
        return _compiled(self.statement, _POSTGRES)

    @cached_property
    def _for_sqlite(self) -> _Order:
        return _Order(self._plain)

    @cached_property
    def _for_postgres(self) -> _Order:
        return _Order(self._numbered)


class _Order:
    """Which parameter stands where in a statement, and those whose values are written into it."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self.order = tuple(compiled.positiontup or ())
        self._constants = _constants(compiled)
        self._take: Callable[[Params], tuple[Value, ...]] = _taking(self.order)

    def taken(self, params: Params) -> tuple[Value, ...]:
        return self._take({**self._constants, **params} if self._constants else params)


def _taking(names: tuple[str, ...]) -> Callable[[Params], tuple[Value, ...]]:
    if len(names) > 1:
        return itemgetter(*names)  # of one name it would give the value itself
    return lambda params: tuple([params[name] for name in names])


def _select(statement: Executable) -> Select[Any]:
    assert isinstance(statement, Select)
    return statement


def _compiled(statement: Executable, dialect: object) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _constants(compiled: SQLCompiler) -> dict[str, Value]:
    """Values written into the statement itself, nulls too; either dialect numbers the nameless ones in its own way."""
    return {name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required}


Step: TypeAlias = "tuple[Sql, Params]"
Unit: TypeAlias = "Generator[Step, Sequence[Row], T]"


def over(unit: Unit[T], rows: Sequence[Row]) -> T:
    """What a unit of one statement makes of its rows; one that has another to run is no look."""
    try:
        unit.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result
    unit.close()
    raise RuntimeError("a look is one statement; a unit of several is for `read`, which runs them at one moment")
