"""What a PATCH may carry: the columns "Constraint" of vendor document 004's request table, held against a change.

Absent, null and blank are three things, and each rule says which of the last two it takes; absent is always allowed. A
member without a rule cannot be written. Types and lengths are the vendor's to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.errors import FieldFault
from app.domain.field_table import Member
from app.domain.json import JsonObject, JsonValue, escaped
from app.vendors.overit.fields import ADDRESS, ADDRESS_MEMBER, EXECUTION_ORDER, EXTENSION, OPERATION, OPERATIONS, ORDER
from app.vendors.overit.tables import SLUG


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A constraint in the document's words, and what it takes besides a value."""

    words: str
    null: bool
    blank: bool


NONE = Rule(words="", null=True, blank=True)
OR_NOT_BLANK = Rule(words="Absent or Not Blank", null=False, blank=False)
OR_NULL = Rule(words="Absent or Null or Not Blank", null=True, blank=False)
OR_NOT_NULL = Rule(words="Absent or Not Null", null=False, blank=True)
NOT_NULL = Rule(words="Not Null", null=False, blank=True)
OBJECT = Rule(words="an object", null=False, blank=False)
"""Of `extension`: "the objects in input could have also the extension object"."""

ORDER_RULES: Mapping[str, Rule] = {
    "externalParentCode":       OR_NOT_BLANK,
    "typeCode":                 OR_NOT_BLANK,
    "urgencyCode":              OR_NULL,
    "workCenterCode":           OR_NULL,
    "aggregateCardinalityCode": OR_NOT_BLANK,
    "startDate":                OR_NOT_NULL,
    "endDate":                  OR_NOT_NULL,
    "description":              NONE,
    "aggregateDuration":        OR_NOT_NULL,
    "notes":                    NONE,
    "appointmentStartDate":     NONE,
    "appointmentEndDate":       NONE,
    EXTENSION:                  OBJECT,
}  # fmt: skip
OPERATION_RULES: Mapping[str, Rule] = {
    "cardinalityCode":          OR_NOT_BLANK,
    "typeCode":                 OR_NOT_BLANK,
    "accountCode":              OR_NOT_BLANK,
    "assetCode":                OR_NOT_BLANK,
    "defaultDuration":          NONE,
    EXECUTION_ORDER:            NOT_NULL,
    "description":              NONE,
    "currentDuration":          NONE,
    "code":                     NONE,
    "startDate":                NONE,
    "endDate":                  NONE,
    "operationNote":            NONE,
    ADDRESS_MEMBER:             NONE,
    EXTENSION:                  OBJECT,
}  # fmt: skip
ADDRESS_RULES: Mapping[str, Rule] = {**{member.theirs: NONE for member in ADDRESS}, EXTENSION: OBJECT}

ONLY_NEW = frozenset({"code", "accountCode", "assetCode", ADDRESS_MEMBER})
"""Members of an operation that step 12 takes and step 13, the update, has not in its input."""

READ_ONLY = "NextGen FSM shows this, but takes no change of it."


def places(members: Iterable[Member]) -> Mapping[str, str]:
    """Each of the vendor's members, and its path in our object."""
    return {member.theirs: member.ours for member in members}


ORDER_PLACES, OPERATION_PLACES, ADDRESS_PLACES = places(ORDER.members), places(OPERATION), places(ADDRESS)


def pointer(name: str, table: Mapping[str, str], at: str = "") -> str:
    """Where a member of the vendor's stands in our work order, as a JSON Pointer."""
    path = table.get(name)
    return f"{at}/{path.replace('.', '/')}" if path is not None else f"{at}/extensions/{SLUG}/{escaped(name)}"


def _writable() -> tuple[str, ...]:
    """Our paths of what a PATCH may change; an element of a collection is `{}`, as in the table of homes."""
    levels = (
        (ORDER_RULES, ORDER_PLACES, ""),
        (OPERATION_RULES, OPERATION_PLACES, "/operations{}"),
        (ADDRESS_RULES, ADDRESS_PLACES, "/operations{}/address"),
    )
    found = [
        pointer(name, table, at)[1:].replace("/", ".")
        for rules, table, at in levels
        for name in rules
        if name != EXECUTION_ORDER
    ]
    return tuple(name for name in found if name != "operations{}.address")


def faults(record: JsonObject, keys: Iterable[str]) -> Iterator[FieldFault]:
    """What the vendor has no way to take, or forbids, of a change in its own names; `keys` are those of its operations."""
    order = {name: value for name, value in record.items() if name != OPERATIONS}
    yield from _of_object(order, ORDER_RULES, ORDER_PLACES, "")
    operations = record.get(OPERATIONS)
    if not isinstance(operations, list):
        return
    for key, operation in zip(keys, operations, strict=True):
        if isinstance(operation, Mapping):
            yield from _of_operation(operation, f"/operations/{key}")


def _of_operation(operation: JsonObject, at: str) -> Iterator[FieldFault]:
    yield from _of_object(operation, OPERATION_RULES, OPERATION_PLACES, at)
    if "accountCode" in operation and "assetCode" in operation:
        yield _invalid(f"{at}/asset_number", "An operation has an account or an asset, not both.")
    address = operation.get(ADDRESS_MEMBER)
    if isinstance(address, Mapping):
        yield from _of_object(address, ADDRESS_RULES, ADDRESS_PLACES, f"{at}/address")


def _of_object(
    members: JsonObject, rules: Mapping[str, Rule], table: Mapping[str, str], at: str
) -> Iterator[FieldFault]:
    for name, value in members.items():
        where, rule = pointer(name, table, at), rules.get(name)
        if rule is None:
            yield FieldFault(pointer=where, code="capability-missing", message=READ_ONLY)
        elif rule is OBJECT and not isinstance(value, Mapping):
            yield _invalid(where, "This must be an object; name the members of it to change.")
        elif value is None and not rule.null:
            yield _invalid(where, f"NextGen FSM takes no null here ({rule.words}); leave it out to keep what there is.")
        elif _blank(value) and not rule.blank:
            yield _invalid(where, f"NextGen FSM takes no blank here ({rule.words}).")


def _blank(value: JsonValue) -> bool:
    return isinstance(value, str) and not value.strip()


def _invalid(where: str, message: str) -> FieldFault:
    return FieldFault(pointer=where, code="invalid", message=message)


WRITABLE = _writable()
