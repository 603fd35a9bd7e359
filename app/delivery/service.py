"""The delivery of a running gateway: one worker and one poller for each backend, and fresh status tables."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from functools import partial

import structlog

from app.delivery.desk import Desk
from app.delivery.lasting import lasting
from app.delivery.polling import keep_polling
from app.delivery.watchers import Watchers
from app.delivery.worker import BackendWorker
from app.domain.operations import Operation
from app.domain.ports import Capability
from app.ledger import statuses
from app.ledger.records import Accepted, Lease
from app.ledger.store import Store, StoreUnavailable
from app.vendors.backends import Backend

log = structlog.get_logger(__name__)

REFRESH_S = 2
"""How soon an imported status table is used."""


class Delivery:
    """Implements `app.ledger.dispatch.Dispatcher`."""

    def __init__(self, store: Store, backends: Mapping[str, Backend], *, public_url: str, deadline_s: float) -> None:
        self._store = store
        self._backends = backends
        self._deadline_s = deadline_s
        self._watchers = Watchers()
        owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._desks = {
            name: Desk(
                store=store,
                backend=backend,
                owner=owner,
                public_url=public_url,
                deadline_s=deadline_s,
                watchers=self._watchers,
            )
            for name, backend in backends.items()
        }
        self._workers = {
            name: BackendWorker(desk, places=desk.backend.settings.max_connections)
            for name, desk in self._desks.items()
        }
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.refresh_statuses()
        for worker in self._workers.values():
            worker.start()
        self._background = [
            asyncio.create_task(lasting(partial(keep_polling, desk), what=f"polling {name}"), name=f"polling {name}")
            for name, desk in self._desks.items()
            if Capability.list in desk.backend.vendor.capabilities
        ]
        tables = "status tables"
        self._background.append(asyncio.create_task(lasting(self._keep_statuses_fresh, what=tables), name=tables))

    async def stop(self) -> None:
        """Let the calls under way end, then write down what is not known; nothing accepted is lost."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*[worker.stop(within_s=self._deadline_s + 5) for worker in self._workers.values()])

    async def refresh_statuses(self) -> None:
        """Take in the imported status tables as they are now."""
        for name, backend in self._backends.items():
            backend.use_statuses(await self._store.read(statuses.read(name)))

    async def _keep_statuses_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.refresh_statuses()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", reason=str(error))

    def reserve(self, backend: str) -> Lease | None:
        return self._workers[backend].reserve()

    def release(self, backend: str) -> None:
        self._workers[backend].release()

    def hand_over(self, accepted: Accepted) -> None:
        self._workers[accepted.operation.backend].hand_over(accepted)

    def watch(self, operation_id: str) -> asyncio.Future[Operation]:
        return self._watchers.watch(operation_id)

    def unwatch(self, operation_id: str, future: asyncio.Future[Operation]) -> None:
        self._watchers.unwatch(operation_id, future)
