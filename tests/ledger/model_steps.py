"""The steps of the model: each does one thing to the ledger and the same to the model, and compares what both say of it."""

from __future__ import annotations

from app.domain.admission import OrderView
from app.domain.errors import ClientReferenceUsed
from app.domain.holds import Action, Cause
from app.domain.operations import FINAL, Operation, State
from app.domain.times import SECOND
from app.ledger import holds, lanes
from app.ledger.accept import accept
from app.ledger.records import Accepted, Claim, Decide, Draft, Ending, NewHold, Send, Settlement
from app.ledger.rows import number_or_none
from app.ledger.settle import settle
from app.ledger.sql import Unit
from tests.ledger.model import Hold, Order, Write
from tests.ledger.model_words import LEASE, QUEUE, Words
from tests.ledger.scenes import APPLIED, BACKEND, ENDED, REFUSED, draft


class Steps(Words):
    """What happens to a write, from its acceptance on."""

    # -- accept

    def asked(self, number: str, tenant: str, *, reference: bool = False) -> Draft:
        n = len(self.model.writes) + 1
        client, used = f"{tenant}-app", f"visit-{n}" if reference else None
        return draft(n, number=number, tenant=tenant, client=client, reference=used, now=self.now)

    def accepted(self, asked: Draft, target: str | None, *, at_once: bool) -> None:
        """A write joins its queue, or begins at once where nothing is in its way."""
        order = self.model.orders[asked.number]
        ahead = order.open()
        begins = at_once and not ahead and order.hold is None and not order.recheck
        begins = begins and not self.model.live(asked.number)
        accepted = self.run(accept(asked, self._decide(order, target), self.lease() if at_once else None))
        assert isinstance(accepted, Accepted)
        assert (accepted.operation.id, accepted.operation.seq) == (asked.id, len(order.writes) + 1)
        assert (accepted.claim is not None, accepted.operation.attempts) == (begins, int(begins))
        write = Write(
            name=asked.id,
            number=asked.number,
            tenant=asked.tenant,
            state=State.queued,
            target=target,
            asked=asked,
            key=True,
            reference=asked.client_reference,
            accepted_at=self.now,
        )
        self.model.add(write)
        if accepted.claim is not None:
            self._begun(write, accepted.claim)
            self.model.leased(accepted.claim, self.now + LEASE)

    def _decide(self, order: Order, target: str | None) -> Decide:
        foretold, open_ = order.foretold(), len(order.open())

        def decide(seen: OrderView, used_by: str | None) -> Send:
            if used_by is not None:
                raise ClientReferenceUsed("used", pointer="/client_reference", operation_id=used_by)
            assert (seen.projected_code, seen.code) == (foretold and foretold.target, order.code)
            assert (seen.open_count, seen.held, seen.recheck) == (open_, order.hold is not None, order.recheck)
            return Send(target_code=target, previous_code=seen.code)

        return decide

    # -- deliver

    def due(self) -> set[str]:
        """The queues that want attention and that nobody works on."""
        return {
            number
            for number in self.model.orders
            if (at := self.ready_at(number)) is not None and at <= self.now and not self.model.live(number)
        }

    def ready_at(self, number: str) -> int | None:
        return self.run(_ready_at(number))

    def claims(self, most: int) -> None:
        due = self.due()
        claims = self.run(lanes.claim(BACKEND, now=self.now, lease=self.lease(), most=most))
        assert len(claims) == min(most, len(due))
        for claim in claims:
            assert claim.number in due
            self.model.leased(claim, self.now + LEASE)

    def worked(self, number: str, outcome: str) -> None:
        """One step of whoever has the queue, with this outcome if it comes to one."""
        order = self.model.orders[number]
        claim = order.claim
        assert claim is not None
        head = self.run(lanes.head(claim))
        first = next(iter(order.open()), None)
        assert (None if head is None else head.id) == (None if first is None else first.name)
        if head is None or first is None:
            self.run(lanes.put_back(claim, ready_at=None))
            self.model.freed(number)
            return
        assert order.hold is None or head.state is State.held, "a queue that is stopped was leased"
        match head.state:
            case State.queued if outcome in ("refused here", "ended here"):
                self.settled(claim, head, State.refused, ending=REFUSED, ends_behind=outcome == "ended here")
            case State.queued:
                self.begins(claim, head)
            case State.sending if first.sent_under != claim.fence:
                self.settled(claim, head, State.unknown, ready_at=self.now + 5 * SECOND)  # whoever sent it is gone
            case State.sending:
                self.answered(claim, head, outcome)
            case State.unknown:
                self.verifies(claim, head)
            case State.verifying:
                self.read_back(claim, head, outcome)
            case _:
                self.asked_again(claim, first, outcome)

    def begins(self, claim: Claim, head: Operation) -> None:
        write, order = self.model.writes[head.id], self.model.orders[claim.number]
        code = order.code
        unit = lanes.begin(
            claim, head, target_code=head.target_code, previous_code=code, lease=self.lease(), now=self.now
        )
        assert self.run(unit).attempts == write.attempts + 1
        self._begun(write, claim)
        order.leased_until, order.recheck = self.now + LEASE, False

    def verifies(self, claim: Claim, head: Operation) -> None:
        order = self.model.orders[claim.number]
        self.run(lanes.verify(claim, head, lease=self.lease(), now=self.now))
        self.model.move(self.model.writes[head.id], State.verifying)
        order.leased_until, order.recheck = self.now + LEASE, False

    def _begun(self, write: Write, claim: Claim) -> None:
        self.model.move(write, State.sending)
        write.attempts, write.sent_under = write.attempts + 1, claim.fence
        if write not in self.model.sent:
            self.model.sent.append(write)

    def answered(self, claim: Claim, head: Operation, outcome: str) -> None:
        match outcome:
            case "applied":
                self.settled(claim, head, State.applied, ending=APPLIED)
            case "refused":
                self.settled(claim, head, State.refused, ending=REFUSED, hold=Cause.vendor_refused)
            case "ended":
                self.settled(claim, head, State.refused, ending=REFUSED, ends_behind=True)
            case "not sent":
                self.settled(claim, head, State.queued, ready_at=self.now + 10 * SECOND)
            case "held":
                self.settled(claim, head, State.held, hold=Cause.side_effect)
            case _:
                self.settled(claim, head, State.unknown, ready_at=self.now + 5 * SECOND)

    def read_back(self, claim: Claim, head: Operation, outcome: str) -> None:
        match outcome:
            case "applied":
                self.settled(claim, head, State.applied, ending=APPLIED)
            case "not sent":
                self.settled(claim, head, State.queued, ready_at=self.now)
            case "held" | "refused":
                self.settled(claim, head, State.held, hold=Cause.outcome_unknown)
            case _:
                self.settled(claim, head, State.unknown, ready_at=self.now + 5 * SECOND)

    def asked_again(self, claim: Claim, first: Write, outcome: str) -> None:
        """The vendor was read about a held write: it proves something, or the queue rests again."""
        hold = self.model.orders[claim.number].hold
        assert hold is not None
        assert hold.operation == first.name
        actions = {"applied": Action.mark_applied, "not sent": Action.retry}
        if outcome in actions:
            self.resolved(hold, actions[outcome])
            return
        self.run(holds.rest(claim))
        self.model.orders[claim.number].rests = True
        self.model.freed(claim.number)

    def settled(
        self,
        claim: Claim,
        head: Operation,
        to: State,
        *,
        ending: Ending | None = None,
        ready_at: int | None = None,
        hold: Cause | None = None,
        ends_behind: bool = False,
    ) -> None:
        write, order = self.model.writes[head.id], self.model.orders[claim.number]
        behind = order.open()[1:]
        name = f"hold_{len(self.model.holds) + 1:04}"
        step = Settlement(
            claim=claim,
            operation=head,
            to=to,
            now=self.now,
            lease_until=self.now + LEASE,
            ending=ending,
            ready_at=ready_at,
            hold=None if hold is None else NewHold(id=name, cause=hold, detail="what is known"),
            end_behind=(lambda _: ENDED) if ends_behind else None,
        )
        done = self.run(settle(step))
        assert (done.operation.id, done.operation.state) == (head.id, to)
        if to is State.applied:
            self.model.applied(write, answered=ending is not None)
        else:
            self.model.move(write, to, answered=ending is not None)
        self.model.tell(claim.number)
        assert [each.id for each in done.ended] == ([each.name for each in behind] if ends_behind else [])
        for each in behind if ends_behind else ():
            self.model.move(each, State.cancelled, answered=True)
            self.model.tell(claim.number)
        stops = hold is not None and (bool(behind) or to is State.held) and not (ends_behind and behind)
        if stops and hold is not None:
            self.model.stop(Hold(name, claim.number, hold, write.name, write.tenant))
        goes_on = to in FINAL and bool(behind) and not stops and not ends_behind
        assert done.more is goes_on
        if goes_on:
            order.leased_until = self.now + LEASE
        else:
            self.model.freed(claim.number)


def _ready_at(number: str) -> Unit[int | None]:
    rows = yield QUEUE, {"of_number": number}
    return number_or_none(rows[0], "ready_at") if rows else None
