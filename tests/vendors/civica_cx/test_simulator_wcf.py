"""What the simulator publishes and how it takes a malformed call, as WCF does (dossier section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
import zeep
from lxml import etree

from tests.vendors.civica_cx.simulator_requests import CALLS, CONTRACTOR, Cx, envelope, member, refusal, running

DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
UPDATE = "update_repair_works_order_status"
CONTRACTS = "http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts"


@pytest.fixture(scope="module")
def cx() -> Iterator[Cx]:
    with running() as cx:
        yield cx


@pytest.mark.parametrize(
    "path", ["/webservice/wstokenservice", "/cx/WebService/WSTokenService", "/a/b/webservice/WSTOKENSERVICE/"]
)
def test_a_get_shows_the_page_by_which_people_know_the_service_is_there(cx: Cx, path: str) -> None:
    answer = cx.http.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=UTF-8")
    assert "WSTokenService Service" in answer.text
    assert f"{cx.url}{path}?wsdl" in answer.text


@pytest.mark.parametrize(
    ("service", "query", "namespace"),
    [
        ("WSTokenService", "wsdl", "http://tempuri.org/"),
        ("WSTokenService", "xsd=xsd0", "http://tempuri.org/"),
        ("WSTokenService", "xsd=xsd1", "http://schemas.microsoft.com/2003/10/Serialization/"),
        ("WSTokenService", "xsd=xsd2", f"{CONTRACTS}.Modules.Security"),
        ("WSTokenService", "singleWsdl", "http://tempuri.org/"),
        ("WSRepairContractorService", "WSDL", "http://tempuri.org/"),
        ("WSRepairContractorService", "wsdl=wsdl0", "http://www.civica.co.uk/Civica.Housing.Cx.WebServices"),
        ("WSRepairContractorService", "xsd=xsd0", "http://www.civica.co.uk/Civica.Housing.Cx.WebServices"),
        ("WSRepairContractorService", "xsd=xsd1", "http://schemas.microsoft.com/2003/10/Serialization/"),
        ("WSRepairContractorService", "xsd=xsd2", f"{CONTRACTS}.Modules.Repairs"),
        ("WSRepairContractorService", "xsd=xsd3", CONTRACTS),
        ("WSRepairContractorService", "singleWsdl", "http://tempuri.org/"),
    ],
)
def test_each_document_is_published_with_addresses_of_the_host_that_was_asked(
    cx: Cx, service: str, query: str, namespace: str
) -> None:
    answer = cx.http.get(f"/cx/webservice/{service}?{query}", headers={"Host": "mysitecxtest.example"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=UTF-8")
    root = etree.fromstring(answer.content)
    assert root.get("targetNamespace") == namespace
    own = f"http://mysitecxtest.example/cx/webservice/{service}"
    locations = [
        found.get(name) for found in root.iter("{*}import", "{*}address") for name in ("schemaLocation", "location")
    ]
    assert all(location == own or location.startswith(own + "?") for location in locations if location is not None)
    assert b"{address}" not in answer.content


def test_a_document_that_does_not_exist_is_a_404_page(cx: Cx) -> None:
    answer = cx.http.get("/cx/webservice/WSTokenService?xsd=xsd9")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")


@pytest.mark.parametrize("query", ["wsdl", "singleWsdl"])
def test_a_foreign_soap_client_reads_the_wsdl_and_makes_every_call(cx: Cx, query: str) -> None:
    order = cx.new_order()
    token_client = zeep.Client(f"{cx.url}/cx/webservice/wstokenservice?{query}")
    client = zeep.Client(f"{cx.url}/cx/webservice/wsrepaircontractorservice?{query}")

    token = token_client.service.GetUserWSToken({"Password": "sandbox-secret", "UserName": "sandbox"}).Token
    new_status = {
        "Comments": "Engineer on site",
        "StatusCodeId": 11,
        "StatusDate": datetime(2022, 10, 6, 20, 40),
        "StatusReasonId": 0,
        "StatusSetByUserId": 0,
        "StatusSetDate": None,
    }
    updated = client.service.UpdateRepairWorksOrderStatus(
        {"Token": token, "NewStatus": new_status, "WorkOrderId": order.number, "WorkOrderUid": order.uid}
    )
    details = client.service.GetRepairWorkOrderDetails(
        {
            "Token": token,
            "WorkOrderReference": f"WO{order.number}",
            "WorkOrderUid": "00000000-0000-0000-0000-000000000000",
        }
    )
    listed = client.service.GetRepairWorkOrders({"Token": token, "FromDate": None})

    assert (updated.IsValid, updated.InvalidReason) == (True, None)
    assert (details.WorkOrder.RepairStatusCodeId, details.WorkOrder.StatusDate) == (11, datetime(2022, 10, 6, 20, 40))
    assert order.uid in {found.WorkOrderUid for found in listed.WorkOrders.RepairWorkOrder}
    assert cx.kinds(order.number) == ["status_change"]


def test_an_unknown_path_is_a_404_page(cx: Cx) -> None:
    answer = cx.http.post("/cx/webservice/WSAssetService", content=b"<x/>")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")


@pytest.mark.parametrize(
    "content_type", ["application/soap+xml; charset=utf-8", "application/json", "text/xml; charset=latin-1", ""]
)
def test_another_content_type_is_415(cx: Cx, content_type: str) -> None:
    answer = cx.post(UPDATE, envelope(UPDATE), **{"Content-Type": content_type})

    assert (answer.status_code, answer.content) == (415, b"")


def test_another_method_is_405(cx: Cx) -> None:
    assert cx.http.put("/cx/webservice/wstokenservice", content=b"").status_code == 405


@pytest.mark.parametrize("quote", ['"', ""])
def test_the_soap_action_may_stand_without_its_quotes(cx: Cx, quote: str) -> None:
    action = f"{quote}{CALLS['get_user_ws_token'][1]}{quote}"

    assert cx.post("get_user_ws_token", envelope("get_user_ws_token"), SOAPAction=action).status_code == 200


@pytest.mark.parametrize(
    "action", ["", "urn:other", CONTRACTOR + "updateRepairWorksOrderStatus", CALLS["get_user_ws_token"][1]]
)
def test_a_wrong_soap_action_is_the_action_not_supported_fault(cx: Cx, action: str) -> None:
    answer = cx.post(UPDATE, envelope(UPDATE), SOAPAction=f'"{action}"')

    assert answer.status_code == 500
    assert answer.text == (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode '
        'xmlns:a="http://schemas.microsoft.com/ws/2005/05/addressing/none">a:ActionNotSupported</faultcode><faultstring '
        f"xml:lang=\"en-GB\">The message with Action '{action}' cannot be processed at the receiver, due to a ContractFilter "
        "mismatch at the EndpointDispatcher. This may be because of either a contract mismatch (mismatched Actions between "
        "sender and receiver) or a binding/security mismatch between the sender and the receiver.  Check that sender and "
        "receiver have the same contract and the same binding (including security requirements, e.g. Message, Transport, "
        "None).</faultstring></s:Fault></s:Body></s:Envelope>"
    )


@dataclass(frozen=True, kw_only=True)
class Malformed:
    id: str
    change: Callable[[bytes], bytes]
    says: str


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old.encode(), new.encode())


MALFORMED = (
    Malformed(
        id="empty number",
        change=swap(">11<", "><"),
        says="The value '' cannot be parsed as the type 'Int32'.'.  Please see",
    ),
    Malformed(
        id="number with letters",
        change=swap(">11<", ">x1<"),
        says="The value 'x1' cannot be parsed as the type 'Int32'",
    ),
    Malformed(
        id="number too large",
        change=swap(">11<", ">2147483648<"),
        says="'2147483648' cannot be parsed as the type 'Int32'",
    ),
    Malformed(id="bad guid", change=swap("0eb0a7b8-", "0eb0a7b8"), says="cannot be parsed as the type 'Guid'"),
    Malformed(id="bad date", change=swap("2022-10-06T", "06/10/2022 "), says="cannot be parsed as the type 'DateTime'"),
    Malformed(
        id="no such day", change=swap("2022-10-06T", "2022-02-30T"), says="cannot be parsed as the type 'DateTime'"
    ),
    Malformed(
        id="nil number",
        change=swap("StatusCodeId>11</civ2:StatusCodeId>", 'StatusCodeId xsi:nil="true"/>'),
        says="ValueType 'System.Int32' cannot be null.",
    ),
    Malformed(id="element in a text", change=swap(">11<", "><b>11</b><"), says="'Element' is an invalid XmlNodeType."),
    Malformed(
        id="cut off",
        change=lambda body: body[: body.index(b"<civ2:StatusDate>")],
        says="Unexpected end of file. Following elements are not closed: civ2:NewStatus, civ:request, "
        "civ:UpdateRepairWorksOrderStatus, soapenv:Body, soapenv:Envelope.",
    ),
    Malformed(
        id="prefix not declared",
        change=swap(f' xmlns:civ2="{CONTRACTS}.Modules.Repairs"', ""),
        says="Namespace prefix civ2 on NewStatus is not defined",
    ),
    Malformed(
        id="xsi not declared",
        change=swap(' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', ""),
        says="Namespace prefix xsi for nil on StatusSetDate is not defined",
    ),
    Malformed(
        id="cut off, and a prefix not declared",
        change=lambda body: swap(f' xmlns:civ1="{CONTRACTS}"', "")(body)[: body.index(b"<civ2:StatusDate>")],
        says="Namespace prefix civ1 on Token is not defined",
    ),
    Malformed(
        id="cut off, and a name with two colons",
        change=lambda body: swap("<civ2:StatusDate>", "<civ2:Status:Date>")(body)[: body.index(b"</civ2:StatusDate>")],
        says="Following elements are not closed: civ2:Status:Date, civ2:NewStatus, civ:request, ",
    ),
    Malformed(id="undefined entity", change=swap("Engineer", "&b;"), says="Entity 'b' not defined"),
    Malformed(
        id="not well-formed", change=swap("</civ:request>", "</civ:requst>"), says="Opening and ending tag mismatch"
    ),
    Malformed(
        id="another operation's element",
        change=swap("civ:UpdateRepairWorksOrderStatus", "civ:GetRepairWorkOrders"),
        says="Expected to find node type 'Element' with name 'UpdateRepairWorksOrderStatus' and namespace "
        "'http://www.civica.co.uk/Civica.Housing.Cx.WebServices'. Found node type 'Element' with name 'GetRepairWorkOrders'",
    ),
)


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.id)
def test_a_body_that_cannot_be_read_is_the_deserialization_failed_fault(cx: Cx, case: Malformed) -> None:
    before = len(cx.effects())

    answer = cx.post(UPDATE, case.change(envelope(UPDATE)))

    assert answer.status_code == 500
    assert f'<faultcode xmlns:a="{DISPATCHER}">a:DeserializationFailed</faultcode>' in answer.text
    text = member(answer, "faultstring") or ""
    assert text.startswith("The formatter threw an exception while trying to deserialize the message: ")
    assert case.says in text
    assert text.count("Unexpected end of file") == case.says.count("not closed:")
    assert len(cx.effects()) == before


PRINTED_UPDATE = """<soapenv:Envelope>
<soapenv:Header/>
<soapenv:Body>
<civ:UpdateRepairWorksOrderStatus>
<civ:request>
<civ1:Token>YOUR_TOKEN</civ1:Token>
<civ2:NewStatus>
<civ2:Comments>Engineer on site</civ2:Comments>
<civ2:StatusCodeId>11</civ2:StatusCodeId>
<civ2:StatusDate>2022-10-06T20:40:00</civ2:StatusDate>
<civ2:StatusReasonId>0</civ2:StatusReasonId>
<civ2:StatusSetByUserId>0</civ2:StatusSetByUserId>
<civ2:StatusSetDate xsi:nil="true"/>
</civ2:NewStatus>
<civ2:WorkOrderId>113427</civ2:WorkOrderId>
<civ2:WorkOrderUid>0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9</civ2:WorkOrderUid>
</civ:request>
</civ:UpdateRepairWorksOrderStatus>
</soapenv:Body>
</soapenv:Envelope>
"""
PRINTED_LOG_IN = """<soapenv:Envelope>
  <soapenv:Header/>
   <soapenv:Body>
      <tem:GetUserWSToken>
         <tem:request>
            <civ:Password>HappyB!rthday</civ:Password>
            <civ:UserName>Jim.Walker</civ:UserName>
         </tem:request>
      </tem:GetUserWSToken>
   </soapenv:Body>
