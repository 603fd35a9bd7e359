"""Every vendor's members have their homes in our work order: in its own names, each in one place only."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from app.api.order_bodies import WorkOrderIn
from app.domain.field_shapes import EXTENSIONS
from app.domain.json import JsonValue
from app.domain.work_orders import Observation
from app.vendors.registry import VENDORS
from app.vendors.vendor import Connection, Vendor
from tests.gateway import simulator

OF_THE_KEY = ("number", "external_reference", "vendor_status.code")


@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_every_home_is_a_path_of_our_work_order(slug: str) -> None:
    strange = [path for _, path in VENDORS[slug].homes if not is_known(path, slug)]
    assert (strange, bool(VENDORS[slug].homes)) == ([], True)


@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_every_member_of_a_vendor_has_one_home_and_no_two_share_one(slug: str) -> None:
    homes = VENDORS[slug].homes
    assert repeated(theirs for theirs, _ in homes) == []
    assert repeated(ours for _, ours in homes) == []


@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_what_a_patch_may_change_has_a_path_of_our_work_order(slug: str) -> None:
    vendor = VENDORS[slug]
    named = [*vendor.writable, *vendor.replaceable]
    assert [path for path in named if not is_known(path, slug)] == []


@pytest.fixture(params=sorted(VENDORS))
async def shown(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Vendor, Observation]]:
    """A vendor, and its example order as its adapter reads it from its simulator."""
    vendor = VENDORS[request.param]
    with simulator(vendor) as url:
        settings = vendor.settings.model_validate(vendor.sandbox.section(url))
        connection = Connection(backend="one", settings=settings, deadline_s=5, folder=tmp_path)
        adapter = await vendor.connect(connection)
        yield vendor, await adapter.read(vendor.sandbox.example_order)
        await adapter.aclose()


def test_no_member_with_a_home_is_shown_in_extensions(shown: tuple[Vendor, Observation]) -> None:
    vendor, seen = shown
    homes = {theirs for theirs, ours in vendor.homes if not ours.startswith(EXTENSIONS)}
    assert [path for path in in_extensions(seen.fields, vendor) if path in homes] == []


def test_every_member_that_an_order_shows_is_one_of_our_work_order(shown: tuple[Vendor, Observation]) -> None:
    vendor, seen = shown
    assert [path for path in leaves(seen.fields) if not is_known(path, vendor.slug)] == []


def repeated(names: Iterator[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def is_known(path: str, slug: str) -> bool:
    """Whether a path stands for something of the order's key or of a body of ours; `{}` and `[]` are elements."""
    if path in OF_THE_KEY or path.startswith("vendor_ids."):
        return True
    kind: object = WorkOrderIn
    for name in path.replace("{}", ".{}").replace("[]", ".[]").split("."):
        if name == EXTENSIONS:
            rest = path.partition(f"{EXTENSIONS}.")[2]
            return rest == "" or rest == slug or rest.startswith(f"{slug}.")
        kind = below(kind, name)
        if kind is None:
            return False
    return True


def below(kind: object, name: str) -> object:
    """The type of a member, or of an element; None where there is none."""
    for one in alternatives(kind):
        if get_origin(one) is dict and name == "{}":
            return get_args(one)[1]
        if get_origin(one) is list and name == "[]":
            return get_args(one)[0]
        if isinstance(one, type) and issubclass(one, BaseModel) and name in one.model_fields:
            return one.model_fields[name].annotation
    return None


def alternatives(kind: object) -> list[object]:
    if get_origin(kind) is Annotated:
        return alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [inner for one in get_args(kind) if one is not NoneType for inner in alternatives(one)]
    return [kind]


def leaves(value: JsonValue, at: str = "") -> Iterator[str]:
    """The paths of our names in an order, elements of its collections as `{}`; extensions are their vendor's."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == EXTENSIONS:
                continue
            collection = is_known(f"{at}{{}}", "") if at else False
            yield from leaves(inner, f"{at}{{}}" if collection else f"{at}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{at}[]" if isinstance(inner, Mapping) else at)
    else:
        yield at


def in_extensions(fields: JsonValue, vendor: Vendor, theirs: str = "", ours: str = "") -> Iterator[str]:
    """The vendor's own paths of what stands in `extensions`, at any depth."""
    if not isinstance(fields, Mapping):
        return
    extensions = fields.get(EXTENSIONS)
    own = extensions.get(vendor.slug) if isinstance(extensions, Mapping) else None
    yield from (theirs + path for path in paths(own))
    for their_path, our_path in vendor.homes:
        if not our_path.startswith(ours) or not their_path.startswith(theirs):
            continue
        name = our_path.removeprefix(ours)
        inner = fields.get(name)
        if not name.isidentifier() or not isinstance(inner, Mapping | list):
            continue
        for element, ends in elements(inner):
            yield from in_extensions(element, vendor, their_path + ends[0], our_path + ends[1])


def elements(inner: JsonValue) -> Iterator[tuple[JsonValue, tuple[str, str]]]:
    """An object itself, and each element that it may be a collection of."""
    if isinstance(inner, Mapping):
        yield inner, (".", ".")
        for one in inner.values():
            yield one, ("[].", "{}.")
    elif isinstance(inner, list):
        for one in inner:
            yield one, ("[].", "[].")


def paths(own: JsonValue, at: str = "") -> Iterator[str]:
    if isinstance(own, Mapping):
        for name, inner in own.items():
            yield at + name
            yield from paths(inner, f"{at}{name}.")


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.slug)
def test_a_member_without_a_name_of_ours_is_listed_once_and_has_none(vendor: Vendor) -> None:
    assert len(set(vendor.own_members)) == len(vendor.own_members)
    assert set(vendor.own_members).isdisjoint(dict(vendor.homes))
