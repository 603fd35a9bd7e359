"""Keep the known orders of one backend fresh: list them from the vendor every `poll_s`, and take in what differs."""

from __future__ import annotations

import asyncio
import random

import structlog

from app.delivery.desk import Desk
from app.domain.errors import BackendMisconfigured, GatewayError
from app.ledger import orders
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)


async def poll(desk: Desk) -> int:
    """One round; returns how many orders differed from what we had. Raises what the adapter's listing raises."""
    changed = 0
    async for batch in desk.backend.adapter.listing(None):
        found = await desk.store.write(orders.observe(desk.backend.name, batch, source="poll", now=desk.clock()))
        changed += len(found)
    desk.backend.health.well()
    return changed


async def keep_polling(desk: Desk) -> None:
    """Poll for as long as the gateway runs; the jitter keeps many gateways from asking at the same moment.

    A paused backend is left to the writes that try it again, so that a refused log-in is not repeated by polling.
    """
    while True:
        if not desk.backend.health.paused:
            await _round(desk)
        await asyncio.sleep(desk.backend.settings.poll_s * random.uniform(0.9, 1.1))


async def _round(desk: Desk) -> None:
    name, health = desk.backend.name, desk.backend.health
    try:
        log.debug("polled", backend=name, changed=await poll(desk))
    except BackendMisconfigured as error:
        health.trouble(BackendMisconfigured, error.detail, now=desk.clock())
        log.error("could not list the orders", backend=name, code=error.code, reason=error.detail)
    except GatewayError as error:
        log.warning("could not list the orders", backend=name, code=error.code, reason=error.detail)
    except StoreUnavailable as error:
        log.error("the ledger cannot be reached", backend=name, reason=str(error))