</soapenv:Envelope>
"""


@pytest.mark.parametrize(("call", "printed"), [(UPDATE, PRINTED_UPDATE), ("get_user_ws_token", PRINTED_LOG_IN)])
def test_the_documents_examples_as_printed_lack_their_namespaces_and_are_refused(
    cx: Cx, call: str, printed: str
) -> None:
    """Vendor document 001: "You absolutely need the namespace prefixes, and it won't work without them"."""
    before = len(cx.effects())

    answer = cx.post(call, printed.encode())

    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert f'<faultcode xmlns:a="{DISPATCHER}">a:DeserializationFailed</faultcode>' in answer.text
    assert "Namespace prefix soapenv on Envelope is not defined" in (member(answer, "faultstring") or "")
    assert len(cx.effects()) == before


def test_a_body_cut_off_anywhere_is_a_fault_and_never_read(cx: Cx) -> None:
    whole = envelope(UPDATE).rstrip()

    for length in range(len(whole)):
        answer = cx.post(UPDATE, whole[:length])
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8"), length


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    member: str
    expected: str
    at: str = "'EndElement' 'NewStatus'"


LEFT_OUT = (
    LeftOut(member="StatusCodeId", at="'Element' 'StatusDate'", expected="StatusCodeId"),
    LeftOut(member="StatusDate", at="'Element' 'StatusReasonId'", expected="StatusDate"),
    LeftOut(member="StatusSetByUserId", at="'Element' 'StatusSetDate'", expected="StatusSetByUserId"),
    LeftOut(member="StatusSetDate", expected="StatusSetDate"),
    LeftOut(member="WorkOrderId", at="'Element' 'WorkOrderUid'", expected="WorkOrderId"),
    LeftOut(member="WorkOrderUid", at="'EndElement' 'request'", expected="WorkOrderUid"),
)


def without(body: bytes, *members: str) -> bytes:
    for name in members:
        body, count = re.subn(rf"<(\w+:{name})(?:>.*?</\1>|[^>]*/>)".encode(), b"", body, flags=re.DOTALL)
        assert count == 1
    return body


@pytest.mark.parametrize("case", LEFT_OUT, ids=lambda case: case.member)
def test_what_each_request_must_include_cannot_be_left_out(cx: Cx, case: LeftOut) -> None:
    """Vendor document 000, "What you must send", and missing data among what is "some form of error"."""
    order = cx.new_order()
    body = envelope(UPDATE, Token=cx.login(), WorkOrderId=order.number, WorkOrderUid=order.uid)

    answer = cx.post(UPDATE, without(body, case.member))

    assert answer.status_code == 500
    assert f'<faultcode xmlns:a="{DISPATCHER}">a:DeserializationFailed</faultcode>' in answer.text
    text = member(answer, "faultstring") or ""
    assert f"The InnerException message was '{case.at} from namespace 'http://" in text
    assert f"' is not expected. Expecting element '{case.expected}'.'.  Please see InnerException" in text
    assert cx.kinds(order.number) == []


def test_a_request_without_its_new_status_is_refused_too(cx: Cx) -> None:
    answer = cx.post(UPDATE, without(envelope(UPDATE), "NewStatus"))

    assert answer.status_code == 500
    assert "Expecting element 'NewStatus'." in (member(answer, "faultstring") or "")


def test_a_token_left_out_is_no_token(cx: Cx) -> None:
    answer = cx.post(UPDATE, without(envelope(UPDATE), "Token"))

    assert (answer.status_code, member(answer, "faultcode")) == (500, "s:Client")


def test_the_uid_of_a_read_may_be_empty_and_not_left_out(cx: Cx) -> None:
    """The vendor's series, "Retrieving repair work order details": mandatory in the schema (dossier 1.4)."""
    body = envelope("get_repair_work_order_details", Token=cx.login())

    assert refusal(cx.post("get_repair_work_order_details", body)) is None
    refused = cx.post("get_repair_work_order_details", without(body, "WorkOrderUid"))
    assert "Expecting element 'WorkOrderUid'." in (member(refused, "faultstring") or "")


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>" + envelope(UPDATE, Comments="&e;"),
        b"<html/>",
        envelope(UPDATE).replace(
            b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"
        ),
    ],
    ids=["document type", "no envelope", "SOAP 1.2"],
)
def test_what_is_no_soap_11_envelope_is_a_bare_400(cx: Cx, body: bytes) -> None:
    answer = cx.post(UPDATE, body)

    assert (answer.status_code, answer.content) == (400, b"")


