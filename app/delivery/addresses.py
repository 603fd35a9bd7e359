"""Which addresses a webhook may be sent to: never into our own network (server-side request forgery).

A URL is checked as it is written, then its host is resolved once, every answer must be public by the tables below, and the
connection goes to one of exactly those addresses. `ipaddress.is_global` is not trusted: it calls 64:ff9b::7f00:1,
2002:7f00:1::, ::127.0.0.1, 192.0.0.192 and 224.0.0.1 global. So is no resolver with odd spellings of numbers:
`2130706433`, `0x7f.1` and `127.1` never reach it.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import idna

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a host, as text. Raises OSError."""

MAX_URL = 2048
RESOLVERS = 32
"""Look-ups at once of one resolver. A name server that hangs holds a thread for as long as the system waits for it."""
THREAD_WITHIN_S = 3.0
"""How long a look-up waits for a thread; less than a registration and a try wait for the look-up."""

NOT_PUBLIC_4: dict[IPv4Network, str] = {
    IPv4Network("0.0.0.0/8"):          "this network",
    IPv4Network("10.0.0.0/8"):         "private (RFC 1918)",
    IPv4Network("100.64.0.0/10"):      "shared by carriers (RFC 6598); Alibaba's metadata",
    IPv4Network("127.0.0.0/8"):        "loopback",
    IPv4Network("168.63.129.16/32"):   "Azure's own platform",
    IPv4Network("169.254.0.0/16"):     "link-local; metadata of AWS, Azure, Google",
    IPv4Network("172.16.0.0/12"):      "private (RFC 1918)",
    IPv4Network("192.0.0.0/24"):       "IETF protocols; Oracle's metadata",
    IPv4Network("192.0.2.0/24"):       "documentation",
    IPv4Network("192.31.196.0/24"):    "AS112",
    IPv4Network("192.52.193.0/24"):    "AMT",
    IPv4Network("192.88.99.0/24"):     "6to4 relays",
    IPv4Network("192.168.0.0/16"):     "private (RFC 1918)",
    IPv4Network("192.175.48.0/24"):    "AS112",
    IPv4Network("198.18.0.0/15"):      "benchmarks",
    IPv4Network("198.51.100.0/24"):    "documentation",
    IPv4Network("203.0.113.0/24"):     "documentation",
    IPv4Network("224.0.0.0/4"):        "multicast",
    IPv4Network("240.0.0.0/4"):        "reserved; broadcast",
}  # fmt: skip
"""IANA's special-purpose registry (RFC 6890), multicast, and what clouds keep for themselves."""

PUBLIC_6 = IPv6Network("2000::/3")
"""All that is handed out to anybody. What embeds an IPv4 address (::/96, ::ffff:0:0/96, 64:ff9b::/96) lies outside."""

NOT_PUBLIC_6: dict[IPv6Network, str] = {
    IPv6Network("2001::/23"):          "IETF protocols: Teredo, benchmarks, ORCHID",
    IPv6Network("2001:db8::/32"):      "documentation",
    IPv6Network("2002::/16"):          "6to4: embeds an IPv4 address",
    IPv6Network("2620:4f:8000::/48"):  "AS112",
    IPv6Network("3fff::/20"):          "documentation",
}  # fmt: skip
"""Within PUBLIC_6."""

PRIVATE_NAMES = ("localhost", "local", "internal", "arpa", "onion", "invalid", "test", "example", "alt")
"""Top-level names that no public name server answers for."""

_WRITTEN = re.compile(r"[!-~]+", re.ASCII)
_FORBIDDEN = re.compile(r'[\\"<>^`{|}#@]')
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class AddressRefused(Exception):
    """We do not send there; the text says why, and nothing of what was found."""


