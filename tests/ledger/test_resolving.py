"""Resolutions of holds: for each cause and each word the whole order, its writes in their places, the hold and the events."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from app.domain.holds import ACTIONS, Action, Cause
from app.domain.operations import FINAL, State
from app.ledger import holds, operations
from app.ledger.models import metadata
from app.ledger.sql import Value
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NUMBER, OCCURRED, draft, everything, op_id
from tests.ledger.stops import HOLD, INSTEAD, LATER, places, said, stopped, word

REASON, BY = "seen on the screen", "ann"
ENDS_ALL = tuple((n, State.cancelled) for n in (2, 3, 4))
WAITS = tuple((n, State.queued) for n in (2, 3, 4))
NOTHING: dict[str, Value] = {"projected_code": None, "projected_operation": None, "projected_tenant": None}
APPLIED: dict[str, Value] = {
    "code": "11",
    "code_since": OCCURRED,
    "code_operation": op_id(1),
    "code_tenant": "acme",
    "confirmed_at": LATER,
}


@dataclass(frozen=True)
class Case:
    """A word for a cause, and what it leaves: the writes in their places, and what is other in the order's row."""

    cause: Cause
    action: Action
    writes: tuple[tuple[int, State], ...]
    order: dict[str, Value]
    results: dict[int, dict[str, str]]
    """The results of those that end by it, by the write's number."""

    @property
    def name(self) -> str:
        return f"{self.cause.value}: {self.action.value}"

    @property
    def instead(self) -> bool:
        """Whether a new write takes the place of the cause."""
        return self.action is Action.replace or (self.action, self.cause) == (Action.retry, Cause.vendor_refused)


def unresolved(cause: Cause) -> list[Case]:
    """Of a write that is held itself."""
    mine = {"hold_id": HOLD, "reason": REASON}
    cancelled = {"resolution": "cancel"}
    return [
        Case(cause, Action.retry, ((1, State.queued), *WAITS), {}, {}),
        Case(cause, Action.skip, ((1, State.skipped), *WAITS), {}, {1: {"resolution": "skip", **mine}}),
        Case(
            cause,
            Action.replace,
            ((1, State.replaced), (9, State.queued), *WAITS),
            {},
            {1: {"resolution": "replace", **mine, "replaced_by": INSTEAD.id}},
        ),
        Case(cause, Action.mark_applied, ((1, State.applied), *WAITS), APPLIED, {}),
        Case(
            cause,
            Action.cancel,
            ((1, State.cancelled), *ENDS_ALL),
            NOTHING,
            {n: cancelled if n == 3 else {**cancelled, **mine} for n in (1, 2, 3, 4)},
        ),
    ]


def ended(hold_id: str | None) -> dict[int, dict[str, str]]:
    """What the writes behind tell when all is cancelled; the other tenant's says nothing of whose word it was."""
    named = {} if hold_id is None else {"hold_id": hold_id, "reason": REASON}
    return {n: {"resolution": "cancel", **({} if n == 3 else named)} for n in (2, 3, 4)}


REFUSED = ((1, State.refused),)
CASES = [
    Case(Cause.vendor_refused, Action.retry, (*REFUSED, (9, State.queued), *WAITS), {}, {}),
    Case(Cause.vendor_refused, Action.replace, (*REFUSED, (9, State.queued), *WAITS), {}, {}),
    Case(Cause.vendor_refused, Action.skip, (*REFUSED, *WAITS), {}, {}),
    Case(Cause.vendor_refused, Action.mark_applied, (*REFUSED, *WAITS), {}, {}),
    Case(Cause.vendor_refused, Action.cancel, (*REFUSED, *ENDS_ALL), NOTHING, ended(HOLD)),
    *unresolved(Cause.outcome_unknown),
    *unresolved(Cause.side_effect),
    Case(Cause.contradiction, Action.skip, WAITS, {"code": None}, {}),
    Case(Cause.contradiction, Action.cancel, ENDS_ALL, {"code": None, **NOTHING}, ended(None)),
]


