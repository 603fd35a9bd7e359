"""Documents signed with the gateway's own key: JWS (RFC 7515) in its general JSON form, over canonical JSON (RFC 8785)."""

from __future__ import annotations

import base64
import hashlib

from app.api.canonical_json import canonical
from app.api.keys import Keys
from app.domain.evidence import ASK, KEYS
from app.domain.json import JsonObject, JsonValue

TYPE = "orderbridge-timeline+json"
"""Never that of an access token: no token is a document, and no document a token."""


def has_public_half(keys: Keys) -> bool:
    """Whether others can verify what the key has signed."""
    return bool(keys.jwks["keys"])


def signed(document: JsonObject, keys: Keys) -> dict[str, JsonValue]:
    """The document with its signature."""
    payload = canonical(document)
    protected = _text(canonical({"alg": keys.alg, "kid": keys.kid, "typ": TYPE}))
    signature: bytes = keys.signing.sign(f"{protected}.{_text(payload)}".encode("ascii"))
    return {
        "payload": _text(payload),
        "signatures": [{"protected": protected, "signature": _text(signature)}],
        "sha256": hashlib.sha256(payload).hexdigest(),
        "verification": KEYS if has_public_half(keys) else ASK,
    }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
