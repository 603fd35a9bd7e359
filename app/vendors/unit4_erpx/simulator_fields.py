"""The simulator's model of a work order: its fields, what each may hold, and the faults of a record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.vendors.simulation import Json
from app.vendors.unit4_erpx import simulator_answers as text

Kind = Literal["System.String", "System.Int32", "System.Boolean", "System.DateTime"]
PYTHON: dict[Kind, type] = {
    "System.String": str, "System.Int32": int, "System.Boolean": bool, "System.DateTime": str,
}  # fmt: skip

EARLIEST, LATEST = "1900-01-01", "2099-12-31"
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

COMPANIES = ("COMP1", "COMP2")
CONTACTS: dict[str, str | None] = {"CUST1": "Ann Lee", "CUST2": None}
"""The customers, and the name of each one's contact person where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """`attribute`: `legal` are an attribute's values; otherwise they are a list of possible values."""

    kind: Kind = "System.String"
    required: bool = False
    longest: int | None = None
    between: tuple[int, int] | None = None
    legal: frozenset[str] = frozenset()
    attribute: bool = True


PERIOD = Field(kind="System.Int32", between=(190001, 209999))

FIELDS: dict[str, Field] = {
    "companyId":        Field(required=True, legal=frozenset(COMPANIES)),
    "dateFrom":         Field(required=True, kind="System.DateTime"),
    "dateTo":           Field(kind="System.DateTime"),
    "costCentre":       Field(legal=frozenset({"C1", "C2"})),
    "workOrderName":    Field(required=True, longest=255),
    "periodFrom":       PERIOD,
    "periodTo":         PERIOD,
    "projectId":        Field(required=True, legal=frozenset({"ProId1", "ProId2"})),
    "projectManagerId": Field(legal=frozenset({"33225", "33226"})),
    "status":           Field(required=True, legal=frozenset({"N", "P", "C", "T"}), attribute=False),
    "workOrderId":      Field(longest=25),
    "probability":      Field(kind="System.Int32", between=(0, 100)),
    "serviceOrder":     Field(kind="System.Boolean"),
}  # fmt: skip

CUSTOMER_FIELDS: dict[str, Field] = {
    "customerId":        Field(legal=frozenset(CONTACTS)),
    "currencyCode":      Field(legal=frozenset({"GBP", "EUR", "SEK", "NOK"})),
    "reference":         Field(longest=255),
    "invoiceSeparately": Field(kind="System.Boolean"),
    "invoiceStatus":     Field(legal=frozenset({"T", "N", "B"}), attribute=False),
}  # fmt: skip

RELATED_FIELDS: dict[str, Field] = {
    "relationId":   Field(required=True, legal=frozenset({"B0", "C0", "C1"})),
    "relatedValue": Field(longest=25),
    "description":  Field(longest=255),  # dossier 2.5; the length is assumed
    "dateFrom":     Field(kind="System.DateTime"),
    "dateTo":       Field(kind="System.DateTime"),
}  # fmt: skip

CUSTOMER, RELATED = "customerInformation", "relatedValues"


def faults(record: Mapping[str, Json]) -> list[str]:
    """One message for each fault of the record, in the order of its fields; empty for a right one."""
    return [
        *_of_members(record, FIELDS, ""),
        *_of_order(record, "dateFrom", "dateTo"),
        *_of_order(record, "periodFrom", "periodTo"),
        *_of_customer(record.get(CUSTOMER)),
        *_of_related(record.get(RELATED)),
    ]


def is_date(value: Json) -> bool:
    if not isinstance(value, str) or DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_empty(value: Json) -> bool:
    return value is None or value == ""


def _of_members(record: Mapping[str, Json], fields: Mapping[str, Field], at: str) -> Iterator[str]:
    for name, field in fields.items():
        fault = _fault(name, field, record.get(name), at + name)
        if fault is not None:
            yield fault


def _fault(name: str, field: Field, value: Json, path: str) -> str | None:
    if is_empty(value):
        return text.REQUIRED.format(name) if field.required else None
    if not isinstance(value, PYTHON[field.kind]) or (isinstance(value, bool) and field.kind != "System.Boolean"):
        return text.NOT_CONVERTED.format(json.dumps(value), field.kind, path)
    match value:
        case str() if field.kind == "System.DateTime":
            return _fault_of_date(value)
        case str():
            return _fault_of_text(name, field, value)
        case int() if field.between is not None and not field.between[0] <= value <= field.between[1]:
            return text.OUT_OF_RANGE.format(name, *field.between)
    return None


def _fault_of_date(value: str) -> str | None:
    if not is_date(value):
        return text.NOT_A_DATE.format(value)
    return None if EARLIEST <= value <= LATEST else text.OUT_OF_TIME.format(EARLIEST, LATEST)


def _fault_of_text(name: str, field: Field, value: str) -> str | None:
    if field.required and not value.strip():
        return text.BLANK
    if field.longest is not None and len(value) > field.longest:
        return text.TOO_LONG.format(name, field.longest)
    if not field.legal or value in field.legal:
        return None
    return text.NOT_LEGAL.format(value, name) if field.attribute else text.ILLEGAL.format(name)


def _of_order(record: Mapping[str, Json], first: str, last: str) -> Iterator[str]:
    match record.get(first), record.get(last):
        case (str() as start, str() as end) if is_date(start) and is_date(end) and start > end:
            yield text.WRONG_ORDER.format(first, last)
        case (int() as start, int() as end) if start > end:
            yield text.WRONG_ORDER.format(first, last)


def _of_customer(value: Json) -> Iterator[str]:
    match value:
        case None:
            return
        case dict():
            yield from _of_members(value, CUSTOMER_FIELDS, f"{CUSTOMER}.")
        case _:
            yield text.NOT_CONVERTED.format(json.dumps(value), "CustomerInformation", CUSTOMER)


def _of_related(value: Json) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, list):
        yield text.NOT_CONVERTED.format(json.dumps(value), "RelatedValue[]", RELATED)
        return
    for index, row in enumerate(value):
        at = f"{RELATED}[{index}]"
        if not isinstance(row, dict):
            yield text.NOT_CONVERTED.format(json.dumps(row), "RelatedValue", at)
            continue
        yield from _of_members(row, RELATED_FIELDS, f"{at}.")
        yield from _of_order(row, "dateFrom", "dateTo")
        relation = row.get("relationId")
        if isinstance(relation, str) and relation and is_empty(row.get("relatedValue")):
            yield text.NO_RELATED_VALUE.format(relation)
