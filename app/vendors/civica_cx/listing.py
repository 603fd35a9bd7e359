"""Reads a long list of orders while it arrives: in batches, with little memory, and never for long at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from app.domain.work_orders import Observation
from app.vendors.civica_cx.answers import (
    Nothing,
    Reading,
    child,
    has_document_type,
    local,
    read_fault,
    read_result,
    text_of,
)
from app.vendors.civica_cx.contract import Names
from app.vendors.civica_cx.translate import FaultyOrder, from_cx_order
from app.vendors.transport import Streamed

BATCH = 200
SLICE = 8 * 1024
"""So much is parsed before everybody else has a turn: about one millisecond."""
MOST_TAGS_BETWEEN = 200_000
"""Elements and attributes that may come before an order is complete and let go."""

log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The answer is not one that we would read; the message says why."""


class OrderFeed:
    """Takes the bytes of one answer to GetRepairWorkOrders, and gives its orders as they become complete.

    Orders are held back until the answer has said that it is valid. One that cannot be read is logged and left out: it
    must not lose the others.
    """

    def __init__(self, operation: str, names: Names, zone: ZoneInfo, *, as_of: datetime) -> None:
        self._names, self._zone, self._as_of = names, zone, as_of
        body = ("Envelope", "Body")
        self._result = (*body, f"{operation}Response", f"{operation}Result")
        self._flag = (*self._result, names.of("IsValid"))
        self._order = (*self._result, names.of("WorkOrders"), names.of("RepairWorkOrder"))
        self._fault = (*body, "Fault")
        watched = {path[-1] for path in (self._result, self._flag, self._order, self._fault, body[:1])}
        self._parser = etree.XMLPullParser(
            events=("start", "end", "comment", "pi"),
            tag=[f"{{*}}{name}" for name in watched],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        self._began = False
        self._open_tags = 0
        self._valid = False
        self._ready: list[Observation] = []
        self._reading: Reading = Nothing(why="The answer holds neither the operation's result nor a fault.")

    def take(self, block: bytes) -> None:
        """Parse more of the answer; raises Unreadable."""
        self._began = self._began or bool(block.strip())
        self._open_tags += block.count(b"<") + block.count(b"=")
        try:
            self._parser.feed(block)
            for event, element in self._parser.read_events():
                if event == "end":
                    self._ended(element)
                elif event != "start":
                    raise Unreadable("The answer has comments or processing instructions.")
                elif has_document_type(element):
                    raise Unreadable("The answer has a document type.")
        except etree.XMLSyntaxError:
            raise Unreadable("The answer is not XML.") from None
        if self._open_tags > MOST_TAGS_BETWEEN:
            raise Unreadable("The answer has too many elements.")

    def orders(self) -> list[Observation]:
        """The orders that are ready; none while it is not known whether the answer is valid."""
        if not self._valid:
            return []
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> Reading:
        """What the whole answer said; raises Unreadable when its end is missing."""
        if not self._began:
            return Nothing(why="The answer is empty.")
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError:
            raise Unreadable("The answer is not whole XML.") from None
        if has_document_type(root):
            raise Unreadable("The answer has a document type.")
        return self._reading

    def _ended(self, element: etree._Element) -> None:
        path = (*reversed([local(ancestor) for ancestor in element.iterancestors()]), local(element))
        if path == self._order:
            self._observe(element)
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

    def _observe(self, element: etree._Element) -> None:
        try:
            self._ready.append(from_cx_order(element, self._names, self._zone, as_of=self._as_of))
        except FaultyOrder as fault:
            number = text_of(child(element, self._names.of("WorkOrderId", "RepairWorkOrder"))) or ""
            log.warning("an order was left out of the list: %s (WorkOrderId %r)", fault, number[:20])

    def _let_go(self, element: etree._Element) -> None:
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
        self._open_tags = 0


async def batches(answer: Streamed, feed: OrderFeed) -> AsyncIterator[list[Observation]]:
    """Drive `feed` with an answer, to its end; raises Unanswered or Unreadable.

    Slice by slice on the event loop, and never in a thread: lxml crashes when one thread ends a document that another
    began.
    """
    waiting: list[Observation] = []
    async for chunk in answer.chunks():
        for first in range(0, len(chunk), SLICE):
            feed.take(chunk[first : first + SLICE])
            await asyncio.sleep(0)
        waiting += feed.orders()
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            del waiting[:BATCH]
    if waiting:
        yield waiting
