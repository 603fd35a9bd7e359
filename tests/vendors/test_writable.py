"""What a vendor says that a patch may change: each member that it names is taken, and every other one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from app.api.order_bodies import OrderMembers
from app.domain.errors import CapabilityMissing
from app.domain.json import JsonValue
from app.domain.ports import Capability, Kind, Write
from app.domain.work_orders import OrderKey
from app.vendors.registry import VENDORS
from app.vendors.vendor import Connection

KEYS = {"related_values": "C1~2026-01-01"}
IDS = {"assets{}.number", "operations{}.execution_order", "discounts{}.id", "info_panels{}.id",
       "related_values{}.relation_id", "related_values{}.date_from"}  # fmt: skip
"""An element's own id: it may be repeated, and not changed."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One member of ours, and a patch that changes it and nothing else."""

    path: str
    patch: dict[str, JsonValue]


def leaves(model: type[BaseModel]) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        if name == "extensions":
            continue
        inner, keyed = part_of(field.annotation)
        if inner is None:
            yield Leaf(path=name, patch={name: sample(f"{field.annotation} {field.metadata}")})
            continue
        for leaf in leaves(inner):
            if keyed:
                key = KEYS.get(name, "1")
                yield Leaf(path=f"{name}{{}}.{leaf.path}", patch={name: {key: leaf.patch}})
            else:
                yield Leaf(path=f"{name}.{leaf.path}", patch={name: leaf.patch})


def part_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model of an object, or of a collection's elements; a list is a value of its own."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return part_of(arguments[1])[0], True
    if origin in (Union, UnionType, Annotated):
        found = [part for part in map(part_of, arguments) if part[0] is not None]
        return found[0] if found else (None, False)
    return None, False


def sample(annotation: str) -> JsonValue:
    if "list[" in annotation:
        return []
    if "_date_or_time" in annotation:
        return "2026-01-01"
    if "_number" in annotation:
        return 5
    return True if "bool" in annotation else "1"


LEAVES = [leaf for leaf in leaves(OrderMembers) if leaf.path not in IDS]
PATCHING = sorted(slug for slug, vendor in VENDORS.items() if Capability.patch in vendor.capabilities)


def test_every_part_of_an_order_is_looked_at() -> None:
    paths = {leaf.path for leaf in LEAVES}
    assert {"title", "dates.target", "location.address.city", "operations{}.address.floor", "rules.is_ops"} < paths
    assert len(paths) > 80


@pytest.mark.parametrize("slug", PATCHING)
async def test_what_is_claimed_is_taken_and_nothing_else(slug: str) -> None:
    vendor = VENDORS[slug]
    settings = vendor.settings.model_validate(vendor.sandbox.section("http://127.0.0.1:1"))
    adapter = await vendor.connect(Connection(backend="one", settings=settings, deadline_s=1, folder=Path()))

    def taken(patch: dict[str, JsonValue]) -> bool:
        try:
            adapter.screen(Write(operation_id="", kind=Kind.patch, order=OrderKey(number="1"), body=patch))
        except CapabilityMissing:
            return False
        return True

    try:
        wrong = [leaf.path for leaf in LEAVES if taken(leaf.patch) is not claimed(leaf.path, vendor.writable)]
        others = [one for one in VENDORS if taken({"extensions": {one: {"Own": 1}}})]
    finally:
        await adapter.aclose()
    assert wrong == []
    assert {path.split(".")[1] for path in vendor.writable if path.startswith("extensions.")} == {slug}
    assert set(others) <= {slug}


def claimed(path: str, writable: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}{{}}.")) for one in writable)
