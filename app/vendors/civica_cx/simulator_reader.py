"""Reads a SOAP 1.1 request as WCF does: known members in contract order, all else skipped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

from app.vendors.civica_cx.simulator_contract import Contract, Member, Operation
from app.vendors.civica_cx.simulator_values import CLR, MISSING, PARSERS, Scalar
from app.vendors.civica_cx.simulator_writer import ACTION_NOT_SUPPORTED, DESERIALIZATION_FAILED, SoapFault

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

Value: TypeAlias = "Scalar | Members | None"
Members: TypeAlias = "dict[str, Value]"


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
        left_out = _left_out(members, element)
        position = 0
        for child in element.iterchildren(etree.Element):
            for index in range(position, len(members)):
                if members[index].tag == child.tag:
                    self._none_required(members[position:index], left_out, "Element", child)
                    values[members[index].name] = self._value(child, members[index])
                    position = index + 1
                    break
            else:
                self._dropped.append(_dropped(child, contract.name, [member.tag for member in members]))
        self._none_required(members[position:], left_out, "EndElement", element)
        return values

    def _none_required(
        self, passed_over: Sequence[Member], left_out: frozenset[str], node: str, at: etree._Element
    ) -> None:
        """Raises SoapFault when one of `left_out` is among those that the walk has left behind on reaching `at`."""
        for index, member in enumerate(passed_over):
            if member.name in left_out:
                name = etree.QName(at)
                expected = " | ".join(left.name for left in passed_over[: index + 1])
                raise self._failed(
                    f"'{node}' '{name.localname}' from namespace '{name.namespace}' is not expected. "
                    f"Expecting element '{expected}'."
                )

    def _value(self, element: etree._Element, member: Member) -> Value:
        nested = self._contracts.get(member.type)
        if element.get(NIL) in ("true", "1"):
            if not member.nillable:
                raise self._unreadable(f"ValueType 'System.{CLR[member.type]}' cannot be null.")
            return None
        if nested is not None:
            return self.contract(element, nested)
        if len(element):
            raise self._unreadable("'Element' is an invalid XmlNodeType.")
        text = element.text or ""
        try:
            return text if member.type == "string" else PARSERS[member.type](text.strip(" \t\r\n"))
        except ValueError:
            raise self._unreadable(f"The value '{text}' cannot be parsed as the type '{CLR[member.type]}'.") from None

    def _unreadable(self, reason: str) -> SoapFault:
        return self._failed(
            f"There was an error deserializing the object of type {self._operation.request.clr_name}. {reason}"
        )

    def _failed(self, reason: str) -> SoapFault:
        return SoapFault(
            *DESERIALIZATION_FAILED,
            f"There was an error while trying to deserialize parameter {self._operation.namespace}:request. The "
            f"InnerException message was '{reason}'.  Please see InnerException for more details.",
        )


PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)
READ_ON = frozenset({etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE, etree.ErrorTypes.ERR_UNDECLARED_ENTITY})
"""Errors after which a feed goes on without a word, so that what is open at its end says nothing."""


def _parsed(body: bytes, operation: Operation) -> etree._Element:
    try:
        root = etree.fromstring(body, PARSER)
    except etree.XMLSyntaxError as fault:
        raise SoapFault(
            *DESERIALIZATION_FAILED,
            f"Error in deserializing body of request message for operation '{operation.name}'. " + _syntax(body, fault),
        ) from None
    if root.getroottree().docinfo.doctype or root.tag != ENVELOPE + "Envelope":
        raise NotAnEnvelope
    return root


def _syntax(body: bytes, fault: etree.XMLSyntaxError) -> str:
    """WCF's words for a body that breaks off; the parser's own for anything else."""
    events = etree.XMLPullParser(events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False)
    still_open: list[str] = []
    try:
        events.feed(body)
    except etree.XMLSyntaxError:
        return str(fault.msg)
    for event, element in events.read_events():
        if event == "start":
            # Not QName, which refuses a name whose prefix nothing declares.
            local = element.tag.rpartition("}")[2]
            still_open.append(local if element.prefix is None else f"{element.prefix}:{local}")
        else:
            still_open.pop()
    if fault.code in READ_ON or not still_open:
        return str(fault.msg)
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


def _left_out(members: Sequence[Member], element: etree._Element) -> frozenset[str]:
    """What must be there and is not, in whatever place or namespace: one that is misplaced is no fault, but dropped."""
    there = {etree.QName(child).localname for child in element.iterchildren(etree.Element)}
    return frozenset(member.name for member in members if member.required and member.name not in there)


def _dropped(element: etree._Element, owner: str, known: list[str]) -> Dropped:
    name = etree.QName(element)
    if element.tag in known:
        why = f"out of order: {owner} was already past this member"
    elif any(tag.rpartition("}")[2] == name.localname for tag in known):
        why = f"wrong namespace: {name.namespace or 'none'}"
    else:
        why = f"{owner} has no such member"
    return Dropped(member=name.localname, why=why)
