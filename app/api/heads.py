"""What of a request's head is refused before anything reads it: what two servers on the way could understand differently.

Every request pays for it, so the headers are gone through once. A byte in bytes is looked for by its number: as bytes of
length one it takes eight times as long.
"""

from __future__ import annotations

from starlette.types import Scope

from app.domain.errors import GatewayError, MalformedRequest, NotFound

MAX_HEADER_BYTES = 16 * 1024
MAX_HEADERS = 100

HOST, X_REQUEST_ID = b"host", b"x-request-id"
CONTENT_LENGTH, TRANSFER_ENCODING = b"content-length", b"transfer-encoding"
_INTERESTING = frozenset({HOST, X_REQUEST_ID, CONTENT_LENGTH, TRANSFER_ENCODING})
_UNDERSCORE, _PERCENT = ord("_"), ord("%")
_VERSIONS = frozenset({"1.0", "1.1"})
_OF_A_HOST = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%:[]"


class HeadersTooLarge(MalformedRequest):
    """A malformed request like any other, but HTTP has a status of its own for it."""

    status = 431


def inspect(scope: Scope) -> tuple[bytes | None, GatewayError | None]:
    """The X-Request-Id as it was sent, and why the request is refused, if it is."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    size = 0
    underscored = two_hosts = False
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        size += len(name) + len(value)
        if _UNDERSCORE in name:
            underscored = True
        if name in _INTERESTING:
            two_hosts = two_hosts or (name == HOST and HOST in found)
            found.setdefault(name, value)
    refusal: GatewayError | None = None
    if size > MAX_HEADER_BYTES or len(headers) > MAX_HEADERS:
        refusal = HeadersTooLarge(f"At most {MAX_HEADERS} headers with {MAX_HEADER_BYTES:,} bytes in all.")
    elif scope["http_version"] not in _VERSIONS:
        refusal = MalformedRequest("Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    elif underscored:
        refusal = MalformedRequest("The name of a header holds an underscore; others on the way take it for a hyphen.")
    elif two_hosts or not _is_host(found.get(HOST), scope):
        refusal = MalformedRequest("Send one Host header: a name or an address, with its port if it has one.")
    elif TRANSFER_ENCODING in found:
        refusal = _odd_framing(headers, found)
    path: bytes = scope.get("raw_path") or b""
    if _PERCENT in path and b"%2F" in path.upper() and refusal is None:
        # Decoded it would part the path, and one call would be answered as another.
        refusal = NotFound("No name here holds a slash, so nothing has an address with %2F in it.")
    return found.get(X_REQUEST_ID), refusal


def _is_host(host: bytes | None, scope: Scope) -> bool:
    """Whether this can be a Host. HTTP/1.0 has none; an empty one is that of an address without an authority."""
    if host is None:
        return bool(scope["http_version"] == "1.0")
    return not host.translate(None, _OF_A_HOST)


def _odd_framing(headers: list[tuple[bytes, bytes]], found: dict[bytes, bytes]) -> MalformedRequest | None:
    if CONTENT_LENGTH in found:
        return MalformedRequest("Content-Length and Transfer-Encoding do not go together.")
    if [value.strip().lower() for name, value in headers if name == TRANSFER_ENCODING] != [b"chunked"]:
        return MalformedRequest("The one Transfer-Encoding that is read here is chunked.")
    return None
