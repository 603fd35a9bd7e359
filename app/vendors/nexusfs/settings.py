"""The `[backends.*]` section of a NexusFS backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, SecretStr, model_validator

from app.domain.json import JsonValue
from app.vendors.nexusfs.tables import SLUG
from app.vendors.vendor import BackendSettings, HeaderToken


class NexusFsSettings(BackendSettings):
    """One customer's ServiceMobility, seen with one user, or with one token that was made for us."""

    username: str | None = Field(default=None, min_length=1)
    """The user with which the gateway logs in."""
    password: SecretStr | None = Field(default=None, min_length=1)
    """Its password."""
    access_token: HeaderToken | None = None
    """A fixed x-access-token, in the place of a log-in."""
    method_override: bool = False
    """Send POST with X-HTTP-Method-Override: PATCH, for networks that forbid PATCH."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        user = self.username is not None, self.password is not None
        if self.access_token is not None and any(user):
            raise ValueError("give username and password, or access_token, not both")
        if self.access_token is None and not all(user):
            raise ValueError("needs username and password, or access_token")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown to anybody."""
        return tuple(one.get_secret_value() for one in (self.password, self.access_token) if one is not None)


def sandbox_section(url: str) -> Mapping[str, JsonValue]:
    """The section with which the sandbox reaches the simulator at `url`."""
    return {
        "vendor": SLUG,
        "title": "NexusFS (simulated)",
        "url": url,
        "username": "sandbox",
        "password": "sandbox-secret",
        "reasons": {"no_parts": "1001", "skills": "1002", "refused_access": "1003", "not_required": "1004"},
        "poll_s": 5,
    }
