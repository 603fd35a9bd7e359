"""A ledger with orders in it, and the lives of updates there, through the product's own functions but without HTTP or vendor."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from app.domain.admission import OrderView
from app.domain.ids import new_id
from app.domain.operations import Operation, State
from app.domain.ports import Kind, Outcome
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import lanes, orders
from app.ledger.postgres import PostgresStore
from app.ledger.records import Acceptance, Accepted, AttemptEnd, Claim, Draft, Ending, Lease, Replayed, Send, Settlement
from app.ledger.rows import compact
from benchmarks.scaling.past import (
    ANSWER,
    ASKED,
    FIELDS,
    RAISED_CODE,
    STATUS_AT,
    VENDOR_IDS,
    backend_of,
    client_of,
    number_of,
    tenant_of,
)

AT_ONCE = 8
"""So many updates are under way together, as on a gateway that is busy; their commits share flushes."""
TAKEN_TOGETHER = 50
"""As the poller takes them (`app.delivery.polling.AT_ONCE`)."""
NEW_CODE = "11"


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`orders` orders of `backends` backends in a migrated database, and a store on it."""

    store: PostgresStore
    orders: int
    backends: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def scattered(self, count: int) -> Iterable[int]:
        """Orders far from each other, none twice while there are others."""
        return (next(self._numbers) * 7_919 % self.orders for _ in range(count))

    def lane(self, n: int) -> tuple[str, str]:
        """Backend and number of the nth order."""
        return backend_of(n, self.backends), number_of(n)

    async def sent_at_once(self, n: int, *, key: str | None = None, reference: str | None = None) -> None:
        """An update that nothing is ahead of: accepted with its intent, then settled."""
        accepted = await self._accepted(n, begins=True, key=key, reference=reference)
        assert isinstance(accepted, Accepted)
        assert accepted.claim is not None
        await self._settle(accepted.claim, accepted.operation)

    async def sent_again(self, n: int, *, key: str) -> None:
        """A repeat of an update, with its key."""
        assert isinstance(await self._accepted(n, begins=True, key=key), Replayed)

    async def queued(self, n: int) -> None:
        """An update that waits: accepted, its queue leased by a worker, begun, settled; or another's that waits there."""
        backend, _ = self.lane(n)
        await self._accepted(n, begins=False)
        now, claims = self.store.now(), list[Claim]()
        while not claims:  # another may just be claiming ours, and leaves his own to us
            claims = await self.store.write(lanes.claim(backend, now=now, lease=_lease(now), most=1))
        (claim,) = claims
        head = await self.store.read(lanes.head(claim))
        known = await self.store.read(orders.find(backend, claim.number))
        assert head is not None
        assert known is not None
        code = known.view.code
        begun = await self.store.write(
            lanes.begin(claim, head, target_code=NEW_CODE, previous_code=code, lease=_lease(now), now=now)
        )
        await self._settle(claim, begun)

    async def polled(self, first: int) -> None:
        """A round of polling shows so many orders of one backend as they were: one transaction of the poller's."""
        now = self.store.now()
        backend, _ = self.lane(first)
        numbers = [number_of((first + n * self.backends) % self.orders) for n in range(TAKEN_TOGETHER)]
        seen = [_as_it_was(number, now) for number in numbers]
        assert not await self.store.write(orders.observe(backend, seen, source="poll", now=now, listed_at=now))

    async def _accepted(
        self, n: int, *, begins: bool, key: str | None = None, reference: str | None = None
    ) -> Acceptance:
        now, (backend, number) = self.store.now(), self.lane(n)
        operation_id = new_id("op", now_micros=now)
        draft = Draft(
            id=operation_id,
            tenant=tenant_of(n, self.backends),
            client_id=client_of(n, self.backends),
            backend=backend,
            number=number,
            kind=Kind.status_update,
            body=ASKED,
            occurred_at=now,
            client_reference=reference,
            key=key or str(uuid4()),
            fingerprint=hashlib.sha256(f"{n} {ASKED}".encode()).hexdigest(),
            now=now,
            request_id=operation_id[3:],
        )
        return await self.store.accept(draft, _passes, _lease(now) if begins else None)

    async def _settle(self, claim: Claim, operation: Operation) -> None:
        now = self.store.now()
        answer = compact({**ANSWER, "operation_id": operation.id, "backend": operation.backend})
        end = AttemptEnd(n=1, outcome=Outcome.applied.value, detail="StatusUpdated")
        settled = await self.store.settle(
            Settlement(
                claim=claim,
                operation=operation,
                to=State.applied,
                now=now,
                lease_until=now + 35 * SECOND,
                attempt=end,
                ending=Ending(problem=None, answer_status=201, answer_body=answer),
                result=answer,
                event_data={"evidence": "vendor_accepted"},
            )
        )
        assert not settled.more


def _lease(now: int) -> Lease:
    return Lease(owner="4711-0a1b2c3d", until=now + 35 * SECOND, deadline_at=now + 20 * SECOND)


def _passes(order: OrderView, _used_by: str | None) -> Send:
    return Send(target_code=NEW_CODE, previous_code=order.code)


def _as_it_was(number: str, now: int) -> Observation:
    return Observation(
        key=OrderKey(number=number, reference=f"WO{number}", vendor_ids=VENDOR_IDS),
        code=RAISED_CODE,
        status_at=from_micros(STATUS_AT),
        late=False,
        target_at=None,
        fields=FIELDS,
        record=FIELDS,
        as_of=from_micros(now),
    )


async def side_by_side(work: Callable[[int], Awaitable[None]], over: Iterable[int], *, tasks: int = AT_ONCE) -> int:
    """Do the work for each, so many together; returns how many."""
    todo, done = iter(over), 0

    async def take() -> None:
        nonlocal done
        for n in todo:
            await work(n)
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(take())
    return done
