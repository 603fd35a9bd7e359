"""What happens in the model: requests, workers that go on or die or come late, people, the vendor, and time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import bindparam, update

from app.domain.errors import ClientReferenceUsed, IdempotencyKeyReused, InvalidRequest, PreconditionFailed
from app.domain.holds import ACTIONS, Action, Cause
from app.domain.operations import EDGES, UNRESOLVED, IllegalMove, State
from app.domain.times import SECOND
from app.ledger import holds, lanes, operations
from app.ledger.accept import accept
from app.ledger.operations import NotUnresolved
from app.ledger.records import Claim, Fenced, NewHold, Replayed, Send, Settlement
from app.ledger.resolving import resolve
from app.ledger.retention import DAY, Retention
from app.ledger.settle import settle
from app.ledger.sql import Sql
from app.ledger.tables import OPERATION
from tests.ledger import model_checks as checks
from tests.ledger.engines import Refusal
from tests.ledger.model import EDGES_TO_TAKE, NUMBERS, Write
from tests.ledger.model_led import Led
from tests.ledger.model_words import CODES
from tests.ledger.scenes import APPLIED, BACKEND, execute

FORCE = Sql(update(OPERATION).where(OPERATION.c.id == bindparam("of_id")).values(state=bindparam("forced")))
OUTCOMES = ("applied", "refused", "ended", "unknown", "not sent", "held", "refused here", "ended here")
HAPPENINGS = ("joins", "joins", "shown", "a word", "begins", "applied", "unknown", *OUTCOMES)
IN_ORDER = sorted(EDGES_TO_TAKE)
STOPS = [(cause, action) for cause, actions in ACTIONS.items() for action in sorted(actions, key=str)]
KEPT = Retention(key_days=1, answer_days=1, reference_days=9, event_days=3)


class Lives(Led):
    """Accept, lease, send, settle, put back, hold, resolve, ask again, observe, crash, come late, expire; and time goes by."""

    def drawn(self, data: st.DataObject) -> Write:
        return data.draw(st.sampled_from(list(self.model.writes.values())))

    # -- requests

    @initialize(number=st.sampled_from(NUMBERS), count=st.integers(2, 5), outcome=st.sampled_from(("none", *OUTCOMES)))
    def some_writes_wait_behind_one(self, number: str, count: int, outcome: str) -> None:
        for n in range(count):
            asked = self.asked(number, ("acme", "other")[n % 2], reference=n % 2 == 0)
            self.accepted(asked, CODES[n % 4], at_once=n == 0)
        if outcome != "none":
            self.worked(number, outcome)

    @rule(
        number=st.sampled_from(NUMBERS),
        sets=st.sampled_from(CODES),
        tenant=st.sampled_from(["acme", "other"]),
        at_once=st.booleans(),
        reference=st.booleans(),
    )
    def a_write_is_accepted(self, number: str, sets: str | None, tenant: str, at_once: bool, reference: bool) -> None:
        self.accepted(self.asked(number, tenant, reference=reference), sets, at_once=at_once)

    @precondition(lambda self: any(write.asked for write in self.model.writes.values()))
    @rule(data=st.data(), altered=st.booleans())
    def a_request_is_repeated(self, data: st.DataObject, altered: bool) -> None:
        write = data.draw(st.sampled_from([each for each in self.model.writes.values() if each.asked is not None]))
        assert write.asked is not None
        again = replace(write.asked, id=self.asked(write.number, write.tenant).id, now=self.now)
        taken = next((each for each in self.model.writes.values() if each.key and _key(each) == _key(write)), None)
        clash = any(each.reference == again.client_reference for each in self.model.writes.values() if each.reference)
        if taken is not None and altered:
            with pytest.raises(IdempotencyKeyReused):
                self.run(accept(replace(again, fingerprint="another"), _never, self.lease()))
        elif taken is not None:
            self.happens("replayed")
            stored = self.run(operations.find(taken.name))
            replayed = Replayed(operation=stored, answer_status=None, answer_body=None)
            assert self.run(accept(again, _never, self.lease())) == replayed
        elif clash:
            self.happens("a reference outlived its key")
            with pytest.raises(ClientReferenceUsed):
                self.accepted(again, write.target, at_once=False)
        else:
            self.happens("a key was used anew")
            self.accepted(again, write.target, at_once=True)

    # -- workers

    @rule(most=st.integers(1, 3))
    def queues_are_claimed(self, most: int) -> None:
        self.claims(most)

    @rule(number=st.sampled_from(NUMBERS), happenings=st.lists(st.sampled_from(HAPPENINGS), min_size=4, max_size=9))
    def an_order_is_worked_on(self, number: str, happenings: list[str]) -> None:
        """A worker takes the queue whenever it is due and steps through it, while writes join it and reads come in."""
        for happening in happenings:
            if happening == "joins":
                self.accepted(self.asked(number, "acme"), CODES[len(self.model.writes) % 4], at_once=True)
            elif happening == "shown":
                self.shown(number, "10", 1)
            elif happening == "a word" and (hold := self.model.orders[number].hold) is not None:
                actions = sorted(ACTIONS[hold.cause], key=lambda action: action.value)
                self.resolved(hold, actions[len(self.model.writes) % len(actions)])
            elif self.model.live(number):
                self.worked(number, happening)
            else:
                self.model.now += 10 * SECOND
                self.claims(3)

    @precondition(lambda self: self.worked_on())
    @rule(data=st.data(), rests=st.booleans())
    def a_worker_puts_its_queue_back(self, data: st.DataObject, rests: bool) -> None:
        number = data.draw(st.sampled_from(self.worked_on()))
        claim = self.model.orders[number].claim
        assert claim is not None
        self.run(lanes.put_back(claim, ready_at=None if rests else self.now))
        self.model.freed(number)

    def worked_on(self) -> list[str]:
        return [number for number in NUMBERS if self.model.live(number)]

    @precondition(lambda self: self.worked_on())
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        """Its lease runs out; whoever takes the queue over finds an attempt without an end."""
        number = data.draw(st.sampled_from(self.worked_on()))
        self.model.now = max(self.now, self.model.orders[number].leased_until)

    @precondition(lambda self: self.overdue())
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def a_slow_worker_goes_on(self, data: st.DataObject, outcome: str) -> None:
        """Its lease has run out, and nobody has taken the queue over yet: what it writes still counts."""
        self.happens("a slow worker went on")
        self.worked(data.draw(st.sampled_from(self.overdue())), outcome)

    def overdue(self) -> list[str]:
        return [n for n, order in self.model.orders.items() if order.claim is not None and not self.model.live(n)]

    @precondition(lambda self: self.model.stale)
    @rule(data=st.data())
    def a_zombie_comes_late(self, data: st.DataObject) -> None:
        """Somebody else has had the queue since: nothing that it tries is written."""
        claim = data.draw(st.sampled_from(self.model.stale))
        head = self.run(lanes.head(claim))
        self.run(lanes.put_back(claim, ready_at=None))
        self.run(holds.rest(claim))
        for to in sorted(EDGES[head.state]) if head is not None else ():
            assert head is not None
            hold = NewHold(id="hold_zombie", cause=Cause.side_effect, detail="") if to is State.held else None
            step = Settlement(
                claim=claim, operation=head, to=to, now=self.now, lease_until=0, ready_at=self.now, hold=hold
            )
            with pytest.raises(Fenced):
                self.run(settle(step))
            self.happens("a zombie was fenced")
        if head is not None and head.state is State.queued:
            with pytest.raises(Fenced):
                self.run(
                    lanes.begin(claim, head, target_code="11", previous_code=None, lease=self.lease(), now=self.now)
                )

    # -- people

    @precondition(lambda self: self.model.holds)
    @rule(
        data=st.data(),
        still_open=st.sampled_from([True, True, True, False]),
        action=st.sampled_from(Action),
        tags=st.sampled_from(["none", "any", "right", "wrong"]),
    )
    def a_person_resolves_a_hold(self, data: st.DataObject, still_open: bool, action: Action, tags: str) -> None:
        open_ = [hold for hold in self.model.holds.values() if hold.closed is None]
        hold = data.draw(st.sampled_from((open_ if still_open else []) or list(self.model.holds.values())))
        if_match = {"none": (), "any": ("*",), "right": (hold.tag,), "wrong": ('"another"',)}[tags]
        if hold.closed is None and tags != "wrong" and action in ACTIONS[hold.cause]:
            self.resolved(hold, action, if_match=if_match)
            return
        refused = PreconditionFailed if hold.closed is not None or tags == "wrong" else InvalidRequest
        with pytest.raises(refused):
            self.run(resolve(hold.name, self.word(hold, action, if_match=if_match)[0]))

    @precondition(lambda self: self.model.writes)
    @rule(data=st.data(), applied=st.booleans(), needed=st.booleans())
    def an_operator_gives_a_word(self, data: st.DataObject, applied: bool, needed: bool) -> None:
        waits = [write for write in self.model.writes.values() if write.state in UNRESOLVED]
        write = data.draw(st.sampled_from(waits)) if waits and needed else self.drawn(data)
        word = operations.resolve(
            write.name, applied=applied, ending=APPLIED, result=None, reason="seen", by="ann", now=self.now
        )
        hold = self.model.orders[write.number].hold
        if hold is not None and hold.operation == write.name:
            held = write.state is State.held
            self.run(word)
            self.model.resolve(
                hold, Action.skip if not held else Action.mark_applied if applied else Action.retry, None
            )
        elif write.state not in UNRESOLVED:
            with pytest.raises(NotUnresolved):
                self.run(word)
        else:
            self.run(word)
            self.model.superseded(write.number)
            self.model.freed(write.number)
            self.model.orders[write.number].recheck = True
            if applied:
                self.model.applied(write)
            else:
                self.model.move(write, State.queued)
            self.model.tell(write.number)

    @precondition(lambda self: self.model.writes)
    @rule(data=st.data(), needed=st.booleans())
    def somebody_asks_what_became_of_a_write(self, data: st.DataObject, needed: bool) -> None:
        waits = [write for write in self.model.writes.values() if write.state in UNRESOLVED]
        write = data.draw(st.sampled_from(waits)) if waits and needed else self.drawn(data)
        order, ready_at = self.model.orders[write.number], self.ready_at(write.number)
        mine = order.blocked_by()[0] == write.name or (
            order.hold is not None
            and order.hold.operation == write.name
            and order.hold.cause in (Cause.outcome_unknown, Cause.side_effect)
        )
        wakes = mine and not self.model.live(write.number) and (ready_at is None or ready_at > self.now)
        stored = self.run(operations.find(write.name))
        assert stored is not None
        assert self.run(holds.look_again(stored, now=self.now)) is wakes
        if wakes:
            self.happens("asked again")
            order.rests = False

    # -- the vendor, and time

    @rule(number=st.sampled_from(NUMBERS), code=st.sampled_from(CODES[:3]), age_s=st.sampled_from([0, 1, 5, 20]))
    def the_vendor_shows_an_order(self, number: str, code: str, age_s: int) -> None:
        self.shown(number, code, age_s)

    @rule(seconds=st.sampled_from([1, 5, 10, 35, 400]))
    def time_goes_by(self, seconds: int) -> None:
        self.model.now += seconds * SECOND

    @rule(seconds=st.sampled_from([-3600, -30, -1, 3600]))
    def the_clock_is_set(self, seconds: int) -> None:
        self.model.now += seconds * SECOND

    @rule(days=st.sampled_from([0, 1, 2, 3, 9]))
    def what_is_old_is_cleared_away(self, days: int) -> None:
        self.model.now += days * DAY
        cleared = sum(self.run(unit) for unit in KEPT.units(now=self.now, most=1000).values())
        self.seen.happened["cleared away"] += cleared
        self.model.clear_away(KEPT)

    # -- edges

    @rule(number=st.sampled_from(NUMBERS), edge=st.sampled_from(IN_ORDER))
    def an_edge_is_taken(self, number: str, edge: tuple[State, State]) -> None:
        """The first write is led to where the edge begins, and along it: those edges too that no worker takes today."""
        self.led(number, *edge)

    @rule(number=st.sampled_from(NUMBERS), how=st.sampled_from(STOPS))
    def a_queue_is_stopped_and_freed(self, number: str, how: tuple[Cause, Action]) -> None:
        self.stopped_and_freed(number, *how)

    @rule(number=st.sampled_from(NUMBERS), state=st.sampled_from(State))
    def no_other_edge_is_there(self, number: str, state: State) -> None:
        """A write in this state moves along no pair that is no edge, neither by the code nor in the database."""
        if not any(write.state is state for write in self.model.writes.values()):
            self.led(number, *next(edge for edge in IN_ORDER if edge[1] is state))
        write = next((write for write in self.model.writes.values() if write.state is state), None)
        if write is None:
            return
        stored = self.run(operations.find(write.name))
        assert stored is not None
        claim = self.model.orders[write.number].claim or Claim(backend=BACKEND, number=write.number, fence=0)
        for to in sorted(set(State) - EDGES[state]):
            with pytest.raises(IllegalMove):
                self.run(settle(Settlement(claim=claim, operation=stored, to=to, now=self.now, lease_until=0)))
            with pytest.raises(Refusal, match="an operation does not go"):
                self.run(execute(FORCE, of_id=write.name, forced=to.value))
            self.seen.refused[state, to] += 1

    @invariant()
    def nothing_has_bent(self) -> None:
        read, model = checks.read_all, self.model
        checks.operations_are_as_the_model_says(self.run(read(checks.ALL_OPERATIONS)), model)
        checks.orders_are_as_the_model_says(self.run(read(checks.ALL_ORDERS)), model)
        checks.holds_are_as_the_model_says(self.run(read(checks.ALL_HOLDS)), model)
        checks.attempts_have_their_intents(self.run(read(checks.ALL_ATTEMPTS)), model)
        checks.events_are_as_the_model_says(self.run(read(checks.ALL_EVENTS)), model)
        checks.keys_are_as_the_model_says(self.run(read(checks.ALL_KEYS)), model)
        checks.queues_move_in_order(model)


def _key(write: Write) -> tuple[str, str | None] | None:
    return None if write.asked is None else (write.asked.client_id, write.asked.key)


def _never(_order: object, _used_by: object) -> Send:
    raise AssertionError("the key was taken: nobody is asked")
