"""The model's steps in company: a write is led along the edges to where something is to be seen, so that a run has it all."""

from __future__ import annotations

from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.ledger import lanes
from tests.ledger.model import Write
from tests.ledger.model_steps import Steps
from tests.ledger.model_words import CODES
from tests.ledger.scenes import REFUSED

TOWARDS = {
    State.queued: State.sending,
    State.sending: State.unknown,
    State.unknown: State.verifying,
    State.verifying: State.held,
}
"""The way through all the states in which a write can be."""
BY_A_WORD = {
    State.applied: Action.mark_applied,
    State.queued: Action.retry,
    State.skipped: Action.skip,
    State.replaced: Action.replace,
    State.cancelled: Action.cancel,
}


class Led(Steps):
    """Steps, and ways through several of them."""

    def led(self, number: str, was: State, to: State) -> None:
        """The order's first write is brought to `was`, and then to `to`."""
        order = self.model.orders[number]
        for _ in range(10):
            first = next(iter(order.open()), None)
            if first is None:
                self.accepted(self.asked(number, "acme"), "10", at_once=False)
            elif order.hold is not None:
                there = was is first.state is State.held
                action = BY_A_WORD[to] if there else Action.retry if first.state is State.held else Action.skip
                self.resolved(order.hold, action)
                if there:
                    return
            elif not self.model.live(number):
                self.model.now = max(self.now, self.ready_at(number) or 0)
                self.claims(len(self.model.orders))
            elif first.state is was:
                self.taken(first, to)
                return
            else:
                self.taken(first, TOWARDS[first.state])

    def taken(self, first: Write, to: State) -> None:
        claim = self.model.orders[first.number].claim
        assert claim is not None
        head = self.run(lanes.head(claim))
        assert head is not None
        if to is State.sending:
            self.begins(claim, head)
        elif to is State.verifying:
            self.verifies(claim, head)
        else:
            hold = Cause.outcome_unknown if to is State.held else None
            self.settled(claim, head, to, ready_at=self.now, hold=hold)

    def stopped_and_freed(self, number: str, cause: Cause, action: Action) -> None:
        """The order's first write comes to a stop of this kind, and the word lets it go on."""
        order = self.model.orders[number]
        if cause is Cause.contradiction:
            self.led(number, State.queued, State.cancelled)
            self.shown(number, "12", 0)
            self.shown(number, "10", 0)
            if order.hold is not None and order.hold.cause is cause:
                self.resolved(order.hold, action)
            return
        self.led(number, State.queued, State.sending)
        first = next(iter(order.open()), None)
        if first is None or first.state is not State.sending or order.claim is None:
            return
        if cause is Cause.outcome_unknown:
            self.led(number, State.verifying, State.held)
        else:
            self.accepted(self.asked(number, "other"), CODES[len(self.model.writes) % len(CODES)], at_once=False)
            head = self.run(lanes.head(order.claim))
            assert head is not None
            refused = cause is Cause.vendor_refused
            to, ending = (State.refused, REFUSED) if refused else (State.held, None)
            self.settled(order.claim, head, to, ending=ending, hold=cause)
        if order.hold is not None:
            self.resolved(order.hold, action)
