"""What is kept of secrets that we must be able to use again: AES-GCM under a key drawn from the gateway's signing key.

The tenant and the name of what is sealed are authenticated with it, so a sealed text moved to another row does not open.
"""

from __future__ import annotations

import binascii
import hashlib
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"orderbridge webhook secrets 1"
_NONCE_BYTES = 12


class Unreadable(Exception):
    """The sealed text was made with another key, for something else, or was altered."""


class Vault:
    """Seals texts and opens them. A sealed text begins with the id of its key."""

    __slots__ = ("_cipher", "_key_id")

    def __init__(self, signing_key: str) -> None:
        """`signing_key` is the configured one, whatever its kind."""
        material = signing_key.strip().encode("utf-8")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(material)
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(_PURPOSE + key).hexdigest()[:8]

    def seal(self, text: str, *, tenant: str, name: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode("utf-8"), self._bound(tenant, name))
        return f"{self._key_id}.{b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, *, tenant: str, name: str) -> str:
        """The text. Raises Unreadable."""
        key_id, _, encoded = sealed.partition(".")
        try:
            raw = b64decode(encoded, validate=True)
            if key_id != self._key_id:
                raise Unreadable("it was sealed with another key")
            opened = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._bound(tenant, name))
        except (InvalidTag, ValueError, binascii.Error):
            raise Unreadable("it is not what was sealed") from None
        return opened.decode("utf-8")

    def _bound(self, tenant: str, name: str) -> bytes:
        return "\0".join((self._key_id, tenant, name)).encode("utf-8")
