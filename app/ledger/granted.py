"""The backends that a list is narrowed to, as conditions of its statement and as parameters."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, bindparam, or_

from app.ledger.sql import Params


def on_granted(backend: ColumnElement[str], *, count: int) -> ColumnElement[bool]:
    """The column is one of so many backends."""
    return or_(*[backend == bindparam(f"backend_{n}") for n in range(count)])


def granted_values(backends: Collection[str]) -> Params:
    """The parameters of `on_granted`."""
    return {f"backend_{n}": backend for n, backend in enumerate(sorted(backends))}
