"""Which member a rejection of ERPx's is about: its message templates, and the member's name in ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.errors import FieldFault
from app.vendors.unit4_erpx.fields import (
    CUSTOMER,
    DOCUMENTED,
    DOCUMENTED_CUSTOMER,
    DOCUMENTED_RELATED,
    HOMES,
    RELATED,
)
from app.vendors.unit4_erpx.tables import SLUG


@dataclass(frozen=True, kw_only=True)
class Template:
    """A message of vendor document 002. The group `field` of the pattern, if it has one, is the member it names."""

    scenario: str
    pattern: re.Pattern[str]
    code: str


def _template(scenario: str, pattern: str, code: str) -> Template:
    return Template(scenario=scenario, pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL), code=code)


_PATH = r"(?:.*\bpath '(?P<field>[^']*)')?"
"""What the document cuts off with "…" is Json.NET's text, which ends with the member's path."""

TEMPLATES: tuple[Template, ...] = (
    _template("POST_002", r"the (?P<field>.+) field is required\.?", "required"),
    _template("POST_002", r"illegal value entered\.?", "invalid"),
    _template("POST_002", r"a value must be entered for (?P<field>.+?)\.?", "required"),
    _template("POST_002", r"this number series requires a relation value for (?P<field>.+?)\. please .*", "required"),
    _template("POST_003", rf"invalid date time format{_PATH}.*", "invalid"),
    _template("POST_003", rf"error converting value .* to type '[^']*'{_PATH}.*", "invalid"),
    _template("POST_003", r"the field (?P<field>.+) must be between .+ and .+", "out-of-range"),
    _template("POST_004", r"the field (?P<field>.+) must be a string with max length .+", "too-long"),
    _template("POST_004", r"(?P<field>.+) must be equal or earlier than .+", "out-of-range"),
    _template("PATCH_004", r"the date must be between .+ and .+", "out-of-range"),
    _template("POST_006", r".+ is not a legal (?P<field>.+?)\.?", "invalid"),
    _template("POST_006", r"illegal (?P<field>.+?)\.?", "invalid"),
)
NO_TEMPLATE = "vendor-rejected-data"


def _plain(name: str) -> str:
    return re.sub(r"\[\d*\]|\s", "", name).casefold()


def _pointers() -> Iterator[tuple[str, str]]:
    """Each documented member by its path and by its name alone, and the pointer to it in ours; the first one holds."""
    yield "status", "/status"
    yield "companyId", ""
    for theirs, ours in HOMES:
        yield theirs, "/related_values" if theirs.startswith(RELATED) else "/" + ours.replace(".", "/")
    for name in DOCUMENTED:
        yield name, f"/extensions/{SLUG}/{name}"
    for name in DOCUMENTED_CUSTOMER:
        yield f"{CUSTOMER}.{name}", f"/extensions/{SLUG}/{CUSTOMER}/{name}"
    yield CUSTOMER, "/account"
    for theirs, ours in HOMES:
        if theirs.startswith(f"{CUSTOMER}."):
            yield theirs.rpartition(".")[2], "/" + ours.replace(".", "/")
    for name in DOCUMENTED_CUSTOMER:
        yield name, f"/extensions/{SLUG}/{CUSTOMER}/{name}"
    for name in DOCUMENTED_RELATED:
        yield name, "/related_values"


POINTERS: dict[str, str] = {}
for _name, _pointer in _pointers():
    POINTERS.setdefault(_plain(_name), _pointer)


def faults_of(messages: tuple[str, ...]) -> tuple[FieldFault, ...]:
    """One fault for each message, in the vendor's words; the pointer is empty where it names no member that we know."""
    return tuple(_fault(message) for message in messages)


def _fault(message: str) -> FieldFault:
    for template in TEMPLATES:
        found = template.pattern.fullmatch(message.strip())
        if found is not None:
            field = found.groupdict().get("field") or ""
            return FieldFault(pointer=POINTERS.get(_plain(field), ""), code=template.code, message=message)
    return FieldFault(pointer="", code=NO_TEMPLATE, message=message)
