"""Who waits for an operation is told of its next change, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.delivery.watchers import Watchers
from app.domain.operations import Operation, State
from app.domain.ports import Kind

SENT = Operation(
    id="op_1",
    tenant="acme",
    client_id="tester",
    backend="civica-cx",
    work_order="113427",
    seq=1,
    kind=Kind.status_update,
    state=State.sending,
    body={},
    target_code="11",
    occurred_at=None,
    previous_code="3",
    client_reference=None,
    attempts=1,
    accepted_at=0,
    finished_at=None,
    blocked_by=None,
    problem=None,
    result=None,
    answer_status=None,
    answer_body=None,
    probes=0,
    probe_evidence=None,
)


async def test_everybody_who_waits_for_an_operation_is_told_of_its_next_change() -> None:
    watchers = Watchers()
    waiting = [watchers.watch("op_1") for _ in range(3)]
    applied = replace(SENT, state=State.applied)
    watchers.tell(applied)
    assert [await one for one in waiting] == [applied] * 3


async def test_a_watch_is_for_one_change_of_one_operation() -> None:
    watchers = Watchers()
    mine, other = watchers.watch("op_1"), watchers.watch("op_2")
    watchers.tell(SENT)
    watchers.tell(replace(SENT, state=State.applied))
    assert (mine.result().state, other.done()) == (State.sending, False)


async def test_who_has_gone_is_not_told_and_leaves_nothing_behind() -> None:
    watchers = Watchers()
    gone, stays = watchers.watch("op_1"), watchers.watch("op_1")
    gone.cancel()
    watchers.tell(SENT)
    assert stays.result() is SENT
    again: asyncio.Future[Operation] = watchers.watch("op_1")
    watchers.unwatch("op_1", again)
    watchers.unwatch("op_1", again)
    assert watchers._waiting == {}


async def test_who_accepted_an_operation_elsewhere_is_told_once_it_rests_and_of_what_was_accepted_here_nobody_is() -> (
    None
):
    said: list[str] = []
    watchers = Watchers(abroad=said.append)
    watchers.accepted_here(SENT)
    watchers.tell(replace(SENT, state=State.held))
    watchers.tell(replace(SENT, id="op_2"))
    assert said == []
    watchers.tell(replace(SENT, id="op_2", state=State.applied))
    watchers.tell(replace(SENT, id="op_3", state=State.held))
    assert said == ["op_2", "op_3"]


async def test_what_another_process_has_said_is_not_said_back() -> None:
    said: list[str] = []
    watchers = Watchers(abroad=said.append)
    watchers.accepted_here(SENT)
    waiting = watchers.watch("op_1")
    assert watchers.settled_abroad("op_1")
    watchers.tell_of(replace(SENT, state=State.applied))
    assert ((await waiting).state, said) == (State.applied, [])