def test_there_is_a_case_for_every_word_that_makes_sense() -> None:
    assert {(case.cause, case.action) for case in CASES} == {(c, a) for c, actions in ACTIONS.items() for a in actions}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_every_word_about_every_cause_leaves_this(store: Store, case: Case) -> None:
    hold_id = await stopped(store, case.cause)
    before = await everything(store)
    instead = INSTEAD if case.instead else None
    resolved = await said(store, hold_id, word(case.action, instead=instead))
    after = await everything(store)

    # the writes: each in its state and its place, those that did not move as they were
    assert await places(store) == [
        (place, op_id(n), state.value) for place, (n, state) in enumerate(case.writes, start=1)
    ]
    were = {row["id"]: row for row in before["operation"]}
    for row in after["operation"]:
        n = int(str(row["id"])[3:])
        was = were.get(row["id"])
        if was is None:
            assert row == made_row(seq=int(str(row["seq"])))
            continue
        finished = State(str(row["state"])) in FINAL and was["state"] != row["state"]
        assert row == {
            **was,
            "seq": row["seq"],
            "state": row["state"],
            "finished_at": LATER if finished else was["finished_at"],
            "result": compact(case.results[n]) if n in case.results else was["result"],
        }

    # the hold
    [held] = before["order_hold"]
    assert after["order_hold"] == [
        {
            **held,
            "version": 2,
            "closed_at": LATER,
            "closed_by": BY,
            "resolution": case.action.value,
            "reason": REASON,
            "evidence": "screenshot 7" if case.action is Action.mark_applied else None,
            "made_operation": INSTEAD.id if instead else None,
        }
    ]
    assert resolved.hold == await store.read(holds.find(hold_id))

    # the order: it goes on, and is read again before anything is sent
    [was_order], [order] = before["work_order"], after["work_order"]
    open_ = [n for n, state in case.writes if state not in FINAL]
    moved = [one for one in after["event"] if one not in before["event"]]
    assert order == {
        **was_order,
        "blocked_by": None,
        "blocked_tenant": None,
        "held": 0,
        "recheck": 1,
        "ready_at": LATER if open_ else None,
        "changed_at": LATER,
        "open_count": len(open_),
        "last_seq": int(str(was_order["last_seq"])) + int(case.instead),
        "fence": int(str(was_order["fence"])) + 1,
        "version": order["version"],
        "event_seq": int(str(was_order["event_seq"])) + len(moved),
        **case.order,
    }
    assert int(str(order["version"])) > int(str(was_order["version"]))

    # the events, and those told of it
    states = {row["id"]: row["state"] for row in before["operation"]}
    changed = [(n, state) for n, state in case.writes if states.get(op_id(n), "") != state.value]
    assert [(one["seq"], one["type"], one["operation_id"], one["tenant"]) for one in moved] == [
        (int(str(was_order["event_seq"])) + place, *rest)
        for place, rest in enumerate(
            [
                *[
                    (f"operation.{state.value}", op_id(n), "other" if n == 3 else "acme")
                    for n, state in changed
                    if n != 9
                ],
                ("hold.closed", held["operation_id"], held["tenant"]),
            ],
            start=1,
        )
    ]
    assert [(one.id, one.state) for one in resolved.changed] == [(op_id(n), state) for n, state in changed]
    for one in resolved.changed:
        assert await store.read(operations.find(one.id)) == one

    # nothing else
    same = ("attempt", "idempotency_key", "client")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def made_row(*, seq: int) -> dict[str, object]:
    """The write that took the place of the cause: its kind and its owner are the cause's."""
    asked = draft(1)
    return {
        **dict.fromkeys(column.name for column in metadata.tables["operation"].columns),
        "id": INSTEAD.id,
        "tenant": asked.tenant,
        "client_id": asked.client_id,
        "backend": BACKEND,
        "work_order": NUMBER,
        "seq": seq,
        "kind": asked.kind.value,
        "state": "queued",
        "body": INSTEAD.body,
        "target_code": INSTEAD.target_code,
        "occurred_at": INSTEAD.occurred_at,
        "attempts": 0,
        "probes": 0,
        "accepted_at": LATER,
    }


def compact(value: dict[str, str]) -> str:
    order = ("resolution", "hold_id", "reason", "replaced_by")
    return json.dumps({name: value[name] for name in order if name in value}, separators=(",", ":"))
