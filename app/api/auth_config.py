"""What token checking needs to be told: our own issuer and key, and the outside issuers whose tokens we accept."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedIssuer:
    """An outside issuer (Entra ID, Auth0, Keycloak) that signs with RS256 or ES256.

    Its tokens need neither `typ: at+jwt` nor `jti`. The client is named by `azp`, else `client_id`, else `sub`, and
    must be a client of ours. Where several organisations bring their own issuer, `tenant` keeps each to its own.
    """

    issuer: str
    jwks_url: str
    audience: str
    tenant: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthConfig:
    """The `[auth]` section, read; `public_url` is the server's, without a slash at the end."""

    issuer: str
    audience: str
    signing_key: str = field(repr=False)
    """At least 32 bytes of secret (HS256), or a PEM private key: RSA (RS256) or EC P-256 (ES256)."""
    public_url: str
    trusted_issuers: tuple[TrustedIssuer, ...] = ()
