"""Cursors of lists: the sort key of the last item, signed, good only for the client and the list that it was given for."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from app.api.canonical_json import canonical
from app.api.strict_json import parse
from app.domain.errors import MalformedRequest
from app.domain.json import JsonValue

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
MAX_CURSOR = 1024
_MAC_BYTES = 16
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)


def _written_plainly(value: JsonValue) -> JsonValue:
    """Pydantic would read `1_0`, `+1`, `01`, `1.0` and spaces around as well, which the contract calls no integer."""
    if isinstance(value, str) and _INTEGER.fullmatch(value) is None:
        raise PydanticCustomError("int_parsing", "Write a whole number in digits, for example 50.")
    return value


Limit = Annotated[
    int,
    Query(ge=1, le=MAX_LIMIT, description="How many items to answer at most."),
    BeforeValidator(_written_plainly),
]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="The `next` of the page before; opaque, and only for this list."),
]


class Cursors:
    """Makes cursors and reads them back. `key` is `Authority.keys.cursor_key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, sort_key: Sequence[str | int | None], *, client_id: str, route: str) -> str:
        """The cursor for what follows `sort_key`; `route` names the list together with its filters."""
        body = canonical(list(sort_key))
        return base64.urlsafe_b64encode(self._mac(body, client_id, route) + body).rstrip(b"=").decode("ascii")

    def read(self, cursor: str, *, client_id: str, route: str) -> tuple[str | int | None, ...]:
        """The sort key. Raises MalformedRequest for a cursor that is altered, another client's, or of another list."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise _refused() from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body, client_id, route)):
            raise _refused()
        sort_key: JsonValue = parse(body)
        assert isinstance(sort_key, list)  # we signed it
        return tuple(sort_key)

    def _mac(self, body: bytes, client_id: str, route: str) -> bytes:
        bound = canonical([client_id, route]) + body
        return hmac.digest(self._key, bound, "sha256")[:_MAC_BYTES]


def _refused() -> MalformedRequest:
    return MalformedRequest("This cursor is not one of this list's; start again without one.", pointer="/query/cursor")
