"""The adapter against a Cx on loopback, with our WSDL and with another client's: every documented answer has its row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    CapabilityMissing,
    GatewayError,
    InvalidRequest,
    VendorRejectedData,
    VendorSaid,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.glimpses import Listed, read
from app.domain.ports import Answer, Kind, KnownCodes, Outcome, Proof, VendorAdapter, Write
from app.domain.statuses import Basis, Phase, Status, StatusCode
from app.domain.work_orders import Observation, OrderKey
from tests.vendors.civica_cx.conftest import DEADLINE_S, NOW, Adapting, Cx
from tests.vendors.civica_cx.messages import orders, refused, sample, texts, token_given
from tests.vendors.loopback import Behaviour, hang, hang_up, head, raw, reply, reset, truncated

UPDATE, DETAILS, LIST, LOG_IN = (
    "UpdateRepairWorksOrderStatus",
    "GetRepairWorkOrderDetails",
    "GetRepairWorkOrders",
    "GetUserWSToken",
)
ON_SITE = StatusCode(
    code="11",
    label="On Site",
    status=Status.on_site,
    phase=Phase.in_progress,
    master="Work In Progress",
    basis=Basis.configured,
)
ORDER = OrderKey(
    number="113427",
    reference="WO113427",
    vendor_ids={"work_order_uid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9"},
)
WRITE = Write(
    operation_id="op_1",
    kind=Kind.status_update,
    order=ORDER,
    body={"status": "on_site", "occurred_at": "2022-10-06T19:40:00Z", "comments": "Engineer on site"},
    status=ON_SITE,
    occurred_at=datetime(2022, 10, 6, 19, 40, tzinfo=UTC),
    previous_code="3",
)
APPLIED = Answer(outcome=Outcome.applied, detail="Cx accepted the update.", said=VendorSaid(status=200))
INVALID_TOKEN = reply(500, sample("invalid_token.xml"))


async def test_the_documented_update_is_what_cx_receives(cx: Cx, adapter: VendorAdapter, tmp_path: Path) -> None:
    assert await adapter.send(WRITE) == APPLIED
    [arrived] = cx.asked(UPDATE)
    documented = {**texts(sample("update_request.xml")), "Token": "diys1t3r0iadxe"}
    sent = texts(arrived.body)
    assert {name: sent[name] for name in documented} == documented
    schema = cx.wsdl.schema("WSRepairContractorService", tmp_path)
    schema.assertValid(etree.fromstring(arrived.body)[0][0])
    assert arrived.target == "/cx/webservice/WSRepairContractorService"
    assert arrived.headers["content-type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize("key", ["password", "username"])
async def test_a_log_in_that_xml_cannot_carry_is_ours_to_mend_and_no_callers_fault(
    cx: Cx, adapting: Adapting, key: str
) -> None:
    adapter = await adapting(**{key: "a\uffffb"})
    detail = f"Our {key} holds a character that XML cannot carry."
    assert await adapter.send(WRITE) == Answer(outcome=Outcome.not_sent, detail=detail, trouble=BackendMisconfigured)
    with pytest.raises(BackendMisconfigured, match=detail):
        await adapter.read("113427")
    known = KnownCodes(codes=frozenset({"3"}), table="imported table")
    log_in = [finding async for finding in adapter.check(known)][-1]
    assert (log_in.name, log_in.ok, log_in.detail) == ("log-in", False, detail)
    assert cx.asked(LOG_IN) == []


async def test_the_preview_is_what_arrives_but_for_the_token(cx: Cx, adapter: VendorAdapter) -> None:
    [shown] = adapter.requests(WRITE)
    await adapter.send(WRITE)
    [arrived] = cx.asked(UPDATE)
    assert (shown.method, shown.url) == (arrived.method, f"{cx.server.url}{arrived.target}")
    assert shown.body.replace(b">***<", b">diys1t3r0iadxe<") == arrived.body
    sent = {name: value for name, value in arrived.headers.items() if name not in {"host", "content-length"}}
    assert {name.lower(): value for name, value in shown.headers.items()} == sent


async def test_an_update_without_comments_carries_none(cx: Cx, adapter: VendorAdapter) -> None:
    await adapter.send(replace(WRITE, body={"status": "on_site"}))
    assert "Comments" not in texts(cx.asked(UPDATE)[0].body)


@pytest.mark.parametrize(
    ("field", "word", "number"), [("reason_code", "weather", "12"), ("late_reason", "parts_delay", "31")]
)
async def test_a_reason_becomes_its_status_reason_id(
    cx: Cx, adapter: VendorAdapter, field: str, word: str, number: str
) -> None:
    await adapter.send(replace(WRITE, body={field: word}))
    assert texts(cx.asked(UPDATE)[0].body)["StatusReasonId"] == number


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an update meets, and what it comes to."""

    id: str
    answer: bytes | Behaviour
    outcome: Outcome
    status: int = 200
    error: type[GatewayError] | None = None
    trouble: type[VendorTrouble] | None = None
    code: str | None = None
    after_s: float | None = None


