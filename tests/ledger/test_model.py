"""The ledger against a model of it: random lives of two orders, and after each step what must never bend.

The units run on SQLite in memory, as the store's writer runs them: each in a savepoint, undone when it fails.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.admission import OrderView
from app.domain.operations import EDGES, FINAL, UNRESOLVED, Operation, State
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import lanes, operations, orders
from app.ledger.accept import accept
from app.ledger.operations import NotUnresolved
from app.ledger.records import Accepted, Claim, Ending, Fenced, Lease, Replayed, Send, Settlement
from app.ledger.settle import settle
from app.ledger.sql import Unit
from app.ledger.sqlite import run
from tests.ledger.scenes import APPLIED, BACKEND, ENDED, NOW, REFUSED, draft, op_id, select_all

T = TypeVar("T")

NUMBERS = ("1", "2")
CODES = ("10", "11", "12", None)
OUTCOMES = ("applied", "refused", "ended", "unknown", "not sent", "held", "locally refused")
HAPPENINGS = ("joins", "joins", "shown", "begins", "applied", "unknown", *OUTCOMES)
LEASE_S = 35


@dataclass
class Order:
    """What the model knows of one order."""

    code: str | None = None
    code_is_ours: bool = False
    confirmed_at: int = 0
    observed_at: int | None = None
    writes: list[str] = field(default_factory=list)
    hold: str | None = None
    claim: Claim | None = None
    leased_until: int = 0
    last_claim: Claim | None = None
    events: int = 0


@dataclass
class Write:
    """What the model knows of one write."""

    number: str
    state: State
    target: str | None
    attempts: int = 0


class Ledger(RuleBasedStateMachine):
    """Accept, lease, send, settle, put back, resolve, observe, crash, and time going by."""

    template: bytes = b""

    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.deserialize(self.template)
        self.connection.row_factory = sqlite3.Row
        self.cursor = self.connection.cursor()
        self.now = NOW
        self.orders = {number: Order() for number in NUMBERS}
        self.writes: dict[str, Write] = {}
        self.stale: list[Claim] = []
        self.sent: list[str] = []

    def teardown(self) -> None:
        self.connection.close()

    def run(self, unit: Unit[T]) -> T:
        self.cursor.execute("SAVEPOINT unit")
        try:
            return run(self.cursor, unit)
        except BaseException:
            self.cursor.execute("ROLLBACK TO unit")
            raise
        finally:
            self.cursor.execute("RELEASE unit")

    def lease(self) -> Lease:
        return Lease(owner="here", until=self.now + LEASE_S * SECOND, deadline_at=self.now + 20 * SECOND)

    def open_writes(self, number: str) -> list[str]:
        return [name for name in self.orders[number].writes if self.writes[name].state not in FINAL]

    def live(self, number: str) -> bool:
        return self.orders[number].claim is not None and self.orders[number].leased_until > self.now

    def leased(self, claim: Claim) -> None:
        order = self.orders[claim.number]
        self.superseded(claim.number)
        order.claim, order.leased_until, order.last_claim = claim, self.now + LEASE_S * SECOND, claim

    def freed(self, number: str) -> None:
        order = self.orders[number]
        order.claim, order.leased_until = None, 0

    def superseded(self, number: str) -> None:
        """Whoever had the queue before has it no more, whatever they still believe."""
        order = self.orders[number]
        if order.last_claim is not None:
            self.stale.append(order.last_claim)
        order.last_claim = None

    def worked_on(self) -> list[str]:
        return [number for number in NUMBERS if self.live(number)]

    # -- what happens

    @initialize(number=st.sampled_from(NUMBERS), count=st.integers(2, 5))
    def some_writes_wait(self, number: str, count: int) -> None:
        for n in range(count):
            self.accepted(number, CODES[n % 4], ("acme", "other")[n % 2], at_once=n == 0)

    @rule(
        number=st.sampled_from(NUMBERS),
        sets=st.sampled_from(CODES),
        tenant=st.sampled_from(["acme", "other"]),
        at_once=st.booleans(),
        behind=st.sampled_from([0, 0, 1]),
    )
    def writes_are_accepted(self, number: str, sets: str | None, tenant: str, at_once: bool, behind: int) -> None:
        for _ in range(1 + behind):
            self.accepted(number, sets, tenant, at_once=at_once)

    def accepted(self, number: str, sets: str | None, tenant: str, *, at_once: bool) -> None:
        order, name = self.orders[number], op_id(len(self.writes) + 1)
        ahead = self.open_writes(number)
        foreseen = [code for each in ahead if (code := self.writes[each].target) is not None]

        def decide(seen: OrderView, _used_by: str | None) -> Send:
            assert (seen.projected_code, seen.code) == (foreseen[-1] if foreseen else None, order.code)
            assert seen.open_count == len(ahead)
            return Send(target_code=sets, previous_code=seen.code)

        asked = draft(len(self.writes) + 1, number=number, tenant=tenant, client=f"{tenant}-app", now=self.now)
        accepted = self.run(accept(asked, decide, self.lease() if at_once else None))
        assert isinstance(accepted, Accepted)
        begins = at_once and not ahead and order.hold is None and not self.live(number)
        assert (accepted.operation.id, accepted.operation.seq) == (name, len(order.writes) + 1)
        assert (accepted.claim is not None, accepted.operation.attempts) == (begins, int(begins))
        order.writes.append(name)
        self.writes[name] = Write(number, State.sending if begins else State.queued, sets, int(begins))
        if accepted.claim is not None:
            self.leased(accepted.claim)
            self.sent.append(name)

    @precondition(lambda self: self.writes)
    @rule(data=st.data())
    def a_request_is_repeated(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.writes)))
        stored = self.run(operations.find(name))
        assert stored is not None
        asked = draft(int(name[3:]), number=stored.work_order, tenant=stored.tenant, client=stored.client_id)
        again = self.run(
            accept(asked, lambda _order, _used_by: Send(target_code="99", previous_code=None), self.lease())
        )
        assert again == Replayed(operation=stored, answer_status=None, answer_body=None)

    def due(self) -> set[str]:
        rows = self.run(select_all("work_order"))
        ready = {str(row["number"]) for row in rows if isinstance(at := row["ready_at"], int) and at <= self.now}
        return {number for number in ready if not self.live(number)}

    @rule(most=st.integers(1, 3))
    def queues_are_claimed(self, most: int) -> None:
        due = self.due()
        claims = self.run(lanes.claim(BACKEND, now=self.now, lease=self.lease(), most=most))
        assert len(claims) == min(most, len(due))
        for claim in claims:
            assert claim.number in due
            self.leased(claim)

    @rule(number=st.sampled_from(NUMBERS), happenings=st.lists(st.sampled_from(HAPPENINGS), min_size=4, max_size=9))
    def an_order_is_worked_on(self, number: str, happenings: list[str]) -> None:
        """A worker takes the queue whenever it is due and steps through it, while writes join it and reads come in."""
        for happening in happenings:
            if happening == "joins":
                self.accepted(number, CODES[len(self.writes) % 4], "acme", at_once=True)
            elif happening == "shown":
                self.the_vendor_shows_an_order(number, "10", 1)
            elif self.live(number):
                self.worked(number, happening)
            else:
                self.now += 10 * SECOND
                self.queues_are_claimed(3)

    def worked(self, number: str, outcome: str) -> None:
        order = self.orders[number]
        claim = order.claim
        assert claim is not None
        head = self.run(lanes.head(claim))
        open_ = self.open_writes(number)
        assert (None if head is None else head.id) == (open_[0] if open_ else None)
        if head is None:
            self.run(lanes.put_back(claim, ready_at=None))
            self.freed(number)
        elif head.state is State.queued and outcome == "locally refused":
            self.settled(claim, head, State.refused, ending=REFUSED)
        elif head.state is State.queued:
            began = self.run(
                lanes.begin(
                    claim,
                    head,
                    target_code=head.target_code,
                    previous_code=order.code,
                    lease=self.lease(),
                    now=self.now,
                )
            )
            self.writes[head.id].state, self.writes[head.id].attempts = State.sending, began.attempts
            order.leased_until = self.now + LEASE_S * SECOND
            if head.id not in self.sent:
                self.sent.append(head.id)
        elif head.state is State.sending:
            self.answered(claim, head, outcome)
        elif head.state is State.unknown:
            self.run(lanes.verify(claim, head, lease=self.lease()))
            self.writes[head.id].state = State.verifying
            order.leased_until = self.now + LEASE_S * SECOND
        else:
            self.read_back(claim, head, outcome)

    def answered(self, claim: Claim, head: Operation, outcome: str) -> None:
        if outcome == "applied":
            self.settled(claim, head, State.applied, ending=APPLIED)
        elif outcome == "refused":
            self.settled(claim, head, State.refused, ending=REFUSED, hold_id=f"hold_{head.id}")
        elif outcome == "ended":
            self.settled(claim, head, State.refused, ending=ENDED, ends_behind=True)
        elif outcome == "not sent":
            self.settled(claim, head, State.queued, ready_at=self.now + 10 * SECOND)
        else:
            self.settled(claim, head, State.unknown, ready_at=self.now + 5 * SECOND)

    def read_back(self, claim: Claim, head: Operation, outcome: str) -> None:
        to = {"applied": State.applied, "not sent": State.queued, "held": State.held}.get(outcome, State.unknown)
        ending = APPLIED if to is State.applied else None
        self.settled(claim, head, to, ending=ending, ready_at=None if to is State.held else self.now + 5 * SECOND)

    def settled(
        self,
        claim: Claim,
        head: Operation,
        to: State,
        *,
        ending: Ending | None = None,
        ready_at: int | None = None,
        hold_id: str | None = None,
        ends_behind: bool = False,
    ) -> None:
        order = self.orders[claim.number]
        behind = self.open_writes(claim.number)[1:]
        settled = self.run(
            settle(
                Settlement(
                    claim=claim,
                    operation=head,
                    to=to,
                    now=self.now,
                    lease_until=self.now + LEASE_S * SECOND,
                    ending=ending,
                    ready_at=ready_at,
                    hold_id=hold_id,
                    end_behind=(lambda _: ENDED) if ends_behind else None,
                )
            )
        )
        self.writes[head.id].state = to
        order.events += 1
        if to is State.applied and head.target_code is not None:
            order.code, order.code_is_ours, order.confirmed_at = head.target_code, True, self.now
        held = hold_id is not None and bool(behind)
        if held:
            order.hold = head.id
            order.events += 1
        if ends_behind:
            assert [each.id for each in settled.ended] == behind
            order.events += len(behind)
            for name in behind:
                self.writes[name].state = State.cancelled
        goes_on = to in FINAL and bool(behind) and not held and not ends_behind
        assert settled.more is goes_on
        if goes_on:
            order.leased_until = self.now + LEASE_S * SECOND
        else:
            self.freed(claim.number)

    @precondition(lambda self: self.worked_on())
    @rule(data=st.data(), rests=st.booleans())
    def a_worker_puts_its_queue_back(self, data: st.DataObject, rests: bool) -> None:
        number = data.draw(st.sampled_from(self.worked_on()))
        claim = self.orders[number].claim
        assert claim is not None
        self.run(lanes.put_back(claim, ready_at=None if rests else self.now))
        self.freed(number)

    @precondition(lambda self: self.writes)
    @rule(data=st.data(), applied=st.booleans(), needed=st.booleans())
    def a_person_gives_a_word(self, data: st.DataObject, applied: bool, needed: bool) -> None:
        waits = [name for name, write in self.writes.items() if write.state in UNRESOLVED]
        name = data.draw(st.sampled_from(sorted((waits if needed else None) or self.writes)))
        write = self.writes[name]
        order = self.orders[write.number]
        word = operations.resolve(
            name, applied=applied, ending=APPLIED, result=None, reason="seen", by="ann", now=self.now
        )
        if order.hold != name and write.state not in UNRESOLVED:
            with pytest.raises(NotUnresolved):
                self.run(word)
            return
        self.run(word)
        self.superseded(write.number)
        self.freed(write.number)
        order.events += 1
        if order.hold == name:
            order.hold = None
        elif applied:
            write.state = State.applied
            if write.target is not None:
                order.code, order.code_is_ours, order.confirmed_at = write.target, True, self.now
        else:
            write.state = State.queued

    @rule(number=st.sampled_from(NUMBERS), code=st.sampled_from(CODES[:3]), age_s=st.sampled_from([0, 1, 5, 20]))
    def the_vendor_shows_an_order(self, number: str, code: str, age_s: int) -> None:
        order, at = self.orders[number], self.now - age_s * SECOND
        shown = Observation(
            key=OrderKey(number=number),
            code=code,
            status_at=None,
            late=False,
            target_at=None,
            fields={},
            record={"code": code},
            as_of=from_micros(at),
        )
        changes = self.run(orders.observe(BACKEND, [shown], source="poll", now=self.now))
        order.events += len(changes)
        if order.observed_at is not None and order.observed_at > at:
            assert changes == []
            return
        assert (changes != []) == (order.observed_at is None or (order.code != code and order.confirmed_at <= at))
        order.observed_at = at
        if order.confirmed_at <= at and order.code != code:
            order.code, order.code_is_ours = code, False

    @rule(seconds=st.sampled_from([1, 5, 10, LEASE_S]))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.worked_on())
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        """Its lease runs out; whoever takes the queue over finds an attempt without an end."""
        number = data.draw(st.sampled_from(self.worked_on()))
        self.now = max(self.now, self.orders[number].leased_until)

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), to=st.sampled_from([State.applied, State.refused, State.unknown, State.queued]))
    def a_worker_that_lost_its_queue_tries_to_settle(self, data: st.DataObject, to: State) -> None:
        claim = data.draw(st.sampled_from(self.stale))
        head = self.run(lanes.head(claim))
        if head is None or to not in EDGES[head.state]:
            return
        step = Settlement(claim=claim, operation=head, to=to, now=self.now, lease_until=0, ready_at=self.now)
        with pytest.raises(Fenced):
            self.run(settle(step))

    # -- what must never bend

    def row(self, number: str) -> dict[str, object]:
        rows = self.run(select_all("work_order"))
        return next((row for row in rows if row["number"] == number), {})

    def number_of(self, number: str, column: str) -> int:
        value = self.row(number)[column]
        assert isinstance(value, int)
        return value

    @invariant()
    def every_write_is_in_the_state_that_the_model_says(self) -> None:
        stored = {row["id"]: (row["state"], row["attempts"], row["seq"]) for row in self.run(select_all("operation"))}
        assert stored == {
            name: (write.state.value, write.attempts, self.orders[write.number].writes.index(name) + 1)
            for name, write in self.writes.items()
        }

    @invariant()
    def every_order_counts_and_foresees_rightly(self) -> None:
        for row in self.run(select_all("work_order")):
            order = self.orders[str(row["number"])]
            open_ = self.open_writes(str(row["number"]))
            foreseen = [(code, name) for name in open_ if (code := self.writes[name].target) is not None]
            waits = [name for name in open_ if self.writes[name].state in UNRESOLVED]
            assert (row["last_seq"], row["open_count"]) == (len(order.writes), len(open_))
            assert (row["projected_code"], row["projected_operation"]) == (foreseen[-1] if foreseen else (None, None))
            assert (row["code"], row["code_operation"] is not None) == (order.code, order.code_is_ours)
            assert row["blocked_by"] == (f"hold_{order.hold}" if order.hold else waits[0] if waits else None)
            assert row["held"] == int(order.hold is not None or any(self.writes[w].state is State.held for w in waits))

    @invariant()
    def at_most_one_write_of_an_order_is_on_its_way_and_it_is_the_first(self) -> None:
        for number in NUMBERS:
            open_ = self.open_writes(number)
            assert all(self.writes[name].state is State.queued for name in open_[1:])

    @invariant()
    def writes_were_first_sent_in_the_order_of_acceptance(self) -> None:
        for order in self.orders.values():
            places = [order.writes.index(name) for name in self.sent if name in order.writes]
            assert places == sorted(places)

    @invariant()
    def no_queue_has_two_workers_and_none_is_stranded(self) -> None:
        for row in self.run(select_all("work_order")):
            number = str(row["number"])
            lease_until = row["lease_until"]
            assert isinstance(lease_until, int)
            assert (lease_until > self.now) is self.live(number)
            if row["held"]:
                assert (row["ready_at"], lease_until) == (None, 0)
            elif row["open_count"]:
                assert row["ready_at"] is not None

    @invariant()
    def events_count_without_a_gap(self) -> None:
        rows = self.run(select_all("event"))
        for number, order in self.orders.items():
            assert [row["seq"] for row in rows if row["work_order"] == number] == list(range(1, order.events + 1))

    @invariant()
    def every_attempt_has_its_intent(self) -> None:
        counted = [(row["operation_id"], row["n"]) for row in self.run(select_all("attempt"))]
        assert counted == [(name, n + 1) for name in sorted(self.writes) for n in range(self.writes[name].attempts)]


def test_random_lives_of_two_orders_bend_nothing(sqlite_template: Path) -> None:
    Ledger.template = sqlite_template.read_bytes()
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=60,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
