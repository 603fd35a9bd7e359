"""The `[auth]` section of the configuration: the key that signs, and the issuers that are trusted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator

from app.vendors.vendor import HttpAddress


class TrustedIssuerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    """The `iss` of its tokens, exactly. One issuer may be there several times, each with another `audience`."""
    jwks_url: HttpAddress
    """Where its public keys are."""
    audience: str
    """The `aud` that its tokens must have."""
    tenant: str | None = None
    """The only tenant whose clients it may speak for; without it, any."""


class AuthSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = "orderbridge"
    """The `iss` of the tokens that the gateway gives out."""
    audience: str = "orderbridge"
    """Their `aud`."""
    signing_key: SecretStr
    """What signs tokens, cursors and evidence: 32 bytes or more of secret (HS256), or a private key as PEM (RS256, ES256)."""
    trusted_issuers: tuple[TrustedIssuerSettings, ...] = ()
    """Other issuers whose tokens are taken too: Entra ID, Auth0, Keycloak."""

    @field_validator("signing_key")
    @classmethod
    def _can_sign(cls, value: SecretStr) -> SecretStr:
        from app.api.keys import Keys  # here, because what reads keys takes a while to load

        Keys.build(value.get_secret_value())
        return value

    @field_validator("trusted_issuers")
    @classmethod
    def _told_apart(
        cls, value: tuple[TrustedIssuerSettings, ...], others: ValidationInfo
    ) -> tuple[TrustedIssuerSettings, ...]:
        if others.data.get("issuer") in {one.issuer for one in value}:
            raise ValueError("one has our own issuer's name (auth.issuer), whose tokens are our own")
        if len({(one.issuer, one.audience) for one in value}) < len(value):
            raise ValueError("the same issuer is there twice with the same audience")
        return value
