"""What the databases' planners are told beside a statement's meaning, so that they take the index that was made for it."""

from __future__ import annotations

from typing import Generic, TypeVar

from sqlalchemy import Boolean, ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

T = TypeVar("T")


class Beside(FunctionElement[T], Generic[T]):
    """A column that rows are sorted out by, and not looked for by: another index is to be used.

    SQLite has no statistics, and PostgreSQL does not look at the parameters of a statement that it has run often. There only
    numbers are kept from their index: of those a range is taken for a tenth of the table, whatever it is.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[T]) -> None:
        self.type = column.type
        super().__init__(column)


@compiles(Beside, "sqlite")
def _passed_over(element: Beside[object], compiler: SQLCompiler, **options: object) -> str:
    (column,) = element.clauses
    return f"+{compiler.process(column, **options)}"


@compiles(Beside, "postgresql")
def _number_or_itself(element: Beside[object], compiler: SQLCompiler, **options: object) -> str:
    (column,) = element.clauses
    text = compiler.process(column, **options)
    return f"({text} + 0)" if isinstance(element.type, Integer) else text


class Implied(ColumnElement[bool]):
    """What follows from the other conditions, spelt out for SQLite's planner: it uses an index of some rows only then.

    PostgreSQL's sees it by itself, and would take what is said twice for twice as rare.
    """

    inherit_cache = False
    type = Boolean()

    def __init__(self, condition: ColumnElement[bool]) -> None:
        self.condition = condition

    def self_group(self, against: OperatorType | None = None) -> Implied:
        """It stands among conditions as it is."""
        return self


@compiles(Implied, "sqlite")
def _spelt_out(element: Implied, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(element.condition, **options)


@compiles(Implied, "postgresql")
def _left_out(element: Implied, compiler: SQLCompiler, **options: object) -> str:
    return "true"
