"""The simulator's data contracts, read from the schemas it publishes: members, their order and namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

DATA = Path(__file__).parent / "simulator_data"
XS = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    name: str
    namespace: str
    type: str
    """string, int, boolean, dateTime or guid; or, for a class, `{namespace}Name`."""
    nillable: bool
    required: bool
    """The element must be there, though it may be nil where it is nillable."""
    tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """A data contract; its base class's members come first, as WCF reads and writes them."""

    namespace: str
    name: str
    members: tuple[Member, ...]

    @property
    def clr_name(self) -> str:
        """The class's name in the vendor's code, as WCF's fault texts show it."""
        return f"{self.namespace.partition('/2004/07/')[2]}.{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    namespace: str
    name: str
    action: str
    request: Contract
    result: Contract

    @property
    def tag(self) -> str:
        return f"{{{self.namespace}}}{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One service: the documents it publishes by query string, its operations by SOAPAction, every class by tag."""

    name: str
    documents: dict[str, str]
    operations: dict[str, Operation]
    contracts: dict[str, Contract]


def load_service(name: str, documents: dict[str, str], contract_document: str) -> Service:
    """Reads a service's schemas and port type; `documents` maps query strings to files of `simulator_data`."""
    elements: dict[str, etree._Element] = {}
    types: dict[str, etree._Element] = {}
    for query, file_name in documents.items():
        if query.startswith("xsd="):
            schema = etree.parse(DATA / file_name).getroot()
            namespace = schema.get("targetNamespace")
            elements |= {f"{{{namespace}}}{item.get('name')}": item for item in schema.findall(XS + "element")}
            types |= {f"{{{namespace}}}{item.get('name')}": item for item in schema.findall(XS + "complexType")}
    contracts = {tag: Contract(**_split(tag), members=_members(tag, types)) for tag in types}
    operations = {}
    for found in etree.parse(DATA / contract_document).iterfind(".//{*}portType/{*}operation"):
        namespace = found.getparent().getparent().get("targetNamespace")
        operation = Operation(
            namespace=namespace,
            name=found.get("name"),
            action=found.find("{*}input").get("{http://www.w3.org/2006/05/addressing/wsdl}Action"),
            request=contracts[_wrapped(elements[f"{{{namespace}}}{found.get('name')}"])],
            result=contracts[_wrapped(elements[f"{{{namespace}}}{found.get('name')}Response"])],
        )
        operations[operation.action] = operation
    return Service(name=name, documents=documents, operations=operations, contracts=contracts)


def _members(tag: str, types: dict[str, etree._Element]) -> tuple[Member, ...]:
    namespace = _split(tag)["namespace"]
    extension = types[tag].find(f".//{XS}extension")
    base = () if extension is None else _members(_resolved(extension, "base"), types)
    own = tuple(
        Member(
            name=item.get("name"),
            namespace=namespace,
            type=_simple(_resolved(item, "type")),
            nillable=item.get("nillable") == "true",
            required=item.get("minOccurs") != "0",
            tag=f"{{{namespace}}}{item.get('name')}",
        )
        for item in types[tag].iterfind(f".//{XS}sequence/{XS}element")
    )
    return base + own


def _wrapped(element: etree._Element) -> str:
    return _resolved(element.find(f".//{XS}element"), "type")


def _resolved(item: etree._Element, attribute: str) -> str:
    prefix, _, local = item.get(attribute).rpartition(":")
    return f"{{{item.nsmap[prefix]}}}{local}"


def _simple(tag: str) -> str:
    for namespace in ("http://www.w3.org/2001/XMLSchema", "http://schemas.microsoft.com/2003/10/Serialization/"):
        tag = tag.removeprefix(f"{{{namespace}}}")
    return tag


def _split(tag: str) -> dict[str, str]:
    namespace, _, name = tag[1:].partition("}")
    return {"namespace": namespace, "name": name}


TOKEN_SERVICE = load_service(
    "WSTokenService",
    {
        "wsdl": "token.wsdl",
        "xsd=xsd0": "token.xsd",
        "xsd=xsd1": "serialization.xsd",
        "xsd=xsd2": "security.xsd",
    },
    contract_document="token.wsdl",
)
CONTRACTOR_SERVICE = load_service(
    "WSRepairContractorService",
    {
        "wsdl": "contractor.wsdl",
        "wsdl=wsdl0": "contractor.contract.wsdl",
        "xsd=xsd0": "contractor.xsd",
        "xsd=xsd1": "serialization.xsd",
        "xsd=xsd2": "repairs.xsd",
        "xsd=xsd3": "base.xsd",
    },
    contract_document="contractor.contract.wsdl",
)
