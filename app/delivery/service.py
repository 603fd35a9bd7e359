"""The delivery of a running gateway: one worker and one poller for each backend, and fresh status tables."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from app.delivery.desk import Desk
from app.delivery.polling import keep_polling
from app.delivery.watchers import Watchers, uncounted
from app.delivery.worker import BackendWorker
from app.domain.operations import Operation
from app.lasting import lasting
from app.ledger import operation_lists, operations, statuses
from app.ledger.records import Accepted, Lease
from app.ledger.store import Store, StoreUnavailable
from app.telemetry import spans
from app.telemetry.at_work import AT_WORK
from app.vendors.backends import Backend

log = structlog.get_logger(__name__)

QUEUE, OPERATION = "queue", "operation"
"""What processes tell each other: a queue of this backend wants attention, this operation has come to rest."""
REFRESH_S = 2
"""How soon an imported status table is used."""


class Delivery:
    """Implements `app.ledger.dispatch.Dispatcher`."""

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        public_url: str,
        deadline_s: float,
        ended: Callable[[Operation], None] = uncounted,
    ) -> None:
        self._store = store
        self._backends = backends
        self._deadline_s = deadline_s
        self._watchers = Watchers(abroad=lambda operation_id: store.say(f"{OPERATION} {operation_id}"), changed=ended)
        owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._desks = {
            name: Desk(
                store=store,
                backend=backend,
                owner=owner,
                public_url=public_url,
                deadline_s=deadline_s,
                watchers=self._watchers,
                clock=store.now,
            )
            for name, backend in backends.items()
        }
        self._workers = {
            name: BackendWorker(desk, places=desk.backend.settings.places) for name, desk in self._desks.items()
        }
        self._background: list[asyncio.Task[None]] = []
        self._telling: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self.refresh_statuses()
        await self._miss_backends()
        self._store.listen(self._heard)
        for worker in self._workers.values():
            worker.start()
        self._background = [
            asyncio.create_task(
                lasting(partial(keep_polling, desk, self._workers[name].wake), what=f"polling {name}"),
                name=f"polling {name}",
            )
            for name, desk in self._desks.items()
        ]
        tables = "status tables"
        self._background.append(asyncio.create_task(lasting(self._keep_statuses_fresh, what=tables), name=tables))

    async def _miss_backends(self) -> None:
        """Say whose writes nobody delivers: their backends have been taken out of the configuration."""
        for name, count in (await self._store.read(operation_lists.open_by_backend())).items():
            if name not in self._backends:
                log.warning("writes wait for a backend that is not configured", backend=name, operations=count)

    async def stop(self) -> None:
        """Let the calls under way end, then write down what is not known; nothing accepted is lost."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*[worker.stop(within_s=self._deadline_s + 5) for worker in self._workers.values()])

    async def refresh_statuses(self) -> None:
        """Take in the imported status tables as they are now."""
        tables = await self._store.read(statuses.read_all())
        for name, backend in self._backends.items():
            backend.use_statuses(tables.get(name, ()))

    async def _keep_statuses_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.refresh_statuses()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", reason=str(error))

    def beats(self, *, within_s: float) -> bool:
        return all(time.monotonic() - worker.beat < within_s for worker in self._workers.values())

    def leave(self) -> None:
        for worker in self._workers.values():
            worker.leave()

    async def place(self, backend: str, *, patient: bool) -> Lease | None:
        return await self._workers[backend].place(patient=patient)

    def release(self, backend: str) -> None:
        self._workers[backend].release()

    def hand_over(self, accepted: Accepted) -> None:
        backend = accepted.operation.backend
        AT_WORK.set(accepted.operation)  # for the task that takes it on
        if spans.tracer is not None:
            spans.remember(accepted.operation)
        self._watchers.accepted_here(accepted.operation)
        self._workers[backend].hand_over(accepted)
        if accepted.claim is None:
            self._store.say(f"{QUEUE} {backend}")

    def changed(self, backend: str, operations: Sequence[Operation] = ()) -> None:
        for one in operations:
            self._watchers.tell(one)
        if backend in self._workers:
            self._workers[backend].wake()
        self._store.say(f"{QUEUE} {backend}")

    def _heard(self, words: str) -> None:
        """Another process has queued something, or finished what somebody may be waiting for here."""
        kind, _, name = words.partition(" ")
        if kind == QUEUE and name in self._workers:
            self._workers[name].wake()
        elif kind == OPERATION and self._watchers.settled_abroad(name):
            task = asyncio.create_task(self._tell_of(name))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_of(self, operation_id: str) -> None:
        try:
            found = await self._store.look(operations.find(operation_id))
        except StoreUnavailable:
            return  # whoever waits looks again by itself
        if found is not None:
            self._watchers.tell_of(found)

    def watch(self, operation_id: str) -> asyncio.Future[Operation]:
        return self._watchers.watch(operation_id)

    def unwatch(self, operation_id: str, future: asyncio.Future[Operation]) -> None:
        self._watchers.unwatch(operation_id, future)
