"""Puts U+FFFD in the place of what WCF writes in an order's texts and no XML 1.0 may hold.

Cx keeps what was typed or pasted into an order, and WCF writes any of it: a vertical tab, as word processors break lines,
is `&#xB;`. lxml refuses the whole answer for one such reference, however many orders it holds. Only references that name
a character are taken: whatever else is no XML stays none.
"""

from __future__ import annotations

import re
import sys

from app.vendors.civica_cx.envelope import NOT_XML

LONGEST = 16
"""Bytes of a reference, so many leading zeros included; a longer one is left to the parser."""
_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,12})|([0-9]{1,12}));")
_STAND_IN = b"&#xFFFD;"
_CDATA = b"<![CDATA["
"""From here on nothing is touched: in such a section a reference is plain text, and WCF writes no section."""
_BEGUN = re.compile(rb"(?:&#?x?[0-9A-Fa-f]{0,12}|<!?\[?C?D?A?T?A?)\Z")
"""What may be the beginning of either."""


def readable(answer: bytes) -> bytes:
    """An answer, or an order of it, as XML."""
    if b"&#" not in answer:
        return answer
    texts, section, rest = answer.partition(_CDATA)
    return _REFERENCE.sub(_character, texts) + section + rest


class Readable:
    """The same for an answer that comes in blocks, wherever it is cut."""

    def __init__(self) -> None:
        self._held = b""
        self._over = False

    def block(self, block: bytes) -> bytes:
        """What can be given of it, and of what was held back before."""
        if self._over:
            return block
        data = self._held + block
        self._over = _CDATA in data
        begun = None if self._over else _BEGUN.search(data, max(0, len(data) - LONGEST))
        ends = len(data) if begun is None else begun.start()
        self._held = data[ends:]
        return readable(data[:ends])

    def left(self) -> bytes:
        """What is held back still, once the answer has come to its end."""
        return self._held


def _character(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] is not None else int(found[2])
    return _STAND_IN if number <= sys.maxunicode and NOT_XML.match(chr(number)) is not None else found[0]
