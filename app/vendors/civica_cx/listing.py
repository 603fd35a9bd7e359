"""Reads a long list of orders while it arrives: in batches, with little memory, and never for long at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from time import perf_counter
from zoneinfo import ZoneInfo

from lxml import etree

from app.domain.glimpses import Glimpse, Listed
from app.domain.sharing import rest_s
from app.domain.work_orders import Observation
from app.vendors.civica_cx.answers import (
    Nothing,
    Reading,
    child,
    has_document_type,
    local,
    parser,
    read_fault,
    read_result,
    text_of,
)
from app.vendors.civica_cx.characters import Readable
from app.vendors.civica_cx.names import Names, is_number
from app.vendors.civica_cx.slices import Head, Marked, Remembered, Slices, can_be_cut
from app.vendors.civica_cx.translate import FaultyOrder, OrderReader
from app.vendors.transport import Streamed

BATCH = 200
SLICE = 32 * 1024
"""So much is parsed before everybody else has a turn: about one millisecond if every order of it is new."""
TURN_S = 0.0004
"""Several slices that are read as quickly as orders are that were in the last list may follow each other, for so long."""
MOST_TAGS_BETWEEN = 200_000
"""Elements and attributes that may come before an order is complete and let go."""

log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The answer is not one that we would read; the message says why."""


