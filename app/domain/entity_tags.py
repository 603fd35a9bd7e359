"""ETags of work orders, and the conditions that callers put on them (RFC 9110, 13.1)."""

from __future__ import annotations

import hashlib
import re

from app.domain.errors import MalformedRequest
from app.domain.terms import ANY

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = re.compile(rf"(?:[ \t]*,)*[ \t]*{_TAG}(?:[ \t]*,(?:[ \t]*{_TAG})?)*[ \t]*")
"""A list may have empty members (RFC 9110, 5.6.1); each blank has one place in it, or a long list would be read for ever."""


def entity_tag(record_tag: str | None, code: str | None) -> str:
    """An order's ETag: of the vendor's record, and of the status, which a write of ours may have set since the record came."""
    return f'"{hashlib.sha256(f"{record_tag} {code}".encode()).hexdigest()[:32]}"'


def names_tag(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match names this tag; it compares weakly (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == [ANY]


def if_match(header: str | None) -> tuple[str, ...]:
    """The tags of an If-Match header, or `*` alone; nothing without the header. Raises MalformedRequest."""
    if header is None:
        return ()
    if header.strip() == ANY:
        return (ANY,)
    if _TAGS.fullmatch(header) is None:
        raise MalformedRequest('If-Match must be * or ETags, for example "3f0c...".')
    return tuple(re.findall(_TAG, header))


def if_none_match(header: str | None) -> tuple[str, ...]:
    """The If-None-Match of a write, which can only be `*`; nothing without the header. Raises MalformedRequest."""
    if header is None:
        return ()
    if header.strip() == ANY:
        return (ANY,)
    raise MalformedRequest(
        "A write takes no If-None-Match but *; to guard an order as you read it, send its ETag as If-Match."
    )


def meets(tags: tuple[str, ...], etag: str) -> bool:
    """Whether an order with this ETag meets an If-Match; a weak tag never does (RFC 9110, 13.1.1)."""
    return not tags or tags == (ANY,) or etag in tags
