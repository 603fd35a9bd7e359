"""The `[backends.*]` section of a Unit4 ERPx backend."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr, field_validator

from app.domain.json import JsonValue
from app.vendors.unit4_erpx.tables import SLUG
from app.vendors.vendor import BackendSettings, VendorAddress

LONGEST_PREFIX = 13
"""With the 12 characters of ours behind it, a number stays within ERPx's 25."""


class Unit4ErpxSettings(BackendSettings):
    """One company of one tenant, seen with one API client."""

    token_url: VendorAddress
    """Where tokens are given out (OAuth2 client credentials)."""
    client_id: str = Field(min_length=1)
    """The API client, as Unit4 Identity Services names it."""
    client_secret: SecretStr
    """Its secret."""
    scope: str = Field(default="u4erp", min_length=1)
    """The scope that is asked for; some installations say `api`."""
    company_id: str = Field(min_length=1, max_length=25)
    """The company, sent with every call; another company is another backend."""
    work_orders_path: str = "/v1/work-orders"
    """The document's base URL; its GET and DELETE samples have /v1/projects/work-orders."""
    number_prefix: str = Field(default="", pattern=rf"^[A-Za-z0-9_-]{{0,{LONGEST_PREFIX}}}$")
    """With one, we number the orders that are created without a number; without, ERPx does."""

    @field_validator("reasons", "late_reasons")
    @classmethod
    def _none(cls, value: dict[str, str]) -> dict[str, str]:
        if value:
            raise ValueError("Unit4 ERPx takes no reason with a status: leave this out")
        return value

    @field_validator("work_orders_path")
    @classmethod
    def _a_path(cls, value: str) -> str:
        segments = value.rstrip("/").split("/")
        if segments[0] or len(segments) < 2 or not all(_is_segment(one) for one in segments[1:]):
            raise ValueError("must be a path such as /v1/work-orders, without a query")
        return value.rstrip("/")

    @field_validator("company_id", "client_id", "scope")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("must be printable, without spaces around it")
        return value


def _is_segment(text: str) -> bool:
    return text not in {"", ".", ".."} and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def sandbox_section(url: str) -> Mapping[str, JsonValue]:
    """The section with which the sandbox reaches the simulator at `url`."""
    return {
        "vendor": SLUG,
        "title": "Unit4 ERPx (simulated)",
        "url": url,
        "token_url": f"{url}/identity/connect/token",
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "scope": "u4erp",
        "company_id": "COMP1",
        "poll_s": 5,
        "settle_s": 5,
    }
