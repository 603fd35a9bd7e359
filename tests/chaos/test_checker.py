"""The checker itself: a good history passes, and each way in which one can be bad is found by the rule for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.chaos.checker import RULES, Indexed, check
from tests.chaos.history import Call, Effect, Event, History, Hold, Kept, Sent

B = "civica-cx"


def call(n: int, order: str = "1", *, told: str = "ok", state: str | None = None, at: float | None = None) -> Call:
    """The nth write of one client: sent at n, answered half a second later."""
    began = float(n) if at is None else at
    made = Call(mark=f"mk-0-{n}", client=0, backend=B, order=order, invoked=began, state=state)
    if told != "info":
        made.told = "ok" if told == "ok" else "fail"
        made.answered, made.status = began + 0.5, 202 if told == "ok" else 409
        made.operation = f"op_{n}" if told == "ok" else None
    return made


def kept(n: int, seq: int, state: str = "applied", order: str = "1", outcomes: tuple[str | None, ...] = ()) -> Kept:
    outcomes = outcomes or (("applied",) if state == "applied" else ())
    return Kept(
        id=f"op_{n}", backend=B, order=order, seq=seq, state=state, mark=f"mk-0-{n}", attempts=len(outcomes),
        outcomes=outcomes,
    )  # fmt: skip


def effect(n: int, at: float = 0.0, order: str = "1", kind: str = "status_change") -> Effect:
    return Effect(backend=B, order=order, kind=kind, mark=f"mk-0-{n}", at=at or 100.0 + n)


def sent(n: int, at: float = 0.0) -> Sent:
    return Sent(backend=B, mark=f"mk-0-{n}", at=at or 99.5 + n)


def event(n: int, seq: int, state: str = "applied", order: str = "1") -> Event:
    return Event(backend=B, order=order, seq=seq, type=f"operation.{state}", operation=f"op_{n}")


def good() -> History:
    """Two applied writes of an order and one on another, one refused by the vendor, one refused when it came, one of
    which nobody knows, one held with another behind it, a released hold, and what the vendor's own users did."""
    return History(
        calls=[
            call(1, state="applied"), call(2), call(3, "2"), call(4, state="refused"), call(5, told="fail"),
            call(6, "2", told="info"), call(7, "3"), call(8, "3"), call(9, "2", told="info"),
        ],
        effects=[
            effect(1), effect(2), effect(3, order="2"), effect(6, order="2"),
            Effect(backend=B, order="9", kind="cancelled_by_client", mark=None, at=50.0),
        ],
        sent=[sent(1), sent(2), sent(4), sent(3), sent(6), sent(7)],
        kept=[
            kept(1, 1), kept(2, 2, outcomes=("unknown", "applied")), kept(3, 1, order="2"),
            kept(4, 3, "refused", outcomes=("refused",)), kept(6, 2, order="2"),
            kept(7, 1, "held", order="3", outcomes=("unknown",)), kept(8, 2, "queued", order="3"),
        ],
        holds=[
            Hold(backend=B, order="3", operation="op_7", opened=110.0),
            Hold(backend=B, order="1", operation="op_4", opened=104.5, closed=200.0),
        ],
        events=[
            event(1, 1), event(2, 2, "unknown"), event(2, 3), event(4, 4, "refused"), event(3, 1, order="2"),
            Event(backend=B, order="1", seq=5, type="hold.opened", operation="op_4"), event(6, 2, order="2"),
            event(7, 1, "held", order="3"),
        ],
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A good history spoilt in one way."""

    id: str
    spoil: Callable[[History], None]
    rules: set[str]


def put(history: History, name: str, *items: object) -> None:
    setattr(history, name, [*getattr(history, name), *items])


def without(history: History, name: str, at: int) -> None:
    items = list(getattr(history, name))
    del items[at]
    setattr(history, name, items)


def changed(history: History, name: str, which: int, /, **members: Any) -> None:
    items = list(getattr(history, name))
    items[which] = replace(items[which], **members)
    setattr(history, name, items)


def swapped(history: History, name: str, first: int, second: int) -> None:
    items = list(getattr(history, name))
    items[first], items[second] = items[second], items[first]
    setattr(history, name, items)


def renumbered(history: History) -> None:
    """The later write got the earlier place, in the ledger and at the vendor alike."""
    changed(history, "kept", 0, seq=2)
    changed(history, "kept", 1, seq=1)
    swapped(history, "effects", 0, 1)
    swapped(history, "sent", 0, 1)


def done_although_refused(history: History) -> None:
    changed(history, "holds", 1, operation=None)
    put(history, "effects", effect(4))


def sent_again(history: History, *, at: float) -> None:
    """A person has the refused write of order 1 sent again."""
    changed(history, "holds", 1, made="op_4b")
    put(history, "kept", replace(kept(4, 4), id="op_4b"))
    put(history, "effects", effect(4, at=205.0))
    put(history, "sent", sent(4, at=at))
    put(history, "events", replace(event(4, 6), operation="op_4b"))


BAD = [
    Bad(id="an acknowledged write is gone", rules={"lost", "effect without operation"},
        spoil=lambda one: without(one, "kept", 1)),
    Bad(id="another operation than was told", rules={"lost"},
        spoil=lambda one: changed(one, "calls", 1, operation="op_77")),
    Bad(id="one key made two operations", rules={"accepted twice"},
        spoil=lambda one: put(one, "kept", kept(3, 1, order="2"))),
    Bad(id="a write refused when it came is kept", rules={"refused yet kept"},
        spoil=lambda one: put(one, "kept", kept(5, 3, "held", order="3"))),
    Bad(id="an operation that nobody asked for", rules={"nobody asked"},
        spoil=lambda one: put(one, "kept", kept(70, 3, "held", order="3"))),
    Bad(id="an effect twice", rules={"duplicated"}, spoil=lambda one: put(one, "effects", effect(2, at=103.0))),
    Bad(id="an unanswered write took effect twice", rules={"duplicated"},
        spoil=lambda one: put(one, "effects", effect(6, at=107.0, order="2"))),
    Bad(id="applied without an effect", rules={"lost effect"}, spoil=lambda one: without(one, "effects", 1)),
    Bad(id="an effect of a write that was never accepted", rules={"effect without operation"},
        spoil=lambda one: put(one, "effects", effect(9, order="2"))),
    Bad(id="an effect without a mark", rules={"effect without operation"},
        spoil=lambda one: put(one, "effects", replace(effect(1), mark=None))),
    Bad(id="an effect on another order", rules={"effect on another order"},
        spoil=lambda one: changed(one, "effects", 2, order="7")),
    Bad(id="two effects in the wrong order", rules={"reordered"}, spoil=lambda one: swapped(one, "effects", 0, 1)),
    Bad(id="a request before its turn", rules={"reordered"}, spoil=lambda one: swapped(one, "sent", 0, 1)),
    Bad(id="an earlier write sent again after a later one", rules={"reordered"},
        spoil=lambda one: put(one, "sent", sent(1, at=104.0))),
    Bad(id="an effect while the order is held", rules={"sent while held"},
        spoil=lambda one: put(one, "effects", effect(8, at=111.0, order="3"))),
    Bad(id="a request while the order is held", rules={"sent while held"},
        spoil=lambda one: put(one, "sent", sent(8, at=111.0))),
    Bad(id="a request just behind what caused the hold", rules={"sent while held"},
        spoil=lambda one: put(one, "sent", sent(8, at=110.001))),
    Bad(id="what caused the hold is sent again meanwhile", rules={"sent while held"},
        spoil=lambda one: put(one, "sent", sent(7, at=110.5))),
    Bad(id="refused, and the vendor did it", rules={"wrong final state"}, spoil=done_although_refused),
    Bad(id="told applied, refused in the end", rules={"told otherwise"},
        spoil=lambda one: changed(one, "calls", 3, state="applied")),
    Bad(id="an event is missing", rules={"gap in the events"}, spoil=lambda one: without(one, "events", 1)),
    Bad(id="the last event says another state", rules={"event missing"},
        spoil=lambda one: changed(one, "events", 2, type="operation.unknown")),
    Bad(id="an attempt is missing", rules={"attempt missing"}, spoil=lambda one: changed(one, "kept", 1, attempts=3)),
    Bad(id="two attempts were both applied", rules={"applied twice"},
        spoil=lambda one: changed(one, "kept", 1, outcomes=("applied", "applied"))),
    Bad(id="a later write got the earlier place", rules={"overtaken"}, spoil=renumbered),
    Bad(id="an operation never ends", rules={"never ends"},
        spoil=lambda one: changed(one, "kept", 5, state="unknown")),
    Bad(id="queued behind nothing", rules={"never ends"},
        spoil=lambda one: put(one, "kept", replace(kept(9, 3, "queued", order="2")))),
    Bad(id="an answer that nobody should get", rules={"strange answer"},
        spoil=lambda one: one.strange.append("POST /v1: 500")),
]  # fmt: skip


def test_a_good_history_passes() -> None:
    assert check(good()) == []


def test_a_refused_write_that_a_person_sends_again_is_one_write() -> None:
    history = good()
    sent_again(history, at=204.0)
    assert check(history) == []


def test_the_hold_of_a_gateway_whose_clock_is_a_little_behind_seems_older_than_what_caused_it() -> None:
    history = good()
    changed(history, "sent", -1, at=110.03)
    changed(history, "sent", 2, at=104.53)
    sent_again(history, at=199.97)
    assert check(history) == []


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id)
def test_a_bad_history_is_found(bad: Bad) -> None:
    history = good()
    bad.spoil(history)
    assert {one.rule for one in check(history)} == bad.rules


def test_every_rule_is_broken_by_a_history() -> None:
    """A rule that nothing breaks might as well not be there."""
    broken: set[str] = set()
    for bad in BAD:
        history = good()
        bad.spoil(history)
        broken |= {rule.__name__ for rule in RULES if list(rule(Indexed(history)))}
    assert broken == {rule.__name__ for rule in RULES}
