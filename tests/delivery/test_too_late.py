"""A process that stood still between its intent and its call: past the attempt's deadline it sends nothing (a zombie lease)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.delivery import readback, send
from app.delivery.changes import prepare
from app.delivery.desk import Desk
from app.domain.operations import Operation, State
from app.domain.times import SECOND
from app.ledger import lanes
from app.ledger.records import Claim, Fenced, Lease
from tests.delivery.bench import body, codes, finished, operation, outcomes, until
from tests.delivery.changing import place
from tests.delivery.recording import Glass
from tests.gateway import Site

ORDER = "113427"


class Worker:
    """The test itself is the worker: the gateway's own leases nothing until it is let `go_on`."""

    def __init__(self, site: Site) -> None:
        self._own = site.app.state.gateway.dispatcher._workers[site.backend]
        self._own._places.taken = self._own._places.most
        self.desk: Desk = site.app.state.gateway.dispatcher._desks[site.backend]

    def go_on(self) -> None:
        self._own._places.taken = 0
        self._own.wake()

    async def leased(self, *, for_s: float) -> Claim:
        """The one queue that wants attention."""
        lease = self.lease(for_s=for_s)
        claims: list[Claim] = []

        async def free() -> bool:
            now = self.desk.clock()
            claims.extend(
                await self.desk.store.write(lanes.claim(self.desk.backend.name, now=now, lease=lease, most=1))
            )
            return bool(claims)

        await until(free)
        return claims[0]

    def lease(self, *, for_s: float) -> Lease:
        """Its attempt must be over within a twentieth of a second."""
        now = self.desk.clock()
        return Lease(owner="zombie", until=now + round(for_s * SECOND), deadline_at=now + SECOND // 20)

    async def head(self, claim: Claim) -> Operation:
        found = await self.desk.store.read(lanes.head(claim))
        assert found is not None
        return found

    async def begun(self, claim: Claim, *, for_s: float) -> tuple[Operation, int]:
        """The head of the queue with its intent stored, and the attempt's deadline, which has passed by now."""
        lease = self.lease(for_s=for_s)
        unit = lanes.begin(
            claim,
            await self.head(claim),
            target_code="11",
            previous_code="3",
            code_since=None,
            lease=lease,
            now=self.desk.clock(),
        )
        began = await self.desk.store.write(unit)
        await asyncio.sleep(max(for_s, 0.1) if for_s < 1 else 0.1)
        return began, lease.deadline_at


@pytest.fixture
async def scene(seen: tuple[Site, Glass]) -> tuple[Site, Glass, Worker, str]:
    """An update that is queued, and nobody but the test to send it."""
    site, glass = seen
    await site.api.get(site.orders(ORDER))
    worker = Worker(site)
    answer = await site.update(ORDER, body(11), prefer="respond-async")
    return site, glass, worker, answer.headers["operation-id"]


async def test_past_its_deadline_an_attempt_sends_nothing_and_goes_back_to_the_queue(
    scene: tuple[Site, Glass, Worker, str],
) -> None:
    site, glass, worker, sent = scene
    claim = await worker.leased(for_s=60)
    began, deadline_at = await worker.begun(claim, for_s=60)
    view = await send.known_order(worker.desk, began)
    before = len(glass.passed)
    settled = await send.attempt(worker.desk, claim, began, view, deadline_at=deadline_at)
    assert (settled.operation.state, settled.more, len(glass.passed)) == (State.queued, False, before)
    assert (await outcomes(site, sent), codes(site, ORDER)) == (["not_sent"], [])
    worker.go_on()
    found = await finished(site, sent)
    assert (found["state"], found["attempts"], codes(site, ORDER)) == ("applied", 2, [11])


async def test_past_its_deadline_an_attempt_that_another_took_over_sends_and_writes_nothing(
    scene: tuple[Site, Glass, Worker, str],
) -> None:
    site, glass, zombie, sent = scene
    claim = await zombie.leased(for_s=0.2)
    began, deadline_at = await zombie.begun(claim, for_s=0.2)
    taken = await zombie.leased(for_s=60)
    assert taken.fence == claim.fence + 1
    await readback.interrupted(zombie.desk, taken, await zombie.head(taken))
    view = await send.known_order(zombie.desk, began)
    before = len(glass.passed)
    with pytest.raises(Fenced):
        await send.attempt(zombie.desk, claim, began, view, deadline_at=deadline_at)
    assert ((await operation(site, sent))["state"], len(glass.passed)) == ("unknown", before)
    assert (await outcomes(site, sent), codes(site, ORDER)) == (["unknown"], [])
    zombie.go_on()
    found = await finished(site, sent)
    assert (found["state"], found["attempts"], codes(site, ORDER)) == ("applied", 2, [11])


async def test_whose_lease_was_taken_before_the_intent_stores_none(scene: tuple[Site, Glass, Worker, str]) -> None:
    site, glass, zombie, sent = scene
    claim = await zombie.leased(for_s=0.1)
    head, known = await zombie.desk.store.read(lanes.turn(claim))
    assert head is not None
    await asyncio.sleep(0.1)
    await zombie.leased(for_s=60)
    before = len(glass.passed)
    with pytest.raises(Fenced):
        await send.deliver(zombie.desk, claim, head, known)
    assert len(glass.passed) == before
    found = await operation(site, sent)
    assert (found["state"], found["attempts"], await outcomes(site, sent)) == ("queued", 0, [])


async def test_a_change_past_its_deadline_is_not_sent_either(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        await at.read()
        worker = Worker(at.site)
        sent = await at.sent_async(at.patch, {"type": "1002"})
        claim = await worker.leased(for_s=60)
        prepared = await prepare(worker.desk, await worker.head(claim))
        late = replace(worker.desk, deadline_s=-1)
        settled = await send.deliver_change(late, claim, await worker.head(claim), prepared)
        assert (settled.operation.state, at.sent) == (State.queued, [])
        assert await outcomes(at.site, sent) == ["not_sent"]
        worker.go_on()
        assert (await at.end_of(sent))["state"] == "applied"
        assert (at.sent, at.effects()) == (["PATCH"], ["updated"])
