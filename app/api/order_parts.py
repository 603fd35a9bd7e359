"""The parts of a work order as callers write them: dates, parties, places, and the elements of its collections."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from app.api.bodies import Input
from app.api.parameters import DATE, NO_SUCH_MOMENT, TIME

_WHEN = re.compile(f"{DATE}({TIME})?", re.ASCII)


def _date_or_time(text: str) -> str:
    if _WHEN.fullmatch(text) is not None:
        try:
            date.fromisoformat(text[:10])
            if len(text) > len("2026-11-20"):
                datetime.fromisoformat(text.upper())
        except ValueError:
            raise PydanticCustomError("date_time", NO_SUCH_MOMENT) from None
        return text
    raise PydanticCustomError(
        "date_time", "Write a date (2026-11-20) or a time as RFC 3339 with an offset (2026-11-20T20:40:00Z)."
    )


LONGEST = 4000
Text = Annotated[str, StringConstraints(max_length=LONGEST)]


def _not_too_long(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST:
        raise PydanticCustomError("string_too_long", f"String should have at most {LONGEST} characters")
    return value


When = Annotated[
    str,
    AfterValidator(_date_or_time),
    WithJsonSchema(
        {"type": "string", "description": "A date, or RFC 3339 with an offset.", "examples": ["2026-11-20"]}
    ),
]


def _number(value: object) -> object:
    """One fault for a member that is no number, where a union of types has one for each."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("number_type", "Input should be a valid number")


def _number_or_text(value: object) -> object:
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("number_or_text_type", "Input should be a valid number or string")


Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Coordinate = Annotated[
    Any,
    BeforeValidator(_number_or_text),
    AfterValidator(_not_too_long),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "maxLength": LONGEST}]}),
]


class Piece(Input):
    """Of a work order. Pydantic builds its schema within those of the orders that have it, and by itself at its first use."""

    model_config = ConfigDict(defer_build=True)


class Part(Piece):
    """A part of a work order; `extensions` holds what the vendor has besides."""

    extensions: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="Members of the vendor's own that have no name here: under the vendor's slug, by the vendor's names.",
    )


class Dates(Piece):
    """Dates, as 2026-11-20, or times, as RFC 3339; which of the two is the vendor's matter."""

    raised: When | None = Field(default=None, description="When the order was made.")
    target: When | None = Field(default=None, description="By when the work is due.")
    planned_start: When | None = Field(default=None, description="When the work is planned to begin.")
    planned_end: When | None = Field(default=None, description="When the work is planned to be finished.")
    actual_start: When | None = Field(default=None, description="When the work began.")
    actual_end: When | None = Field(default=None, description="When the work was finished.")


class Appointment(Piece):
    """The time of the visit that was agreed."""

    start: When | None = Field(default=None, description="The earliest time agreed with whoever is visited.")
    end: When | None = Field(default=None, description="The latest time agreed with whoever is visited.")


class Account(Part):
    """The vendor's customer: by `number` alone, which the vendor completes, or in full."""

    number: Text | None = Field(default=None, description="The customer's number at the vendor.")
    type: Text | None = Field(default=None, description="The vendor's code for the kind of customer.")
    name: Text | None = Field(default=None, description="The customer's name.")
    reference: Text | None = Field(default=None, description="The customer's own reference for this work.")


class Address(Part):
    """A postal address."""

    line_1: Text | None = Field(default=None, description="The first line: house and street.")
    line_2: Text | None = Field(default=None, description="The second line.")
    line_3: Text | None = Field(default=None, description="The third line.")
    line_4: Text | None = Field(default=None, description="The fourth line.")
    city: Text | None = Field(default=None, description="The town or city.")
    region: Text | None = Field(default=None, description="The county, state or province.")
    postcode: Text | None = Field(default=None, description="The postcode or ZIP code.")
    country: Text | None = Field(default=None, description="The country, as the vendor writes it.")


class Location(Part):
    """Where the work is: by `number` alone, which the vendor completes, or in full."""

    number: Text | None = Field(default=None, description="The place's number at the vendor.")
    name: Text | None = Field(default=None, description="The place's name.")
    work_center: Text | None = Field(default=None, description="The unit of the organisation that serves the place.")
    address: Address | None = Field(default=None, description="The postal address.")


class Project(Piece):
    """The project that pays for the work."""

    number: Text | None = Field(default=None, description="The project's number at the vendor.")
    manager: Text | None = Field(default=None, description="The number of the project's manager.")


class Asset(Part):
    """What is worked on; keyed by its number."""

    number: Text | None = Field(default=None, description="The asset's number: its key.")
    type: Text | None = Field(default=None, description="The vendor's code for the kind of asset.")
    description: Text | None = Field(default=None, description="What it is.")
    is_component: StrictBool | None = Field(default=None, description="Whether it is a part of another asset.")


