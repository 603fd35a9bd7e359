"""What the routes work with: the store, the backends, the delivery worker, and the settings that answers depend on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request

from app.api.auth import nothing_here
from app.api.cursors import Cursors
from app.api.looks import Looks
from app.api.writable import Writable
from app.domain.errors import BackendMisconfigured, RateLimited
from app.domain.health import LONGEST_ASKED_S, Pause, seconds_until
from app.domain.json import JsonObject
from app.domain.operations import FINAL, UNRESOLVED, Operation, State
from app.domain.ports import Capability
from app.domain.times import SECOND
from app.ledger.dispatch import Dispatcher
from app.ledger.key_room import KeyRoom
from app.ledger.sightings import Sightings
from app.ledger.store import Store
from app.vendors.backends import Backend

ASK_AGAIN_S = 2
READ_BACK_S = 5
READ_AGAIN_S = 5
"""When to repeat a read that the vendor could not answer."""
KEYS_COUNTED_S = 60
"""When a client's keys are counted again, and a new one may be taken: about as often as the reaper makes its round."""
ACCEPTED_AT_ONCE = 16
"""Writes of one backend that wait for the ledger at once. It takes them as they come: a crowd for one backend waits outside, and
a write of another passes it."""
TAKEN_OUT = (
    "This backend is not configured any more; an operator has to bring it back, or to say what became of the write."
)


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """One per process, on `app.state.gateway`."""

    store: Store
    backends: Mapping[str, Backend]
    dispatcher: Dispatcher
    keys: KeyRoom
    cursors: Cursors
    public_url: str
    wait_s: float
    clock: Callable[[], int]
    """Microseconds since 1970."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process has been told to stop: whatever streams without an end ends now."""

    @cached_property
    def looks(self) -> Looks:
        """How those who wait for an operation look at it."""
        return Looks(self.store)

    @cached_property
    def writable(self) -> Writable:
        """Whether the database takes a write."""
        return Writable(self.store)

    @cached_property
    def sightings(self) -> Sightings:
        """What reads have seen again, and is written together."""
        return Sightings(self.store)

    @cached_property
    def accepting(self) -> Mapping[str, asyncio.Semaphore]:
        """Who may have the ledger accept a write, by backend."""
        return {name: asyncio.Semaphore(ACCEPTED_AT_ONCE) for name in self.backends}

    def no_room(self, client_id: str, key: str | None) -> RateLimited | None:
        """What to answer, unless it is a repeat, where as many keys of the client are remembered as may be."""
        if key is None or self.keys.take(client_id):
            return None
        detail = f"{self.keys.most} idempotency keys of your client are remembered, and no more may be: wait until some are over."
        return RateLimited(detail, after_s=KEYS_COUNTED_S)

    def backend(self, name: str, *needed: Capability) -> Backend:
        """A backend that the caller has been granted. Raises CapabilityMissing, and NotFound if it is configured no more."""
        backend = self.backends.get(name) or nothing_here()
        for capability in needed:
            backend.require(capability)
        return backend

    def pause(self, operation: Operation) -> Pause | None:
        """Why a queued operation waits, if its backend or its order's own failures are why; None for any other.

        Whatever is open on a backend that is configured no more waits for that.
        """
        backend, now = self.backends.get(operation.backend), self.clock()
        if backend is None and operation.state not in FINAL:
            until = now + round(LONGEST_ASKED_S * SECOND)
            return Pause(code=BackendMisconfigured.code, detail=TAKEN_OUT, since=operation.accepted_at, next_try=until)
        if backend is None or operation.state is not State.queued:
            return None
        return backend.health.pause(now) or backend.setbacks.of(operation.work_order, now)

    def waiting_for(self, operation: Operation) -> JsonObject | None:
        """The same, as an operation shows it."""
        pause = self.pause(operation)
        return None if pause is None else pause.as_json()

    def look_again_s(self, operation: Operation) -> int:
        """When it makes sense to look at an open operation again, in whole seconds."""
        pause = self.pause(operation)
        if pause is not None:
            return seconds_until(pause.next_try, self.clock()) + 1
        return READ_BACK_S if operation.state in UNRESOLVED else ASK_AGAIN_S


async def the_gateway(request: Request) -> Gateway:
    """The process's one gateway."""
    gateway: Gateway = request.app.state.gateway
    return gateway


GatewayDep = Annotated[Gateway, Depends(the_gateway)]