def test_a_body_over_a_megabyte_is_413(cx: Cx) -> None:
    assert cx.post(UPDATE, b" " * 1_048_577).status_code == 413


def test_a_null_request_is_the_vendors_internal_error(cx: Cx) -> None:
    answer = cx.post(UPDATE, envelope(UPDATE).replace(b"civ:request", b"civ1:request"))

    assert answer.status_code == 500
    assert f'<faultcode xmlns:a="{DISPATCHER}">a:InternalServiceFault</faultcode>' in answer.text
    dropped = {
        "member": "request",
        "operation": "UpdateRepairWorksOrderStatus",
        "why": f"wrong namespace: {CONTRACTS}",
    }
    assert cx.effects()[-1]["detail"] == dropped


def test_utf_16_is_read_too(cx: Cx) -> None:
    order = cx.new_order()
    body = envelope(UPDATE, WorkOrderId=order.number, WorkOrderUid=order.uid, Token=cx.login(), Comments="Größe – 5 €")
    body = body.decode().encode("utf-16")

    assert refusal(cx.post(UPDATE, body, **{"Content-Type": "text/xml; charset=utf-16"})) is None
    (detail,) = cx.details(order.number)
    assert isinstance(detail, dict)
    assert detail["Comments"] == "Größe – 5 €"


