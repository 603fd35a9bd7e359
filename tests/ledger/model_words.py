"""Words of people and of the vendor, as the model takes them: a hold is resolved, an order is shown."""

from __future__ import annotations

from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import bindparam, select

from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import orders
from app.ledger.records import Lease
from app.ledger.replacing import Instead
from app.ledger.resolving import Word, resolve
from app.ledger.rows import text
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ORDER
from tests.ledger.engines import Engine
from tests.ledger.model import ENDS, Hold, Model, Seen, Write
from tests.ledger.scenes import APPLIED, BACKEND, OCCURRED, op_id

T = TypeVar("T")

LEASE = 35 * SECOND
CODES = ("10", "11", "12", None)
QUEUE = Sql(select(ORDER.c.ready_at, ORDER.c.blocked_by).where(ORDER.c.number == bindparam("of_number")))


class Words(RuleBasedStateMachine):
    """The ledger and its model side by side. `engine` and `seen` are given by the test."""

    engine: Engine
    seen: Seen

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(self.seen)
        self.engine.begin()

    def teardown(self) -> None:
        self.engine.end()

    def run(self, unit: Unit[T]) -> T:
        return self.engine.run(unit)

    @property
    def now(self) -> int:
        return self.model.now

    def happens(self, what: str) -> None:
        self.seen.happened[what] += 1

    def lease(self) -> Lease:
        return Lease(owner="here", until=self.now + LEASE, deadline_at=self.now + 20 * SECOND)

    # -- observe

    def shown(self, number: str, code: str, age_s: int) -> None:
        """The vendor shows the order with this code, as it was a while ago."""
        order, at = self.model.orders[number], self.now - age_s * SECOND
        seen = Observation(
            key=OrderKey(number=number),
            code=code,
            status_at=None,
            late=False,
            target_at=None,
            fields={},
            record={"code": code},
            as_of=from_micros(at),
        )
        told, owner = order.event_seq, order.ours
        changes = self.run(orders.observe(BACKEND, [seen], source="poll", now=self.now, ended=ENDS))
        stance = self.model.shows(number, code, at)
        assert len(changes) == order.event_seq - told
        if stance == "contradicts":
            self.happens("contradicted")
            self.model.superseded(number)
            self.model.freed(number)
            whose = (None, None) if owner is None else (owner.name, owner.tenant)
            self.model.stop(Hold(str(self.run(_blocked_by(number))), number, Cause.contradiction, *whose))

    # -- resolve

    def word(self, hold: Hold, action: Action, *, if_match: tuple[str, ...] = ()) -> tuple[Word, Write | None]:
        """The word, and the write that it puts in the place of the cause."""
        cause = None if hold.operation is None else self.model.writes[hold.operation]
        held = cause is not None and cause.state is State.held
        instead = None
        if cause is not None and (action is Action.replace or (action is Action.retry and not held)):
            target = CODES[len(self.model.writes) % len(CODES)]
            instead = Write(
                name=op_id(len(self.model.writes) + 1),
                number=hold.number,
                tenant=cause.tenant,
                state=State.queued,
                target=target,
                accepted_at=self.now,
            )
        what = Word(
            action=action,
            reason="seen",
            by="ann",
            now=self.now,
            if_match=if_match,
            ending=APPLIED if action is Action.mark_applied else None,
            instead=None
            if instead is None
            else Instead(id=instead.name, body="{}", occurred_at=OCCURRED, target_code=instead.target),
        )
        return what, instead

    def resolved(self, hold: Hold, action: Action, *, if_match: tuple[str, ...] = ()) -> None:
        what, instead = self.word(hold, action, if_match=if_match)
        done = self.run(resolve(hold.name, what))
        self.model.resolve(hold, action, instead)
        self.seen.resolved[hold.cause, action] += 1
        assert (done.hold.id, done.hold.resolution, done.hold.tag) == (hold.name, action, hold.tag)
        assert {one.id: one.state for one in done.changed} == {
            one.id: self.model.writes[one.id].state for one in done.changed
        }


def _blocked_by(number: str) -> Unit[str]:
    rows = yield QUEUE, {"of_number": number}
    return text(rows[0], "blocked_by")
