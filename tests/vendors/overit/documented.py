"""What vendor document 004 prints: the members of its tables, its examples, and the record of our assumed read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.domain.json import JsonObject, JsonValue

FOLDER = Path(__file__).parent / "samples"

WORK_ORDER = (
    "externalSystemCode", "code", "externalCode", "externalParentCode", "typeCode", "urgencyCode", "workCenterCode",
    "aggregateCardinalityCode", "startDate", "endDate", "description", "aggregateDuration", "notes",
    "appointmentStartDate", "appointmentEndDate",
)  # fmt: skip
OPERATION = (
    "cardinalityCode", "typeCode", "accountCode", "assetCode", "defaultDuration", "executionOrder", "description",
    "currentDuration", "code", "startDate", "endDate", "operationNote", "activityAddress",
)  # fmt: skip
ADDRESS = (
    "description", "countryIsoAlphaCode", "districtAcronym", "districtCode", "municipality", "municipalityCode",
    "locality", "postalCode", "street", "streetNumber", "streetNumberExtension", "floor", "lot", "staircase",
    "apartament", "direction", "yCoordinate", "xCoordinate", "toponym",
)  # fmt: skip
"""The rows of "Request Body Parameters", in their order and spelling."""

EXAMPLES = ("update_one_field", "update_two_fields_of_an_operation", "add_an_operation")
"""The document's three; the second without the comma that makes it no JSON as printed."""


def example(name: str) -> JsonObject:
    value: JsonValue = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(value, Mapping)
    return value


def record() -> JsonObject:
    """An order as the assumed read shows it, with everything that the tables have."""
    return example("record")


def joined(payload: JsonObject) -> dict[str, JsonValue]:
    """A PATCH's two objects as one record."""
    work_order = payload["workOrder"]
    assert isinstance(work_order, Mapping)
    rest = {name: value for name, value in payload.items() if name != "workOrder"}
    return {**work_order, **rest}


def one_page(*orders: JsonValue, **page: JsonValue) -> bytes:
    """The answer of the assumed read that holds these orders."""
    return json.dumps({"content": list(orders), "_page": {"num": 0, "hasMore": False, **page}}).encode()