class OrderFeed:
    """Takes the bytes of one answer to GetRepairWorkOrders, and gives its orders as they become complete.

    Orders are held back until the answer has said that it is valid. Each is marked, and read only by whoever asks for it; one
    that cannot be read is logged and left out: it must not lose the others. Those that are `remembered` from the last list
    are not even parsed.
    """

    def __init__(
        self, operation: str, names: Names, zone: ZoneInfo, *, as_of: datetime, remembered: Remembered | None = None
    ) -> None:
        self._names, self._as_of = names, as_of
        body = ("Envelope", "Body")
        self._result = (*body, f"{operation}Response", f"{operation}Result")
        self._flag = (*self._result, names.of("IsValid"))
        self._order = (*self._result, names.of("WorkOrders"), names.of("RepairWorkOrder"))
        self._fault = (*body, "Fault")
        watched = {path[-1] for path in (self._result, self._flag, self._order, self._fault)}
        self._parser = etree.XMLPullParser(
            events=("end", "comment", "pi"),
            tag=[f"{{*}}{name}" for name in watched],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        self._readable = Readable()
        self._began = self._typeless = False
        self._open_tags = 0
        self._list: etree._Element | None = None
        """Where the last order stood: one beside it needs no second look at its path."""
        self._order_tag = self._number_tag = ""
        self._valid = False
        self._ready: list[Listed] = []
        self._number = names.of("WorkOrderId", "RepairWorkOrder")
        self._remembered = Remembered() if remembered is None else remembered
        self._seen: dict[bytes, Marked] = {}
        self._head: Head | None = Head(self._order[-1])
        self._slices: Slices | None = None
        self._again, self._reader = parser(), OrderReader(names, zone)
        self._marked_for = repr((zone.key, sorted(names.renamed.items()))).encode()
        self._reading: Reading = Nothing(why="The answer holds neither the operation's result nor a fault.")

    def take(self, block: bytes) -> None:
        """Read more of the answer; raises Unreadable."""
        self._began = self._began or bool(block.strip())
        if self._head is not None:
            for part in self._head.parts(block):
                self._parse(part)
                if self._list is not None:
                    break
            else:
                return
            block, self._head = self._head.left(), None
        if self._slices is not None:
            for order in self._slices.cut(block):
                self._take_slice(self._slices, order)
            if not self._slices.over:
                return
            block, self._slices = self._slices.left(), None
        self._parse(block)

    def _parse(self, block: bytes) -> None:
        """By the parser of the whole answer."""
        self._feed(self._readable.block(block))

    def _feed(self, block: bytes) -> None:
        if not self._typeless and b"<!DOCTYPE" in block:
            raise Unreadable("The answer has a document type.")
        self._open_tags += block.count(b"<") + block.count(b"=")
        try:
            self._parser.feed(block)
            for event, element in self._parser.read_events():
                if event != "end":
                    raise Unreadable("The answer has comments or processing instructions.")
                if not self._typeless:
                    if has_document_type(element):
                        raise Unreadable("The answer has a document type.")
                    self._typeless = True
                self._ended(element)
        except etree.XMLSyntaxError:
            raise Unreadable("The answer is not XML.") from None
        if self._open_tags > MOST_TAGS_BETWEEN:
            raise Unreadable("The answer has too many elements.")

    def _take_slice(self, slices: Slices, order: bytes) -> None:
        """One order by its bytes: it is parsed only if it was not in the last list."""
        digest = slices.digest(order)
        marked = self._remembered.get(digest)
        if marked is None:
            element = slices.alone(order, self._again)
            if element is None:
                slices.refuse()
                return
            marked = self._observe(element, kept=True)
        else:
            read = partial(self._read_slice, slices, order, marked.mark)
            self._ready.append(Glimpse(number=marked.number, mark=marked.mark, as_of=self._as_of, read=read))
        if marked is not None:
            self._seen[digest] = marked

    def orders(self) -> list[Listed]:
        """The orders that are ready; none while it is not known whether the answer is valid."""
        if not self._valid:
            return []
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> Reading:
        """What the whole answer said; raises Unreadable when its end is missing."""
        if not self._began:
            return Nothing(why="The answer is empty.")
        for held in (self._head, self._slices):
            if held is not None:
                self._parse(held.left())
        self._feed(self._readable.left())
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError:
            raise Unreadable("The answer is not whole XML.") from None
        if has_document_type(root):
            raise Unreadable("The answer has a document type.")
        self._remembered.keep(self._seen)
        return self._reading

    def _ended(self, element: etree._Element) -> None:
        if element.tag == self._order_tag and element.getparent() is self._list:
            self._observe(element)
            self._let_go(element)
            return
        path = (*reversed([local(ancestor) for ancestor in element.iterancestors()]), local(element))
        if path == self._order:
            self._list, self._order_tag = element.getparent(), element.tag
            self._number_tag = etree.QName(etree.QName(element).namespace, self._number).text
            self._observe(element)
            if self._slices is None and can_be_cut(element):
                self._slices = Slices(element, self._marked_for)
            self._let_go(element)
        elif path == self._flag:
            self._valid = (text_of(element) or "").strip() in ("true", "1")
        elif path == self._result:
            self._reading = self._once(read_result(element, self._names))
        elif path == self._fault:
            self._reading = self._once(read_fault(element))

    def _once(self, reading: Reading) -> Reading:
        """A second result or fault makes the answer mean nothing."""
        if isinstance(self._reading, Nothing):
            return reading
        return Nothing(why="The answer holds more than one result.")

    def _observe(self, element: etree._Element, *, kept: bool = False) -> Marked | None:
        """What is kept of the order is its own bytes with the namespaces around it; over them goes the mark.

        `kept`: the element itself stays, since it is in no document but its own.
        """
        shown = etree.tostring(element, encoding="utf-8", with_tail=False)
        mark = sha256(self._marked_for + shown).hexdigest()[:32]
        number = text_of(next(element.iterchildren(self._number_tag), None)) or ""
        if is_number(number):
            read = partial(self._read_element, element, mark) if kept else partial(self._read, shown, mark)
            self._ready.append(Glimpse(number=number, mark=mark, as_of=self._as_of, read=read))
            return Marked(number, mark)
        if (seen := self._read(shown, mark)) is not None:
            self._ready.append(seen)
        return None

    def _read(self, shown: bytes, mark: str) -> Observation | None:
        return self._read_element(etree.fromstring(shown, self._again), mark)

    def _read_slice(self, slices: Slices, order: bytes, mark: str) -> Observation | None:
        element = slices.alone(order, self._again)
        return None if element is None else self._read_element(element, mark)

    def _read_element(self, element: etree._Element, mark: str) -> Observation | None:
        try:
            return self._reader(element, as_of=self._as_of, mark=mark)
        except FaultyOrder as fault:
            number = text_of(child(element, self._number)) or ""
            log.warning("an order was left out of the list: %s (WorkOrderId %r)", fault, number[:20])
        except Exception:  # a fault of ours; the others are read all the same
            log.exception("an order was left out of the list")
        return None

    def _let_go(self, element: etree._Element) -> None:
        """Everything before it; the order itself goes with the next one."""
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
        self._open_tags = 0


async def batches(answer: Streamed, feed: OrderFeed) -> AsyncIterator[list[Listed]]:
    """Drive `feed` with an answer, to its end; raises Unanswered or Unreadable.

    Slice by slice on the event loop, and never in a thread: lxml crashes when one thread ends a document that another
    began.
    """
    waiting: list[Listed] = []
    took_s = 0.0
    async for chunk in answer.chunks():
        for first in range(0, len(chunk), SLICE):
            began = perf_counter()
            feed.take(chunk[first : first + SLICE])
            took_s += perf_counter() - began
            if took_s >= TURN_S:
                await asyncio.sleep(rest_s(took_s))
                took_s = 0.0
        waiting += feed.orders()
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            del waiting[:BATCH]
    if waiting:
        yield waiting
