"""Reading answers: only an exact yes or no counts, and nothing in an answer makes us open, expand or swallow anything."""

from __future__ import annotations

import pytest

from app.vendors.civica_cx.answers import (
    LONGEST_KNOWN,
    MOST_KNOWN,
    Fault,
    KnownYes,
    Nothing,
    Result,
    read_answer,
    text_of,
)
from app.vendors.civica_cx.names import Names
from app.vendors.exchange import Reply
from tests.vendors.civica_cx.messages import refused, sample, soap

UPDATE = "UpdateRepairWorksOrderStatus"
ACCEPTED = sample("update_accepted.xml")
END = b"</UpdateRepairWorksOrderStatusResult>"
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


def reading(message: bytes, operation: str = UPDATE) -> tuple[bool, str | None] | Fault | Nothing:
    found = read_answer(soap(message), operation, Names())
    return (found.valid, found.reason) if isinstance(found, Result) else found


def test_the_documented_yes() -> None:
    assert reading(ACCEPTED) == (True, None)


def test_the_documented_no_with_its_reason() -> None:
    assert reading(refused("Your request was &lt;refused&gt;")) == (False, "Your request was <refused>")


def test_the_documented_token_answer_and_the_documented_refused_log_in() -> None:
    assert reading(sample("token_given.xml"), "GetUserWSToken") == (True, None)
    assert reading(sample("login_refused.xml"), "GetUserWSToken") == (False, "Invalid login. Please try again.")


def test_the_documented_invalid_token_fault() -> None:
    assert reading(sample("invalid_token.xml")) == Fault(
        code="Client", text="Exception Message:Access denied – Invalid token"
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("action_not_supported.xml", "ActionNotSupported"),
        ("deserialization_failed.xml", "DeserializationFailed"),
        ("internal_service_fault.xml", "InternalServiceFault"),
    ],
)
def test_wcf_s_own_faults_are_read_by_their_local_code(name: str, code: str) -> None:
    fault = reading(sample(name))
    assert isinstance(fault, Fault)
    assert fault.code == code


def test_an_answer_in_utf_16_is_read() -> None:
    assert reading(b"\xff\xfe" + ACCEPTED.decode().encode("utf-16-le")) == (True, None)


def test_renamed_elements_are_found_by_their_names_in_this_clients_cx() -> None:
    message = refused("no").replace(b"IsValid", b"Succeeded").replace(b"InvalidReason", b"Message")
    names = Names(renamed={"IsValid": "Succeeded", "InvalidReason": "Message"})
    found = read_answer(soap(message), UPDATE, names)
    assert isinstance(found, Result)
    assert (found.valid, found.reason) == (False, "no")


def test_a_yes_is_read_once_and_every_other_answer_each_time() -> None:
    known = KnownYes()
    yes, no = soap(ACCEPTED), soap(refused("no"))
    first = known.read(yes, UPDATE, Names())
    assert known.read(soap(ACCEPTED), UPDATE, Names()) is first
    assert known.read(no, UPDATE, Names()) is not known.read(no, UPDATE, Names())
    assert isinstance(known.read(yes, "GetUserWSToken", Names()), Nothing), "a yes is one operation's"
    page = Reply(status=200, headers={"content-type": "text/html"}, body=ACCEPTED)
    assert isinstance(known.read(page, UPDATE, Names()), Nothing), "a page with the same bytes is no yes"


def test_so_many_answers_are_kept_and_none_that_is_long() -> None:
    known = KnownYes()
    kept = [soap(ACCEPTED + b"\n" * blanks) for blanks in range(MOST_KNOWN + 1)]
    read = [known.read(one, UPDATE, Names()) for one in kept]
    assert known.read(kept[0], UPDATE, Names()) is not read[0]
    assert known.read(kept[-1], UPDATE, Names()) is read[-1]
    long = soap(ACCEPTED + b"\n" * LONGEST_KNOWN)
    assert known.read(long, UPDATE, Names()) is not known.read(long, UPDATE, Names())


