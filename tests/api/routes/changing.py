"""What the tests of creates, patches, replacements and removals send, and how they look at what comes back."""

from __future__ import annotations

from typing import Any

import httpx

from app.domain.merge_patch import applied
from tests.gateway import Site

UNIT4_NEW: dict[str, Any] = {
    "title": "Boiler service",
    "dates": {"planned_start": "2026-12-01"},
    "project": {"number": "ProId1"},
}
NEXUS_NEW: dict[str, Any] = {
    "type": "1001",
    "priority": "1003",
    "account": {"number": "1029"},
    "location": {"number": "1030"},
}
A_CHANGE: dict[str, dict[str, Any]] = {
    "unit4-erpx": {"title": "Boiler service and chimney sweep"},
    "nexusfs": {"priority": "1001"},
    "overit": {"notes": "Ring twice"},
}
"""By backend: a patch that a fresh order takes."""

HERE_ONLY = ("as_of", "delivery")
"""Members of an order that are not the vendor's."""


async def send(site: Site, method: str, path: str, body: Any = None, **headers: str | None) -> httpx.Response:
    """A request with a fresh Idempotency-Key; `if_match="*"` becomes the header, None leaves one out."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"idempotency-key": site.fresh_key(), **named}
    given = {name.encode(): value.encode("latin-1") for name, value in sent.items() if value is not None}
    return await site.api.request(method, path, json=body, headers=given)


async def create(site: Site, body: Any, **headers: str | None) -> httpx.Response:
    return await send(site, "POST", site.orders(), body, **headers)


async def patch(site: Site, number: str, body: Any, *, query: str = "", **headers: str | None) -> httpx.Response:
    return await send(site, "PATCH", f"{site.orders(number)}{query}", body, **headers)


async def put(site: Site, number: str, body: Any, **headers: str | None) -> httpx.Response:
    return await send(site, "PUT", site.orders(number), body, **headers)


async def delete(site: Site, number: str, *, query: str = "", **headers: str | None) -> httpx.Response:
    return await send(site, "DELETE", f"{site.orders(number)}{query}", **headers)


async def preview(site: Site, kind: str, body: Any, **members: Any) -> httpx.Response:
    asked = {"kind": kind, "body": body, **members}
    return await site.api.post(f"/v1/backends/{site.backend}/preview", json=asked)


async def read(site: Site, number: str) -> dict[str, Any]:
    """The order as the vendor has it now."""
    answer = await site.api.get(site.orders(number))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def tag(site: Site, number: str) -> str:
    return str((await site.api.get(site.orders(number))).headers["etag"])


def vendors_part(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in HERE_ONLY}


def patched(order: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The vendor's part of the order after a merge patch, by the RFC."""
    return applied(change, vendors_part(order))


def faults(answer: httpx.Response) -> dict[str, str]:
    """Pointer -> code of each thing that the problem lists."""
    return {fault["pointer"]: fault["code"] for fault in answer.json().get("errors", [])}


def refusal(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    return answer.status_code, answer.json()["code"], faults(answer)


def write_headers(answer: httpx.Response) -> dict[str, str]:
    """The headers of a write, its Operation-Id put for the id in them."""
    names = ("location", "idempotent-replayed", "preference-applied", "retry-after")
    operation = answer.headers.get("operation-id", "no operation")
    return {name: answer.headers[name].replace(operation, "ID") for name in names if name in answer.headers}
