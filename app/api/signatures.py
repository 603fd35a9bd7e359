"""Documents signed with the gateway's own key: JWS (RFC 7515) in its general JSON form, over canonical JSON (RFC 8785)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

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


def is_ours(document: Mapping[str, JsonValue], keys: Keys) -> bool:
    """What the issuer of a document signed with a secret answers: whether this signature is of our making."""
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], Mapping):
        return False
    protected, given = signatures[0].get("protected"), signatures[0].get("signature")
    header = _text(canonical({"alg": keys.alg, "kid": keys.kid, "typ": TYPE}))
    if protected != header or keys.alg != "HS256":
        return False
    made = _text(keys.signing.sign(f"{protected}.{document.get('payload')}".encode()))
    return hmac.compare_digest(made.encode(), str(given).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
