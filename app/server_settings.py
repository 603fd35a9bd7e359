"""The `[server]` section of the configuration: how callers reach the gateway, and what stands before it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from app.vendors.vendor import HttpAddress


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("must be an IP address, or a network without bits of a host, like 172.30.7.0/24") from None


class ServerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: HttpAddress = "http://127.0.0.1:8000"
    """How callers reach the gateway, without a path; links in its answers begin with it."""
    drain_s: float = Field(default=5, ge=0, le=120)
    """How many seconds it goes on answering after SIGTERM, so that balancers look away."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """The IP addresses and networks of the balancers in front. `X-Forwarded-For` is believed from them alone, and says for
    which caller a wrong secret counts."""

    @field_validator("public_url")
    @classmethod
    def _without_a_path(cls, value: str) -> str:
        if urlsplit(value).path.strip("/"):
            raise ValueError("must have no path: Location and the contract name addresses from the host's root on")
        return value
