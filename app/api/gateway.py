"""What the routes work with: the store, the backends, the delivery worker, and the settings that answers depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.api.auth import nothing_here
from app.api.cursors import Cursors
from app.domain.json import JsonObject
from app.domain.operations import UNRESOLVED, Operation, State
from app.domain.ports import Capability
from app.domain.times import SECOND
from app.ledger.dispatch import Dispatcher
from app.ledger.store import Store
from app.vendors.backends import Backend

ASK_AGAIN_S = 2
READ_BACK_S = 5
READ_AGAIN_S = 5
"""When to repeat a read that the vendor could not answer."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """One per process, on `app.state.gateway`."""

    store: Store
    backends: Mapping[str, Backend]
    dispatcher: Dispatcher
    cursors: Cursors
    public_url: str
    wait_s: float
    clock: Callable[[], int]
    """Microseconds since 1970."""

    def backend(self, name: str, *needed: Capability) -> Backend:
        """A backend that the caller has been granted. Raises CapabilityMissing, and NotFound if it is configured no more."""
        backend = self.backends.get(name) or nothing_here()
        for capability in needed:
            backend.require(capability)
        return backend

    def waiting_for(self, backend: str) -> JsonObject | None:
        """What the queued writes of a backend wait for; nothing for a backend that is no longer configured."""
        return self.backends[backend].health.waiting_for() if backend in self.backends else None

    def look_again_s(self, operation: Operation) -> int:
        """When it makes sense to look at an open operation again, in whole seconds."""
        health = self.backends[operation.backend].health if operation.backend in self.backends else None
        if health is not None and operation.state is State.queued and health.paused:
            return max(1, -((self.clock() - health.next_try) // SECOND) + 1)
        return READ_BACK_S if operation.state in UNRESOLVED else ASK_AGAIN_S


async def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


GatewayDep = Annotated[Gateway, Depends(_gateway)]