@dataclass(frozen=True, kw_only=True)
class Dropping:
    id: str
    change: Callable[[bytes], bytes]
    member: str
    why: str
    says: str | None
    """The refusal that follows, or None where the update is taken all the same."""


COMMENTS = "<civ2:Comments>Engineer on site</civ2:Comments>"
REASON = "<civ2:StatusReasonId>0</civ2:StatusReasonId>"
DATE = "<civ2:StatusDate>2022-10-06T20:40:00</civ2:StatusDate>"
CODE = "<civ2:StatusCodeId>11</civ2:StatusCodeId>"
DROPPING = (
    Dropping(
        id="out of order",
        change=lambda body: swap(COMMENTS + "\n", "")(body).replace(REASON.encode(), (REASON + COMMENTS).encode()),
        member="Comments",
        why="out of order: RepairWorksOrderNewStatus was already past this member",
        says=None,
    ),
    Dropping(
        id="wrong namespace",
        change=swap(
            DATE + "\n" + REASON,
            DATE.replace("2022", "2050") + "<civ1:StatusReasonId>31</civ1:StatusReasonId>",
        ),
        member="StatusReasonId",
        why=f"wrong namespace: {CONTRACTS}",
        says="The works order is late. A late completion reason must be supplied.",
    ),
    Dropping(
        id="no namespace",
        change=lambda body: body.replace(b"civ2:Comments", b"Comments"),
        member="Comments",
        why="wrong namespace: none",
        says=None,
    ),
    Dropping(
        id="twice",
        change=swap(CODE, CODE + CODE.replace("11", "12")),
        member="StatusCodeId",
        why="out of order: RepairWorksOrderNewStatus was already past this member",
        says=None,
    ),
    Dropping(
        id="unknown",
        change=swap(CODE, "<civ2:LateCompletionReasonId>3</civ2:LateCompletionReasonId>" + CODE),
        member="LateCompletionReasonId",
        why="RepairWorksOrderNewStatus has no such member",
        says=None,
    ),
)


