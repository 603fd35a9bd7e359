"""Characters that no XML may hold, in the texts of orders: WCF writes them as references, and they lose nobody an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.domain.glimpses import Glimpse, read
from app.domain.ports import Outcome, VendorAdapter
from app.domain.work_orders import OrderKey
from app.vendors.civica_cx.characters import Readable, readable
from app.vendors.civica_cx.listing import OrderFeed, Unreadable
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.simulator_writer import text_or_nil
from app.vendors.civica_cx.slices import Remembered
from tests.vendors.civica_cx.conftest import Cx
from tests.vendors.civica_cx.messages import orders, sample
from tests.vendors.civica_cx.test_adapter import DETAILS, LIST, UPDATE, WRITE, gathered

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPENS, CLOSES = b"<a:Description>", b"</a:Description>"
FORBIDDEN = [
    "&#0;",
    "&#x0;",
    "&#xB;",
    "&#x1F;",
    "&#x1f;",
    "&#31;",
    "&#x0001F;",
    "&#008;",
    "&#xD800;",
    "&#xDFFF;",
    "&#xFFFE;",
]
ALLOWED = [
    "&#9;",
    "&#xA;",
    "&#xD;",
    "&#x20;",
    "&#xD7FF;",
    "&#xE000;",
    "&#xFFFD;",
    "&#x10000;",
    "&#x10FFFF;",
    "&amp;",
    "&lt;",
]
NO_XML = ["&#x110000;", "&#;", "&#x;", "&#xG;", "&who;", "& ", "&#X1F;", "&#x1F", "\x1f"]


def described(answer: bytes, number: int, text: str) -> bytes:
    """The list, with this text at the head of one order's Description."""
    before, here, after = answer.partition(orders(number).partition(OPENS)[2].partition(b"</a:RepairWorkOrder>")[0])
    assert here
    return before + text.encode() + here + after


def descriptions(answer: bytes, cuts: list[int], remembered: Remembered | None = None) -> dict[str, object]:
    """What a list that comes cut so shows of each order."""
    feed = OrderFeed("GetRepairWorkOrders", Names(), ZoneInfo("Europe/London"), as_of=NOW, remembered=remembered)
    for begins, ends in pairwise([0, *cuts, len(answer)]):
        feed.take(answer[begins:ends])
    feed.finish()
    seen = [read(one) for one in feed.orders()]
    return {one.key.number: one.fields["description"] for one in seen if one is not None}


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_reference_to_what_no_xml_may_hold_becomes_the_stand_in(text: str) -> None:
    xml = f"<a>Fit{text}lamp</a>".encode()
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(xml)
    assert etree.fromstring(readable(xml)).text == "Fit\ufffdlamp"


@pytest.mark.parametrize("text", ALLOWED)
def test_every_other_reference_stays_as_it_is(text: str) -> None:
    xml = f"<a>Fit{text}lamp</a>".encode()
    assert readable(xml) == xml
    etree.fromstring(xml)


@pytest.mark.parametrize("text", NO_XML)
def test_what_is_no_reference_to_a_character_stays_no_xml(text: str) -> None:
    xml = f"<a>Fit{text}lamp</a>".encode()
    assert readable(xml) == xml
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(xml)


def test_a_section_of_plain_text_is_left_alone() -> None:
    xml = b"<a>&#x1F;<![CDATA[&#x1F;]]></a>"
    assert etree.fromstring(readable(xml)).text == "\ufffd&#x1F;"


PIECES = st.sampled_from(
    [*FORBIDDEN, *ALLOWED, *NO_XML, "<![CDATA[", "]]>", "<", "x", "<![CD", "&#x0000000000000001F;"]
)


@given(st.lists(PIECES), st.lists(st.integers(0, 200)))
def test_blocks_give_what_the_whole_gives_wherever_they_are_cut(pieces: list[str], cuts: list[int]) -> None:
    whole, blocks = "".join(pieces).encode(), Readable()
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    given = [blocks.block(whole[begins:ends]) for begins, ends in pairwise(places)]
    assert b"".join(given) + blocks.left() == readable(whole)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("text", ["&#x1F;", "&#00011;"])
def test_an_order_with_such_a_character_is_read_among_the_others_wherever_the_list_is_cut(
    text: str, number: int
) -> None:
    plain = descriptions(orders(1, 2, 3), [])
    answer = described(orders(1, 2, 3), number, text)
    expected = {**plain, str(number): f"\ufffd{plain[str(number)]}"}
    there = answer.index(text.encode())
    for cut in range(there - 2, there + len(text) + 2):
        memory = Remembered()
        assert descriptions(answer, [cut], memory) == expected
        assert descriptions(answer, [cut], memory) == expected, "nor does it matter what is remembered"
    assert descriptions(answer, [*range(1, len(answer))]) == expected


def test_the_mark_of_such_an_order_does_not_depend_on_its_place() -> None:
    def marks(*numbers: int) -> dict[str, str]:
        feed = OrderFeed("GetRepairWorkOrders", Names(), ZoneInfo("Europe/London"), as_of=NOW)
        feed.take(described(orders(*numbers), 1, "&#xB;"))
        feed.finish()
        return {one.number: one.mark for one in feed.orders() if isinstance(one, Glimpse)}

    assert marks(1, 2, 3) == marks(3, 2, 1)


@pytest.mark.parametrize("text", NO_XML)
def test_a_list_that_is_no_xml_otherwise_is_unreadable_as_ever(text: str) -> None:
    with pytest.raises(Unreadable):
        descriptions(described(orders(1, 2, 3), 2, text), [])


@pytest.mark.parametrize("end", [b"&", b"&#x1F", b"<", b"<![CD"])
def test_an_answer_with_the_beginning_of_something_after_its_end_is_not_whole(end: bytes) -> None:
    with pytest.raises(Unreadable):
        descriptions(orders(1) + end, [])


async def test_an_order_with_such_a_character_is_listed_read_and_updated(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(LIST, described(orders(1, 2, 3), 2, "&#x1F;"))
    assert await gathered(adapter.listing()) == [["1", "2", "3"]]
    pasted = sample("order.xml").replace(OPENS, OPENS + b"Fit&#xB;lamp ")
    cx.will(DETAILS, pasted, pasted)
    assert str((await adapter.read("113427")).fields["description"]).startswith("Fit\ufffdlamp ")
    answer = await adapter.send(replace(WRITE, order=OrderKey(number="113427")))
    assert answer.outcome is Outcome.applied


async def test_the_answer_to_an_update_is_taken_at_its_word(cx: Cx, adapter: VendorAdapter) -> None:
    cx.will(UPDATE, sample("update_accepted.xml").replace(b">true<", b">true&#x1F;<"))
    answer = await adapter.send(WRITE)
    assert answer.outcome is Outcome.unknown


def test_the_simulator_writes_them_as_wcf_does() -> None:
    assert text_or_nil("a\tb\nc\rd\x0be\x1ff\ufffeg & h") == "a\tb\nc&#xD;d&#xB;e&#x1F;f&#xFFFE;g &amp; h"
