"""Many rows handed to one statement: as one JSON text, which either database takes apart in its own way."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import CTE, BigInteger, Text, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

ROWS = "rows"
"""The parameter: a JSON list of objects."""
TEXT, BIG = Text(), BigInteger()
Member: TypeAlias = "Text | BigInteger"
"""The type of a member."""


class _Each(FunctionElement[str]):
    """The list's items, a row each, in a column `value`."""

    inherit_cache = True


class _IsObject(FunctionElement[bool]):
    """Whether an item is an object: all are, and PostgreSQL expects one of 200 to be. So it looks the rows up by their key.

    Else it may read every order of a backend whose size it does not know, again for each item.
    """

    inherit_cache = True


class _Member(ColumnElement[object]):
    """A member of an item, as a text or a whole number; null where it is null."""

    inherit_cache = False

    def __init__(self, value: ColumnElement[str], name: str, type_: Member) -> None:
        self.value = value
        self.member = name
        self.type = type_  # type: ignore[assignment]


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_postgres(element: _Each, compiler: SQLCompiler, **options: object) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSONB))"


@compiles(_IsObject, "sqlite")
def _is_object_sqlite(element: _IsObject, compiler: SQLCompiler, **options: object) -> str:
    return f"json_type({compiler.process(element.clauses, **options)}) = 'object'"


@compiles(_IsObject, "postgresql")
def _is_object_postgres(element: _IsObject, compiler: SQLCompiler, **options: object) -> str:
    return f"jsonb_typeof({compiler.process(element.clauses, **options)}) = 'object'"


@compiles(_Member, "sqlite")
def _member_sqlite(element: _Member, compiler: SQLCompiler, **options: object) -> str:
    return f"json_extract({compiler.process(element.value, **options)}, '$.{element.member}')"


@compiles(_Member, "postgresql")
def _member_postgres(element: _Member, compiler: SQLCompiler, **options: object) -> str:
    kind = "TEXT" if isinstance(element.type, Text) else "BIGINT"
    return f"CAST({compiler.process(element.value, **options)} ->> '{element.member}' AS {kind})"


def given(**members: Member) -> CTE:
    """The rows of the parameter `rows`, in their order, with these members of each as columns."""
    each = _Each(bindparam(ROWS, type_=TEXT)).table_valued("value", name="item")
    columns = [_Member(each.c.value, name, type_).label(name) for name, type_ in members.items()]
    return select(*columns).select_from(each).where(_IsObject(each.c.value)).cte("given")
