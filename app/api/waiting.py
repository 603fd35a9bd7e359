"""Wait for what becomes of a write, in this process or another, for as long as it is of use and the caller wants."""

from __future__ import annotations

import asyncio

from app.api.gateway import Gateway
from app.domain.operations import FINAL, Operation, State
from app.domain.times import SECOND
from app.ledger import operations
from app.ledger.store import StoreUnavailable

LOOK_EACH_S = 2.0
"""How often a waiting request looks for itself: what another process finishes may not be told here."""
LOOK_SOON_S = 0.1
"""How soon a repeat looks, then twice as late each time: the first request may have gone to another process."""


async def outcome(gateway: Gateway, operation: Operation, *, until: int, look_first: bool = True) -> Operation:
    """The operation when it is final, when waiting longer is of no use, or when the caller's time is over."""
    dispatcher = gateway.dispatcher
    look_s = LOOK_SOON_S if look_first and not gateway.store.sole_owner else LOOK_EACH_S
    while operation.state not in FINAL:
        left = until - gateway.clock()
        if left <= 0 or _waits_beyond(gateway, operation, until=until):
            break
        future = dispatcher.watch(operation.id)
        try:
            if look_first:
                operation = await _as_it_stands(gateway, operation)
                if operation.state in FINAL:
                    break
            look_first = False
            async with asyncio.timeout(min(left / SECOND, look_s)):
                operation = await future
        except TimeoutError:
            operation = await _as_it_stands(gateway, operation)
            look_s = min(2 * look_s, LOOK_EACH_S)
        finally:
            dispatcher.unwatch(operation.id, future)
    return operation


async def told(gateway: Gateway, operation: Operation, *, until: int) -> Operation:
    """The operation once it is final, or held once more, or when the caller's time is over."""
    while operation.state not in FINAL and (left := until - gateway.clock()) > 0:
        future = gateway.dispatcher.watch(operation.id)
        try:
            async with asyncio.timeout(min(left / SECOND, LOOK_EACH_S)):
                operation = await future
            if operation.state is State.held:
                break
        except TimeoutError:
            operation = await _as_it_stands(gateway, operation)
        finally:
            gateway.dispatcher.unwatch(operation.id, future)
    return operation


async def _as_it_stands(gateway: Gateway, operation: Operation) -> Operation:
    """The operation, read again. It was accepted: should our database be away now, the caller still gets its 202."""
    try:
        found = await gateway.store.read(operations.find(operation.id))
    except StoreUnavailable:
        return operation
    return operation if found is None else found


def _waits_beyond(gateway: Gateway, operation: Operation, *, until: int) -> bool:
    """Whether the operation cannot be settled before `until`: its backend pauses longer, or a person has to act."""
    if operation.state is State.held or (operation.blocked_by or "").startswith("hold_"):
        return True
    pause = gateway.pause(operation)
    return pause is not None and pause.next_try > until
