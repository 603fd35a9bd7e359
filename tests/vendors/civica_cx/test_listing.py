"""The orders of a long list: each marked by what it says, read only when it is asked for, and the same as if read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from app.domain.glimpses import Glimpse, Listed, read
from app.domain.work_orders import Observation
from app.vendors.civica_cx.listing import OrderFeed, Unreadable
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.slices import MOST_HELD, Remembered, Slices
from app.vendors.civica_cx.translate import OrderReader, from_cx_order
from tests.vendors.civica_cx.messages import orders

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = re.compile(rb"<a:RepairWorkOrder>.*?</a:RepairWorkOrder>", re.DOTALL)
MEMBERS = [member.tag.rpartition("}")[2] for member in next(etree.fromstring(orders(1)).iter("{*}RepairWorkOrder"))]


def listed(
    answer: bytes,
    *,
    names: Names | None = None,
    zone: ZoneInfo = LONDON,
    at: datetime = NOW,
    step: int = 1000,
    remembered: Remembered | None = None,
) -> Sequence[Listed]:
    feed = OrderFeed("GetRepairWorkOrders", names or Names(), zone, as_of=at, remembered=remembered)
    for first in range(0, len(answer), step):
        feed.take(answer[first : first + step])
    feed.finish()
    return feed.orders()


def marks(answer: bytes, **how: object) -> dict[str, str]:
    found = listed(answer, **how)  # type: ignore[arg-type]
    assert all(isinstance(one, Glimpse) for one in found)
    return {one.number: one.mark for one in found if isinstance(one, Glimpse)}


def test_an_order_is_read_as_if_it_were_by_itself_and_carries_its_mark() -> None:
    answer = orders(1, 2)
    alone = [
        from_cx_order(one, Names(), LONDON, as_of=NOW) for one in etree.fromstring(answer).iter("{*}RepairWorkOrder")
    ]
    seen = [read(one) for one in listed(answer)]
    assert seen == alone
    assert [one.mark for one in seen if one is not None] == list(marks(answer).values())


@pytest.mark.parametrize("step", [1, 7, 100, 100_000])
def test_marks_depend_neither_on_the_time_nor_on_the_place_nor_on_how_the_answer_comes(step: int) -> None:
    there = marks(orders(1, 2, 3))
    assert marks(orders(3, 1, 2), step=step, at=datetime(2027, 1, 1, tzinfo=UTC)) == there
    assert len(set(there.values())) == 3


@pytest.mark.parametrize("member", MEMBERS)
def test_whatever_differs_in_an_order_makes_another_mark_of_it_alone(member: str) -> None:
    tree = etree.fromstring(orders(1, 2))
    first = next(tree.iter("{*}RepairWorkOrder"))
    changed = next(first.iterchildren(f"{{*}}{member}"))
    changed.attrib.clear()
    changed.text = (changed.text or "") + "9"
    before, after = marks(orders(1, 2)), listed(etree.tostring(tree))
    assert {one.mark for one in after if isinstance(one, Glimpse)} & set(before.values()) == {before["2"]}


@pytest.mark.parametrize(
    ("what", "by"),
    [
        (rb"<a:Notes i:nil=\"true\"/>", b"<a:Notes></a:Notes>"),
        (rb"</a:RepairWorkOrder>", b"<a:Extra>1</a:Extra></a:RepairWorkOrder>"),
        (rb"<a:TradeCode>[^<]*</a:TradeCode>", b""),
        (rb"(<a:TradeCode>[^<]*</a:TradeCode>)", rb"\1\1"),
    ],
)
def test_a_null_that_is_empty_now_and_members_that_come_and_go_make_another_mark(what: bytes, by: bytes) -> None:
    before = orders(1)
    after = re.sub(what, by, before)
    assert before != after
    assert marks(before).items().isdisjoint(marks(after).items())


def test_other_names_and_another_time_zone_make_other_marks() -> None:
    there = set(marks(orders(1)).values())
    assert there.isdisjoint(marks(orders(1), zone=ZoneInfo("Europe/Paris")).values())
    assert there.isdisjoint(marks(orders(1), names=Names(renamed={"Notes": "Remarks"})).values())


def test_a_prefix_that_means_another_namespace_makes_another_mark() -> None:
    other = re.sub(rb'xmlns:a="[^"]*"', b'xmlns:a="urn:other"', orders(1))
    assert set(marks(orders(1)).values()).isdisjoint(marks(other).values())


def test_an_order_whose_number_is_not_plainly_written_is_read_at_once() -> None:
    answer = orders(1).replace(b"<a:WorkOrderId>1<", b"<a:WorkOrderId> 01 <")
    [one] = listed(answer)
    assert isinstance(one, Observation)
    assert one.key.number == "1"


def test_an_order_that_cannot_be_read_is_none_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    found = listed(orders(1, 2, spoil=2))
    assert [one is None for one in map(read, found)] == [False, True]
    assert "an order was left out of the list: StatusDate is not a time (WorkOrderId '2')" in caplog.text


def test_an_order_that_a_fault_of_ours_keeps_from_being_read_is_left_out_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = OrderReader.__call__

    def faulty(
        reader: OrderReader, element: etree._Element, *, as_of: datetime, mark: str | None = None
    ) -> Observation:
        seen = real(reader, element, as_of=as_of, mark=mark)
        if seen.key.number == "2":
            raise OverflowError("date value out of range")
        return seen

    monkeypatch.setattr(OrderReader, "__call__", faulty)
    assert [one is None for one in map(read, listed(orders(1, 2, 3)))] == [False, True, False]
    assert "OverflowError: date value out of range" in caplog.text


def test_orders_in_a_second_list_are_orders_too() -> None:
    whole = orders(1, 2)
    one, two = ORDER.findall(whole)
    parted = whole.replace(one + two, one + b"</a:WorkOrders><a:WorkOrders>" + two)
    assert marks(parted) == marks(whole)


@pytest.mark.parametrize("step", [7, 100_000])
def test_a_document_type_is_refused(step: int) -> None:
    with pytest.raises(Unreadable, match="document type"):
        listed(b'<!DOCTYPE x [<!ENTITY a "b">]>' + re.sub(rb"^<\?xml.*?\?>\s*", b"", orders(1)), step=step)


# -- orders that were in the last list


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The orders that were parsed by themselves."""
    found: list[bytes] = []
    real = Slices.alone

    def noted(slices: Slices, order: bytes, parser: etree.XMLParser) -> etree._Element | None:
        found.append(order)
        return real(slices, order, parser)

    monkeypatch.setattr(Slices, "alone", noted)
    return found


