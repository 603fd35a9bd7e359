"""The members of a NextGen FSM work order, each with its place in ours (vendor document 004, "Request Body Parameters").

One table serves the record as it is read and the PATCH, whose `workOrder` and `operations` together are such a record.
What it does not list stands in `extensions.overit`: aggregateCardinalityCode, aggregateDuration, operationsAssignment and
the company's own `extension` objects. Members beside the document's are those of the assumed read.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.field_table import MOMENT, FieldTable, Keyed, Member, Nested, by_one, one_id
from app.vendors.overit.tables import SLUG

EXECUTION_ORDER = "executionOrder"
OPERATIONS = "operations"
ADDRESS_MEMBER = "activityAddress"
EXTENSION = "extension"
# The spelling is the table's of the document; its step 11 spells some of these otherwise.
ADDRESS = (
    Member(theirs="description", ours="description"),
    Member(theirs="countryIsoAlphaCode", ours="country"),
    Member(theirs="districtAcronym", ours="district"),
    Member(theirs="districtCode", ours="district_code"),
    Member(theirs="municipality", ours="city"),
    Member(theirs="municipalityCode", ours="city_code"),
    Member(theirs="locality", ours="locality"),
    Member(theirs="postalCode", ours="postcode"),
    Member(theirs="street", ours="street"),
    Member(theirs="streetNumber", ours="street_number"),
    Member(theirs="streetNumberExtension", ours="street_number_extension"),
    Member(theirs="floor", ours="floor"),
    Member(theirs="lot", ours="lot"),
    Member(theirs="staircase", ours="staircase"),
    Member(theirs="apartament", ours="apartment"),
    Member(theirs="direction", ours="directions"),
    Member(theirs="yCoordinate", ours="y_coordinate"),
    Member(theirs="xCoordinate", ours="x_coordinate"),
    Member(theirs="toponym", ours="toponym"),
)

OPERATION = (
    Member(theirs=EXECUTION_ORDER, ours="execution_order"),
    Member(theirs="code", ours="code"),
    Member(theirs="typeCode", ours="type"),
    Member(theirs="cardinalityCode", ours="cardinality"),
    Member(theirs="accountCode", ours="account_number"),
    Member(theirs="assetCode", ours="asset_number"),
    Member(theirs="defaultDuration", ours="default_duration"),
    Member(theirs="currentDuration", ours="remaining_duration"),
    Member(theirs="description", ours="description"),
    Member(theirs="operationNote", ours="notes"),
    Member(theirs="startDate", ours="planned_start", shape=MOMENT),
    Member(theirs="endDate", ours="planned_end", shape=MOMENT),
    Member(theirs=ADDRESS_MEMBER, ours="address", shape=Nested(members=ADDRESS)),
)

ORDER = FieldTable(
    vendor=SLUG,
    members=(
        Member(theirs="id", ours="vendor_ids.id"),
        Member(theirs="code", ours="number"),
        Member(theirs="externalCode", ours="external_reference"),
        Member(theirs="externalSystemCode", ours="vendor_ids.external_system_code"),
        Member(theirs="externalParentCode", ours="parent_number"),
        Member(theirs="typeCode", ours="type"),
        Member(theirs="statusCode", ours="vendor_status.code"),
        Member(theirs="urgencyCode", ours="priority"),
        Member(theirs="workCenterCode", ours="work_center"),
        Member(theirs="creationDate", ours="dates.raised", shape=MOMENT),
        Member(theirs="startDate", ours="dates.planned_start", shape=MOMENT),
        Member(theirs="endDate", ours="dates.planned_end", shape=MOMENT),
        Member(theirs="description", ours="description"),
        Member(theirs="notes", ours="notes"),
        Member(theirs="appointmentStartDate", ours="appointment.start", shape=MOMENT),
        Member(theirs="appointmentEndDate", ours="appointment.end", shape=MOMENT),
        Member(
            theirs=OPERATIONS,
            ours="operations",
            shape=Keyed(
                members=OPERATION, key=by_one(EXECUTION_ORDER, number=True), ids=one_id(EXECUTION_ORDER, number=True)
            ),
        ),
    ),
)

OWN_MEMBERS = (
    "aggregateCardinalityCode", "aggregateDuration", EXTENSION, f"{OPERATIONS}[].{EXTENSION}",
    f"{OPERATIONS}[].{ADDRESS_MEMBER}.{EXTENSION}",
    "operationsAssignment", f"{OPERATIONS}[].id", f"{OPERATIONS}[].statusCode",  # of the assumed read
)  # fmt: skip
"""The known members that have no name of ours."""


def groups(table: FieldTable) -> Mapping[str, tuple[str, ...]]:
    """Objects of ours that the vendor does not have as such, and their members."""
    found: dict[str, tuple[str, ...]] = {}
    for member in table.members:
        group, _, name = member.ours.partition(".")
        if name:
            found[group] = (*found.get(group, ()), name)
    return found