@pytest.mark.parametrize("case", DROPPING, ids=lambda case: case.id)
def test_a_misplaced_member_is_dropped_in_silence_and_noted(cx: Cx, case: Dropping) -> None:
    order = cx.new_order()
    body = envelope(UPDATE, Token=cx.login(), WorkOrderId=order.number, WorkOrderUid=order.uid)

    answer = cx.post(UPDATE, case.change(body))

    assert refusal(answer) == case.says
    first, *rest = cx.effects(order.number)
    assert (first["kind"], first["detail"]) == (
        "dropped_member",
        {"member": case.member, "operation": "UpdateRepairWorksOrderStatus", "why": case.why},
    )
    assert [effect["kind"] for effect in rest] == (["status_change"] if case.says is None else [])


def before(later: str, earlier: str) -> Callable[[bytes], bytes]:
    """A change of the body: the second element stands before the first."""
    return lambda body: re.sub(
        rf"(<civ2:{earlier}>.*?</civ2:{earlier}>)(\s*)(<civ2:{later}>.*?</civ2:{later}>)".encode(), rb"\3\2\1", body
    )


MISPLACED = (
    Dropping(
        id="a code behind its date",
        change=before("StatusDate", "StatusCodeId"),
        member="StatusCodeId",
        why="out of order: RepairWorksOrderNewStatus was already past this member",
        says="Status code 0 is not valid for a works order.",
    ),
    Dropping(
        id="a date in the wrong namespace",
        change=swap(DATE, DATE.replace("civ2:", "civ1:")),
        member="StatusDate",
        why=f"wrong namespace: {CONTRACTS}",
        says="Status code On Site is not effective on 01/01/1.",
    ),
    Dropping(
        id="an id behind the uid",
        change=before("WorkOrderUid", "WorkOrderId"),
        member="WorkOrderId",
        why="out of order: RepairWorksOrderStatusRequest was already past this member",
        says="Works order 0 could not be found.",
    ),
)


