"""Findings of `orderbridge check` that are made alike for every vendor: the address, the log-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.domain.errors import VendorSaid
from app.domain.ports import Finding
from app.vendors.exchange import NotSent, Unanswered

CODES = "status codes"


async def address(url: str, status_of: Callable[[], Awaitable[int]]) -> Finding:
    """`status_of` asks for the bare address. Any HTTP status will do: what stands there is not documented."""
    try:
        status = await status_of()
    except (NotSent, Unanswered) as fault:
        return Finding(name="address", ok=False, detail=f"{url}: {fault.detail}")
    return Finding(name="address", ok=True, detail=f"{url} answers with HTTP {status}.")


async def log_in(attempt: Callable[[], Awaitable[object]], *, accepted: str) -> Finding:
    """A real log-in, which raises NotSent; `accepted` is the sentence for one that brings a token."""
    try:
        await attempt()
    except NotSent as fault:
        return Finding(name="log-in", ok=False, detail=with_words(fault.detail, fault.said))
    return Finding(name="log-in", ok=True, detail=accepted)


def with_words(detail: str, said: VendorSaid | None) -> str:
    """The sentence, and after it the vendor's own words, or its code where it has none."""
    words = (said.message or said.code) if said is not None else None
    return f"{detail} {words}" if words else detail