class ResolverBusy(Exception):
    """No thread came free for the look-up: it was not made, and nothing is known of the name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressRules:
    """What the settings allow. `allow_loopback` is for development: then plain HTTP and any port do for loopback."""

    allowed_ports: frozenset[int] = frozenset({443})
    allow_loopback: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL as it was understood. `host` is in ASCII; `path` has its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def at(self, address: Address) -> str:
        """The URL with the address in the place of the host: what is connected to."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def is_public(address: Address) -> bool:
    """Whether the address is somebody's on the public internet, by our own tables."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    if address.scope_id is not None or address not in PUBLIC_6:
        return False
    return not any(address in network for network in NOT_PUBLIC_6)


def target(url: str, rules: AddressRules) -> Target:
    """The URL, understood in the one way that leaves nothing to guess. Raises AddressRefused."""
    if len(url) > MAX_URL:
        raise AddressRefused(f"The URL has more than {MAX_URL} characters.")
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    if scheme not in ("https", "http") or not separator:
        raise AddressRefused("The URL must begin with https://.")
    if _FORBIDDEN.search(rest) or (path and _WRITTEN.fullmatch(path) is None):
        raise AddressRefused("The URL holds a character that does not belong there, a user name, or a fragment.")
    host, port = _authority(authority, scheme)
    if _is_loopback_name(host):
        if not rules.allow_loopback:
            raise AddressRefused("The host is this machine itself.")
    else:
        _check_name(host)
        if not rules.allow_loopback:
            _check_public(scheme, port, rules)
    return Target(scheme=scheme, host=host, port=port, path=path if path.startswith("/") else f"/{path}")


def _authority(authority: str, scheme: str) -> tuple[str, int]:
    """Host, in ASCII and lower case, and port."""
    if authority.startswith("["):
        host, bracket, after = authority[1:].partition("]")
        try:
            host = str(IPv6Address(host))
        except ValueError:
            raise AddressRefused("The host is not a name.") from None
        if not bracket or (after and not after.startswith(":")):
            raise AddressRefused("The host is not a name.")
        port = after[1:] if after else None
    else:
        name, colon, after = authority.partition(":")
        host, port = _ascii(name), after if colon else None
    if port is None:
        return host, 443 if scheme == "https" else 80
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise AddressRefused("The port is not a number from 1 to 65535.")
    return host, int(port)


def _ascii(name: str) -> str:
    """The name as name servers know it; look-alike letters and digits become what they look like."""
    try:
        return idna.encode(name, uts46=True, transitional=False).decode("ascii").lower() if name else ""
    except (idna.IDNAError, UnicodeError):
        raise AddressRefused("The host is not a name.") from None


def _is_loopback_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_name(host: str) -> None:
    """A name, never a number in any of its spellings, and one that public name servers may know."""
    labels = host.split(".")
    if ":" in host or _NUMERIC.fullmatch(labels[-1]) is not None:
        raise AddressRefused("The host must be a name, not an address.")
    if len(labels) < 2 or len(host) > 253 or any(_LABEL.fullmatch(label) is None for label in labels):
        raise AddressRefused("The host is not a whole name.")
    if labels[-1] in PRIVATE_NAMES:
        raise AddressRefused("The host is a private name.")


def _check_public(scheme: str, port: int, rules: AddressRules) -> None:
    if scheme != "https":
        raise AddressRefused("The URL must begin with https://.")
    if port not in rules.allowed_ports:
        raise AddressRefused(f"The port must be one of: {', '.join(map(str, sorted(rules.allowed_ports)))}.")


async def addresses(of: Target, rules: AddressRules, resolve: Resolve) -> tuple[Address, ...]:
    """The addresses to connect to: all that the one look-up gave, each allowed. Raises AddressRefused.

    A look-up that fails refuses, as does a single answer that is not allowed.
    """
    try:
        answers = await resolve(of.host, of.port)
        found = tuple(dict.fromkeys(ip_address(answer) for answer in answers))
    except (OSError, UnicodeError, ValueError):
        raise AddressRefused("The host's name cannot be resolved.") from None
    if not found:
        raise AddressRefused("The host's name cannot be resolved.")
    if rules.allow_loopback and all(address.is_loopback for address in found):
        return found
    if not all(map(is_public, found)):
        raise AddressRefused("The host's address is not public.")
    _check_public(of.scheme, of.port, rules)
    return found


class Resolver:
    """The system's resolver, in threads of its own. Raises ResolverBusy."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhook-resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        asked = self._threads.submit(_look_up, host, port)
        answer = asyncio.wrap_future(asked)
        try:
            await asyncio.wait({answer}, timeout=THREAD_WITHIN_S)
            if asked.cancel():  # only one that has not begun can be
                raise ResolverBusy
            return await answer
        finally:
            answer.cancel()  # whoever asked may be gone: what has not begun need not begin

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]
