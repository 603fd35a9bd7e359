"""Makes tokens of every kind, sound and forged, without asking our own code how."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.api.edge_app import SIGNING_KEY, authority

KID = authority().keys.kid
OUTSIDE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def header(**changed: object) -> dict[str, object]:
    return _changed({"alg": "HS256", "typ": "at+jwt", "kid": KID}, changed)


def claims(**changed: object) -> dict[str, object]:
    now = int(time.time())
    sound: dict[str, object] = {
        "iss": "orderbridge",
        "aud": "orderbridge",
        "sub": "sandbox",
        "scope": "orders:read orders:write",
        "iat": now,
        "exp": now + 900,
        "jti": "j1",
    }
    return _changed(sound, changed)


def _changed(sound: dict[str, object], changed: dict[str, object]) -> dict[str, object]:
    """`...` takes a member out."""
    return {name: value for name, value in {**sound, **changed}.items() if value is not ...}


def signed(head: object, body: object, *, key: bytes | str = SIGNING_KEY) -> str:
    """A token over these texts or objects, signed with HMAC-SHA256."""
    signing_input = f"{b64(_text(head))}.{b64(_text(body))}"
    secret = key.encode() if isinstance(key, str) else key
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def signed_rs256(head: object, body: object, *, key: rsa.RSAPrivateKey = OUTSIDE) -> str:
    """The same with RSASSA-PKCS1-v1_5 and SHA-256."""
    signing_input = f"{b64(_text(head))}.{b64(_text(body))}"
    return f"{signing_input}.{b64(key.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def jwks(key: rsa.RSAPrivateKey = OUTSIDE, *, kid: str = "outside-1", **changed: object) -> bytes:
    """A JWKS document with the public half of a key."""
    numbers = key.public_key().public_numbers()
    entry: dict[str, object] = {
        "kty": "RSA",
        "use": "sig",
        "kid": kid,
        "n": b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": b64(numbers.e.to_bytes(3, "big")),
        "x5t": "ignored",
    }
    return json.dumps({"keys": [_changed(entry, changed)]}).encode()


def _text(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
