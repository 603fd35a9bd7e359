"""A ledger with orders in it, and the lives of updates there, through the product's own functions but without HTTP or vendor."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from app.delivery.listed import STANDING_AT_ONCE
from app.domain.admission import OrderView
from app.domain.ids import new_id
from app.domain.operations import Operation, State
from app.domain.ports import Kind, Outcome
from app.domain.times import SECOND
from app.domain.work_orders import OrderKey
from app.ledger import lanes, listed, orders, rounds
from app.ledger.listed import Differing
from app.ledger.postgres import PostgresStore
from app.ledger.records import Acceptance, Accepted, AttemptEnd, Claim, Draft, Ending, Lease, Replayed, Send, Settlement
from app.ledger.rounds import Turn
from app.ledger.rows import compact, text
from app.ledger.rows import number as whole_number
from benchmarks.scaling.past import (
    ANSWER,
    ASKED,
    ISSUED,
    MARK,
    backend_of,
    client_of,
    number_of,
    tenant_of,
)
from benchmarks.scaling.shown import as_updated

AT_ONCE = 8
"""So many updates are under way together, as on a gateway that is busy; their commits share flushes."""
ROUND_WRITES = 3
"""Transactions that write, for a round that finds everything as it was: it is taken, has shown the orders, and is over."""
SHOWN_TOGETHER = 6
"""So many orders of a backend has a round of a minute to show as our updates left them, in the busiest hour."""
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

    async def polled(self, n: int) -> None:
        """A round of polling shows the orders of one backend as they were, and none else."""
        now, turn, standing = await self._begin_round(n)
        assert [one for one in self._numbers_of(n) if standing.get(one) != MARK] == []
        await self._end_round(turn, now)

    async def polled_after_updates(self, n: int) -> None:
        """A round of polling shows the `first_of` a backend as our updates have just left them, and the others as they were."""
        now, turn, standing = await self._begin_round(n)
        differing = Differing(turn=turn, source="poll", now=now, ended=frozenset())
        others = [number for number in self._numbers_of(n) if standing.get(number) != MARK]
        assert others == [number_of(one) for one in self.first_of(n)]
        for number, row in (await self.store.read(listed.beside(turn.backend, others))).items():
            assert row is not None
            key = OrderKey(number=number, reference=f"WO{number}", vendor_ids=ISSUED.key.vendor_ids)
            since = whole_number(row, "code_since")
            assert differing.add(as_updated(key, code=text(row, "code"), since=since, as_of=now), row)
        written = [await self.store.write(unit) for unit in differing.writes()]
        assert [change.number for taken in written for change in taken.changes if change.now] == others
        await self._end_round(turn, now)

    def first_of(self, n: int) -> range:
        """The first orders of the nth backend."""
        return range(n % self.backends, self.orders, self.backends)[:SHOWN_TOGETHER]

    def _numbers_of(self, n: int) -> list[str]:
        return [number_of(one) for one in range(n % self.backends, self.orders, self.backends)]

    async def _begin_round(self, n: int) -> tuple[int, Turn, Mapping[str, str | None]]:
        now, (backend, _) = self.store.now(), self.lane(n)
        taking = rounds.take(backend, owner=str(n), now=now, until=now + 60 * SECOND, every=0, alone=True)
        turn = await self.store.write(taking)
        assert isinstance(turn, Turn)
        return now, turn, await self.store.read(listed.standing(backend, after="", most=STANDING_AT_ONCE, now=now))

    async def _end_round(self, turn: Turn, now: int) -> None:
        assert await self.store.write(rounds.showed(turn, at=now, now=now))
        await self.store.write(rounds.end(turn, completed=self.store.now()))

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
            occurred_at=now // SECOND * SECOND,
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
