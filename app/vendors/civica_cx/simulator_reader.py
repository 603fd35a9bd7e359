"""Reads a SOAP 1.1 request as WCF does: known members in contract order, all else skipped in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree

from app.vendors.civica_cx.simulator_contract import Contract, Member, Operation
from app.vendors.civica_cx.simulator_writer import ACTION_NOT_SUPPORTED, DESERIALIZATION_FAILED, SoapFault

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
NO_DATE = "0001-01-01T00:00:00"
LONDON = ZoneInfo("Europe/London")

Value: TypeAlias = "bool | int | str | Members | None"
Members: TypeAlias = "dict[str, Value]"

MISSING: dict[str, Value] = {"int": 0, "boolean": False, "guid": EMPTY_GUID, "dateTime": NO_DATE}
"""What a value type is when its element is not there; everything else is null."""

HEX = "[0-9a-fA-F]"
GUID = rf"{HEX}{{32}}|(\{{)?{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}(?(1)\}})"
CLR = {"int": "Int32", "boolean": "Boolean", "guid": "Guid", "dateTime": "DateTime"}


class NotAnEnvelope(Exception):
    """No SOAP 1.1 envelope, or one with a document type: WCF answers a bare HTTP 400."""


@dataclass(kw_only=True, slots=True)
class Dropped:
    """A member that was sent and not read."""

    member: str
    why: str


@dataclass(kw_only=True, slots=True)
class Reading:
    """`members` is None where the request element itself was not found: the vendor's code then has a null request."""

    members: Members | None = None
    dropped: list[Dropped] = field(default_factory=list)


def operation_for(operations: dict[str, Operation], soap_action: str) -> Operation:
    """The operation of a SOAPAction header, with or without its quotes; raises SoapFault for any other."""
    action = soap_action.strip()
    if len(action) > 1 and action[0] == action[-1] == '"':
        action = action[1:-1]
    if action not in operations:
        raise SoapFault(*ACTION_NOT_SUPPORTED, action)
    return operations[action]


def read(body: bytes, operation: Operation, contracts: dict[str, Contract]) -> Reading:
    """Raises SoapFault as WCF does for what it cannot parse, NotAnEnvelope for what is not SOAP 1.1."""
    wrapper = _wrapper(_parsed(body, operation), operation)
    reading = Reading()
    tag = f"{{{operation.namespace}}}request"
    for child in wrapper.iterchildren(etree.Element):
        if child.tag == tag and reading.members is None:
            if child.get(NIL) not in ("true", "1"):
                reading.members = _Reader(operation, contracts, reading.dropped).contract(child, operation.request)
        else:
            reading.dropped.append(_dropped(child, operation.name, [tag]))
    return reading


class _Reader:
    def __init__(self, operation: Operation, contracts: dict[str, Contract], dropped: list[Dropped]) -> None:
        self._operation = operation
        self._contracts = contracts
        self._dropped = dropped

    def contract(self, element: etree._Element, contract: Contract) -> Members:
        """Walks the elements once: each may only match a member after the last one matched, as WCF's reader does."""
        members = contract.members
        values: Members = {member.name: None if member.nillable else MISSING.get(member.type) for member in members}
        position = 0
        for child in element.iterchildren(etree.Element):
            for index in range(position, len(members)):
                if members[index].tag == child.tag:
                    values[members[index].name] = self._value(child, members[index])
                    position = index + 1
                    break
            else:
                self._dropped.append(_dropped(child, contract.name, [member.tag for member in members]))
        return values

    def _value(self, element: etree._Element, member: Member) -> Value:
        nested = self._contracts.get(member.type)
        if element.get(NIL) in ("true", "1"):
            if not member.nillable:
                raise self._failed(f"ValueType 'System.{CLR[member.type]}' cannot be null.")
            return None
        if nested is not None:
            return self.contract(element, nested)
        if len(element):
            raise self._failed("'Element' is an invalid XmlNodeType.")
        text = element.text or ""
        try:
            return text if member.type == "string" else PARSERS[member.type](text.strip(" \t\r\n"))
        except ValueError:
            raise self._failed(f"The value '{text}' cannot be parsed as the type '{CLR[member.type]}'.") from None

    def _failed(self, reason: str) -> SoapFault:
        return SoapFault(
            *DESERIALIZATION_FAILED,
            f"There was an error while trying to deserialize parameter {self._operation.namespace}:request. The "
            "InnerException message was 'There was an error deserializing the object of type "
            f"{self._operation.request.clr_name}. {reason}'.  Please see InnerException for more details.",
        )


