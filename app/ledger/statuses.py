"""Imported status tables: a backend's codes as its client gave them, replaced whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Text, bindparam, delete, func, insert, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.domain.statuses import Basis, Phase, Status, StatusCode
from app.domain.times import from_micros, to_micros
from app.ledger.rows import number, number_or_none, text, text_or_none
from app.ledger.sql import Params, Row, Sql, Unit
from app.ledger.tables import STATUS_CODE

ALL = Sql(select(STATUS_CODE).where(STATUS_CODE.c.backend == bindparam("of_backend")).order_by(STATUS_CODE.c.position))
COUNT = Sql(
    select(func.count().label("count")).select_from(STATUS_CODE).where(STATUS_CODE.c.backend == bindparam("of_backend"))
)
EVERY = Sql(select(STATUS_CODE).order_by(STATUS_CODE.c.backend, STATUS_CODE.c.position))
CLEAR = Sql(delete(STATUS_CODE).where(STATUS_CODE.c.backend == bindparam("of_backend")))
ADD = Sql(insert(STATUS_CODE))
STATUS_TABLES = 7238165
"""PostgreSQL's locks for status tables, one for each backend."""


class _Alone(FunctionElement[int]):
    """Until the transaction ends nobody else writes the backend's table; on SQLite every transaction that writes is alone."""

    inherit_cache = True


@compiles(_Alone, "sqlite")
def _is_anyway(_element: _Alone, _compiler: SQLCompiler, **_options: object) -> str:
    return "1"


@compiles(_Alone, "postgresql")
def _locked(element: _Alone, compiler: SQLCompiler, **options: object) -> str:
    return f"pg_advisory_xact_lock({STATUS_TABLES}, hashtext{compiler.process(element.clause_expr, **options)})"


ALONE = Sql(select(_Alone(bindparam("of_backend", type_=Text()))))


def read(backend: str) -> Unit[tuple[StatusCode, ...]]:
    """The backend's imported table; empty if nobody has given one."""
    rows = yield ALL, {"of_backend": backend}
    return tuple(_code(row) for row in rows)


def read_all() -> Unit[Mapping[str, tuple[StatusCode, ...]]]:
    """Every imported table, by its backend."""
    tables: dict[str, list[StatusCode]] = {}
    for row in (yield EVERY, {}):
        tables.setdefault(text(row, "backend"), []).append(_code(row))
    return {backend: tuple(codes) for backend, codes in tables.items()}


def replace(backend: str, codes: Sequence[StatusCode]) -> Unit[None]:
    """Put this table in the place of the one before."""
    yield ALONE, {"of_backend": backend}
    yield CLEAR, {"of_backend": backend}
    for position, code in enumerate(codes):
        yield ADD, _values(backend, position, code)


def seed(backend: str, codes: Sequence[StatusCode]) -> Unit[None]:
    """Fill an empty table; one that an operator has imported stays. Gateways that start together may seed together."""
    yield ALONE, {"of_backend": backend}
    rows = yield COUNT, {"of_backend": backend}
    if number(rows[0], "count") == 0:
        for position, code in enumerate(codes):
            yield ADD, _values(backend, position, code)


def _values(backend: str, position: int, code: StatusCode) -> Params:
    return {
        "backend": backend,
        "code": code.code,
        "position": position,
        "label": code.label,
        "status": code.status.value if code.status else None,
        "phase": code.phase.value if code.phase else None,
        "master": code.master,
        "effective_from": _micros(code.effective_from),
        "effective_to": _micros(code.effective_to),
        "chosen_first": int(code.default),
        "basis": code.basis.value,
    }


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _code(row: Row) -> StatusCode:
    status, phase = text_or_none(row, "status"), text_or_none(row, "phase")
    first, last = number_or_none(row, "effective_from"), number_or_none(row, "effective_to")
    return StatusCode(
        code=text(row, "code"),
        label=text(row, "label"),
        status=None if status is None else Status(status),
        phase=None if phase is None else Phase(phase),
        master=text_or_none(row, "master"),
        effective_from=None if first is None else from_micros(first),
        effective_to=None if last is None else from_micros(last),
        default=bool(number(row, "chosen_first")),
        basis=Basis(text(row, "basis")),
    )