@pytest.mark.parametrize("step", [1, 7, 1000, 100_000])
def test_an_order_that_was_in_the_last_list_is_given_without_being_parsed(parsed: list[bytes], step: int) -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    before = marks(answer, remembered=memory)
    assert parsed == ORDER.findall(answer)[1:]
    parsed.clear()
    assert marks(answer, remembered=memory, step=step) == before
    assert parsed == []


def test_an_order_that_was_in_the_last_list_is_read_as_if_it_were_by_itself() -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    listed(answer, remembered=memory)
    assert [read(one) for one in listed(answer, remembered=memory)] == [read(one) for one in listed(answer)]


def test_only_what_differs_from_the_last_list_is_parsed(parsed: list[bytes]) -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    listed(answer, remembered=memory)
    parsed.clear()
    second = ORDER.findall(answer)[1]
    other = second.replace(b"<a:TradeCode>", b"<a:TradeCode>X")
    assert other != second
    found = marks(answer.replace(second, other), remembered=memory)
    assert (parsed, list(found)) == ([other], ["1", "2", "3"])
    assert found == marks(answer.replace(second, other))


def test_other_names_time_zones_and_namespaces_are_other_lists(parsed: list[bytes]) -> None:
    memory, answer = Remembered(), orders(1, 2)
    listed(answer, remembered=memory)
    for how in ({"zone": ZoneInfo("Europe/Paris")}, {"names": Names(renamed={"Notes": "Remarks"})}):
        parsed.clear()
        assert marks(answer, remembered=memory, **how) == marks(answer, **how)
        assert parsed
        listed(answer, remembered=memory)
    parsed.clear()
    other = re.sub(rb'xmlns:a="[^"]*"', b'xmlns:a="urn:other"', answer)
    assert marks(other, remembered=memory) == marks(other)
    assert parsed


