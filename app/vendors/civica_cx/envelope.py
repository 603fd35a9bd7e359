"""Envelopes built once by zeep and filled in per call: the same bytes as zeep's, without zeep's time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HOLE = re.compile(rb"\{hole:(\w+)\}")
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that no XML 1.0 may hold, as a reference neither."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_NOT_PLAIN = re.compile("[^\t\n\u0020-%'-;=?-\ud7ff\ue000-\ufffd]")
"""What XML cannot carry as it stands, or at all."""


class NotXml(Exception):
    """A text holds a character that XML cannot carry. The name of the hole is the message."""


def hole(name: str) -> str:
    """The text that stands for the value of `name` until an envelope is filled."""
    return f"{{hole:{name}}}"


def escaped(text: str) -> str:
    """Text as libxml2 writes it between two tags."""
    return text.translate(_ESCAPES)


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A serialised envelope cut at its holes: one part more than there are holes."""

    parts: tuple[bytes, ...]
    holes: tuple[str, ...]

    @classmethod
    def cut(cls, serialised: bytes) -> Envelope:
        pieces = _HOLE.split(serialised)
        return cls(parts=tuple(pieces[::2]), holes=tuple(name.decode() for name in pieces[1::2]))

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The envelope with `values` in its holes; raises NotXml, or KeyError for a hole without a value."""
        filled = [self.parts[0]]
        for name, part in zip(self.holes, self.parts[1:], strict=True):
            text = values[name]
            if _NOT_PLAIN.search(text) is not None:
                if NOT_XML.search(text) is not None:
                    raise NotXml(name)
                text = escaped(text)
            filled += (text.encode(), part)
        return b"".join(filled)