NO = Outcome.refused
MAYBE = Outcome.unknown
SAID = [
    Said(id="accepted", answer=sample("update_accepted.xml"), outcome=Outcome.applied),
    Said(id="same status again", answer=sample("update_refused.xml"), outcome=NO),
    Said(
        id="a move that the master workflow forbids",
        answer=refused("Cannot move from Issued to Fully Invoiced"),
        outcome=NO,
    ),
    Said(id="a code that is not effective", answer=refused("The status code is not effective"), outcome=NO),
    Said(id="a late order without a reason", answer=refused("A late completion reason must be supplied"), outcome=NO),
    Said(id="an order that the client cancelled", answer=refused("The order has been cancelled"), outcome=NO),
    Said(
        id="a refusal without a reason",
        answer=sample("update_refused.xml").replace(b"The status cannot be changed from Issued to Issued.", b""),
        outcome=NO,
    ),
    Said(
        id="a wrong SOAPAction",
        answer=sample("action_not_supported.xml"),
        status=500,
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
        code="ActionNotSupported",
    ),
    Said(
        id="a malformed body",
        answer=sample("deserialization_failed.xml"),
        status=500,
        outcome=NO,
        error=VendorRejectedData,
        code="DeserializationFailed",
    ),
    Said(
        id="a wrong endpoint",
        answer=b"<html><body>404</body></html>",
        status=404,
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
    ),
    Said(id="not SOAP 1.1", answer=b"", status=415, outcome=Outcome.not_applied, trouble=BackendMisconfigured),
    Said(
        id="a web server that asks for a log-in",
        answer=b"",
        status=401,
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
    ),
    Said(
        id="a network address that is not let in",
        answer=b"",
        status=403,
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
    ),
    Said(
        id="slow down",
        answer=reply(429, b"", Retry_After="32"),
        status=429,
        outcome=Outcome.not_applied,
        trouble=BackendUnavailable,
        after_s=32.0,
    ),
    Said(id="an HTML error page", answer=sample("html_error.html"), status=500, outcome=MAYBE),
    Said(id="an HTML page with 200", answer=b"<html><body>Welcome</body></html>", outcome=MAYBE),
    Said(id="an empty 200", answer=b"", outcome=MAYBE),
    Said(id="an empty 202", answer=b"", status=202, outcome=MAYBE),
    Said(
        id="a 200 with neither success nor refusal",
        answer=sample("update_accepted.xml").replace(b">true<", b">perhaps<"),
        outcome=MAYBE,
    ),
    Said(
        id="a result that is null",
        answer=sample("update_accepted.xml").replace(b"true</IsValid>", b"</IsValid>"),
        outcome=MAYBE,
    ),
    Said(id="another operation's success", answer=sample("orders.xml"), outcome=MAYBE),
    Said(id="a success with HTTP 500", answer=sample("update_accepted.xml"), status=500, outcome=MAYBE),
    Said(
        id="a success that also says no",
        answer=sample("update_accepted.xml").replace(
            b"true</IsValid>", b'true</IsValid><IsValid xmlns="u">false</IsValid>'
        ),
        outcome=MAYBE,
    ),
    Said(
        id="a comment in the success",
        answer=sample("update_accepted.xml").replace(b">true<", b">tr<!-- -->ue<"),
        outcome=MAYBE,
    ),
    Said(id="a document type", answer=b"<!DOCTYPE x>" + sample("update_accepted.xml"), outcome=MAYBE),
    Said(
        id="an internal error",
        answer=sample("internal_service_fault.xml"),
        status=500,
        outcome=MAYBE,
        code="InternalServiceFault",
    ),
    Said(
        id="a fault that no document knows",
        answer=sample("invalid_token.xml").replace("– Invalid token".encode(), b"to the record"),
        status=500,
        outcome=MAYBE,
        code="Client",
    ),
    Said(id="a gateway's 502", answer=b"<html>502 Bad Gateway</html>", status=502, outcome=MAYBE),
    Said(id="a 503 without a word of what was done", answer=b"", status=503, outcome=MAYBE),
    Said(id="a redirect", answer=reply(307, b"", Location="http://127.0.0.1:1/"), status=307, outcome=MAYBE),
]


