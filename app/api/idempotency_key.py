"""The Idempotency-Key of a request, and the fingerprint that tells whether a repeated key repeats its request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from starlette.requests import HTTPConnection

from app.api.canonical_json import canonical
from app.domain.errors import IdempotencyKeyMissing, MalformedRequest
from app.domain.json import JsonValue

FINGERPRINT_VERSION = 1

_KEY = re.compile(r"[\x21-\x7e]{16,255}")
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPED = re.compile(r'\\(["\\])')


def idempotency_key(request: HTTPConnection) -> str:
    """The key that POST and PATCH need. Raises IdempotencyKeyMissing without one, MalformedRequest with one unfit."""
    key = _given(request)
    if not key:
        raise IdempotencyKeyMissing("Send an Idempotency-Key header: a fresh UUID for every intended change.")
    return key


def optional_idempotency_key(request: HTTPConnection) -> str | None:
    """The key that PUT and DELETE may carry. Raises MalformedRequest with one unfit or empty, or with two."""
    key = _given(request)
    if key == "":
        raise MalformedRequest("The Idempotency-Key is empty. Send a key, or leave the header out.")
    return key


def _given(request: HTTPConnection) -> str | None:
    """The key, empty where the header is; None without one. Raises MalformedRequest with one unfit, or with two.

    A structured-field string (`"k"`, RFC 8941) and the bare `k` are the same key.
    """
    values = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    if len(values) > 1:
        raise MalformedRequest("Send one Idempotency-Key header.")
    if not values:
        return None
    value: str = values[0].decode("latin-1").strip(" \t")
    if not value:
        return value
    if value.startswith('"'):
        quoted = _QUOTED.fullmatch(value)
        value = _ESCAPED.sub(r"\1", quoted.group(1)) if quoted else ""
    if not _KEY.fullmatch(value):
        raise MalformedRequest("The Idempotency-Key must have 16 to 255 visible ASCII characters.")
    return value


def fingerprint(
    method: str,
    path_template: str,
    path_params: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    media_type: str,
    body: JsonValue,
) -> bytes:
    """SHA-256 over the canonical JSON of what makes two requests the same.

    `body` is the JSON as received, None without one; headers are not part of it.
    """
    same: JsonValue = {
        "v": FINGERPRINT_VERSION,
        "method": method,
        "path": path_template,
        "params": dict(path_params),
        "query": [list(pair) for pair in sorted(query)],
        "media_type": media_type,
        "body": body,
    }
    return hashlib.sha256(canonical(same)).digest()
