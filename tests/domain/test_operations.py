"""The states of a write and the edges between them: every pair is either allowed by the table or refused."""

from __future__ import annotations

import itertools

import pytest

from app.domain.operations import EDGES, FINAL, UNRESOLVED, IllegalMove, State, move

PAIRS = list(itertools.product(State, State))
ALLOWED = [(was, to) for was, to in PAIRS if to in EDGES[was]]
FORBIDDEN = [(was, to) for was, to in PAIRS if to not in EDGES[was]]


def test_the_table_has_a_row_for_every_state() -> None:
    assert EDGES.keys() == set(State)


@pytest.mark.parametrize(("was", "to"), ALLOWED, ids=lambda state: state.value)
def test_an_edge_of_the_table_is_taken(was: State, to: State) -> None:
    assert move(was, to) is to


@pytest.mark.parametrize(("was", "to"), FORBIDDEN, ids=lambda state: state.value)
def test_every_other_pair_is_an_illegal_move(was: State, to: State) -> None:
    with pytest.raises(IllegalMove, match=f"an operation does not go from {was} to {to}"):
        move(was, to)


def test_a_write_ends_in_one_of_five_ways_and_stays_ended() -> None:
    assert frozenset({State.applied, State.refused, State.skipped, State.replaced, State.cancelled}) == FINAL


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    reached = {State.queued}
    while more := {to for was in reached for to in EDGES[was]} - reached:
        reached |= more
    assert reached == set(State)
    for state in set(State) - FINAL:
        onward = {state}
        while more := {to for was in onward for to in EDGES[was]} - onward:
            onward |= more
        assert onward & FINAL


def test_only_a_proof_or_a_person_sends_a_lost_write_again() -> None:
    assert {was for was in State if State.sending in EDGES[was]} == {State.queued}
    assert {was for was in State if State.queued in EDGES[was]} == {State.sending} | UNRESOLVED


def test_a_refusal_is_never_made_of_a_lost_answer() -> None:
    assert {was for was in State if State.refused in EDGES[was]} == {State.queued, State.sending}


def test_states_are_spelled_as_the_api_spells_them() -> None:
    assert [state.value for state in State] == [
        "queued",
        "sending",
        "verifying",
        "applied",
        "refused",
        "unknown",
        "held",
        "skipped",
        "replaced",
        "cancelled",
    ]