def local_time(lexical: str) -> datetime:
    """An xs:dateTime in UK time, without a zone. [assumed] One with an offset or Z is converted."""
    when = datetime.fromisoformat(lexical)
    return when if when.tzinfo is None else when.astimezone(LONDON).replace(tzinfo=None)


def _int(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(text)
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "1", "false", "0"):
        raise ValueError(text)
    return text in ("true", "1")


def _guid(text: str) -> str:
    if not re.fullmatch(GUID, text):
        raise ValueError(text)
    return str(UUID(text))


def _date_time(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?", text, re.ASCII):
        raise ValueError(text)
    datetime.fromisoformat(text)
    return text


PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)
PARSERS: dict[str, Callable[[str], Value]] = {"int": _int, "boolean": _boolean, "guid": _guid, "dateTime": _date_time}


def _parsed(body: bytes, operation: Operation) -> etree._Element:
    try:
        root = etree.fromstring(body, PARSER)
    except etree.XMLSyntaxError as fault:
        raise SoapFault(
            *DESERIALIZATION_FAILED,
            f"Error in deserializing body of request message for operation '{operation.name}'. "
            + _syntax(body, str(fault.msg)),
        ) from None
    if root.getroottree().docinfo.doctype or root.tag != ENVELOPE + "Envelope":
        raise NotAnEnvelope
    return root


def _syntax(body: bytes, reason: str) -> str:
    """WCF's words for a body that breaks off; the parser's own for anything else."""
    events = etree.XMLPullParser(events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False)
    still_open: list[str] = []
    try:
        events.feed(body)
    except etree.XMLSyntaxError:
        return reason
    for event, element in events.read_events():
        if event == "start":
            local = etree.QName(element).localname
            still_open.append(local if element.prefix is None else f"{element.prefix}:{local}")
        else:
            still_open.pop()
    return f"Unexpected end of file. Following elements are not closed: {', '.join(reversed(still_open))}."


def _wrapper(envelope: etree._Element, operation: Operation) -> etree._Element:
    body = envelope.find(ENVELOPE + "Body")
    if body is None:
        raise NotAnEnvelope
    first = next(body.iterchildren(etree.Element), None)
    if first is not None and first.tag == operation.tag:
        return first
    if first is None:
        found = "Found node type 'EndElement' with name 'Body'"
    else:
        name = etree.QName(first)
        found = f"Found node type 'Element' with name '{name.localname}' and namespace '{name.namespace or ''}'"
    raise SoapFault(
        *DESERIALIZATION_FAILED,
        f"Error in deserializing body of request message for operation '{operation.name}'. OperationFormatter "
        f"encountered an invalid Message body. Expected to find node type 'Element' with name '{operation.name}' and "
        f"namespace '{operation.namespace}'. {found}",
    )


def _dropped(element: etree._Element, owner: str, known: list[str]) -> Dropped:
    name = etree.QName(element)
    if element.tag in known:
        why = f"out of order: {owner} was already past this member"
    elif any(tag.rpartition("}")[2] == name.localname for tag in known):
        why = f"wrong namespace: {name.namespace or 'none'}"
    else:
        why = f"{owner} has no such member"
    return Dropped(member=name.localname, why=why)
