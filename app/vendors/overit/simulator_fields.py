"""Vendor document 004, "Request Body Parameters": every field with its constraint, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Kind = Literal["text", "time", "whole", "coordinate", "address"]
"""What a value must be. [assumed] The document gives no types; its examples show text, times and whole numbers."""


class Constraint(Enum):
    """The words of the table's last column."""

    NONE = ""
    NOT_BLANK = "Not Blank"
    NOT_NULL = "Not Null"
    ABSENT_OR_NOT_BLANK = "Absent or Not Blank"
    ABSENT_OR_NULL_OR_NOT_BLANK = "Absent or Null or Not Blank"
    ABSENT_OR_NOT_NULL = "Absent or Not Null"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    name: str
    constraint: Constraint = Constraint.NONE
    mandatory: bool = False
    kind: Kind = "text"


NONE, NOT_BLANK, NOT_NULL = Constraint.NONE, Constraint.NOT_BLANK, Constraint.NOT_NULL
OR_NOT_BLANK, OR_NULL = Constraint.ABSENT_OR_NOT_BLANK, Constraint.ABSENT_OR_NULL_OR_NOT_BLANK
OR_NOT_NULL = Constraint.ABSENT_OR_NOT_NULL

TAKES_NULL: Mapping[Constraint, bool] = {
    NONE: True, NOT_BLANK: False, NOT_NULL: False, OR_NOT_BLANK: False, OR_NULL: True, OR_NOT_NULL: False,
}  # fmt: skip
TAKES_BLANK: Mapping[Constraint, bool] = {
    NONE: True, NOT_BLANK: False, NOT_NULL: True, OR_NOT_BLANK: False, OR_NULL: False, OR_NOT_NULL: True,
}  # fmt: skip

WORK_ORDER = (
    Field(name="externalSystemCode", constraint=NOT_BLANK, mandatory=True),
    Field(name="code", constraint=NOT_BLANK),
    Field(name="externalCode", constraint=NOT_BLANK),
    Field(name="externalParentCode", constraint=OR_NOT_BLANK),
    Field(name="typeCode", constraint=OR_NOT_BLANK),
    Field(name="urgencyCode", constraint=OR_NULL),
    Field(name="workCenterCode", constraint=OR_NULL),
    Field(name="aggregateCardinalityCode", constraint=OR_NOT_BLANK),
    Field(name="startDate", constraint=OR_NOT_NULL, kind="time"),
    Field(name="endDate", constraint=OR_NOT_NULL, kind="time"),
    Field(name="description"),
    Field(name="aggregateDuration", constraint=OR_NOT_NULL, kind="whole"),
    Field(name="notes"),
    Field(name="appointmentStartDate", kind="time"),
    Field(name="appointmentEndDate", kind="time"),
)

OPERATION = (
    Field(name="cardinalityCode", constraint=OR_NOT_BLANK),
    Field(name="typeCode", constraint=OR_NOT_BLANK),
    Field(name="accountCode", constraint=OR_NOT_BLANK),
    Field(name="assetCode", constraint=OR_NOT_BLANK),
    Field(name="defaultDuration", kind="whole"),
    Field(name="executionOrder", constraint=NOT_NULL, mandatory=True, kind="whole"),
    Field(name="description"),
    Field(name="currentDuration", kind="whole"),
    Field(name="code"),
    Field(name="startDate", kind="time"),
    Field(name="endDate", kind="time"),
    Field(name="operationNote"),
    Field(name="activityAddress", kind="address"),
)

# The spelling is the table's (`apartament`, `direction`, `countryIsoAlphaCode`), not step 11's.
ADDRESS = (
    Field(name="description"),
    Field(name="countryIsoAlphaCode"),
    Field(name="districtAcronym"),
    Field(name="districtCode"),
    Field(name="municipality"),
    Field(name="municipalityCode"),
    Field(name="locality"),
    Field(name="postalCode"),
    Field(name="street"),
    Field(name="streetNumber"),
    Field(name="streetNumberExtension"),
    Field(name="floor"),
    Field(name="lot"),
    Field(name="staircase"),
    Field(name="apartament"),
    Field(name="direction"),
    Field(name="yCoordinate", kind="coordinate"),
    Field(name="xCoordinate", kind="coordinate"),
    Field(name="toponym"),
)

# The cancellation's page (dossier 4.4) names these members; their constraints are [assumed] to be the PATCH's.
CANCELLED_WORK_ORDER = WORK_ORDER[:3]
CANCELLED_OPERATION = (Field(name="code", constraint=NOT_BLANK, mandatory=True),)
