"""Whom a gateway trusts over TLS, and when that is read: in a thread before the first call, and only for who speaks TLS."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.vendors import transport_wire
from app.vendors.backends import Backend
from app.vendors.exchange import NotSent, Outgoing
from app.vendors.registry import VENDORS
from app.vendors.transport import VendorHttp
from tests.vendors.loopback import Loopback, reply
from tests.webhooks.certificates import Authority

USER = {"username": "somebody", "password": "something"}
ERPX = {"company_id": "ACME", "client_id": "orderbridge", "client_secret": "secret"}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    vendor: str
    section: dict[str, str]
    reads: bool


CASES = [
    Case(name="plain", vendor="nexusfs", section={**USER, "url": "http://127.0.0.1:1"}, reads=False),
    Case(name="tls", vendor="nexusfs", section={**USER, "url": "https://127.0.0.1:1"}, reads=True),
    Case(name="tls in capitals", vendor="nexusfs", section={**USER, "url": "HTTPS://127.0.0.1:1"}, reads=True),
    Case(name="tls before Cx", vendor="civica_cx", section={**USER, "url": "https://127.0.0.1:1"}, reads=True),
    Case(
        name="tls for tokens alone",
        vendor="unit4_erpx",
        section={**ERPX, "url": "http://127.0.0.1:1", "token_url": "https://127.0.0.1:1/token"},
        reads=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_authorities_are_read_off_the_loop_before_the_first_call(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: list[bool] = []

    def trust() -> ssl.SSLContext:
        on_the_loop.append(threading.current_thread() is threading.main_thread())
        return ssl.create_default_context()

    monkeypatch.setattr(transport_wire, "trust", trust)
    vendor = VENDORS[case.vendor]
    backend = Backend("one", vendor, vendor.settings(vendor=case.vendor, **case.section), fresh_s=30)  # type: ignore[arg-type]
    await backend.connect(deadline_s=1, folder=tmp_path)
    await backend.close()
    assert on_the_loop == ([False] if case.reads else [])


@pytest.fixture
async def http() -> AsyncIterator[VendorHttp]:
    http = VendorHttp(max_connections=1)
    yield http
    await http.aclose()


def _get(url: str) -> Outgoing:
    return Outgoing(method="GET", url=url, headers={})


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_a_vendor_is_believed_by_our_authorities_alone(
    scheme: str, http: VendorHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(folder=tmp_path)
    vendor = Loopback(port=0)
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0, ssl=authority.serving("localhost"))
    async with server:
        url = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(NotSent):
            await http.exchange(_get(url), deadline_s=5)
        monkeypatch.setattr(transport_wire, "trust", authority.trusting)
        vendor.answers.append(reply(204))
        answer = await http.exchange(_get(url), deadline_s=5)
    assert (answer.status, [arrived.method for arrived in vendor.arrived]) == (204, ["GET"])
