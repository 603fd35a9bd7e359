"""Whatever record a vendor shows, and whatever its table: it comes here and goes back unchanged, and nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hypothesis import given

from app.domain.field_shapes import EXTENSIONS, Keyed, Member, Nested, Rows, Spread, fits
from app.domain.field_table import FieldTable, by_one, one_id, to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import applied
from tests.domain.tables import SLUG, TABLE, Drawn, drawn, records_of_table

DEEP = FieldTable(
    vendor=SLUG,
    members=(
        Member(
            theirs="a",
            shape=Spread(
                members=(
                    Member(theirs="b", shape=Spread(members=(Member(theirs="c", ours="c"),))),
                    Member(theirs="d", ours="d"),
                )
            ),
        ),
    ),
)
NUMBERED = FieldTable(
    vendor=SLUG,
    members=(
        Member(
            theirs="a",
            ours="a",
            shape=Keyed(
                members=(Member(theirs="Id", ours="id"),),
                key=by_one("Id", number=True),
                ids=one_id("Id", number=True),
            ),
        ),
    ),
)


@given(drawn())
def test_any_record_through_any_table_comes_back_unchanged(one: Drawn) -> None:
    theirs = to_theirs(one.table, to_ours(one.table, one.record))
    assert (theirs.record, theirs.homeless, theirs.wrong) == (one.record, (), ())
    assert same_types(theirs.record, one.record)


def test_what_a_spread_object_inside_another_has_besides_comes_back_beside_what_the_table_lists() -> None:
    record: JsonObject = {"a": {"b": {"c": 1, "z": 2}, "d": 3}}
    assert to_theirs(DEEP, to_ours(DEEP, record)).record == record


def test_a_number_below_zero_as_the_key_of_an_element_comes_back() -> None:
    record: JsonObject = {"a": [{"Id": -1}]}
    theirs = to_theirs(NUMBERED, to_ours(NUMBERED, record))
    assert (theirs.record, theirs.wrong) == (record, ())


@given(records_of_table)
def test_any_record_through_the_table_of_every_shape_comes_back_unchanged(record: JsonValue) -> None:
    assert isinstance(record, Mapping)
    theirs = to_theirs(TABLE, to_ours(TABLE, record))
    assert (theirs.record, theirs.homeless, theirs.wrong) == (record, (), ())


def same_types(one: JsonValue, other: JsonValue) -> bool:
    """Whether what is equal is also of the same kind: true is no 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same_types(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return all(map(same_types, one, other))
    return type(one) is type(other)


@given(drawn())
def test_nothing_that_the_table_names_stands_in_extensions_unless_it_is_of_another_shape(one: Drawn) -> None:
    assert list(misplaced(one.table.members, to_ours(one.table, one.record))) == []


def misplaced(members: tuple[Member, ...], ours: JsonObject) -> Iterator[str]:
    """The vendor's members that stand in an `extensions` although their home would have taken them."""
    extensions = ours.get(EXTENSIONS, {})
    assert isinstance(extensions, Mapping)
    assert extensions.keys() <= {SLUG}
    own = extensions.get(SLUG, {})
    assert isinstance(own, Mapping)
    yield from named_in(members, own)
    for member in members:
        yield from misplaced_below(member, at(ours, member.ours))


def named_in(members: tuple[Member, ...], own: JsonObject) -> Iterator[str]:
    for member in members:
        if member.theirs not in own or not fits(member.shape, own[member.theirs]):
            continue
        inner = own[member.theirs]
        if not isinstance(member.shape, Spread):
            yield member.theirs
        elif isinstance(inner, Mapping):
            yield from named_in(member.shape.members, inner)


def misplaced_below(member: Member, value: JsonValue) -> Iterator[str]:
    match member.shape:
        case Nested() if isinstance(value, Mapping):
            yield from misplaced(member.shape.members, value)
        case Rows() if isinstance(value, list):
            for row in value:
                yield from misplaced(member.shape.members, row)
        case Keyed() if isinstance(value, Mapping):
            for element in value.values():
                assert isinstance(element, Mapping)
                yield from misplaced(member.shape.members, element)


def at(ours: JsonObject, path: str) -> JsonValue:
    value: JsonValue = ours
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


@given(drawn())
def test_an_order_patched_with_itself_goes_back_unchanged(one: Drawn) -> None:
    """A caller may send an order back as it was read: nulls remove what is null anyway."""
    ours = to_ours(one.table, one.record)
    theirs = to_theirs(one.table, ours)
    assert applied(theirs.record, one.record) == applied(one.record, one.record)
