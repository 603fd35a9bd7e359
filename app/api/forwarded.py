"""Which address a request comes from: the peer's, or the one that a proxy we trust names in `X-Forwarded-For`."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fastapi import FastAPI, Request

FORWARDED_FOR = "x-forwarded-for"


def trust(app: FastAPI, proxies: Iterable[str]) -> None:
    """Believe what these addresses and networks say about whom they pass on."""
    app.state.proxies = tuple(ip_network(proxy) for proxy in proxies)


def address_of(request: Request) -> str:
    """The nearest address that is no trusted proxy's; empty where there is none, as on a Unix socket.

    Each proxy appends whom it heard, so what stands before the nearest stranger is only what that one says of himself.
    """
    peer = request.client.host if request.client else ""
    proxies: tuple[IPv4Network | IPv6Network, ...] = request.app.state.proxies
    hops = ",".join(request.headers.getlist(FORWARDED_FOR)).split(",")
    farthest = peer
    for hop in (peer, *reversed(hops)):
        address = _address(hop.strip())
        if address is None:
            return peer
        farthest = str(address)
        if not any(address in proxy for proxy in proxies):
            break
    return farthest


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None  # so a socket for both kinds tells IPv4
    return mapped or address
