"""Reads a request's body and holds it against the document's tables; the first violation is the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.vendors.overit.simulator_fields import (
    ADDRESS,
    CANCELLED_OPERATION,
    CANCELLED_WORK_ORDER,
    OPERATION,
    TAKES_BLANK,
    TAKES_NULL,
    WORK_ORDER,
    Field,
)
from app.vendors.overit.simulator_problems import Refused
from app.vendors.simulation import Json

EXTENSION = "extension"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
MOST_WHOLE = 2**31


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The request's two objects, as they were sent."""

    work_order: Mapping[str, Json]
    operations: Sequence[Mapping[str, Json]]


def read_json(body: bytes) -> dict[str, Json]:
    """The body as a JSON object, or Refused; what cannot be written down again (NaN, half a surrogate) is not JSON."""
    try:
        value: Json = json.loads(body)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as fault:
        raise Refused("body", f"Request body is not valid JSON: {fault}") from fault
    if not isinstance(value, dict):
        raise Refused("body", "Request body must be a JSON object")
    return value


def check_update(body: Mapping[str, Json], *, double_location: bool) -> Body:
    read = _check(body, WORK_ORDER, OPERATION)
    for index, operation in enumerate(read.operations):
        where = f"operations[{index}]"
        if "accountCode" in operation and "assetCode" in operation:
            raise Refused("body", f"{where}.accountCode must not be present if assetCode is present")
        if "activityAddress" not in operation:
            continue
        if not double_location:
            raise Refused("body", f"{where}.activityAddress is not available: company.fsm.doubleLocation is not true")
        address = operation["activityAddress"]
        if isinstance(address, dict):
            _check_object(address, ADDRESS, f"{where}.activityAddress")
    return read


def check_cancellation(body: Mapping[str, Json]) -> Body:
    return _check(body, CANCELLED_WORK_ORDER, CANCELLED_OPERATION)


def utc_time(text: str) -> str | None:
    """An ISO 8601 time as the vendor writes it (UTC, milliseconds, Z); None for what is no time with an offset."""
    if TIME.fullmatch(text) is None:
        return None
    try:
        when = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _check(body: Mapping[str, Json], work_order: Sequence[Field], operation: Sequence[Field]) -> Body:
    given = body.get("workOrder")
    if not isinstance(given, dict):
        raise Refused("body", "workOrder must be an object")
    _check_object(given, work_order, "workOrder")
    if "code" not in given and "externalCode" not in given:
        raise Refused("body", "workOrder.code or workOrder.externalCode must be present")
    listed = body.get("operations", [])
    if not isinstance(listed, list):
        raise Refused("body", "operations must be a list")
    operations: list[dict[str, Json]] = []
    for index, item in enumerate(listed):
        if not isinstance(item, dict):
            raise Refused("body", f"operations[{index}] must be an object")
        _check_object(item, operation, f"operations[{index}]")
        operations.append(item)
    for name in body:
        if name not in ("workOrder", "operations"):
            raise Refused("body", f"{name} is not known")
    return Body(work_order=given, operations=operations)


def _check_object(given: Mapping[str, Json], fields: Sequence[Field], where: str) -> None:
    for field in fields:
        if field.name in given:
            _check_value(given[field.name], field, f"{where}.{field.name}")
        elif field.mandatory:
            raise Refused("body", f"{where}.{field.name} must be present")
    if not isinstance(given.get(EXTENSION, {}), dict):
        raise Refused("body", f"{where}.{EXTENSION} must be an object")
    known = {field.name for field in fields} | {EXTENSION}
    for name in given:
        if name not in known:
            raise Refused("body", f"{where}.{name} is not known")


def _check_value(value: Json, field: Field, where: str) -> None:
    if value is None:
        if not TAKES_NULL[field.constraint]:
            raise Refused("body", f"{where} must not be null")
        return
    match field.kind, value:
        case "text", str():
            if not TAKES_BLANK[field.constraint] and not value.strip():
                raise Refused("body", f"{where} must not be blank")
        case "time", str():
            if utc_time(value) is None:
                raise Refused("body", f"{where} must be a date-time of ISO 8601")
        case (("whole" | "coordinate"), bool()):
            raise Refused("body", f"{where} must be a number")
        case "whole", int():
            if not -MOST_WHOLE <= value < MOST_WHOLE:
                raise Refused("body", f"{where} must be a number of 32 bits")
        case ("coordinate", int() | float() | str()) | ("address", dict()):
            pass
        case _:
            raise Refused("body", f"{where} must be {MUST_BE[field.kind]}")


MUST_BE = {
    "text": "text",
    "time": "a date-time of ISO 8601",
    "whole": "a whole number",
    "coordinate": "a number",
    "address": "an object",
}
