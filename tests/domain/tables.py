"""Field tables for the tests: one that uses every shape, and Hypothesis strategies for tables and records of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.domain.field_table import (
    MOMENT,
    PLAIN,
    FieldTable,
    Keyed,
    Member,
    Nested,
    Rows,
    Shape,
    Spread,
    by_one,
    one_id,
)
from app.domain.json import JsonObject, JsonValue

SLUG = "acme"
ASSET = (
    Member(theirs="Num", ours="number"),
    Member(theirs="Desc", ours="description"),
    Member(theirs="Made", ours="dates.made", shape=MOMENT),
    Member(theirs="Place", ours="place", shape=Nested(members=(Member(theirs="Floor", ours="floor"),))),
)
STEP = (Member(theirs="Order", ours="order"), Member(theirs="Note", ours="note"))
TABLE = FieldTable(
    vendor=SLUG,
    members=(
        Member(theirs="Title", ours="title"),
        Member(theirs="Begin", ours="dates.start", shape=MOMENT),
        Member(theirs="End", ours="dates.end", shape=MOMENT),
        Member(
            theirs="Customer",
            shape=Spread(
                members=(Member(theirs="Id", ours="account.number"), Member(theirs="Ref", ours="account.reference"))
            ),
        ),
        Member(
            theirs="Site",
            ours="location",
            shape=Nested(
                members=(
                    Member(theirs="Name", ours="name"),
                    Member(theirs="Addr", ours="address", shape=Nested(members=(Member(theirs="Zip", ours="zip"),))),
                )
            ),
        ),
        Member(theirs="Assets", ours="assets", shape=Keyed(members=ASSET, key=by_one("Num"), ids=one_id("Num"))),
        Member(
            theirs="Steps",
            ours="steps",
            shape=Keyed(members=STEP, key=by_one("Order", number=True), ids=one_id("Order", number=True)),
        ),
        Member(theirs="Lines", ours="lines", shape=Rows(members=(Member(theirs="Text", ours="text"),))),
    ),
)

scalars: SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 99), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=4)
)
LEAVES: tuple[Shape, ...] = (PLAIN, MOMENT)
names = st.sampled_from(["a", "b", "c", "Id", "Num", "extensions", "acme", "x/y", "p.q", "~", ""])


def _deeper(inner: SearchStrategy[JsonValue]) -> SearchStrategy[JsonValue]:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3))


anything: SearchStrategy[JsonValue] = st.recursive(scalars, _deeper, max_leaves=6)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A table and a record for it."""

    table: FieldTable
    record: JsonObject


@st.composite
def _members(draw: st.DrawFn, depth: int, prefix: str = "f") -> tuple[Member, ...]:
    """Members whose names on either side are all different, as in any vendor's table."""
    found = []
    for n, theirs in enumerate(draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=4))):
        shape = draw(_shapes(depth, f"{prefix}{n}_"))
        group = draw(st.sampled_from(["", "dates.", "account."]))
        found.append(
            Member(theirs=theirs, ours="" if isinstance(shape, Spread) else f"{group}{prefix}{n}", shape=shape)
        )
    return tuple(found)


@st.composite
def _shapes(draw: st.DrawFn, depth: int, prefix: str) -> Shape:
    if depth == 0:
        leaf: Shape = draw(st.sampled_from(LEAVES))
        return leaf
    kind = draw(st.sampled_from(["plain", "nested", "spread", "rows", "keyed", "numbered"]))
    if kind == "plain":
        return PLAIN
    members = draw(_members(depth - 1, prefix))
    if kind == "nested":
        return Nested(members=members)
    if kind == "spread":
        return Spread(members=members)
    if kind == "rows":
        return Rows(members=members)
    number = kind == "numbered"
    named = (Member(theirs="Id", ours=f"{prefix}id"), *members)
    return Keyed(members=named, key=by_one("Id", number=number), ids=one_id("Id", number=number))


def _fitting(shape: Shape) -> SearchStrategy[JsonValue]:
    """Values of a shape more often than not, and anything else besides."""
    match shape:
        case Nested() | Spread():
            return st.one_of(_records(shape.members), _records(shape.members), anything)
        case Rows():
            return st.one_of(st.lists(_records(shape.members), max_size=3), anything)
        case Keyed():
            return st.one_of(st.lists(_elements(shape), max_size=3), anything)
    return anything


def _records(members: tuple[Member, ...]) -> SearchStrategy[JsonValue]:
    listed: Mapping[str, SearchStrategy[JsonValue]] = {member.theirs: _fitting(member.shape) for member in members}
    more = st.dictionaries(names, anything, max_size=2)
    return st.builds(lambda known, rest: {**rest, **known}, st.fixed_dictionaries({}, optional=dict(listed)), more)


def _elements(shape: Keyed) -> SearchStrategy[JsonValue]:
    ids = st.one_of(st.integers(-1, 12), st.sampled_from(["1", "A 7", "x/y", "~", "ä"]))
    return st.builds(lambda record, one: {**record, "Id": one, "Num": one}, _records(shape.members), ids)


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Any table, and any record: of the table's shapes, near them, or far from them."""
    members = draw(_members(2))
    return Drawn(table=FieldTable(vendor=SLUG, members=members), record=draw(_records(members)))  # type: ignore[arg-type]


records_of_table: SearchStrategy[JsonValue] = _records(TABLE.members)
