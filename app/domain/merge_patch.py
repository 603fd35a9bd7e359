"""RFC 7396 merge patches of a work order: applied, and looked for in an order that was read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.json import JsonObject, JsonValue, escaped

MOMENTS = frozenset(
    {
        "raised",
        "target",
        "planned_start",
        "planned_end",
        "actual_start",
        "actual_end",
        "start",
        "end",
        "date_from",
        "date_to",
    }
)
"""Members of ours that hold a time. Of the vendors' own there are those whose names end so, as ActualTravelEndDate does."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One member that is asked for and not shown. `there`: the order has it, as `was`; `asked` is null for a removal."""

    path: tuple[str, ...]
    there: bool
    was: JsonValue
    asked: JsonValue

    @property
    def pointer(self) -> str:
        return "".join(f"/{escaped(name)}" for name in self.path)


def applied(patch: JsonObject, to: JsonObject) -> dict[str, JsonValue]:
    """`to` with the patch merged in; a null removes."""
    result = dict(to)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            there = result.get(name)
            result[name] = applied(value, there if isinstance(there, Mapping) else {})
        else:
            result[name] = value
    return result


def with_replaced(patch: JsonObject, replaced: tuple[str, ...], to: JsonObject) -> dict[str, JsonValue]:
    """`to` after a patch whose `replaced` members take the whole place of what was there."""
    return applied(patch, {name: value for name, value in to.items() if name not in replaced})


def shows(order: JsonObject, patch: JsonObject, *, replaced: tuple[str, ...] = ()) -> bool:
    """Whether an order looks as the patch would leave it. An empty object asks for nothing, a null for absence or null."""
    return not missing(order, patch, replaced=replaced)


def missing(order: JsonObject, patch: JsonObject, *, replaced: tuple[str, ...] = ()) -> list[str]:
    """The pointers of what the patch asks for and the order does not show."""
    return [one.pointer for one in differences(order, patch, replaced=replaced)]


def differences(
    order: JsonObject, patch: JsonObject, *, replaced: tuple[str, ...] = (), above: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """What the patch asks for and the order does not show, member by member."""
    for name, value in patch.items():
        path, there = (*above, name), order.get(name)
        if isinstance(value, Mapping):
            inner = there if isinstance(there, Mapping) else {}
            yield from differences(inner, value, above=path)
            if name in replaced and inner.keys() - value.keys():
                yield Difference(path=path, there=True, was=there, asked=value)
        elif not same(value, there, moment=is_moment(name)):
            yield Difference(path=path, there=name in order, was=there, asked=value)


def surplus(
    order: JsonObject, asked: JsonObject, *, key: str | None = None, above: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """What the order shows beyond a whole that was asked for; an element's id is implied by its `key`."""
    for name, there in order.items():
        if nothing(there) or (name not in asked and there == key):
            continue
        value, path = asked.get(name), (*above, name)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            yield from surplus(there, value, key=name, above=path)
        elif name not in asked:
            yield Difference(path=path, there=True, was=there, asked=None)


def same(one: JsonValue, other: JsonValue, *, moment: bool = False) -> bool:
    """Equal, or, where a member holds a moment, two spellings of it; inside lists and objects too. An object of nulls is as
    good as null."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str) and one != other:
        return moment and _moment(one) is not None and _moment(one) == _moment(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(one.get(name), other.get(name), moment=is_moment(name)) for name in one.keys() | other.keys())
    if one is None or other is None:
        return nothing(one) and nothing(other)
    return one == other


def is_moment(name: str) -> bool:
    """Whether a member of this name holds a time. In any other, another spelling of a time is another text."""
    return name in MOMENTS or name.endswith(("Date", "UTC"))


def nothing(value: JsonValue) -> bool:
    """Null, or an object that holds nothing but such."""
    return value is None or (isinstance(value, Mapping) and all(map(nothing, value.values())))


def _moment(text: str) -> datetime | None:
    """A time to the millisecond, which is what the vendors keep."""
    if "T" not in (text := text.upper()):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) if moment.tzinfo is not None else None
