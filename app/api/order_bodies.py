"""A work order as callers write it: the canonical members of design.md §3.3, for a create, a replacement and a merge patch.

Every member may be null: in a merge patch that removes it. Which of them a backend can take is the vendor's matter, and
answered with `capability-missing`; here only the shapes are checked.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import models_json_schema
from pydantic_core import PydanticCustomError

from app.api.bodies import Input, StatusWord, Word
from app.domain.json import JsonObject

_WHEN = re.compile(r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII)


def _date_or_time(text: str) -> str:
    if _WHEN.fullmatch(text) is not None:
        try:
            date.fromisoformat(text[:10])
            if len(text) > len("2026-11-20"):
                datetime.fromisoformat(text.upper())
        except ValueError:
            raise PydanticCustomError("date_time", "There is no such day, time of day or offset.") from None
        return text
    raise PydanticCustomError(
        "date_time", "Write a date (2026-11-20) or a time as RFC 3339 with an offset (2026-11-20T20:40:00Z)."
    )


def _only_the_vendor(value: object) -> object:
    raise PydanticCustomError("read_only", "This member is read only; leave it out of a patch.")


def _by_status_update(value: object) -> object:
    raise PydanticCustomError("read_only", "A status is set by POST .../status-updates, not by a patch.")


Text = Annotated[str, StringConstraints(max_length=4000)]
When = Annotated[
    str,
    AfterValidator(_date_or_time),
    WithJsonSchema(
        {"type": "string", "description": "A date, or RFC 3339 with an offset.", "examples": ["2026-11-20"]}
    ),
]
Extensions = Annotated[
    dict[str, dict[str, Any]],
    Field(
        description="Members of the vendor's own that have no name here: under the vendor's slug, by the vendor's names."
    ),
]
Number = int | float
ReadOnly = Annotated[Any, BeforeValidator(_only_the_vendor)]


class Part(Input):
    """A part of a work order; `extensions` holds what the vendor has besides."""

    extensions: Extensions | None = None


class Dates(Input):
    raised: When | None = None
    target: When | None = None
    planned_start: When | None = None
    planned_end: When | None = None
    actual_start: When | None = None
    actual_end: When | None = None


class Appointment(Input):
    start: When | None = None
    end: When | None = None


class Account(Part):
    """The vendor's customer: by `number` alone, which the vendor completes, or in full."""

    number: Text | None = None
    type: Text | None = None
    name: Text | None = None
    reference: Text | None = None


class Address(Part):
    line_1: Text | None = None
    line_2: Text | None = None
    line_3: Text | None = None
    line_4: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postcode: Text | None = None
    country: Text | None = None


class Location(Part):
    """Where the work is: by `number` alone, which the vendor completes, or in full."""

    number: Text | None = None
    name: Text | None = None
    work_center: Text | None = None
    address: Address | None = None


class Project(Input):
    number: Text | None = None
    manager: Text | None = None


class Asset(Part):
    """Keyed by its number."""

    number: Text | None = None
    type: Text | None = None
    description: Text | None = None
    is_component: bool | None = None


class Discount(Part):
    """Keyed by its id."""

    id: Text | None = None
    description: Text | None = None
    percentage: Number | None = None
    fixed: Number | None = None
    is_applied: bool | None = None
    product_types: list[Text] | None = None


class PanelItem(Part):
    label: Text | None = None
    value: Text | None = None


class InfoPanel(Part):
    """Keyed by its id; its items are a list, which is replaced whole."""

    id: Text | None = None
    title: Text | None = None
    items: list[PanelItem] | None = None


class RelatedValue(Part):
    """Keyed by `relation_id~date_from`."""

    relation_id: Text | None = None
    value: Text | None = None
    description: Text | None = None
    date_from: When | None = None
    date_to: When | None = None


class Rules(Part):
    can_edit_asset: bool | None = None
    can_edit_discounts: bool | None = None
    can_set_chargeable: bool | None = None
    can_set_price: bool | None = None
    in_warranty: bool | None = None
    is_ops: bool | None = None
    stack_discounts: bool | None = None