NOTHINGS = {
    "nothing": b"",
    "blanks": b" \r\n",
    "HTML": sample("html_error.html"),
    "HTML that is XML": b"<html><body/></html>",
    "half": ACCEPTED[:-30],
    "something after the end": ACCEPTED + b"<x/>",
    "another operation": sample("orders.xml"),
    "two results": ACCEPTED.replace(END, END + b"<UpdateRepairWorksOrderStatusResult/>"),
    "an empty result": b'<s:Envelope xmlns:s="u"><s:Body><UpdateRepairWorksOrderStatusResponse/></s:Body></s:Envelope>',
    "two bodies": ACCEPTED.replace(b"<s:Body>", b"<s:Body/><s:Body>"),
    "an empty body": b'<s:Envelope xmlns:s="u"><s:Body/></s:Envelope>',
    "no flag": ACCEPTED.replace(b"IsValid", b"WasValid"),
    "a null flag": ACCEPTED.replace(b"<IsValid ", b'<IsValid i:nil="true" '),
    "a flag with elements": ACCEPTED.replace(b">true<", b"><true/><"),
    "a flag in capitals": ACCEPTED.replace(b">true<", b">True<"),
    "two flags": ACCEPTED.replace(b">true</IsValid>", b'>true</IsValid><IsValid xmlns="u">true</IsValid>'),
    "a comment inside the flag": ACCEPTED.replace(b">true<", b">tr<!-- -->ue<"),
    "a processing instruction": b"<?php ?>" + ACCEPTED,
    "a document type": b"<!DOCTYPE s:Envelope>" + ACCEPTED,
    "an external document type": b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + ACCEPTED,
    "an entity": b'<!DOCTYPE x [<!ENTITY yes "true">]>' + ACCEPTED.replace(b">true<", b">&yes;<"),
    "an external entity": b'<!DOCTYPE x [<!ENTITY yes SYSTEM "file:///etc/passwd">]>'
    + ACCEPTED.replace(b">true<", b">&yes;<"),
    "a billion laughs": LAUGHS + ACCEPTED.replace(b">true<", b">&c;<"),
    "a fault without a code": sample("invalid_token.xml").replace(b"faultcode", b"faultless"),
    "a fault with an empty code": sample("invalid_token.xml").replace(b">s:Client<", b"><"),
    "too deep": b"<a>" * 300 + b"</a>" * 300,
    "too many elements": b"<a>" + b"<b/>" * 200_000 + b"</a>",
    "too many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(150_000)) + b"/>",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?>' + ACCEPTED,
    "bytes that are no text": b"\x00\xff\xfe\x80" * 20,
}


@pytest.mark.parametrize("message", NOTHINGS.values(), ids=NOTHINGS)
def test_an_answer_that_is_neither_yes_nor_no_says_nothing(message: bytes) -> None:
    assert isinstance(read_answer(soap(message), UPDATE, Names()), Nothing)


def test_a_null_has_no_text_and_an_empty_element_has_an_empty_one() -> None:
    message = sample("login_refused.xml").replace(b"Invalid login. Please try again.", b"")
    found = read_answer(soap(message), "GetUserWSToken", Names())
    assert isinstance(found, Result)
    assert [text_of(member) for member in found.element] == ["", "false", None, None]


@pytest.mark.parametrize(
    ("media_type", "counts"),
    [
        ("text/xml", True),
        ("Text/XML; charset=utf-8", True),
        ("application/xml", True),
        ("application/soap+xml; charset=utf-8", True),
        ("text/html", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_only_what_says_that_it_is_xml_is_read_as_soap(media_type: str, counts: bool) -> None:
    found = read_answer(soap(ACCEPTED, media_type=media_type), UPDATE, Names())
    assert isinstance(found, Result) is counts
    if not counts:
        assert found == Nothing(why="The answer is not SOAP by its own word.")
