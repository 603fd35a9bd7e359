"""Keep the known orders of one backend fresh: look at them every `poll_s`, by one gateway of many, and take in what differs."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress

import structlog

from app.delivery.desk import Desk
from app.delivery.listed import Roll
from app.delivery.watching import Watch
from app.domain.errors import BackendMisconfigured, GatewayError
from app.domain.ports import Capability
from app.domain.times import SECOND
from app.ledger import rounds
from app.ledger.rounds import NotYet, Turn
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

TURN_S = 15.0
"""How long after its gateway is gone a round may be taken up by another."""
GO_ON_S = 5.0
ASK_AGAIN_S = 5.0
"""How soon it is asked again whether a backend that pauses, or a database that is away, may be used."""
EARLIEST = 0.8
"""Rounds begin after 0.8 to 1.0 of the interval, so that gateways and backends do not all ask at the same moment."""
SHORTEST = 0.05
"""A round that takes longer than the interval is followed by a rest of so much of it."""
LEAST_S = 0.05
"""So long at least before it is asked again whose turn it is."""


def _nobody() -> None:
    """Told of changes when nobody wants to know."""


async def keep_polling(desk: Desk, changed: Callable[[], None] = _nobody) -> None:
    """Poll for as long as the gateway runs; `changed` is called when something differed.

    A backend that pauses is polled only when its time to be tried again has come and no write does it: where nothing is
    queued, nobody else would ever end the pause. A refused log-in is thus not repeated by polling.
    """
    while True:
        await asyncio.sleep(await _turn_or_rest(desk, changed))


async def _turn_or_rest(desk: Desk, changed: Callable[[], None]) -> float:
    """Have a round if it is ours to have; returns how long to rest."""
    interval_s = desk.backend.settings.poll_s
    if not desk.backend.health.admits(desk.clock()):
        return min(interval_s, ASK_AGAIN_S)
    now = desk.clock()
    try:
        turn = await desk.store.write(
            rounds.take(
                desk.backend.name,
                owner=desk.owner,
                now=now,
                until=now + round(TURN_S * SECOND),
                every=round(EARLIEST * interval_s * SECOND),
                alone=desk.store.sole_owner,
            )
        )
        if isinstance(turn, Turn):
            await _have(desk, turn, changed)
    except StoreUnavailable as error:
        log.error("the ledger cannot be reached", backend=desk.backend.name, reason=str(error))
        return min(interval_s, ASK_AGAIN_S)
    due = turn.started_at + round(interval_s * random.uniform(EARLIEST, 1) * SECOND)
    if isinstance(turn, NotYet) and turn.until:
        due = min(due, turn.until)  # whoever has the round may be gone by then
    return max((due - desk.clock()) / SECOND, SHORTEST * interval_s if isinstance(turn, Turn) else LEAST_S)


async def _have(desk: Desk, turn: Turn, changed: Callable[[], None]) -> None:
    """The whole round, and the word that it is over. One that is cut short on our side is left for whoever is there."""
    complete, cut_short = False, False
    try:
        if not desk.backend.health.admits(desk.clock()):  # it began to pause meanwhile
            cut_short = True
            return
        complete = await _while_ours(desk, turn, one_round(desk, turn, changed))
    except (asyncio.CancelledError, StoreUnavailable):
        cut_short = True
        raise
    finally:
        word = rounds.leave(turn) if cut_short else rounds.end(turn, completed=desk.clock() if complete else None)
        with suppress(StoreUnavailable):
            await asyncio.shield(desk.store.write(word))


async def _while_ours(desk: Desk, turn: Turn, work: Coroutine[None, None, bool]) -> bool:
    """Do the work, and say now and then that it goes on; it ends when another gateway has begun a round meanwhile."""
    working = asyncio.create_task(work)
    try:
        while True:
            await asyncio.wait([working], timeout=GO_ON_S)
            if working.done():
                return working.result()
            until = desk.clock() + round(TURN_S * SECOND)
            if not await desk.store.write(rounds.go_on(turn, until=until)):
                log.warning("another gateway polls now", backend=desk.backend.name)
                return False
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def one_round(desk: Desk, turn: Turn, changed: Callable[[], None]) -> bool:
    """List the orders, and read those that are not listed by themselves; True if the round saw all that it could."""
    backend = desk.backend
    # Only a log-in, and a vendor whose calls fail, must not be tried by two at once. A list may take long: no write waits.
    trial = backend.health.trying() if backend.health.alone else None
    try:
        within_s = None
        if Capability.list in backend.vendor.capabilities:
            if not await poll(desk, turn, changed):
                return False
            within_s = backend.settings.poll_s
        tries = trial is not None and within_s is None
        trouble = await Watch(desk, turn, changed).read_all(within_s=within_s, trial=tries)
    except GatewayError as error:
        _note(desk, error, tried=trial is not None)
        return False
    finally:
        if trial is not None:
            trial.over()
    return trouble is None


async def poll(desk: Desk, turn: Turn, changed: Callable[[], None] = _nobody) -> bool:
    """Take in the vendor's whole list; False if the turn was lost meanwhile. Raises what the adapter's listing raises."""
    backend, roll, differing, answered = desk.backend, Roll(desk, turn), 0, False
    async for batch in backend.adapter.listing():
        if not answered:
            answered = True
            backend.health.well(now=desk.clock())
        found = await roll.take_in(batch)
        differing += found
        if found:
            changed()
    if not answered:
        backend.health.well(now=desk.clock())
    log.debug("polled", backend=backend.name, changed=differing)
    return await roll.end()


def _note(desk: Desk, error: GatewayError, *, tried: bool) -> None:
    """A list that fails says nothing of writes, unless our log-in or our rights failed, or the vendor asks us to wait."""
    health, now = desk.backend.health, desk.clock()
    if isinstance(error, BackendMisconfigured):
        health.trouble(BackendMisconfigured, error.detail, now=now, after_s=error.after_s)
    elif tried:
        health.failed(error.detail, now=now)
    level = logging.ERROR if isinstance(error, BackendMisconfigured) else logging.WARNING
    log.log(level, "could not look at the orders", backend=desk.backend.name, code=error.code, reason=error.detail)
