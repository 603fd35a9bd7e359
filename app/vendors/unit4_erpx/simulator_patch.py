"""JSON Patch as ERPx has it (vendor document 002, PATCH): `Replace`, `Add`, `Remove`; "/" merges the value's members."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.vendors.simulation import Json
from app.vendors.unit4_erpx import simulator_answers as text
from app.vendors.unit4_erpx.simulator_fields import CUSTOMER, CUSTOMER_FIELDS, FIELDS, RELATED, RELATED_FIELDS, is_empty
from app.vendors.unit4_erpx.simulator_record import Record, dropped, tidy

Op = Literal["replace", "add", "remove"]
MEMBERS = (*FIELDS, CUSTOMER, RELATED)
KEYS = ("companyId", "workOrderId")
"""A patch may repeat them but not change them."""


class BadOperation(Exception):
    """An operation that cannot be made; the message is the vendor's."""


@dataclass(kw_only=True, slots=True)
class Patched:
    """`record` is tidy but unchecked. `wrote`: the members written; `dropped`: those the vendor passed over."""

    record: Record
    wrote: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)


def patched(record: Record, operations: list[Json]) -> Patched:
    """The record after all operations, one after the other; raises BadOperation, and then none was made."""
    work = Patched(record=copy.deepcopy(record))
    for operation in operations:
        if not isinstance(operation, dict):
            raise BadOperation(text.NOT_CONVERTED.format(json.dumps(operation), "Operation", "operations"))
        _apply(work, _op(operation.get("op")), _tokens(operation.get("path")), operation)
    for key in KEYS:
        if work.record.get(key) != record[key]:
            raise BadOperation((text.ILLEGAL if key in work.record else text.REQUIRED).format(key))
    work.dropped.extend(dropped(work.record))
    work.record = tidy(work.record)
    work.record.setdefault(RELATED, [])
    return work


def _apply(work: Patched, op: Op, tokens: list[str], operation: Mapping[str, Json]) -> None:
    if op != "remove" and "value" not in operation:
        raise BadOperation(text.REQUIRED.format("value"))
    value = copy.deepcopy(operation.get("value"))
    match tokens:
        case [] if isinstance(value, dict) and op != "remove":
            for name, member in value.items():
                _set(work.record, name, member)
            work.wrote.update(value)
            return
        case [name] if name in MEMBERS:
            _set(work.record, name, None if op == "remove" else value)
        case ["customerInformation", name] if name in CUSTOMER_FIELDS:
            customer = work.record.setdefault(CUSTOMER, {})
            if not isinstance(customer, dict):
                raise BadOperation(text.NO_LOCATION.format(name))
            _set(customer, name, None if op == "remove" else value)
        case ["relatedValues", *rest]:
            _related(work.record, op, rest, value)
        case _:
            raise BadOperation(text.NO_LOCATION.format(tokens[-1] if tokens else "/"))
    work.wrote.add(tokens[0])


def _related(record: Record, op: Op, tokens: list[str], value: Json) -> None:
    rows = record.setdefault(RELATED, [])
    if not isinstance(rows, list):
        raise BadOperation(text.NO_LOCATION.format(tokens[0]))
    match op, tokens:
        case "add", ["-"]:
            rows.append(value)
        case "add", [index]:
            rows.insert(_index(index, len(rows)), value)
        case "replace", [index]:
            rows[_index(index, len(rows) - 1)] = value
        case "remove", [index]:
            del rows[_index(index, len(rows) - 1)]
        case _, [index, name] if name in RELATED_FIELDS:
            row = rows[_index(index, len(rows) - 1)]
            if not isinstance(row, dict):
                raise BadOperation(text.NO_LOCATION.format(name))
            _set(row, name, None if op == "remove" else value)
        case _:
            raise BadOperation(text.NO_LOCATION.format(tokens[-1]))


def _set(members: Record, name: str, value: Json) -> None:
    """An empty value empties the member, as in the POST."""
    if is_empty(value):
        members.pop(name, None)
    else:
        members[name] = value


def _index(token: str, most: int) -> int:
    if not (token.isascii() and token.isdigit() and len(token) < 7 and int(token) <= most):
        raise BadOperation(text.NO_LOCATION.format(token))
    return int(token)


def _op(value: Json) -> Op:
    """Any case: the document's capitals, or RFC 6902's small letters."""
    match value.lower() if isinstance(value, str) else value:
        case None | "":
            raise BadOperation(text.REQUIRED.format("op"))
        case "replace":
            return "replace"
        case "add":
            return "add"
        case "remove":
            return "remove"
    raise BadOperation(text.NOT_LEGAL.format(json.dumps(value), "op"))


def _tokens(path: Json) -> list[str]:
    """The path's parts; none for "/", which ERPx takes as the whole record."""
    if not isinstance(path, str) or not path:
        raise BadOperation(text.REQUIRED.format("path"))
    if not path.startswith("/"):
        raise BadOperation(text.NO_LOCATION.format(path))
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")] if path != "/" else []