class ActivityAddress(Part):
    description: Text | None = None
    country: Text | None = Field(default=None, description="Two or three letters.")
    district: Text | None = None
    district_code: Text | None = None
    city: Text | None = None
    city_code: Text | None = None
    locality: Text | None = None
    postcode: Text | None = None
    street: Text | None = None
    street_number: Text | None = None
    street_number_extension: Text | None = None
    floor: Text | None = None
    lot: Text | None = None
    staircase: Text | None = None
    apartment: Text | None = None
    directions: Text | None = None
    x_coordinate: Number | Text | None = None
    y_coordinate: Number | Text | None = None
    toponym: Text | None = None


class PlannedOperation(Part):
    """A step of the work, keyed by its execution order as text."""

    execution_order: int | None = None
    code: Text | None = None
    type: Text | None = None
    cardinality: Text | None = None
    account_number: Text | None = None
    asset_number: Text | None = None
    default_duration: Number | None = None
    remaining_duration: Number | None = None
    description: Text | None = None
    notes: Text | None = None
    planned_start: When | None = None
    planned_end: When | None = None
    address: ActivityAddress | None = None


class OrderMembers(Part):
    """What a vendor's order may hold. Collections are objects, keyed by the element's own id."""

    external_reference: Text | None = None
    parent_number: Text | None = None
    title: Text | None = None
    description: Text | None = None
    notes: Text | None = None
    type: Text | None = None
    priority: Text | None = None
    dates: Dates | None = None
    appointment: Appointment | None = None
    account: Account | None = None
    location: Location | None = None
    project: Project | None = None
    work_center: Text | None = None
    assets: dict[str, Asset | None] | None = None
    operations: dict[str, PlannedOperation | None] | None = None
    discounts: dict[str, Discount | None] | None = None
    info_panels: dict[str, InfoPanel | None] | None = None
    related_values: dict[str, RelatedValue | None] | None = None
    rules: Rules | None = None


class VendorCode(Input):
    """The vendor's status, as an order shows it: only the code counts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: Word


class WorkOrderIn(OrderMembers):
    """An order to create, or to put in place of one. An order that was read can be sent back as it is."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="The order's number; left out where the vendor is to number it."
    )
    status: StatusWord | None = Field(default=None, description="The status to begin with; else the vendor's default.")
    vendor_code: Word | None = Field(default=None, description="One of several vendor codes behind the status.")
    vendor_status: VendorCode | None = Field(default=None, description="As read; its code counts as `vendor_code`.")
    backend: Any = Field(default=None, description="As read; it changes nothing.")
    phase: Any = Field(default=None, description="As read; it changes nothing.")
    delivery: Any = Field(default=None, description="As read; it changes nothing.")
    as_of: Any = Field(default=None, description="As read; it changes nothing.")
    vendor_ids: Any = Field(default=None, description="As read; it changes nothing.")

    @property
    def code(self) -> str | None:
        """The vendor code that the caller names, if any."""
        return self.vendor_code or (self.vendor_status.code if self.vendor_status is not None else None)


class WorkOrderPatch(OrderMembers):
    """A merge patch (RFC 7396): what is absent stays, null removes, an object is merged, all else replaces."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="May be repeated from the path; it cannot be changed."
    )
    status: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    vendor_code: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    vendor_status: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    backend: ReadOnly = Field(default=None, exclude=True)
    phase: ReadOnly = Field(default=None, exclude=True)
    delivery: ReadOnly = Field(default=None, exclude=True)
    as_of: ReadOnly = Field(default=None, exclude=True)
    vendor_ids: ReadOnly = Field(default=None, exclude=True)


M = TypeVar("M", bound=Input)


def validated(model: type[M], body: JsonObject, *, at: tuple[str, ...] = ("body",)) -> M:
    """A body as its model takes it; `at` is where it stands. Raises RequestValidationError."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = [{**fault, "loc": (*at, *fault["loc"])} for fault in error.errors()]
        whole: object = body
        for name in reversed(at[1:]):
            whole = {name: whole}
        raise RequestValidationError(faults, body=whole) from error


def documented() -> dict[str, Any]:
    """The JSON schemas of these bodies, for the OpenAPI document."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in (OrderMembers, WorkOrderIn, WorkOrderPatch)],
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = schemas["$defs"]
    return found
