"""The envelopes that we fill in are, to the byte, those that zeep would write; with either WSDL set."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from zeep.wsdl.utils import etree_to_string

from app.vendors.civica_cx.contract import Contract, Members, load
from app.vendors.civica_cx.documents import FolderDocuments
from app.vendors.civica_cx.envelope import Envelope, NotXml, escaped, hole
from app.vendors.civica_cx.soap import members
from app.vendors.civica_cx.tables import CALLS, GET_TOKEN, LIST_ORDERS, READ_ORDER, UPDATE_STATUS, Call
from tests.vendors.civica_cx.messages import OURS, SETS, WsdlSet, sample, texts


@cache
def contract(wsdl: WsdlSet) -> Contract:
    return load(FolderDocuments(wsdl.folder), "https://cx.example/cx", {})


xml_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))) + "\ufffe\uffff")
    | st.sampled_from("\t\n\r&<>\"']]>")
)
numbers = st.integers(0, 2**31 - 1).map(str)
times = st.datetimes().map(lambda at: at.isoformat())
guids = st.uuids().map(str)

UPDATES = st.fixed_dictionaries(
    {
        "Token": xml_text,
        "StatusCodeId": numbers,
        "StatusDate": times,
        "StatusReasonId": numbers,
        "WorkOrderId": numbers,
        "WorkOrderUid": guids,
    },
    optional={"Comments": xml_text},
)
REQUESTS: dict[str, tuple[Call, st.SearchStrategy[dict[str, str]]]] = {
    "update": (UPDATE_STATUS, UPDATES),
    "list": (LIST_ORDERS, st.fixed_dictionaries({"Token": xml_text})),
    "read": (READ_ORDER, st.fixed_dictionaries({"Token": xml_text, "WorkOrderReference": xml_text})),
    "log-in": (GET_TOKEN, st.fixed_dictionaries({"Password": xml_text, "UserName": xml_text})),
}


def filled(members: Members, texts: dict[str, str]) -> Members:
    """The members with the texts where the holes were."""
    found: dict[str, str | Members | None] = {}
    for name, value in members.items():
        if isinstance(value, str):
            found[name] = texts[name] if value == hole(name) else value
        else:
            found[name] = None if value is None else filled(value, texts)
    return found


@pytest.mark.parametrize("wsdl", SETS, ids=lambda wsdl: wsdl.id)
@pytest.mark.parametrize(("call", "inputs"), REQUESTS.values(), ids=REQUESTS)
@given(data=st.data())
def test_a_filled_envelope_is_zeep_s_own(
    wsdl: WsdlSet, call: Call, inputs: st.SearchStrategy[dict[str, str]], data: st.DataObject
) -> None:
    texts = data.draw(inputs)
    operation = contract(wsdl)[call]
    layout = members(call, texts)
    assert operation.envelope(layout).fill(texts) == operation.soap.serialised(filled(layout, texts), operation.names)


def test_every_call_is_among_those_that_were_compared() -> None:
    assert {call.operation for call, _ in REQUESTS.values()} == {call.operation for call in CALLS}


def test_zeep_makes_an_envelope_once_per_shape() -> None:
    operation = contract(OURS)[UPDATE_STATUS]
    without = members(UPDATE_STATUS, {"Token": ""})
    assert operation.envelope(without) is operation.envelope(without)
    assert operation.envelope(without) is not operation.envelope(members(UPDATE_STATUS, {"Comments": ""}))


def test_a_null_and_a_text_in_the_same_place_are_two_envelopes() -> None:
    operation = contract(OURS)[LIST_ORDERS]
    since = {"FromDate": "2026-11-20T20:40:00"}
    assert texts(operation.envelope({"FromDate": hole("FromDate")}).fill(since)) == since
    assert texts(operation.envelope({"FromDate": None}).fill({})) == {"FromDate": None}


def test_the_documented_request_canonically_equals_ours() -> None:
    values = {
        "Token": "YOUR_TOKEN",
        "Comments": "Engineer on site",
        "StatusCodeId": "11",
        "StatusDate": "2022-10-06T20:40:00",
        "StatusReasonId": "0",
        "WorkOrderId": "113427",
        "WorkOrderUid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9",
    }
    ours = contract(OURS)[UPDATE_STATUS].envelope(members(UPDATE_STATUS, values)).fill(values)

    def flat(message: bytes) -> list[tuple[str, str, dict[str, str]]]:
        body = etree.fromstring(message).find("{*}Body")
        return [(node.tag, (node.text or "").strip(), dict(node.attrib)) for node in body.iter()]

    assert flat(ours) == flat(sample("update_request.xml"))


@given(xml_text)
def test_escaping_is_libxml2_s(text: str) -> None:
    element = etree.Element("x")
    element.text = text
    assert f"<x>{escaped(text)}</x>".encode() == etree_to_string(element).partition(b"\n")[2].replace(
        b"<x/>", b"<x></x>"
    )


@pytest.mark.parametrize("text", ["\x00", "bell \x07", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_character_that_xml_cannot_carry_is_refused_by_name(text: str) -> None:
    with pytest.raises(NotXml, match="Comments"):
        Envelope.cut(b"<x>{hole:Comments}</x>").fill({"Comments": text})


def test_a_text_that_looks_like_a_hole_stays_a_text() -> None:
    envelope = Envelope.cut(b"<x>{hole:Token}{hole:Comments}</x>")
    assert envelope.fill({"Token": "secret", "Comments": "{hole:Token}"}) == b"<x>secret{hole:Token}</x>"
