"""Cuts a list's orders apart by their bytes, so that an order that was parsed in an earlier list need not be parsed again.

An element that is well-formed by itself, where only elements and blanks stand, can be left out of a document: the rest is
well-formed if the whole is. So the parser of the whole is given what comes before the orders and what comes after them, and
each order is parsed by itself, inside the namespaces of the place where it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from lxml import etree

from app.vendors.civica_cx.characters import readable

MOST_HELD = 256 * 1024
"""An order, or a tag, that is longer is left to the parser of the whole, which has limits of its own."""
_UTF_8 = ("utf-8", "us-ascii", "ascii")


class Marked(NamedTuple):
    """What is known of an order by its bytes."""

    number: str
    mark: str


class Remembered:
    """The orders of the last whole list: each by a digest of its bytes and of all that these mean."""

    def __init__(self) -> None:
        self._orders: dict[bytes, Marked] = {}

    def get(self, digest: bytes) -> Marked | None:
        return self._orders.get(digest)

    def keep(self, orders: dict[bytes, Marked]) -> None:
        """A whole list has come to its end: these are the orders now."""
        self._orders = orders


class Head:
    """What comes before the first order's end, given in such parts that no part ends within a tag, but for a huge one."""

    def __init__(self, local_name: str) -> None:
        self._ends = re.compile(rb"</(?:[^\s<>/:]+:)?%b\s*>" % re.escape(local_name.encode()))
        self._data, self._at = b"", 0

    def parts(self, block: bytes) -> Iterator[bytes]:
        """Each part up to the end of an element of that name, and one up to the last whole tag."""
        self._data, self._at = self.left() + block, 0
        for found in self._ends.finditer(self._data):
            begins, self._at = self._at, found.end()
            yield self._data[begins : self._at]
        begins, last = self._at, self._data.rfind(b"<", self._at)
        if last < 0 or self._data.find(b">", last) >= 0 or len(self._data) - last > MOST_HELD:
            last = len(self._data)
        self._at = last
        yield self._data[begins:last]

    def left(self) -> bytes:
        """What has not been given yet."""
        return self._data[self._at :]


class Slices:
    """Cuts what follows an order into whole orders, for as long as nothing but blanks stands between them."""

    def __init__(self, order: etree._Element, marked_for: bytes) -> None:
        name = order.tag.rpartition("}")[2]
        if order.prefix is not None:
            name = f"{order.prefix}:{name}"
        self._opens, self._closes = f"<{name}>".encode(), f"</{name}>".encode()
        self._tag = order.tag
        self._before, self._after, self._depth = _around(order)
        self._seed = sha256(marked_for + self._before)
        self._held = b""
        self.over = False
        """Something else has come: `left` has it, and no more orders are cut."""

    def cut(self, block: bytes) -> Iterator[bytes]:
        """The bytes of each order that is complete. A caller that cannot take one says so by `refuse`."""
        data = self._held + block
        at = 0
        while True:
            begins = data.find(b"<", at)
            between = data[at : begins if begins >= 0 else None]
            if begins < 0 or (between and not between.isspace()):
                self.over = bool(between) and not between.isspace()
                break
            if not data.startswith(self._opens, begins):
                self.over = not self._opens.startswith(data[begins:])
                break
            ends = data.find(self._closes, begins)
            if ends < 0:
                break
            ends += len(self._closes)
            self._held = data[at:]
            yield data[begins:ends]
            if self.over:
                return
            at = ends
        self._held = data[at:]
        self.over = self.over or len(self._held) > MOST_HELD

    def refuse(self) -> None:
        """The order just given is not one that can be taken by itself."""
        self.over = True

    def left(self) -> bytes:
        """What has not been given as an order."""
        return self._held

    def digest(self, order: bytes) -> bytes:
        whole = self._seed.copy()
        whole.update(order)
        return whole.digest()[:16]

    def alone(self, order: bytes, parser: etree.XMLParser) -> etree._Element | None:
        """The order parsed by itself; None where its bytes are not exactly one plain element of its kind."""
        if b"<!" in order or b"<?" in order:
            return None
        try:
            place = etree.fromstring(self._before + readable(order) + self._after, parser)
        except etree.XMLSyntaxError:
            return None
        for _ in range(self._depth):
            if len(place) != 1:
                return None
            place = place[0]
        return place if place.tag == self._tag else None


def can_be_cut(order: etree._Element) -> bool:
    """Whether the bytes of the orders mean by themselves what they mean where they stand."""
    encoding = order.getroottree().docinfo.encoding or "utf-8"
    return encoding.lower() in _UTF_8 and not [one for one in order.iterancestors() if not all(one.nsmap.values())]


def _around(order: etree._Element) -> tuple[bytes, bytes, int]:
    """Elements that declare what the order's ancestors declare, each its own: their tags before and after; how many."""
    declared: dict[str | None, str] = {}
    before = after = b""
    depth = 0
    for ancestor in reversed(list(order.iterancestors())):
        own = {prefix: name for prefix, name in ancestor.nsmap.items() if declared.get(prefix) != name}
        declared.update(own)
        before += etree.tostring(etree.Element("place", nsmap=own)).removesuffix(b"/>") + b">"
        after += b"</place>"
        depth += 1
    return before, after, depth
