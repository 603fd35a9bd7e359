"""What a vendor brings to the contract: `tests/vendors/<slug>/contract.json`, in our names.

`unknown_order` is a number that the vendor's simulator has no order of; `other_name` how a path names its example order
besides its number; `fixed_token`, whether the sandbox's section holds the token itself, which nobody can renew. For each
kind of write that the vendor can do:

- create: `create`, a body without a number; `numbered_by_vendor`, whether it may be sent so; `invalid_create`.
- patch: `patch`, two or more merge patches that each change something of a plain order of the simulator; `invalid_patch`;
  and under `collections`, for each that PATCH may write, the `key` of an element that a plain order does not have, the
  `element`, a `change` of it, and whether it is `removable`.
- replace: `replace`, a body; `invalid_replace`.

What is `invalid` is `{"body", "pointers"}`: a body that the vendor itself refuses, and where its words must point to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.domain.ports import Capability
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor

VENDORS_TESTS = Path(__file__).parent.parent / "vendors"
COLLECTIONS = ("assets", "operations", "discounts", "info_panels", "related_values")
REQUIRED: Mapping[Capability, tuple[str, ...]] = {
    Capability.create: ("create", "invalid_create", "numbered_by_vendor"),
    Capability.patch: ("patch", "invalid_patch"),
    Capability.replace: ("replace", "invalid_replace"),
}
Body = dict[str, JsonValue]


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Invalid(Sample):
    """A body that the vendor refuses, and the members of ours that it must be told of."""

    body: Body
    pointers: list[str]


class Element(Sample):
    """An element of a collection: added, changed, and taken away again where that can be."""

    key: str
    element: Body
    change: Body
    removable: bool


class Samples(Sample):
    unknown_order: str
    other_name: str | None = None
    fixed_token: bool = False
    numbered_by_vendor: bool = False
    create: Body = Field(default_factory=dict)
    invalid_create: Invalid | None = None
    patch: list[Body] = Field(default_factory=list)
    invalid_patch: Invalid | None = None
    replace: Body = Field(default_factory=dict)
    invalid_replace: Invalid | None = None
    collections: dict[str, Element] = Field(default_factory=dict)


@cache
def samples_of(slug: str) -> Samples:
    """The vendor's samples; an AssertionError says what is wrong with the file."""
    path = VENDORS_TESTS / slug / "contract.json"
    assert path.exists(), f"{path} is missing: a vendor brings its samples to the contract (tests/contract/samples.py)"
    try:
        samples = Samples.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise AssertionError(f"{path}: {error}") from None
    missing = lacking(VENDORS[slug], samples)
    assert not missing, f"{path} has no sample of what the vendor can do: {', '.join(missing)}"
    return samples


def lacking(vendor: Vendor, samples: Samples) -> list[str]:
    """What the vendor can do, and has brought no sample of."""
    named = samples.model_fields_set
    missing = [
        f"{member} (it can {capability.value})"
        for capability, members in REQUIRED.items()
        if capability in vendor.capabilities
        for member in members
        if not (member in named and getattr(samples, member) not in ({}, []))
    ]
    return missing + [
        f"collections.{name} (PATCH may write it)"
        for name in writable_collections(vendor)
        if name not in samples.collections
    ]


def writable_collections(vendor: Vendor) -> list[str]:
    """The collections of an order that the vendor lets PATCH write."""
    members = {path.partition(".")[0].removesuffix("{}") for path in vendor.writable}
    return [name for name in COLLECTIONS if name in members]
