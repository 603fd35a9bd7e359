"""The quick ways leave exactly the rows that the generic units leave: one script, three runs, every table compared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from app.domain.errors import VendorSaid
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import lanes
from app.ledger.accept import accept
from app.ledger.postgres import PostgresStore
from app.ledger.records import Acceptance, Accepted, AttemptEnd, Decide, Draft, Lease, Settled, Settlement
from app.ledger.settle import settle
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store
from tests.ledger.conftest import tell_no_time
from tests.ledger.scenes import (
    APPLIED,
    ENDED,
    NOW,
    REFUSED,
    claimed,
    draft,
    everything,
    lease,
    passes,
    refuses,
    settlement,
)
from tests.postgres import Postgres

LATER = NOW + SECOND


@dataclass(frozen=True)
class Way:
    """One way of taking the two hot steps."""

    store: Store
    accept: Callable[[Draft, Decide, Lease | None], Awaitable[Acceptance]]
    settle: Callable[[Settlement], Awaitable[Settled]]

    async def begin(self, n: int, number: str, code: str | None = "11") -> Accepted:
        accepted = await self.accept(draft(n, number=number), passes(code), lease())
        assert isinstance(accepted, Accepted)
        return accepted


@pytest_asyncio.fixture
async def twin(postgres_server: Postgres, postgres_template: str) -> AsyncIterator[PostgresStore]:
    with postgres_server.database(template=postgres_template) as url:
        await tell_no_time(url)
        store = PostgresStore(url)
        await store.open()
        yield store
        await store.close()


@pytest.fixture
def ways(sqlite_store: SqliteStore, postgres_store: PostgresStore, twin: PostgresStore) -> list[Way]:
    return [
        Way(sqlite_store, sqlite_store.accept, sqlite_store.settle),
        Way(postgres_store, postgres_store.accept, postgres_store.settle),
        Way(
            twin,
            lambda asked, decide, wanted: twin.write(accept(asked, decide, wanted)),
            lambda step: twin.write(settle(step)),
        ),
    ]


async def accepts(way: Way) -> list[object]:
    """Every kind of acceptance."""
    return [
        await way.accept(draft(1, number="a"), passes("11"), lease()),
        await way.accept(draft(2, number="a", reference="visit-7"), passes("12"), lease()),
        await way.accept(draft(3, number="a", kind=Kind.patch), passes(None), None),
        await way.accept(draft(4, number="b", key=None), passes("11"), lease()),
        await way.accept(draft(5, number="b", key=None), passes("11"), lease()),
        await way.accept(draft(6, number="c"), refuses(), lease()),
        await way.accept(draft(6, number="c"), refuses(), lease()),
        await way.accept(draft(1, number="a"), passes(), lease()),
    ]


async def ends(way: Way) -> list[object]:
    """Every settling that ends an operation, alone and with more behind."""
    said = VendorSaid(code="7", message="No", status=200)
    told: list[object] = []
    n = 0
    for more in (False, True):
        for code in ("11", None):
            for to, ending in ((State.applied, APPLIED), (State.refused, REFUSED)):
                n += 2
                first = await way.begin(n, f"{n:03}", code)
                if more:
                    await way.accept(draft(n + 1, number=f"{n:03}"), passes("12"), None)
                end = AttemptEnd(n=1, outcome=to.value, detail="as matched", said=said if more else None)
                step = settlement(first.claim, first.operation, to, ending=ending)
                told.append(await way.settle(replace(step, attempt=end, result='{"x":1}', event_data={"e": "v"})))
    return told


async def waits(way: Way) -> list[object]:
    """Every settling after which the queue waits, and the steps between."""
    told: list[object] = []
    for n, to in enumerate((State.unknown, State.queued), start=1):
        first = await way.begin(2 * n, f"{n:03}")
        await way.accept(draft(2 * n + 1, number=f"{n:03}"), passes("12"), None)
        end = AttemptEnd(n=1, outcome="unknown", detail="no answer")
        step = settlement(first.claim, first.operation, to, ready_at=LATER)
        told.append(await way.settle(replace(step, attempt=end, probes=2, probe_evidence="10|")))
    unknown, again = sorted(await claimed(way.store, now=LATER), key=lambda claim: claim.number)
    head = await way.store.read(lanes.head(unknown))
    assert head is not None
    looked_at = await way.store.write(lanes.verify(unknown, head, lease=lease(now=LATER), now=LATER))
    told.append(await way.settle(settlement(unknown, looked_at, State.held, now=LATER + SECOND)))
    head = await way.store.read(lanes.head(again))
    assert head is not None
    told.append(
        await way.store.write(
            lanes.begin(again, head, target_code="12", previous_code="10", lease=lease(now=LATER), now=LATER)
        )
    )
    return told


async def behind(way: Way) -> list[object]:
    """A hold, and an end for everything behind."""
    told: list[object] = []
    for n, ending_behind in enumerate((None, lambda _: ENDED), start=1):
        first = await way.begin(10 * n, f"{n:03}")
        for after in (1, 2):
            await way.accept(draft(10 * n + after, number=f"{n:03}"), passes("12"), None)
        step = settlement(first.claim, first.operation, State.refused, ending=REFUSED, hold_id=f"hold_{n}")
        told.append(await way.settle(replace(step, end_behind=ending_behind)))
    return told


async def cancelled_in_the_queue(way: Way) -> list[object]:
    """An end without an attempt."""
    accepted = await way.accept(draft(1), passes(), None)
    assert isinstance(accepted, Accepted)
    [claim] = await claimed(way.store)
    asked: Operation = accepted.operation
    return [await way.settle(settlement(claim, asked, State.cancelled, ending=ENDED))]


@pytest.mark.parametrize("script", [accepts, ends, waits, behind, cancelled_in_the_queue])
async def test_the_same_script_leaves_the_same_rows_and_answers_on_every_way(
    ways: list[Way], script: Callable[[Way], Awaitable[list[object]]]
) -> None:
    answers = [await script(way) for way in ways]
    assert answers[0] == answers[1] == answers[2]
    left: list[Mapping[str, list[dict[str, object]]]] = [await everything(way.store) for way in ways]
    assert left[0] == left[1] == left[2]
    assert any(left[0].values())
