"""A log that cannot be written loses its lines, and nothing else: what is delivered is, and loops that fail are begun again."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import lasting, logs
from tests.delivery.bench import codes, finished, outcomes, send_async
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site
from tests.logged import logging_restored
from tests.vendors.loopback import reply


@pytest.fixture
def log_on_a_full_disk() -> Iterator[None]:
    with logging_restored(), Path("/dev/full").open("wb", buffering=0) as disk:
        logs.configure(stream=io.TextIOWrapper(disk, write_through=True))
        yield


@pytest.mark.usefixtures("log_on_a_full_disk")
async def test_a_write_that_the_vendor_answers_with_500_is_read_back_and_applied(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    await site.api.get(site.orders("113427"))
    glass.instead(UPDATE, reply(500))
    sent = await send_async(site, "113427", 11)
    assert (await finished(site, sent))["state"] == "applied"
    assert (codes(site, "113427"), await outcomes(site, sent)) == ([11], ["unknown", "applied"])


@pytest.mark.usefixtures("log_on_a_full_disk")
async def test_a_loop_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "AGAIN_S", 0)
    begun = 0

    async def loop() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise OverflowError("date value out of range")

    await asyncio.wait_for(lasting.lasting(loop, what="a loop"), timeout=10)
    assert begun == 3
