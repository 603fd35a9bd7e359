"""The documented messages and the pieces that scenarios are made of, in the namespaces of either WSDL set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from lxml import etree

from app.vendors.civica_cx.documents import VENDORED
from app.vendors.exchange import Reply

HERE = Path(__file__).parent
FOREIGN = HERE / "foreign"
_CX = "http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts"


@dataclass(frozen=True, kw_only=True)
class WsdlSet:
    """One client's WSDL: where it lies, and its namespaces instead of ours."""

    id: str
    folder: Path
    setting: str
    namespaces: dict[str, str] = field(default_factory=dict, hash=False)

    def words(self, message: bytes) -> bytes:
        """A message of ours as this client's Cx would write it."""
        for ours, theirs in self.namespaces.items():
            message = message.replace(f'"{ours}"'.encode(), f'"{theirs}"'.encode())
        return message

    def schema(self, service: str, into: Path) -> etree.XMLSchema:
        """The service's schemas, to hold a request against; copied to `into` with local addresses."""
        for file in self.folder.glob(f"{service}.*.xsd"):
            local = re.sub(rb'"[^"]*\?xsd=(xsd\d)"', rf'"{service}.\1.xsd"'.encode(), file.read_bytes())
            (into / file.name).write_bytes(local)
        return etree.XMLSchema(etree.parse(str(into / f"{service}.xsd0.xsd")))


OURS = WsdlSet(id="ours", folder=VENDORED, setting="vendored")
THEIRS = WsdlSet(
    id="foreign",
    folder=FOREIGN,
    setting=str(FOREIGN),
    namespaces={
        "http://tempuri.org/": "urn:wessex-homes:cx:security",
        "http://www.civica.co.uk/Civica.Housing.Cx.WebServices": "urn:wessex-homes:cx:contractor:2019",
        f"{_CX}.Modules.Security": "http://schemas.datacontract.org/2004/07/Abc.Wessex.Cx.Login",
        f"{_CX}.Modules.Repairs": "http://schemas.datacontract.org/2004/07/Abc.Wessex.Cx.Works",
        _CX: "http://schemas.datacontract.org/2004/07/Abc.Wessex.Cx.Base",
    },
)
SETS = (OURS, THEIRS)


def sample(name: str) -> bytes:
    return (HERE / "samples" / name).read_bytes()


def soap(body: bytes, *, status: int = 200, media_type: str = "text/xml; charset=utf-8") -> Reply:
    """A whole answer of Cx."""
    return Reply(status=status, headers=httpx.Headers({"content-type": media_type}), body=body)


def token_given(text: str = "diys1t3r0iadxe", expiry: str = "2026-11-20T21:00:00+00:00") -> bytes:
    """A fresh token; the sample's own has long expired."""
    return (
        sample("token_given.xml")
        .replace(b"diys1t3r0iadxe", text.encode())
        .replace(b"2023-06-01T19:00:16.5718655+01:00", expiry.encode())
    )


def refused(reason: str) -> bytes:
    """A business refusal in Cx's words."""
    return sample("update_refused.xml").replace(b"The status cannot be changed from Issued to Issued.", reason.encode())


def orders(*numbers: int, spoil: int | None = None) -> bytes:
    """A list of orders; the one numbered `spoil` has a StatusDate that is none."""
    whole = sample("orders.xml")
    first, one, last = re.split(rb"(<a:RepairWorkOrder>.*</a:RepairWorkOrder>)", whole)
    texts = []
    for number in numbers:
        text = one.replace(b"113427", str(number).encode()).replace(b"0eb0a7b8", f"{number:08x}".encode())
        texts.append(text.replace(b"<a:StatusDate>2022-10-05T", b"<a:StatusDate>soon") if number == spoil else text)
    return first + b"".join(texts) + last


def texts(message: bytes) -> dict[str, str | None]:
    """The leaves of an envelope by local name; None where xsi:nil."""
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    return {
        etree.QName(node).localname: None if node.get(nil) == "true" else node.text or ""
        for node in etree.fromstring(message).iter()
        if len(node) == 0 and etree.QName(node).localname != "Header"
    }