class Discount(Part):
    """A discount on the bill; keyed by its id."""

    id: Text | None = Field(default=None, description="The discount's id: its key.")
    description: Text | None = Field(default=None, description="What it is given for.")
    percentage: Number | None = Field(default=None, description="The share taken off, in percent.")
    fixed: Number | None = Field(default=None, description="The amount taken off, in the order's currency.")
    is_applied: StrictBool | None = Field(default=None, description="Whether it counts for this order.")
    product_types: list[Text] | None = Field(
        default=None, description="The vendor's codes of the kinds of product that it is for."
    )


class PanelItem(Part):
    """A line of a panel."""

    label: Text | None = Field(default=None, description="What the value is.")
    value: Text | None = Field(default=None, description="The value, as text.")


class InfoPanel(Part):
    """What the vendor shows beside the order; keyed by its id. Its items are a list, which is replaced whole."""

    id: Text | None = Field(default=None, description="The panel's id: its key.")
    title: Text | None = Field(default=None, description="Its heading.")
    items: list[PanelItem] | None = Field(default=None, description="Its lines, in their order.")


class RelatedValue(Part):
    """A value that holds for a relation from a day on; keyed by `relation_id~date_from`."""

    relation_id: Text | None = Field(default=None, description="What the value is of: the first part of the key.")
    value: Text | None = Field(default=None, description="The value.")
    description: Text | None = Field(default=None, description="What the value stands for.")
    date_from: When | None = Field(
        default=None, description="The first day on which it holds: the second part of the key."
    )
    date_to: When | None = Field(default=None, description="The last day on which it holds.")


class Rules(Part):
    """What may be done with the order in the vendor's app."""

    can_edit_asset: StrictBool | None = Field(default=None, description="Whether the assets may be changed.")
    can_edit_discounts: StrictBool | None = Field(default=None, description="Whether the discounts may be changed.")
    can_set_chargeable: StrictBool | None = Field(
        default=None, description="Whether it may be said what is charged for."
    )
    can_set_price: StrictBool | None = Field(default=None, description="Whether prices may be set.")
    in_warranty: StrictBool | None = Field(default=None, description="Whether the work falls under a warranty.")
    is_ops: StrictBool | None = Field(default=None, description="The vendor's own flag `IsOps`.")
    stack_discounts: StrictBool | None = Field(default=None, description="Whether several discounts may add up.")


class ActivityAddress(Part):
    """Where an operation is to be done."""

    description: Text | None = Field(default=None, description="The place in words.")
    country: Text | None = Field(default=None, description="The country in two or three letters (ISO 3166).")
    district: Text | None = Field(default=None, description="The district's abbreviation.")
    district_code: Text | None = Field(default=None, description="The vendor's code of the district.")
    city: Text | None = Field(default=None, description="The town or city.")
    city_code: Text | None = Field(default=None, description="The vendor's code of the city.")
    locality: Text | None = Field(default=None, description="The part of the city, or the hamlet.")
    postcode: Text | None = Field(default=None, description="The postcode.")
    street: Text | None = Field(default=None, description="The street's name.")
    street_number: Text | None = Field(default=None, description="The house number.")
    street_number_extension: Text | None = Field(
        default=None, description="What follows the house number, such as the A of 12A."
    )
    floor: Text | None = Field(default=None, description="The floor.")
    lot: Text | None = Field(default=None, description="The plot of land.")
    staircase: Text | None = Field(default=None, description="The staircase.")
    apartment: Text | None = Field(default=None, description="The apartment.")
    directions: Text | None = Field(default=None, description="How to get there.")
    x_coordinate: Coordinate | None = Field(default=None, description="The x coordinate, as the vendor keeps it.")
    y_coordinate: Coordinate | None = Field(default=None, description="The y coordinate, as the vendor keeps it.")
    toponym: Text | None = Field(default=None, description="The toponym, as the vendor keeps it.")


class PlannedOperation(Part):
    """A step of the work, keyed by its execution order as text."""

    execution_order: StrictInt | None = Field(
        default=None, description="Its place in the order of work: its key, as a number."
    )
    code: Text | None = Field(default=None, description="The operation's code at the vendor.")
    type: Text | None = Field(default=None, description="The vendor's code for the kind of operation.")
    cardinality: Text | None = Field(default=None, description="The vendor's code of its cardinality.")
    account_number: Text | None = Field(
        default=None, description="The customer that it is done for; instead of an asset."
    )
    asset_number: Text | None = Field(default=None, description="The asset that it is done on; instead of a customer.")
    default_duration: Number | None = Field(default=None, description="How long it should take, in the vendor's unit.")
    remaining_duration: Number | None = Field(
        default=None, description="How long it will still take, in the vendor's unit."
    )
    description: Text | None = Field(default=None, description="What is to be done.")
    notes: Text | None = Field(default=None, description="What else is to be known.")
    planned_start: When | None = Field(default=None, description="When it is planned to begin.")
    planned_end: When | None = Field(default=None, description="When it is planned to be finished.")
    address: ActivityAddress | None = Field(default=None, description="Where it is to be done.")