@pytest.mark.parametrize("case", MISPLACED, ids=lambda case: case.id)
def test_what_a_request_must_include_is_dropped_too_where_it_is_misplaced(cx: Cx, case: Dropping) -> None:
    """Dossier 5.2: out of order or in a wrong namespace is not a fault, and the member stays at its default."""
    order = cx.new_order()
    body = envelope(UPDATE, Token=cx.login(), WorkOrderId=order.number, WorkOrderUid=order.uid)
    changed = case.change(body)
    assert changed != body

    answer = cx.post(UPDATE, changed)

    assert refusal(answer) == case.says
    last = cx.effects()[-1]
    assert (last["kind"], last["detail"]) == (
        "dropped_member",
        {"member": case.member, "operation": "UpdateRepairWorksOrderStatus", "why": case.why},
    )


def test_members_after_one_that_came_too_early_are_all_dropped(cx: Cx) -> None:
    body = envelope("get_user_ws_token")
    password = b"<civ:Password>sandbox-secret</civ:Password>"
    swapped = body.replace(password, b"").replace(b"</civ:UserName>", b"</civ:UserName>" + password)

    answer = cx.post("get_user_ws_token", swapped)

    assert refusal(answer) == "Invalid login. Please try again."
    last = cx.effects()[-1]
    assert (last["kind"], last["order"]) == ("dropped_member", None)
    assert last["detail"] == {
        "member": "Password",
        "operation": "GetUserWSToken",
        "why": "out of order: UserWSTokenRequest was already past this member",
    }


def test_what_may_also_be_sent_keeps_its_default_when_it_is_left_out(cx: Cx) -> None:
    order = cx.new_order()
    body = envelope(UPDATE, Token=cx.login(), WorkOrderId=order.number, WorkOrderUid=order.uid)

    assert refusal(cx.post(UPDATE, without(body, "Comments", "StatusReasonId"))) is None

    assert [effect["detail"] for effect in cx.effects(order.number)] == [
        {
            "Comments": None,
            "StatusCodeId": 11,
            "StatusDate": "2022-10-06T20:40:00",
            "StatusReasonId": 0,
            "StatusSetByUserId": 0,
            "StatusSetDate": None,
            "WorkOrderId": order.number,
            "WorkOrderUid": order.uid,
        }
    ]


def test_a_token_in_the_wrong_namespace_is_no_token(cx: Cx) -> None:
    answer = cx.post(UPDATE, envelope(UPDATE, Token=cx.login()).replace(b"civ1:Token", b"civ2:Token"))

    assert (answer.status_code, member(answer, "faultcode")) == (500, "s:Client")
