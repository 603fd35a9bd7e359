"""Keep the known orders of one backend fresh: list them from the vendor every `poll_s`, and take in what differs."""

from __future__ import annotations

import asyncio
import logging
import random

import structlog

from app.delivery.desk import Desk
from app.domain.errors import BackendMisconfigured, GatewayError
from app.ledger import orders
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)


async def poll(desk: Desk) -> int:
    """One round; returns how many orders differed from what we had. Raises what the adapter's listing raises."""
    changed, answered = 0, False
    async for batch in desk.backend.adapter.listing(None):
        if not answered:
            answered = True
            desk.backend.health.well(now=desk.clock())
        found = await desk.store.write(orders.observe(desk.backend.name, batch, source="poll", now=desk.clock()))
        changed += len(found)
    if not answered:
        desk.backend.health.well(now=desk.clock())
    return changed


async def keep_polling(desk: Desk) -> None:
    """Poll for as long as the gateway runs; the jitter keeps many gateways from asking at the same moment.

    A backend that pauses is polled only when its time to be tried again has come and no write does it: where nothing is
    queued, nobody else would ever end the pause. A refused log-in is thus not repeated by polling.
    """
    while True:
        if desk.backend.health.admits(desk.clock()):
            await _round(desk)
        await asyncio.sleep(desk.backend.settings.poll_s * random.uniform(0.9, 1.1))


async def _round(desk: Desk) -> None:
    name, health = desk.backend.name, desk.backend.health
    # Only a log-in must not be tried by two at once. A list may take long, and no write should wait for it.
    exclusive = health.code == BackendMisconfigured.code
    if exclusive:
        health.trying()
    try:
        log.debug("polled", backend=name, changed=await poll(desk))
    except GatewayError as error:
        _note(desk, error)
    except StoreUnavailable as error:
        log.error("the ledger cannot be reached", backend=name, reason=str(error))
    finally:
        if exclusive:
            health.gave_up()


def _note(desk: Desk, error: GatewayError) -> None:
    """A list that fails says nothing of writes, unless it is our log-in or our rights that failed."""
    if isinstance(error, BackendMisconfigured):
        desk.backend.health.trouble(BackendMisconfigured, error.detail, now=desk.clock(), after_s=error.after_s)
    level = logging.ERROR if isinstance(error, BackendMisconfigured) else logging.WARNING
    log.log(level, "could not list the orders", backend=desk.backend.name, code=error.code, reason=error.detail)
