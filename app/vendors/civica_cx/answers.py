"""Reads a SOAP answer: a result that says yes, a result that says no, a fault, or nothing that we can be sure of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from app.domain.record import record
from app.vendors.civica_cx.names import Names
from app.vendors.exchange import Reply
from app.vendors.replies import media_type

MOST_TAGS = 100_000
MOST_ATTRIBUTES = 100_000
SOAP = frozenset({"text/xml", "application/xml", "application/soap+xml"})
"""The media types of an answer that may be SOAP; what comes as anything else is a page."""
MOST_KNOWN = 100
LONGEST_KNOWN = 4096
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@record(frozen=True, kw_only=True)
class Result:
    """The operation's own result. `valid` is the vendor's yes or no, `reason` its InvalidReason."""

    valid: bool
    reason: str | None
    element: etree._Element


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A SOAP fault. `code` is the local name of its faultcode."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """An answer that is none of the others; `why` is for an operator."""

    why: str


Reading: TypeAlias = "Result | Fault | Nothing"


def parser() -> etree.XMLParser:
    """Opens nothing, expands nothing, and keeps what must not be overlooked: comments and processing instructions."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def read_answer(reply: Reply, operation: str, names: Names) -> Reading:
    """What an answer says about `operation` (by its own name). Only an exact match is a yes or a no."""
    body = reply.body
    if not body.strip():
        return Nothing(why="The answer is empty.")
    if not is_soap(reply.headers):
        return Nothing(why="The answer is not SOAP by its own word.")
    if body.count(b"<") > MOST_TAGS or body.count(b"=") > MOST_ATTRIBUTES:
        return Nothing(why="The answer has too many elements.")
    try:
        root = etree.fromstring(body, parser())
    except (etree.XMLSyntaxError, ValueError):
        return Nothing(why="The answer is not XML.")
    if has_document_type(root):
        return Nothing(why="The answer has a document type.")
    beside = root.getprevious() is not None or root.getnext() is not None
    if beside or [node for node in root.iter() if type(node.tag) is not str]:
        return Nothing(why="The answer has comments, processing instructions or entities.")
    return _read_envelope(root, operation, names)


class KnownYes:
    """Reads answers, and a yes only once: the vendor's yes to one write is its yes to the next, byte for byte.

    For an operation whose answers hold no secret, as they are kept.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, bytes], Result] = {}

    def read(self, reply: Reply, operation: str, names: Names) -> Reading:
        """As `read_answer`; `names` are the same each time."""
        told = (operation, media_type(reply.headers), reply.body)
        known = self._known.get(told)
        if known is not None:
            return known
        reading = read_answer(reply, operation, names)
        if isinstance(reading, Result) and reading.valid and len(reply.body) <= LONGEST_KNOWN:
            if len(self._known) == MOST_KNOWN:
                self._known.clear()
            self._known[told] = reading
        return reading


def is_soap(headers: Mapping[str, str]) -> bool:
    return media_type(headers) in SOAP


def has_document_type(root: etree._Element) -> bool:
    return bool(root.getroottree().docinfo.doctype)


def _read_envelope(root: etree._Element, operation: str, names: Names) -> Reading:
    bodies = children(root, "Body")
    if local(root) != "Envelope" or len(bodies) != 1:
        return Nothing(why="The answer is not a SOAP envelope.")
    content = list(bodies[0])
    if len(content) != 1:
        return Nothing(why="The SOAP body does not hold exactly one element.")
    if local(content[0]) == "Fault":
        return read_fault(content[0])
    results = children(content[0], f"{operation}Result")
    if local(content[0]) != f"{operation}Response" or len(results) != 1:
        return Nothing(why="The answer holds neither the operation's result nor a fault.")
    return read_result(results[0], names)


def read_fault(element: etree._Element) -> Fault | Nothing:
    """A fault counts only with a code that could be read."""
    codes, texts = children(element, "faultcode"), children(element, "faultstring")
    code = (text_of(codes[0]) or "").strip().rpartition(":")[2] if len(codes) == 1 else ""
    if not code:
        return Nothing(why="The answer is a fault without a code.")
    return Fault(code=code, text=(text_of(texts[0]) or "").strip() if len(texts) == 1 else "")


def read_result(element: etree._Element, names: Names) -> Result | Nothing:
    """IsValid must be there once and be true or false; anything else says nothing."""
    flags = children(element, names.of("IsValid"))
    valid = _TRUTH.get((text_of(flags[0]) or "").strip()) if len(flags) == 1 else None
    if valid is None:
        return Nothing(why="The result says neither that it is valid nor that it is not.")
    reasons = [text_of(reason) for reason in children(element, names.of("InvalidReason"))]
    return Result(valid=valid, reason=next((reason for reason in reasons if reason), None), element=element)


def local(element: etree._Element) -> str:
    """The local name: namespaces differ from client to client."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


def children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if child.tag.rpartition("}")[2] == name]


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name."""
    return next(iter(children(element, name)), None)


def text_of(element: etree._Element | None) -> str | None:
    """The text of a leaf; None for a null, for an object, and for what is not there."""
    if element is None or len(element) or element.get(NIL) in ("true", "1"):
        return None
    return element.text or ""
