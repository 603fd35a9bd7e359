"""What the model knows of orders, writes and holds, and what each step makes of them: the ledger in a few plain lists."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from app.domain.holds import ACTIONS, Action, Cause
from app.domain.operations import EDGES, FINAL, UNRESOLVED, State
from app.domain.times import CLOCKS_APART
from app.ledger.records import Claim, Draft
from app.ledger.retention import DAY, Retention
from tests.ledger.scenes import NOW

NUMBERS = ("1", "2")
ENDS = frozenset({"12"})
"""The code with which an order has ended."""
EDGES_TO_TAKE = frozenset((was, to) for was, onward in EDGES.items() for to in onward)
EDGES_TO_REFUSE = frozenset((was, to) for was in State for to in State) - EDGES_TO_TAKE
WHAT_HAPPENS = frozenset(
    {
        "replayed",
        "a key was used anew",
        "a reference outlived its key",
        "cleared away",
        "a slow worker went on",
        "a zombie was fenced",
        "asked again",
        "contradicted",
    }
)


@dataclass
class Seen:
    """What a whole run came by: edges taken, pairs refused by the code and by the database, and how often what happened."""

    taken: Counter[tuple[State, State]] = field(default_factory=Counter)
    refused: Counter[tuple[State, State]] = field(default_factory=Counter)
    resolved: Counter[tuple[Cause, Action]] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)

    def lacks(self, *, to_refuse: frozenset[tuple[State, State]]) -> list[object]:
        """What the run should have come by, and has not: edges, those of the pairs to refuse, words about holds."""
        words = {(cause, action) for cause, actions in ACTIONS.items() for action in actions}
        return [
            *EDGES_TO_TAKE - self.taken.keys(),
            *to_refuse - self.refused.keys(),
            *words - self.resolved.keys(),
            *WHAT_HAPPENS - self.happened.keys(),
        ]


@dataclass
class Write:
    """One write."""

    name: str
    number: str
    tenant: str
    state: State
    target: str | None
    accepted_at: int
    asked: Draft | None = None
    """The request that brought it; none for one that a resolution put in the place of another."""
    key: bool = False
    """Whether its key is still kept."""
    reference: str | None = None
    attempts: int = 0
    sent_under: int = 0
    """The fence of its latest attempt."""
    finished_at: int | None = None
    answered: bool = False


@dataclass
class Hold:
    """One hold, open or closed."""

    name: str
    number: str
    cause: Cause
    operation: str | None
    tenant: str | None
    closed: Action | None = None
    made: str | None = None

    @property
    def tag(self) -> str:
        return f'"{self.name}.{1 if self.closed is None else 2}"'


@dataclass
class Order:
    """One order and its queue."""

    code: str | None = None
    ours: Write | None = None
    """The write of ours that set the code."""
    confirmed_at: int = 0
    observed_at: int | None = None
    shown: str | None = None
    """What the vendor showed when something was last taken in."""
    writes: list[Write] = field(default_factory=list)
    """In their places."""
    hold: Hold | None = None
    rests: bool = False
    """Whether the hold keeps workers away; not while the vendor is being asked again."""
    recheck: bool = False
    claim: Claim | None = None
    leased_until: int = 0
    last_claim: Claim | None = None
    event_seq: int = 0
    events: list[tuple[int, int]] = field(default_factory=list)
    """The seq and the time of each that is still kept."""

    def open(self) -> list[Write]:
        return [write for write in self.writes if write.state not in FINAL]

    def foretold(self) -> Write | None:
        """The last open write that sets the status."""
        return next((write for write in reversed(self.open()) if write.target is not None), None)

    def blocked_by(self) -> tuple[str | None, str | None]:
        """What stops the queue, and whose that is."""
        if self.hold is not None:
            return self.hold.name, self.hold.tenant
        lost = next((write for write in self.open() if write.state in UNRESOLVED), None)
        return (None, None) if lost is None else (lost.name, lost.tenant)


class Model:
    """All orders, writes and holds, the time, and the claims that were lost to others."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.now = NOW
        self.orders = {number: Order() for number in NUMBERS}
        self.writes: dict[str, Write] = {}
        self.holds: dict[str, Hold] = {}
        self.stale: list[Claim] = []
        self.sent: list[Write] = []
        self.newest: tuple[str, int] | None = None
        """The last event of all, which stays."""

    def live(self, number: str) -> bool:
        order = self.orders[number]
        return order.claim is not None and order.leased_until > self.now

    def move(self, write: Write, to: State, *, answered: bool = False) -> None:
        self.seen.taken[write.state, to] += 1
        write.state = to
        write.answered = answered
        write.finished_at = self.now if to in FINAL else None

    def tell(self, number: str, count: int = 1) -> None:
        """So many events of the order."""
        order = self.orders[number]
        for _ in range(count):
            order.event_seq += 1
            order.events.append((order.event_seq, self.now))
            self.newest = (number, order.event_seq)

    def add(self, write: Write, *, place: int | None = None) -> None:
        order = self.orders[write.number]
        order.writes.insert(len(order.writes) if place is None else place, write)
        self.writes[write.name] = write

    # -- leases

    def leased(self, claim: Claim, until: int) -> None:
        order = self.orders[claim.number]
        self.superseded(claim.number)
        order.claim, order.leased_until, order.last_claim = claim, until, claim

    def freed(self, number: str) -> None:
        order = self.orders[number]
        order.claim, order.leased_until = None, 0

    def superseded(self, number: str) -> None:
        """Whoever had the queue before has it no more, whatever they still believe."""
        order = self.orders[number]
        if order.last_claim is not None:
            self.stale.append(order.last_claim)
        order.last_claim = None

    # -- what a settling does

    def applied(self, write: Write, *, answered: bool = True) -> None:
        order = self.orders[write.number]
        self.move(write, State.applied, answered=answered)
        if write.target is not None:
            order.code, order.ours, order.confirmed_at = write.target, write, self.now

    def stop(self, hold: Hold) -> None:
        order = self.orders[hold.number]
        order.hold, order.rests = hold, True
        self.holds[hold.name] = hold
        self.tell(hold.number)

    # -- what a word does

    def resolve(self, hold: Hold, action: Action, instead: Write | None) -> None:
        order = self.orders[hold.number]
        self.superseded(hold.number)
        self.freed(hold.number)
        cause = None if hold.operation is None else self.writes[hold.operation]
        if cause is not None and cause.state is State.held and action is not Action.cancel:
            if action is Action.mark_applied:
                self.applied(cause)
            else:
                ends = {Action.skip: State.skipped, Action.replace: State.replaced, Action.retry: State.queued}
                self.move(cause, ends[action])
            self.tell(hold.number)
        if instead is not None and cause is not None:
            self.add(instead, place=order.writes.index(cause) + 1)
        if action is Action.cancel:
            for write in order.open():
                self.move(write, State.cancelled)
                self.tell(hold.number)
        if hold.cause is Cause.contradiction:
            order.code, order.ours = None, None
        hold.closed, hold.made = action, None if instead is None else instead.name
        order.hold, order.rests, order.recheck = None, False, True
        self.tell(hold.number)

    # -- what time does

    def clear_away(self, kept: Retention) -> None:
        """What is kept no longer; never of a write that is open, or that an open hold is about."""
        held = {hold.operation for hold in self.holds.values() if hold.closed is None}
        for write in self.writes.values():
            since = None if write.name in held or write.state not in FINAL else write.finished_at
            if since is None:
                continue
            if max(since, write.accepted_at) <= self.now - kept.key_days * DAY:
                write.key = False
            if since <= self.now - kept.answer_days * DAY:
                write.answered = False
            if since <= self.now - kept.reference_days * DAY:
                write.reference = None
        before = self.now - kept.event_days * DAY
        for number, order in self.orders.items():
            order.events = [(seq, at) for seq, at in order.events if at > before or (number, seq) == self.newest]

    # -- what an observation does

    def later(self, stored: int | None, at: int) -> bool:
        """Whether a stored time is later than the observation, as far as it can be believed."""
        return stored is not None and stored > at and not stored > self.now + CLOCKS_APART

    def shows(self, number: str, code: str, at: int) -> str:
        """Take in what the vendor shows; what that comes to: nothing, keeps, takes, contradicts."""
        order = self.orders[number]
        if not self._news(order, code, at):
            known = order.observed_at
            if known is None or known < at or known > self.now + CLOCKS_APART:
                order.observed_at = at
            return "nothing"
        stance = "takes"
        if order.code in ENDS and code not in ENDS and not self.later(order.confirmed_at, at):
            stance = self._stance(order, code)
        first, before = order.observed_at is None, order.code
        order.observed_at, order.shown = at, code
        if stance == "takes" and not self.later(order.confirmed_at, at) and order.code != code:
            order.code, order.ours = code, None
        if stance == "keeps for now":
            order.recheck = True
        if first or order.code != before:
            self.tell(number)
        return stance

    def _news(self, order: Order, code: str, at: int) -> bool:
        if self.later(order.observed_at, at):
            return False
        if order.shown != code:
            return True
        if order.code == code or self.later(order.confirmed_at, at):
            return False
        return not (order.rests and order.code in ENDS and code not in ENDS)

    def _stance(self, order: Order, code: str) -> str:
        if order.rests:
            return "keeps"
        head = next(iter(order.open()), None)
        if head is not None and head.state is not State.queued:
            return "takes" if head.target == code else "keeps for now"
        since = order.observed_at or 0
        if any(
            write.state is State.applied and write.target == code and (write.finished_at or 0) > since
            for write in order.writes
        ):
            return "takes"
        return "contradicts"
