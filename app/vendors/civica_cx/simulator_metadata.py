"""What GET shows on a service: a landing page, and its WSDL and schemas as WCF publishes them, apart or in one."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from lxml import etree

from app.vendors.civica_cx.simulator_contract import DATA, Service
from app.vendors.simulation import Answer

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XSD_IMPORT = "{http://www.w3.org/2001/XMLSchema}import"
XML = "text/xml; charset=UTF-8"

NOT_FOUND = Answer(
    status=404,
    body=b"<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head><body>"
    b"<h2>404 - File or directory not found.</h2><h3>The resource you are looking for might have been removed, "
    b"had its name changed, or is temporarily unavailable.</h3></body></html>",
    media_type="text/html",
)


def page(service: Service, query: str, address: str) -> Answer:
    """The document that the query string names; without one, the page by which people see that the service is there."""
    if query == "":
        text = (DATA / "landing.html").read_text(encoding="utf-8")
        filled = text.replace("{address}", escape(address)).replace("{service}", service.name)
        return Answer(status=200, body=filled.encode(), media_type="text/html; charset=UTF-8")
    wanted = query.lower()
    if wanted == "singlewsdl":
        document = _single(tuple(service.documents.items()))
    elif wanted in service.documents:
        document = (DATA / service.documents[wanted]).read_bytes()
    else:
        return NOT_FOUND
    return Answer(status=200, body=_filled(document, address), media_type=XML)


def _filled(document: bytes, address: str) -> bytes:
    return document.replace(b"{address}", escape(address).encode())


@lru_cache(maxsize=8)
def _single(documents: tuple[tuple[str, str], ...]) -> bytes:
    """One WSDL: the schemas stand in its types; what a second document defined comes under the service's namespace."""
    roots = {query: etree.parse(DATA / file_name).getroot() for query, file_name in documents}
    main = roots["wsdl"]
    types = main.find(WSDL + "types")
    types.clear()
    types.text = "{schemas}"
    schemas = [root for query, root in roots.items() if query.startswith("xsd=")]
    for imported in (item for schema in schemas for item in schema.iterfind(XSD_IMPORT)):
        del imported.attrib["schemaLocation"]
    contract = roots.get("wsdl=wsdl0")
    if contract is not None:
        main.remove(main.find(WSDL + "import"))
        for part in reversed(contract.findall(WSDL + "message") + contract.findall(WSDL + "portType")):
            types.addnext(part)
        for binding in main.iterfind(WSDL + "binding"):
            binding.set("type", "tns:" + binding.get("type").rpartition(":")[2])
    whole = bytes(etree.tostring(main, xml_declaration=True, encoding="utf-8"))
    # As text: lxml drops the own prefix of a schema that it moves, and `type="xs:int"` still needs it.
    return whole.replace(b"{schemas}", b"".join(etree.tostring(schema) for schema in schemas))
