"""A fault of our own in one order's delivery: it is logged, counted like the vendor's troubles, and ends with a person."""

from __future__ import annotations

from typing import Any

import pytest

from app.delivery import readback, send
from app.vendors import meanings
from tests.delivery.bench import HOLDS, codes, finished, operation, outcomes, rows, send_async, until
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site
from tests.logged import logged
from tests.vendors.loopback import after, hang_up, raw


class Stumbles:
    """An adapter's call that fails as often as it is told to, before or after it was made."""

    def __init__(self, site: Site, call: str, patch: pytest.MonkeyPatch, *, after: bool = False) -> None:
        self.times = 100
        self.stumbled = 0
        self._after = after
        adapter = site.app.state.gateway.backends[site.backend].adapter
        self._call = getattr(adapter, call)
        patch.setattr(adapter, call, self)

    async def __call__(self, *what: Any) -> Any:
        if self.stumbled >= self.times:
            return await self._call(*what)
        self.stumbled += 1
        if self._after:
            await self._call(*what)
        raise OverflowError("date value out of range")


async def test_a_read_back_that_stumbles_is_counted_and_ends_held(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))
    site, glass = seen_on_sqlite
    await site.api.get(site.orders("113427"))
    glass.instead(UPDATE, hang_up)
    reads = Stumbles(site, "read", monkeypatch)
    with logged() as said:
        sent = await send_async(site, "113427", 11)
        assert (await finished(site, sent, within_s=25))["state"] == "held"
    [hold] = await rows(site, HOLDS, of_number="113427")
    assert hold["cause"] == "outcome-unknown"
    assert hold["detail"] == "the order could not be read: backend-unavailable"
    assert reads.stumbled in (3, 4)  # as often as the schedule says, and perhaps once before it has settled
    assert "OverflowError: date value out of range" in said.getvalue()


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
async def test_a_send_that_stumbles_is_unknown_at_once_and_is_read_back(
    after: bool, seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen_on_sqlite
    await site.api.get(site.orders("113427"))
    Stumbles(site, "send", monkeypatch, after=after).times = 1
    sent = await send_async(site, "113427", 11)
    assert (await finished(site, sent))["state"] == "applied"
    assert (codes(site, "113427"), len(glass.of(UPDATE))) == ([11], 1)
    assert await outcomes(site, sent) == (["unknown"] if after else ["unknown", "applied"])


async def test_a_check_before_sending_that_stumbles_puts_the_order_off_and_says_so(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen_on_sqlite
    await site.api.get(site.orders("113427"))

    async def stumbles(*_: object) -> None:
        raise OverflowError("date value out of range")

    with monkeypatch.context() as patch:
        patch.setattr(send, "checked", stumbles)
        patch.setattr(meanings, "AGAIN_S", 0.1)
        glass.around(UPDATE, lambda answer: after(0.5, raw(answer)))
        first = await send_async(site, "113427", 11)
        behind = await send_async(site, "113427", 9)

        async def told() -> bool:
            waiting = (await operation(site, behind))["waiting_for"]
            return waiting is not None and "fault of the gateway's own" in waiting["detail"]

        await until(told)
        assert len(glass.of(UPDATE)) == 1
    assert [(await finished(site, one))["state"] for one in (first, behind)] == ["applied", "applied"]
