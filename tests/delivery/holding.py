"""What the tests of holds share: an order whose queue has stopped, looking at its hold, and resolving it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from tests.delivery.bench import body, finished, send_async, set_on_screen
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import Behaviour, after, hang_up, raw

ORDER = "113427"


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A queue that waits for a person: its hold, the write that is the cause, and what is queued behind."""

    hold_id: str
    cause: str
    behind: tuple[str, ...]


def slowly(answer: bytes) -> Behaviour:
    return after(0.4, raw(answer))


async def behind_a_refusal(site: Site, glass: Glass, *behind: int, refused: int = 9) -> Stopped:
    """On Site is applied, `refused` is refused by the vendor, and `behind` is queued behind it."""
    await site.api.get(site.orders(ORDER))
    arrived = asyncio.Event()

    def first_one(answer: bytes) -> Behaviour:
        arrived.set()
        return slowly(answer)

    glass.around(UPDATE, first_one)
    first = await send_async(site, ORDER, 11)
    async with asyncio.timeout(10):
        await arrived.wait()
    site.fault("refuse", on="write")  # the next one, which waits for the first
    cause = await send_async(site, ORDER, refused)
    waiting = tuple([await send_async(site, ORDER, code) for code in behind])
    assert (await finished(site, cause))["state"] == "refused"
    assert (await finished(site, first))["state"] == "applied"
    return Stopped(hold_id=await hold_of(site), cause=cause, behind=waiting)


async def behind_an_unknown(
    site: Site, glass: Glass, *behind: int, sent: int = 11, applied: bool = False, now_is: int = 4
) -> Stopped:
    """`sent` is sent and its answer lost; somebody sets `now_is` in the vendor's screens, so that reading proves nothing.

    `applied`: the vendor has made the change before that.
    """
    await site.api.get(site.orders(ORDER))
    if applied:
        glass.around(UPDATE, lambda answer: hang_up)
    else:
        glass.instead(UPDATE, hang_up)
    cause = await send_async(site, ORDER, sent)
    set_on_screen(site, ORDER, now_is)
    assert (await finished(site, cause))["state"] == "held"
    waiting = tuple([await send_async(site, ORDER, code) for code in behind])
    return Stopped(hold_id=await hold_of(site), cause=cause, behind=waiting)


def arrives_late(site: Site, glass: Glass) -> None:
    """The last update that went missing reaches the vendor after all."""
    request, own = glass.of(UPDATE)[-1].request, ("host", "content-length")
    headers = {name: value for name, value in request.headers.items() if name not in own}
    answer = site.vendor.request(request.method, request.target, headers=headers, content=request.body)
    assert answer.status_code < 300, answer.text


async def hold_of(site: Site, number: str = ORDER) -> str:
    """The id of the order's one open hold."""
    [found] = (await site.api.get("/v1/holds", params={"state": "open", "work_order": number})).json()["items"]
    return str(found["hold_id"])


async def hold(site: Site, hold_id: str) -> dict[str, Any]:
    answer = await site.api.get(f"/v1/holds/{hold_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def say(
    site: Site,
    hold_id: str,
    action: str | None,
    *,
    api: httpx.AsyncClient | None = None,
    key: str | None = "",
    **more: Any,
) -> httpx.Response:
    """Resolve a hold, with a fresh key unless one is given (None: without); `if_match=...` becomes the header."""
    headers = {"If-Match": more.pop("if_match")} if "if_match" in more else {}
    if key is not None:
        headers["Idempotency-Key"] = key or site.fresh_key()
    told = {"action": action, "reason": "looked at it in Cx", **EXTRA.get(action or "", {}), **more}
    sent = {name: value for name, value in told.items() if value is not None}
    return await (api or site.api).post(f"/v1/holds/{hold_id}/resolution", json=sent, headers=headers)


EXTRA: dict[str, dict[str, Any]] = {
    "mark_applied": {"evidence": "the screen shows it"},
    "replace": {"body": body(12, comments="in its place")},
}
"""What an action needs beside a reason; None for a member leaves it out."""
