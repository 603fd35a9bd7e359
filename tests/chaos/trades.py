"""What the callers write at each vendor: one order after the other its own sequence of writes, each with its mark in a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Body = dict[str, Any]
FIRST_AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A write as the API takes it; `path` follows the backend's orders."""

    method: str
    path: str
    body: Body


Write = Callable[[str, int, str], Request]
"""The nth write (from 0) of an order, with its mark."""


@dataclass(frozen=True, kw_only=True)
class Trade:
    """`creates`: its orders are made by the callers, with their first write; else they are put into the vendor's system."""

    slug: str
    backend: str
    write: Write
    creates: bool = False
    length: int | None = None
    """After so many writes an order is left alone; None: never."""


@dataclass(kw_only=True)
class Lane:
    """One order as one caller knows it: how many writes it sent there, and which may still be open."""

    trade: Trade
    number: str
    shared: bool = False
    written: int = 0
    open: list[str] = field(default_factory=list)
    """Ids of accepted operations, oldest first, since the last look at the newest of them."""
    looked: float = 0.0


def update(number: str, n: int, mark: str) -> Request:
    """Civica Cx: On Site and Live by turns; both belong to one master status, and the same twice is refused."""
    at = FIRST_AT + timedelta(minutes=n)
    body = {
        "vendor_code": "11" if n % 2 == 0 else "9",
        "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "comments": mark,
        "client_reference": mark,
    }
    return Request(method="POST", path=f"/{number}/status-updates", body=body)


def titled(number: str, n: int, mark: str) -> Request:
    """Unit4 ERPx: a create with a number of ours, then new titles; neither is idempotent there."""
    if n == 0:
        body = {"title": mark, "project": {"number": "ProId1"}, "dates": {"planned_start": "2026-01-05"}}
        return Request(method="POST", path="", body={**body, "number": number})
    return Request(method="PATCH", path=f"/{number}", body={"title": mark})


def described(number: str, n: int, mark: str) -> Request:
    """NexusFS: a create, then new descriptions of its one asset."""
    asset = {"type": "1001", "description": mark, "is_component": False}
    if n == 0:
        body = {"type": "1001", "priority": "1003", "account": {"number": "1029"}, "location": {"number": "1030"}}
        return Request(method="POST", path="", body={**body, "number": number, "assets": {"3182": asset}})
    return Request(method="PATCH", path=f"/{number}", body={"assets": {"3182": {"description": mark}}})


def noted(number: str, n: int, mark: str) -> Request:
    """OverIT NextGen FSM: new notes on an order that its client made."""
    return Request(method="PATCH", path=f"/{number}", body={"notes": mark})


CX = Trade(slug="civica_cx", backend="civica-cx", write=update)
TRADES: Mapping[str, Trade] = {
    trade.slug: trade
    for trade in (
        CX,
        Trade(slug="unit4_erpx", backend="unit4-erpx", write=titled, creates=True, length=6),
        Trade(slug="nexusfs", backend="nexusfs", write=described, creates=True, length=6),
        Trade(slug="overit", backend="overit", write=noted),
    )
}
