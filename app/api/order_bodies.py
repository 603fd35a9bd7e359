"""A work order as callers write it: the canonical members (docs/work-order.md), for a create, a replacement and a merge patch.

Every member may be null: in a merge patch that removes it. Which of them a backend can take is the vendor's matter, and
answered with `capability-missing`; here only the shapes are checked.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import (
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
from app.api.order_parts import (
    Account,
    Appointment,
    Asset,
    Dates,
    Discount,
    InfoPanel,
    Location,
    Part,
    PlannedOperation,
    Project,
    RelatedValue,
    Rules,
    Text,
)
from app.domain.json import JsonObject


def _only_the_vendor(value: object) -> object:
    raise PydanticCustomError("read_only", "This member is read only; leave it out of a patch.")


def _by_status_update(value: object) -> object:
    raise PydanticCustomError("read_only", "A status is set by POST .../status-updates, not by a patch.")


def _not_null(value: object) -> object:
    if value is None:
        raise PydanticCustomError("read_only", "An order keeps its number; leave it out of a patch.")
    return value


ReadOnly = Annotated[Any, BeforeValidator(_only_the_vendor)]


class OrderMembers(Part):
    """What a vendor's order may hold. Collections are objects, keyed by the element's own id."""

    model_config = ConfigDict(defer_build=False)

    external_reference: Text | None = Field(default=None, description="What people, or another system, call the order.")
    parent_number: Text | None = Field(default=None, description="The number of the order that this one belongs to.")
    title: Text | None = Field(default=None, description="A short name.")
    description: Text | None = Field(default=None, description="What is to be done.")
    notes: Text | None = Field(default=None, description="What else is to be known.")
    type: Text | None = Field(default=None, description="The vendor's code for the kind of work.")
    priority: Text | None = Field(default=None, description="The vendor's code for how urgent it is.")
    dates: Dates | None = Field(default=None, description="The order's dates and times.")
    appointment: Appointment | None = Field(default=None, description="When somebody expects the visit.")
    account: Account | None = Field(default=None, description="The customer.")
    location: Location | None = Field(default=None, description="Where the work is.")
    project: Project | None = Field(default=None, description="The project that pays for it.")
    work_center: Text | None = Field(default=None, description="The unit of the organisation that does the work.")
    assets: dict[str, Asset | None] | None = Field(
        default=None, description="What is worked on: each asset under its number."
    )
    operations: dict[str, PlannedOperation | None] | None = Field(
        default=None, description="The steps of the work: each under its execution order, as text."
    )
    discounts: dict[str, Discount | None] | None = Field(
        default=None, description="Discounts on the bill: each under its id."
    )
    info_panels: dict[str, InfoPanel | None] | None = Field(
        default=None, description="What the vendor shows beside the order: each panel under its id."
    )
    related_values: dict[str, RelatedValue | None] | None = Field(
        default=None, description="Values by relation and first day: each under `relation_id~date_from`."
    )
    rules: Rules | None = Field(default=None, description="What may be done with the order in the vendor's app.")


class VendorCode(Input):
    """The vendor's status, as an order shows it: only the code counts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: Word = Field(description="The vendor's code, as text.")


class WorkOrderIn(OrderMembers):
    """An order to create, or to put in place of one. An order that was read can be sent back as it is,
    or with another status."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="The order's number; left out where the vendor is to number it."
    )
    status: StatusWord | None = Field(default=None, description="The status to begin with; else the vendor's default.")
    vendor_code: Word | None = Field(default=None, description="One of several vendor codes behind the status.")
    vendor_status: VendorCode | None = Field(
        default=None, description="As read; its code counts as `vendor_code`, unless it stands for another `status`."
    )
    backend: Any = Field(default=None, description="As read: another than this is refused.")
    phase: Any = Field(
        default=None, description="As read: beside a `status` that `vendor_status` does not show it counts for nothing."
    )
    delivery: Any = Field(default=None, description="As read, but any value is taken; it changes nothing.")
    not_shown: Any = Field(default=None, description="As read, but any value is taken; it changes nothing.")
    as_of: Any = Field(default=None, description="As read, but any value is taken; it changes nothing.")
    vendor_ids: Any = Field(default=None, description="As read: others than those of this backend are refused.")

    @property
    def shown_code(self) -> str | None:
        """The vendor code that the order had when it was read, if the caller says."""
        return self.vendor_status.code if self.vendor_status is not None else None


class WorkOrderPatch(OrderMembers):
    """A merge patch (RFC 7396): what is absent stays, null removes, an object is merged, all else replaces."""

    number: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=100)] | None,
        BeforeValidator(_not_null),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 100}),
    ] = Field(default=None, description="May be repeated from the path; it cannot be changed.")
    status: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    vendor_code: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    vendor_status: Annotated[Any, BeforeValidator(_by_status_update)] = Field(default=None, exclude=True)
    backend: ReadOnly = Field(default=None, exclude=True)
    phase: ReadOnly = Field(default=None, exclude=True)
    delivery: ReadOnly = Field(default=None, exclude=True)
    not_shown: ReadOnly = Field(default=None, exclude=True)
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
