"""Keys for tokens: our own signing key, and the public keys of an outside issuer. A key has exactly one algorithm."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
)
from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError

from app.api.canonical_json import canonical
from app.domain.json import JsonValue

TOKEN_LIFETIME_S = 900
TOKEN_TYPE = "at+jwt"
MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2048

_LOOKS_LIKE_A_KEY = re.compile(rb"-----BEGIN|^(ssh-|ecdsa-|sk-)")


class SigningKeyRefused(ValueError):
    """The signing key in the configuration cannot be used; the text says why, and what would do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyKey:
    """A key and the one algorithm that it may be used with."""

    alg: str
    key: Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Our own key: signs what we issue, checks what comes back, and shows its public half, if it has one."""

    kid: str
    alg: str
    signing: Key
    verify: Mapping[str, VerifyKey]
    jwks: Mapping[str, JsonValue]
    cursor_key: bytes = field(repr=False)
    """A key of its own for signing cursors, drawn from the signing key."""

    @classmethod
    def build(cls, signing_key: str) -> Keys:
        """Keys from the configured text. Raises SigningKeyRefused."""
        material = signing_key.strip().encode("utf-8")
        return _from_pem(material) if b"-----BEGIN" in material else _from_secret(material)

    def mint(
        self, *, issuer: str, audience: str, client_id: str, scopes: frozenset[str], now: float | None = None
    ) -> str:
        """An access token (RFC 9068) for this client, good for TOKEN_LIFETIME_S seconds."""
        issued = int(time.time() if now is None else now)
        claims = {
            "iss": issuer,
            "aud": audience,
            "sub": client_id,
            "client_id": client_id,
            "scope": " ".join(sorted(scopes)),
            "iat": issued,
            "exp": issued + TOKEN_LIFETIME_S,
            "jti": uuid.uuid4().hex,
        }
        token: str = jwt.encode(claims, self.signing, self.alg, headers={"kid": self.kid, "typ": TOKEN_TYPE})
        return token


def public_keys(document: JsonValue) -> dict[str, VerifyKey]:
    """The usable keys of an outside issuer's JWKS: RS256 of 2048 bits or more, ES256 on P-256. The rest is skipped."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    usable: dict[str, VerifyKey] = {}
    for entry in keys if isinstance(keys, Sequence) and not isinstance(keys, str) else ():
        if isinstance(entry, Mapping) and (found := _public_key(entry)) is not None:
            usable[str(entry["kid"])] = found
    return usable


def _public_key(entry: Mapping[str, JsonValue]) -> VerifyKey | None:
    alg = {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    named = isinstance(entry.get("kid"), str)
    meant = entry.get("alg", alg) == alg and entry.get("use", "sig") == "sig"
    strong = entry.get("crv") == "P-256" if alg == "ES256" else len(str(entry.get("n"))) * 6 >= MIN_RSA_BITS
    if alg is None or not (named and meant and strong):
        return None
    public = {name: entry.get(name) for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        return VerifyKey(alg=alg, key=jwk.construct(public, alg))
    except (JOSEError, ValueError, TypeError, KeyError):
        return None


def _from_secret(secret: bytes) -> Keys:
    if len(secret) < MIN_SECRET_BYTES:
        raise SigningKeyRefused(f"it has {len(secret)} bytes; an HS256 secret needs at least {MIN_SECRET_BYTES}")
    if _LOOKS_LIKE_A_KEY.search(secret) or _is_der(secret):
        raise SigningKeyRefused("it looks like a key file; give a PEM private key, or a random secret for HS256")
    key = jwk.construct(secret, "HS256")
    kid = hashlib.sha256(b"orderbridge kid" + secret).hexdigest()[:16]
    return Keys(
        kid=kid,
        alg="HS256",
        signing=key,
        verify={kid: VerifyKey(alg="HS256", key=key)},
        jwks={"keys": []},
        cursor_key=_cursor_key(secret),
    )


def _from_pem(pem: bytes) -> Keys:
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningKeyRefused("it is not a PEM private key without a passphrase") from None
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= MIN_RSA_BITS:
        alg = "RS256"
    elif isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1":
        alg = "ES256"
    else:
        raise SigningKeyRefused(f"it must be RSA of {MIN_RSA_BITS} bits or more (RS256), or EC P-256 (ES256)")
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public = jwk.construct(public_pem, alg)
    shown = {name: _as_text(value) for name, value in public.to_dict().items() if name != "alg"}
    kid = _thumbprint(shown)
    return Keys(
        kid=kid,
        alg=alg,
        signing=jwk.construct(pem, alg),
        verify={kid: VerifyKey(alg=alg, key=public)},
        jwks={"keys": [{**shown, "kid": kid, "alg": alg, "use": "sig"}]},
        cursor_key=_cursor_key(pem),
    )


def _as_text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _thumbprint(public: Mapping[str, str]) -> str:
    """RFC 7638: the hash of the key's required members in canonical form."""
    digest = hashlib.sha256(canonical(dict(public))).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _cursor_key(material: bytes) -> bytes:
    return hashlib.sha256(b"orderbridge cursors" + material).digest()


def _is_der(secret: bytes) -> bool:
    """Whether the bytes, or what they are the base64 or hex of, are a key in DER: jose would take one as a secret."""
    for read in (bytes, _base64, _hex):
        for load in (_der_private, _der_public):
            try:
                load(read(secret))
            except (ValueError, TypeError, UnsupportedAlgorithm):
                continue
            return True
    return False


def _base64(secret: bytes) -> bytes:
    return base64.b64decode(secret, validate=True)


def _hex(secret: bytes) -> bytes:
    return bytes.fromhex(secret.decode("ascii"))


def _der_private(raw: bytes) -> object:
    return load_der_private_key(raw, password=None)


def _der_public(raw: bytes) -> object:
    return load_der_public_key(raw)