@pytest.mark.parametrize("case", SAID, ids=lambda case: case.id)
async def test_what_cx_says_to_an_update(cx: Cx, adapter: VendorAdapter, case: Said) -> None:
    cx.will(UPDATE, case.answer, status=case.status)
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.error, answer.trouble) == (case.outcome, case.error, case.trouble)
    assert answer.said is not None
    assert (answer.said.code, answer.said.status) == (case.code, case.status)
    assert answer.retry_after_s == case.after_s
    assert answer.detail
    assert len(cx.asked(UPDATE)) == 1


async def test_a_refusal_keeps_the_words_of_cx(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(UPDATE, refused("Works order is cancelled & closed".replace("&", "&amp;")))
    assert await adapter.send(WRITE) == Answer(
        outcome=Outcome.refused,
        detail="Cx refused the update.",
        said=VendorSaid(message="Works order is cancelled & closed", status=200),
    )


LOST = {
    "the connection is reset": reset,
    "the server hangs up": hang_up,
    "the answer is cut off": truncated(sample("update_accepted.xml")),
    "nothing comes": hang,
    "the answer drips": raw(head(200, {"Content-Length": "900"}), *[b"<"] * 900, pause_s=0.05),
    "the answer is larger than 4 MiB": reply(200, b"<x/>" * 1_100_000),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
async def test_an_update_whose_answer_is_lost_is_unknown_in_time(
    cx: Cx, adapter: VendorAdapter, behaviour: Behaviour
) -> None:
    cx.will(UPDATE, behaviour)
    began = asyncio.get_running_loop().time()
    answer = await adapter.send(WRITE)
    assert (answer.outcome, len(cx.asked(UPDATE))) == (Outcome.unknown, 1)
    assert asyncio.get_running_loop().time() - began < DEADLINE_S + 0.5


async def test_an_update_to_a_cx_that_is_down_is_not_sent(adapting: Adapting) -> None:
    adapter = await adapting(url="http://127.0.0.1:1/cx")
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendUnavailable)


async def test_an_update_is_cancelled_when_its_caller_is(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(UPDATE, hang)
    sending = asyncio.create_task(adapter.send(WRITE))
    while not cx.asked(UPDATE):
        await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_one_log_in_serves_every_call(cx: Cx, adapter: VendorAdapter, tmp_path: Path) -> None:
    await asyncio.gather(*[adapter.send(WRITE) for _ in range(10)], adapter.read("113427"))
    [arrived] = cx.asked(LOG_IN)
    sent = texts(arrived.body)
    assert {name: sent[name] for name in ("UserName", "Password")} == {
        "UserName": "api.contractor",
        "Password": "HappyB!rthday",
    }
    cx.wsdl.schema("WSTokenService", tmp_path).assertValid(etree.fromstring(arrived.body)[0][0])


async def test_an_invalid_token_is_renewed_and_the_update_sent_once_more(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LOG_IN, token_given("first"), token_given("second"))
    cx.will(UPDATE, INVALID_TOKEN)
    assert await adapter.send(WRITE) == APPLIED
    assert [texts(arrived.body)["Token"] for arrived in cx.asked(UPDATE)] == ["first", "second"]


async def test_an_invalid_token_with_another_dash_is_one_too(cx: Cx, adapter: VendorAdapter) -> None:
    dash = sample("invalid_token.xml").replace("–".encode(), b"-").replace(b"Invalid token", b"INVALID TOKEN")
    cx.will(UPDATE, reply(500, dash))
    assert await adapter.send(WRITE) == APPLIED


async def test_a_second_invalid_token_in_a_row_pauses_and_was_not_applied(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(UPDATE, INVALID_TOKEN, INVALID_TOKEN)
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
    assert (len(cx.asked(UPDATE)), len(cx.asked(LOG_IN))) == (2, 2)


async def test_a_refused_log_in_means_the_update_was_not_sent(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LOG_IN, sample("login_refused.xml"))
    assert await adapter.send(WRITE) == Answer(
        outcome=Outcome.not_sent,
        detail="Cx refused our log-in.",
        said=VendorSaid(message="Invalid login. Please try again.", status=200),
        trouble=BackendMisconfigured,
    )
    assert cx.asked(UPDATE) == []


async def test_a_refused_log_in_after_an_invalid_token_was_not_applied(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LOG_IN, token_given(), sample("login_refused.xml"))
    cx.will(UPDATE, INVALID_TOKEN)
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)


LOG_IN_TROUBLES: dict[str, tuple[Behaviour, type[VendorTrouble]]] = {
    "hangs": (hang, BackendTimeout),
    "is reset": (reset, BackendUnavailable),
    "is an HTML page": (reply(200, b"<html>maintenance</html>"), BackendUnavailable),
    "is not there": (reply(404, b"<html>404</html>"), BackendMisconfigured),
    "gives no token": (reply(200, sample("token_given.xml").replace(b"diys1t3r0iadxe", b"")), BackendUnavailable),
}


@pytest.mark.parametrize(("behaviour", "trouble"), LOG_IN_TROUBLES.values(), ids=LOG_IN_TROUBLES)
async def test_an_update_is_not_sent_when_the_log_in(
    cx: Cx, adapter: VendorAdapter, behaviour: Behaviour, trouble: type[VendorTrouble]
) -> None:
    cx.will(LOG_IN, behaviour)
    answer = await adapter.send(WRITE)
    assert (answer.outcome, answer.trouble, cx.asked(UPDATE)) == (Outcome.not_sent, trouble, [])


async def test_an_order_whose_uid_is_not_known_is_read_first(cx: Cx, adapter: VendorAdapter) -> None:
    assert await adapter.send(replace(WRITE, order=OrderKey(number="WO113427"))) == APPLIED
    sent = texts(cx.asked(UPDATE)[0].body)
    assert (sent["WorkOrderId"], sent["WorkOrderUid"]) == ("113427", "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9")


async def test_an_order_that_cannot_be_read_first_is_not_sent(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(DETAILS, reply(503, b""))
    answer = await adapter.send(replace(WRITE, order=OrderKey(number="WO113427")))
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, None)  # one call without an answer pauses nobody


BROKEN_LISTS: dict[str, bytes | Behaviour] = {
    "no XML": sample("orders.xml").replace(b"Westbury", b"&who;"),
    "half of one": sample("orders.xml").partition(b"</a:RepairWorkOrder>")[0],
    "a page": sample("html_error.html"),
}


@pytest.mark.parametrize("answer", BROKEN_LISTS.values(), ids=BROKEN_LISTS)
async def test_an_order_that_was_looked_for_in_a_list_that_cannot_be_read_is_not_sent_and_pauses_nobody(
    cx: Cx, adapter: VendorAdapter, answer: bytes | Behaviour
) -> None:
    cx.will(DETAILS, sample("order_not_shown.xml"))
    cx.will(LIST, answer)
    sent = await adapter.send(replace(WRITE, order=OrderKey(number="999999")))
    assert (sent.outcome, sent.trouble, cx.asked(UPDATE)) == (Outcome.not_sent, None, [])


async def test_an_order_that_cx_does_not_show_is_refused(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(DETAILS, sample("order_not_shown.xml"))
    answer = await adapter.send(replace(WRITE, order=OrderKey(number="WO1")))
    assert (answer.outcome, answer.error) == (Outcome.refused, WorkOrderNotFound)


async def test_a_character_that_xml_cannot_carry_is_refused_before_anything_is_sent(
    cx: Cx, adapter: VendorAdapter
) -> None:
    write = replace(WRITE, body={"comments": "bell \x07"})
    answer = await adapter.send(write)
    assert (answer.outcome, answer.error, cx.asked(UPDATE)) == (Outcome.refused, InvalidRequest, [])
    with pytest.raises(InvalidRequest):
        adapter.requests(write)


async def test_cx_takes_nothing_but_status_updates(cx: Cx, adapter: VendorAdapter) -> None:
    write = replace(WRITE, kind=Kind.patch)
    with pytest.raises(CapabilityMissing):
        adapter.requests(write)
    answer = await adapter.send(write)
    assert (answer.outcome, answer.error, cx.server.arrived) == (Outcome.refused, CapabilityMissing, [])


@pytest.mark.parametrize("asked", ["113427", "WO113427", "wo113427"])
async def test_an_order_is_read_by_its_number_or_its_reference(
    cx: Cx, adapter: VendorAdapter, asked: str, tmp_path: Path
) -> None:
    seen = await adapter.read(asked)
    assert (seen.key, seen.code, seen.as_of) == (ORDER, "3", NOW)
    [arrived] = cx.asked(DETAILS)
    sent = texts(arrived.body)
    assert sent["WorkOrderReference"] == ("wo113427" if asked == "wo113427" else "WO113427")
    assert sent["WorkOrderUid"] == "00000000-0000-0000-0000-000000000000"
    cx.wsdl.schema("WSRepairContractorService", tmp_path).assertValid(etree.fromstring(arrived.body)[0][0])
    assert cx.asked(LIST) == []


async def test_a_clients_own_form_of_reference_is_used(cx: Cx, adapting: Adapting) -> None:
    cx.will(DETAILS, sample("order.xml").replace(b"WO113427", b"R/113427/1"))
    adapter = await adapting(reference_format="R/{number}/1")
    assert (await adapter.read("113427")).key.reference == "R/113427/1"


@pytest.mark.parametrize(
    "answer", [sample("order_not_shown.xml"), sample("order.xml").replace(b">113427<", b">999<")], ids=["no", "another"]
)
async def test_a_number_that_is_not_in_the_reference_is_found_in_the_list(
    cx: Cx, adapter: VendorAdapter, answer: bytes
) -> None:
    cx.will(DETAILS, answer)
    cx.will(LIST, orders(5, 113427, 7))
    assert (await adapter.read("113427")).key.number == "113427"


@pytest.mark.parametrize("asked", ["WO404", "404"])
async def test_an_order_that_cx_does_not_show_is_not_found_and_keeps_the_words_of_cx(
    cx: Cx, adapter: VendorAdapter, asked: str
) -> None:
    cx.will(DETAILS, sample("order_not_shown.xml"))
    with pytest.raises(WorkOrderNotFound) as caught:
        await adapter.read(asked)
    assert caught.value.vendor == VendorSaid(message="Works order could not be found.", status=200)
    assert "may not let us see it" in caught.value.detail


@pytest.mark.parametrize("asked", ["0113427", "113427 ", " 113427", "WO0113427", "wo00113427", " WO113427"])
async def test_an_order_that_cx_finds_by_a_name_that_it_does_not_have_is_not_found(
    cx: Cx, adapter: VendorAdapter, asked: str
) -> None:
    with pytest.raises(WorkOrderNotFound):
        await adapter.read(asked)
    [arrived] = cx.asked(DETAILS)
    assert texts(arrived.body)["WorkOrderReference"] == asked


async def test_a_number_whose_reference_is_answered_with_another_is_an_error_and_no_missing_order(
    cx: Cx, adapter: VendorAdapter
) -> None:
    cx.will(DETAILS, sample("order.xml").replace(b"WO113427", b"WO0113427"))
    with pytest.raises(BackendUnavailable):
        await adapter.read("113427")


async def test_an_order_that_cx_does_not_show_to_a_user_who_may_not_list_is_not_found_and_nothing_pauses(
    cx: Cx, adapter: VendorAdapter
) -> None:
    cx.will(DETAILS, sample("order_not_shown.xml"))
    cx.will(LIST, sample("order_not_shown.xml").replace(b"WorkOrderDetails", b"WorkOrders"))
    with pytest.raises(WorkOrderNotFound) as caught:
        await adapter.read("404")
    assert caught.value.vendor == VendorSaid(message="Works order could not be found.", status=200)


@dataclass(frozen=True, kw_only=True)
class Unread:
    id: str
    answer: bytes | Behaviour
    error: type[VendorTrouble]
    status: int = 200


UNREAD = [
    Unread(id="an HTML page", answer=sample("html_error.html"), status=500, error=BackendUnavailable),
    Unread(id="an internal error", answer=sample("internal_service_fault.xml"), status=500, error=BackendUnavailable),
    Unread(id="a wrong SOAPAction", answer=sample("action_not_supported.xml"), status=500, error=BackendMisconfigured),
    Unread(id="a malformed body", answer=sample("deserialization_failed.xml"), status=500, error=BackendMisconfigured),
    Unread(id="a wrong endpoint", answer=b"", status=404, error=BackendMisconfigured),
    Unread(id="slow down", answer=b"", status=429, error=BackendUnavailable),
    Unread(id="nothing", answer=b"", error=BackendUnavailable),
    Unread(id="a hang", answer=hang, error=BackendTimeout),
    Unread(id="a reset", answer=reset, error=BackendUnavailable),
    Unread(id="half an answer", answer=truncated(sample("order.xml")), error=BackendUnavailable),
    Unread(
        id="an order with a broken date",
        answer=sample("order.xml").replace(b"2022-12-24", b"soon"),
        error=BackendUnavailable,
    ),
    Unread(
        id="an order without an id", answer=sample("order.xml").replace(b">113427<", b"><"), error=BackendUnavailable
    ),
    Unread(id="another order", answer=sample("order.xml").replace(b"WO113427", b"WO7"), error=BackendUnavailable),
]


@pytest.mark.parametrize("case", UNREAD, ids=lambda case: case.id)
async def test_a_read_that_meets(cx: Cx, adapter: VendorAdapter, case: Unread) -> None:
    cx.will(DETAILS, case.answer, status=case.status)
    with pytest.raises(VendorTrouble) as caught:
        await adapter.read("WO113427")
    assert type(caught.value) is case.error


async def test_a_read_renews_an_invalid_token(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(DETAILS, INVALID_TOKEN)
    assert (await adapter.read("WO113427")).key == ORDER
    assert len(cx.asked(LOG_IN)) == 2


async def test_a_read_with_two_invalid_tokens_is_misconfigured(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(DETAILS, INVALID_TOKEN, INVALID_TOKEN)
    with pytest.raises(BackendMisconfigured):
        await adapter.read("WO113427")


async def gathered(listing: AsyncIterator[Sequence[Listed]]) -> list[list[str]]:
    """The numbers of the orders that can be read, batch by batch."""
    return [[seen.key.number for one in batch if (seen := read(one)) is not None] async for batch in listing]


async def test_a_list_comes_in_batches(cx: Cx, adapter: VendorAdapter, tmp_path: Path) -> None:
    cx.will(LIST, orders(*range(1, 451)))
    batches = await gathered(adapter.listing())
    assert [len(batch) for batch in batches] == [200, 200, 50]
    assert [number for batch in batches for number in batch] == [str(number) for number in range(1, 451)]
    [arrived] = cx.asked(LIST)
    assert texts(arrived.body)["FromDate"] is None  # all of them
    cx.wsdl.schema("WSRepairContractorService", tmp_path).assertValid(etree.fromstring(arrived.body)[0][0])


async def test_a_faulty_order_does_not_lose_the_others(
    cx: Cx, adapter: VendorAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    cx.will(LIST, orders(1, 2, 3, spoil=2))
    assert await gathered(adapter.listing()) == [["1", "3"]]
    assert "an order was left out of the list: StatusDate is not a time (WorkOrderId '2')" in caplog.text


async def test_an_empty_list_is_empty(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LIST, orders())
    assert await gathered(adapter.listing()) == []


async def test_a_list_renews_an_invalid_token(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LIST, INVALID_TOKEN)
    assert await gathered(adapter.listing()) == [["113427"]]


async def test_a_list_that_breaks_off_gives_what_came_and_then_its_trouble(cx: Cx, adapter: VendorAdapter) -> None:
    whole = cx.wsdl.words(orders(*range(1, 1001)))
    headers = {"Content-Type": "text/xml", "Content-Length": str(len(whole))}
    seen = asyncio.Event()

    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, headers) + whole[: len(whole) // 2])
        await seen.wait()  # what has arrived and was not read is lost with the connection
        writer.close()

    cx.will(LIST, half)
    listing = adapter.listing()
    assert [len(await anext(listing)), len(await anext(listing))] == [200, 200]
    seen.set()
    with pytest.raises(BackendUnavailable):
        await anext(listing)


UNLISTED: dict[str, tuple[bytes | Behaviour, type[VendorTrouble]]] = {
    "a role without the right": (
        sample("order_not_shown.xml").replace(b"WorkOrderDetails", b"WorkOrders"),
        BackendUnavailable,
    ),
    "an HTML page": (b"<html>sorry</html>", BackendUnavailable),
    "orders as a page": (reply(200, sample("orders.xml"), Content_Type="text/html"), BackendUnavailable),
    "nothing": (b"", BackendUnavailable),
    "a document type": (b"<!DOCTYPE x>" + sample("orders.xml"), BackendUnavailable),
    "a comment": (sample("orders.xml").replace(b"Westbury", b"West<!-- -->bury"), BackendUnavailable),
    "no word of being valid": (sample("orders.xml").replace(b">true<", b"><"), BackendUnavailable),
    "two invalid tokens": (INVALID_TOKEN, BackendMisconfigured),
    "too many elements": (
        sample("orders.xml").replace(b"<a:RepairWorkOrder>", b"<a:RepairWorkOrder>" + b"<a/>" * 300_000),
        BackendUnavailable,
    ),
}


@pytest.mark.parametrize(("answer", "error"), UNLISTED.values(), ids=UNLISTED)
async def test_a_list_that_meets(
    cx: Cx, adapter: VendorAdapter, answer: bytes | Behaviour, error: type[VendorTrouble]
) -> None:
    cx.will(LIST, answer, answer)
    with pytest.raises(VendorTrouble) as caught:
        await gathered(adapter.listing())
    assert type(caught.value) is error


SEEN = Observation(
    key=ORDER, code="11", status_at=WRITE.occurred_at, late=False, target_at=None, fields={}, record={}, as_of=NOW
)


@pytest.mark.parametrize(
    ("seen", "proof"),
    [
        (SEEN, Proof.applied),
        (replace(SEEN, status_at=datetime(2022, 10, 6, 19, 40, 0, 997_000, tzinfo=UTC)), Proof.applied),
        (replace(SEEN, status_at=datetime(2022, 10, 6, 19, 41, tzinfo=UTC)), Proof.inconclusive),
        (replace(SEEN, status_at=None), Proof.inconclusive),
        (replace(SEEN, code="3"), Proof.not_applied),
        (replace(SEEN, code="18"), Proof.inconclusive),
        (replace(SEEN, code=None), Proof.inconclusive),
    ],
    ids=["ours", "ours, rounded", "ours at another time", "no time", "as before", "another's", "no code"],
)
async def test_a_read_back_proves(adapter: VendorAdapter, seen: Observation, proof: Proof) -> None:
    assert adapter.prove(WRITE, seen) is proof


async def test_a_read_back_in_the_doubled_hour_of_autumn_proves_too(adapter: VendorAdapter) -> None:
    second_pass = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    as_read = replace(SEEN, status_at=second_pass - timedelta(hours=1))
    assert adapter.prove(replace(WRITE, occurred_at=second_pass), as_read) is Proof.applied


async def test_nothing_secret_is_logged_shown_or_kept(
    cx: Cx, adapting: Adapting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cx.will(LOG_IN, token_given("t0k3n-canary"), token_given("t0k3n-canary"))
    cx.will(UPDATE, refused("HappyB!rthday and t0k3n-canary are wrong"), INVALID_TOKEN)
    adapter = await adapting()
    answers = [await adapter.send(WRITE), await adapter.send(WRITE)]
    assert answers[0].said == VendorSaid(message="*** and *** are wrong", status=200)
    shown = f"{caplog.text} {answers!r} {adapter!r} {vars(adapter)!r} {adapter.requests(WRITE)!r}"
    assert "HappyB!rthday" not in shown
    assert "t0k3n-canary" not in shown
