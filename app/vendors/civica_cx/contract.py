"""One client's Cx as its WSDL describes it: for each call the address, the SOAPAction and the envelope. zeep reads it once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree
from zeep import Client, Settings, xsd
from zeep.exceptions import Error as ZeepError
from zeep.wsdl.bindings import Soap11Binding
from zeep.wsdl.utils import etree_to_string

from app.vendors.civica_cx.documents import Documents, ForeignDocument
from app.vendors.civica_cx.envelope import Envelope
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.tables import CALLS, NEW_STATUS, ORDER, Call

Members: TypeAlias = "Mapping[str, str | Members | None]"
"""What to put into a request, by our names: text, None for a null, or the members of a nested object."""

UNUSED = frozenset({"StatusSetByUserId", "StatusSetDate"})
"""Members that Cx wants and does not use, or may be blank: a client's Cx without them loses nothing."""

_EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
_NO_VALUE: Mapping[str, str] = {
    "boolean": "false",
    "dateTime": "0001-01-01T00:00:00",
    "guid": _EMPTY_GUID,
    "string": "",
}
"""What a member that we do not know carries when it may be neither absent nor null: .NET's default; 0 for any other type."""


class ContractFault(Exception):
    """The WSDL cannot be used; the message says why, for an operator."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call, as the WSDL has it. `request` and `result` are the paths of all members there, ours or not."""

    call: Call
    name: str
    url: str
    action: str
    request: frozenset[str]
    result: frozenset[str]
    missing: tuple[str, ...]
    """Elements of the assumed contract that this WSDL does not have, as `Parent.Member` in the client's names."""
    soap: SoapOperation
    names: Names
    _envelopes: dict[int, tuple[Members, Envelope]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By the identity of the members, of which each call has a few that stay: kept here, so that no others have it."""

    def envelope(self, members: Members) -> Envelope:
        """The envelope with these members, its texts still holes; made by zeep at its first use.

        Raises ContractFault when a member has no place in this client's request: dropping it would be a silent loss.
        """
        found = self._envelopes.get(id(members))
        if found is None:
            found = self._envelopes[id(members)] = members, Envelope.cut(self.soap.serialised(members, self.names))
        return found[1]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Every call of the contract, as this client's WSDL has it."""

    operations: Mapping[str, Operation]
    names: Names

    def __getitem__(self, call: Call) -> Operation:
        return self.operations[call.operation]


class SoapOperation:
    """zeep's view of one operation: the only place that knows zeep's types."""

    def __init__(self, client: Client, name: str) -> None:
        found = [
            port.binding.get(name)
            for service in client.wsdl.services.values()
            for port in service.ports.values()
            if isinstance(port.binding, Soap11Binding) and name in port.binding.all()
        ]
        if not found:
            raise ContractFault(f"The WSDL has no SOAP 1.1 operation {name}.")
        self._operation = found[0]
        self.action: str = self._operation.soapaction

    def _request(self, names: Names) -> tuple[str, xsd.Element]:
        elements = self._operation.input.body.type.elements
        wanted = names.of("request")
        for key, element in elements:
            if element.name == wanted or len(elements) == 1:
                return key, element
        raise ContractFault(f"The operation {self._operation.name} has no member {wanted}.")

    def request_members(self, names: Names) -> list[xsd.Element]:
        return _members(self._request(names)[1])

    def result_members(self) -> list[xsd.Element]:
        elements = self._operation.output.body.type.elements
        wanted = f"{self._operation.name}Result"
        return next((_members(element) for _, element in elements if element.name == wanted), [])

    def serialised(self, members: Members, names: Names) -> bytes:
        """zeep's own envelope. Not through its client, which would add WS-Addressing where the WSDL has a wsaw:Action."""
        key, request = self._request(names)
        message = self._operation.create(**{key: _values(request, members, names, parent=None)})
        serialised = etree_to_string(message.content)
        assert isinstance(serialised, bytes)
        return serialised


def load(documents: Documents, url: str, renamed: Mapping[str, str]) -> Contract:
    """Read the WSDL of both services. Blocking, and slow for the real one: run it in a thread. Raises ContractFault."""
    names = Names(renamed=renamed)
    settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
    operations: dict[str, Operation] = {}
    for service in dict.fromkeys(call.service for call in CALLS):
        try:
            client = Client(documents.entry(service), transport=documents, settings=settings)
            for call in CALLS:
                if call.service == service:
                    operations[call.operation] = _operation(client, call, f"{url}/{service}", names)
        except ForeignDocument as fault:
            raise ContractFault(f"{service}: {fault}") from fault
        except (ZeepError, etree.LxmlError, OSError, LookupError, ValueError, TypeError, AttributeError,
                AssertionError, NotImplementedError, RecursionError) as fault:  # fmt: skip
            raise ContractFault(f"{service}: the WSDL cannot be read: {fault}") from fault
    return Contract(operations=operations, names=names)


def _operation(client: Client, call: Call, url: str, names: Names) -> Operation:
    name = names.of(call.operation)
    soap = SoapOperation(client, name)
    request, result = soap.request_members(names), soap.result_members()
    return Operation(
        call=call,
        name=name,
        url=url,
        action=soap.action,
        request=frozenset(_paths(request)),
        result=frozenset(_paths(result)),
        missing=tuple(_missing(request, call.request, names) + _missing(result, call.result, names)),
        soap=soap,
        names=names,
    )


_INNER: Mapping[str, tuple[str, ...]] = {
    "NewStatus": NEW_STATUS,
    "RepairWorkOrder": ORDER,
    "WorkOrder": ORDER,
    "WorkOrders": ("RepairWorkOrder",),
}
_DEEPEST = 4


def _missing(elements: list[xsd.Element], wanted: Iterable[str], names: Names, parent: str | None = None) -> list[str]:
    """The wanted members that are not there, with those of the objects inside."""
    there = {element.name: element for element in elements}
    missing: list[str] = []
    for name in wanted:
        theirs = names.of(name, parent)
        if theirs not in there:
            missing.append(f"{parent}.{theirs}" if parent else theirs)
        elif name in _INNER:
            inside = "RepairWorkOrder" if name == "WorkOrder" else name
            missing += _missing(_members(there[theirs]), _INNER[name], names, parent=inside)
    return missing


def _paths(elements: list[xsd.Element], depth: int = 1) -> Iterator[str]:
    """Every member by its path; a type may hold itself, so not for ever."""
    for element in elements:
        yield str(element.name)
        if depth < _DEEPEST:
            yield from (f"{element.name}.{inner}" for inner in _paths(_members(element), depth + 1))


def _members(element: xsd.Element) -> list[xsd.Element]:
    if not isinstance(element.type, xsd.ComplexType):
        return []
    return [member for _, member in element.type.elements if isinstance(member, xsd.Element)]


def _values(element: xsd.Element, members: Members, names: Names, parent: str | None) -> dict[str, object]:
    """zeep's arguments for one object: our members by their local names, and the least for those that we do not know."""
    ours = {names.of(name, parent): name for name in members}
    values: dict[str, object] = {}
    for key, member in element.type.elements:
        name = ours.pop(member.name, None)
        if name is not None:
            values[key] = _value(member, name, members[name], names)
        elif member.min_occurs and not member.nillable:
            values[key] = _least(member)
    lost = [theirs for theirs, name in ours.items() if name not in UNUSED]
    if lost:
        raise ContractFault(
            f"This client's WSDL has no {', '.join(lost)} in {parent or 'the request'}; "
            "if it goes by another name there, say so in [backends.x.elements]."
        )
    return values


def _value(member: xsd.Element, name: str, value: str | Members | None, names: Names) -> object:
    if value is None:
        return xsd.Nil if member.nillable else (_least(member) if member.min_occurs else xsd.SkipValue)
    if isinstance(value, str):
        return value
    return _values(member, value, names, parent=name)


def _least(member: xsd.Element) -> object:
    if isinstance(member.type, xsd.ComplexType):
        return {key: _least(inner) for key, inner in member.type.elements if inner.min_occurs and not inner.nillable}
    return _NO_VALUE.get(member.type.name, "0")
