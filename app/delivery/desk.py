"""What every step of the delivery works with: the store, the clock, one backend, and how a step is settled and told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import field, replace
from typing import TypeVar

import structlog

from app.delivery.watchers import Watchers
from app.domain.errors import GatewayError
from app.domain.evidence import Evidence
from app.domain.holds import Cause
from app.domain.ids import new_id
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.receipts import order, problem_of
from app.domain.record import record
from app.domain.times import SECOND, now_micros
from app.domain.work_orders import Observation
from app.ledger import doubts, orders
from app.ledger.endings import Receipt, receipt
from app.ledger.records import AttemptEnd, Claim, Ending, KnownOrder, Lease, NewHold, Settled, Settlement
from app.ledger.settle import ending_of
from app.ledger.store import Store, StoreUnavailable
from app.vendors.backends import Backend

log = structlog.get_logger(__name__)
T = TypeVar("T")

EARLIER = "An earlier attempt of this write may have taken effect before that; nothing has proved that it did not."
SETTLE_AGAIN_S = (0.2, 1.0, 3.0)
"""Well within what the queue's lease leaves after the attempt's deadline."""


@record(frozen=True, kw_only=True, slots=True)
class Made:
    """What a write other than a status update left at the vendor: the order as read afterwards, and whether it is new.

    Without `order` it could not be read; `number` is what the vendor called a new one.
    """

    order: KnownOrder | None = None
    created: bool = False
    number: str | None = None
    not_shown: tuple[str, ...] = ()
    """Pointers of what was asked for and the order read afterwards does not show."""


@record(frozen=True, kw_only=True)
class Desk:
    """One backend's place of work."""

    store: Store
    backend: Backend
    owner: str
    public_url: str
    deadline_s: float
    watchers: Watchers
    clock: Callable[[], int] = field(default=now_micros)

    def lease(self) -> Lease:
        """A lease from now on: long enough for one attempt and its settling."""
        now = self.clock()
        deadline = now + round(self.deadline_s * SECOND)
        return Lease(owner=self.owner, until=deadline + 15 * SECOND, deadline_at=deadline)

    async def observe(self, seen: Observation) -> None:
        """Take in what was read for the sake of a write."""
        ended = self.backend.rules.table.ended_codes
        await self.store.write(
            orders.observe(self.backend.name, [seen], source="delivery", now=self.clock(), ended=ended)
        )

    async def learn(self, seen: Observation) -> KnownOrder:
        """Take in what the vendor shows, and give the order as the ledger has it then."""
        ended = self.backend.rules.table.ended_codes
        return await self.store.write(
            orders.take_in(self.backend.name, seen, source="delivery", now=self.clock(), ended=ended)
        )

    async def learn_as_shown(self, seen: Observation) -> KnownOrder:
        """Take in what the vendor shows, and give the order as it shows it, with its queue as the ledger has it.

        Another reading may have come in meanwhile that counts as newer; what follows here rests on this one.
        """
        known = await self.learn(seen)
        view = replace(known.view, code=seen.code, reference=seen.key.reference, vendor_ids=seen.key.vendor_ids)
        return replace(known, view=view, observation=seen, etag=orders.etag_of(seen))

    async def settle(
        self,
        claim: Claim,
        operation: Operation,
        to: State,
        *,
        attempt: AttemptEnd | None = None,
        error: GatewayError | None = None,
        evidence: str | None = None,
        ready_at: int | None = None,
        hold: Cause | None = None,
        why: str = "",
        ends_behind: bool = False,
        probes: int | None = None,
        probe_evidence: str | None = None,
        made: Made | None = None,
    ) -> Settled:
        """Write the step and tell those who wait for it; `made` is what an applied write left. Raises Fenced.

        `hold` and `why` are those of the hold that an operation opens as it becomes held, or that stops what is queued
        behind a refusal.
        """
        now = self.clock()
        ending, result, number = None, None, None
        if to is State.applied:
            made = made or Made()
            answer = self.receipt(operation, made, at=now, evidence=evidence or Evidence.vendor_accepted)
            if answer is not None:
                ending = answer.ending
                result = ending.answer_body
            number = made.number if made.number and operation.number is None else None
        elif error is not None:
            if await self._in_doubt(operation, attempt):
                ending, why = self.refused(_doubted(error), operation), f"{why} {EARLIER}"
            else:
                ending = self.refused(error, operation)
        settlement = Settlement(
            claim=claim,
            operation=operation,
            to=to,
            now=now,
            lease_until=self.lease().until,
            attempt=attempt,
            ending=ending,
            result=result,
            ready_at=ready_at,
            hold=None if hold is None else NewHold(id=new_id("hold", now_micros=now), cause=hold, detail=why),
            end_behind=self._end_with(error, operation) if ends_behind and error is not None else None,
            probes=probes,
            probe_evidence=probe_evidence,
            number=number,
            event_data=_event_data(error, evidence),
        )
        settled = await self._patiently(lambda: self.store.settle(settlement), operation)
        for one in (settled.operation, *settled.ended):
            self.watchers.tell(one)
        return settled

    async def _in_doubt(self, operation: Operation, attempt: AttemptEnd | None) -> bool:
        """Whether an attempt before the one that this refusal ends may have taken effect nevertheless."""
        this = operation.attempts + 1 if attempt is None else attempt.n
        if this == 1:
            return False
        over = await self._patiently(
            lambda: self.store.look(doubts.in_doubt(operation.id, before_attempt=this)), operation
        )
        return over is not None

    def receipt(self, operation: Operation, made: Made | None, *, at: int, evidence: str) -> Receipt | None:
        """What the applied operation answers; None: the operation itself has to tell."""
        made = made or Made()
        backend = self.backend
        shown = None
        if made.order is not None and made.order.observation is not None:
            shown = order(
                made.order.observation,
                made.order.view,
                backend.rules.table,
                backend=backend.name,
                tenant=operation.tenant,
                settled=1 if made.order.view.number == operation.work_order else 0,
            )
            if made.not_shown:
                shown["not_shown"] = list(made.not_shown)
        return receipt(
            operation,
            backend.rules.table,
            at=at,
            evidence=evidence,
            order=shown,
            created=made.created,
            effect=backend.vendor.delete_effect,
            kept_here=backend.vendor.kept_here,
        )

    async def _patiently(self, step: Callable[[], Awaitable[T]], operation: Operation) -> T:
        """Take a step of settling, and again for a while if the database is away: a vendor's answer should not become unknown.

        A step that was written after all, its confirmation lost, is not written twice: the repeat raises Fenced.
        """
        for pause_s in SETTLE_AGAIN_S:
            try:
                return await step()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", operation=operation.id, reason=str(error))
                await asyncio.sleep(pause_s)
        return await step()

    def refused(self, error: GatewayError, operation: Operation) -> Ending:
        """The problem that the operation answers from now on."""
        return ending_of(problem_of(error, operation, public_url=self.public_url), status=error.status)

    def _end_with(self, error: GatewayError, cause: Operation) -> Callable[[Operation], Ending]:
        """The same problem for everything behind `cause`; the vendor's words answered its tenant, and are told to no other."""
        without_words = copy(error)
        without_words.vendor = None
        return lambda behind: self.refused(error if behind.tenant == cause.tenant else without_words, behind)


def _doubted(error: GatewayError) -> GatewayError:
    """The same refusal, which says that an earlier attempt may have taken effect."""
    told = copy(error)
    told.detail, told.outcome = f"{error.detail} {EARLIER}", "unknown"
    return told


def _event_data(error: GatewayError | None, evidence: str | None) -> JsonObject:
    if error is not None:
        return {"problem": error.code}
    return {} if evidence is None else {"evidence": evidence}
