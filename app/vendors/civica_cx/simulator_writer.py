"""Writes SOAP 1.1 answers and faults in the form that WCF gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from app.vendors.civica_cx.simulator_contract import Contract, Operation
from app.vendors.simulation import Answer, Json

TEXT_XML = "text/xml; charset=utf-8"
_REFERRED = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What WCF writes as a reference, most of which no XML 1.0 may hold."""

DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
ACTION_NOT_SUPPORTED = (
    "a:ActionNotSupported",
    "http://schemas.microsoft.com/ws/2005/05/addressing/none",
    "The message with Action '{}' cannot be processed at the receiver, due to a ContractFilter mismatch at the "
    "EndpointDispatcher. This may be because of either a contract mismatch (mismatched Actions between sender "
    "and receiver) or a binding/security mismatch between the sender and the receiver.  Check that sender and receiver "
    "have the same contract and the same binding (including security requirements, e.g. Message, Transport, None).",
)
DESERIALIZATION_FAILED = (
    "a:DeserializationFailed",
    DISPATCHER,
    "The formatter threw an exception while trying to deserialize the message: {}",
)
INTERNAL = (
    "a:InternalServiceFault",
    DISPATCHER,
    "The server was unable to process the request due to an internal error.  For more information about the error, "
    "either turn on IncludeExceptionDetailInFaults (either from ServiceBehaviorAttribute or from the <serviceDebug> "
    "configuration behavior) on the server in order to send the exception information back to the client, or turn on "
    "tracing as per the Microsoft .NET Framework SDK documentation and inspect the server trace logs.{}",
)
INVALID_TOKEN = ("s:Client", "", "Exception Message:Access denied – Invalid token{}")
"""Vendor document 001, "Get me a token!": what any method answers to a token that is not valid, dash included."""


class SoapFault(Exception):
    """A fault answer: its code, the namespace of the code's prefix `a` (none for `s:`), and its text."""

    def __init__(self, code: str, namespace: str, template: str, detail: str = "") -> None:
        super().__init__(template.format(detail))
        self.code = code
        self.namespace = namespace

    def answer(self) -> Answer:
        """SOAP 1.1 over HTTP: a fault is always HTTP 500."""
        declared = f" xmlns:a={quoteattr(self.namespace)}" if self.namespace else ""
        return _envelope(
            500,
            f"<s:Fault><faultcode{declared}>{self.code}</faultcode>"
            f'<faultstring xml:lang="en-GB">{_escaped(str(self))}</faultstring></s:Fault>',
        )


def result(operation: Operation, *, refused: str | None = None, own: str = "") -> Answer:
    """HTTP 200 with the operation's result: valid, or refused with a reason. `own`: the XML of its own members."""
    own_namespace = operation.result.namespace
    base = {"InvalidReason": text_or_nil(refused), "IsValid": text_or_nil(refused is None)}
    members = "".join(
        _element(member.name, base[member.name], member.namespace if member.namespace != own_namespace else "")
        for member in operation.result.members
        if member.name in base
    )
    return _envelope(
        200,
        f'<{operation.name}Response xmlns="{operation.namespace}"><{operation.name}Result '
        f'xmlns:a="{operation.result.namespace}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f"{members}{own}</{operation.name}Result></{operation.name}Response>",
    )


def members_xml(contract: Contract, values: dict[str, Json]) -> str:
    """The contract's members in its order, nil where the value is None; all in the namespace of prefix `a`."""
    return "".join(_element(member.name, text_or_nil(values[member.name])) for member in contract.members)


def text_or_nil(value: Json) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case _:
            return _escaped(str(value))


def _escaped(text: str) -> str:
    return _REFERRED.sub(lambda found: f"&#x{ord(found[0]):X};", escape(text))


def element(name: str, inner: Iterable[str] | None) -> str:
    """A class or a list: nil for None, an empty element for nothing inside."""
    return _element(name, None if inner is None else "".join(inner))


def _element(name: str, text: str | None, namespace: str = "") -> str:
    """A member: prefix `a` for the result class's namespace; a base class's is declared on the spot, as WCF does."""
    tag, declared = (name, f' xmlns="{namespace}"') if namespace else (f"a:{name}", "")
    match text:
        case None:
            return f'<{tag} i:nil="true"{declared}/>'
        case "":
            return f"<{tag}{declared}/>"
        case _:
            return f"<{tag}{declared}>{text}</{tag}>"


def _envelope(status: int, inner: str) -> Answer:
    text = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inner}</s:Body></s:Envelope>'
    return Answer(status=status, body=text.encode(), media_type=TEXT_XML)