def test_a_list_that_breaks_off_leaves_what_is_remembered_as_it_was(parsed: list[bytes]) -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    listed(answer, remembered=memory)
    parsed.clear()
    for broken in (answer[: len(answer) // 2], answer.replace(b"</s:Body>", b"</s:Other>")):
        with pytest.raises(Unreadable):
            listed(broken, remembered=memory)
    listed(answer, remembered=memory)
    assert parsed == []


WITHIN = {
    "a comment": b"<!-- </a:RepairWorkOrder> -->",
    "a processing instruction": b"<?x </a:RepairWorkOrder>?>",
    "characters that no XML has": b"\x01",
    "no UTF-8": b"\xff",
    "an entity that nobody knows": b"&who;",
    "a tag that is never closed": b"<a:Open>",
    "an end of what never began": b"</a:WorkOrders>",
    "a document type": b'<!DOCTYPE x SYSTEM "y">',
}


@pytest.mark.parametrize("step", [1, 100_000])
@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize("what", WITHIN)
def test_what_makes_an_answer_unreadable_does_so_wherever_it_stands(what: str, remembers: bool, step: int) -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    if remembers:
        listed(answer, remembered=memory)
    second = ORDER.findall(answer)[1]
    within = second.replace(b"<a:Description>", b"<a:Description>" + WITHIN[what])
    for spoilt in (within, WITHIN[what] + second, second + WITHIN[what]):
        with pytest.raises(Unreadable):
            listed(answer.replace(second, spoilt), remembered=memory, step=step)


@pytest.mark.parametrize("step", [1, 100_000])
def test_an_order_in_a_cdata_section_is_none(step: int) -> None:
    memory, answer = Remembered(), orders(1, 2, 3)
    listed(answer, remembered=memory)
    second = ORDER.findall(answer)[1]
    hidden = answer.replace(second, b"<![CDATA[" + second + b"]]>")
    assert list(marks(hidden, remembered=memory, step=step)) == ["1", "3"]
    quoted = answer.replace(b"<a:Description>", b"<a:Description><![CDATA[</a:RepairWorkOrder>]]>")
    assert marks(quoted, remembered=memory, step=step) == marks(quoted)


ODD = {
    "blanks between them": (rb"(</a:RepairWorkOrder>)", rb"\1\n\t "),
    "attributes": (rb"<a:RepairWorkOrder>", rb'<a:RepairWorkOrder i:type="a:RepairWorkOrder">'),
    "blanks in their tags": (rb"</a:RepairWorkOrder>", rb"</a:RepairWorkOrder >"),
    "words between them": (rb"(</a:RepairWorkOrder>)", rb"\1 words "),
    "others between them": (rb"(</a:RepairWorkOrder>)", rb"\1<a:Other><a:RepairWorkOrder/></a:Other>"),
    "one in another": (rb"</a:RepairWorkOrder>", rb"<a:RepairWorkOrder></a:RepairWorkOrder></a:RepairWorkOrder>"),
    "their own namespaces": (rb"<a:TradeCode>", rb'<a:TradeCode xmlns:b="urn:b" b:c="d">'),
}


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("odd", ODD)
def test_oddly_written_orders_are_given_alike_whatever_is_remembered(odd: str, step: int) -> None:
    """The first order of an answer always comes from the parser of the whole; so does each in an answer of its own."""
    what, by = ODD[odd]
    answer, memory = re.sub(what, by, orders(1, 2, 3)), Remembered()
    assert answer != orders(1, 2, 3)
    found = [marks(answer, remembered=memory, step=step) for _ in range(2)]
    alone = {number: mark for n in (1, 2, 3) for number, mark in marks(re.sub(what, by, orders(n))).items()}
    assert found == [alone, alone]


def test_a_huge_order_is_left_to_the_parser_of_the_whole() -> None:
    memory = Remembered()
    answer = orders(1, 2, 3).replace(b"<a:Description>", b"<a:Description>" + b"x" * MOST_HELD)
    assert list(marks(answer, remembered=memory, step=10_000)) == ["1", "2", "3"]


def test_bytes_that_are_no_utf_8_are_read_by_their_own_word() -> None:
    answer = '<?xml version="1.0" encoding="iso-8859-1"?>' + orders(1, 2).decode()
    answer = answer.replace("<a:Description>", "<a:Description>é")
    seen = [read(one) for one in listed(answer.encode("iso-8859-1"))]
    assert [str(one.fields["description"])[0] for one in seen if one is not None] == ["é", "é"]
