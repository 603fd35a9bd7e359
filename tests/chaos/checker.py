"""The history checker: callers, ledger and vendors have to tell one story. Pure, and linear in its length.

Each rule is a function from a history to the violations that it found; `check` runs them all.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.chaos.history import Call, Effect, History, Hold, Kept

EFFECTLESS = frozenset({"refused", "cancelled", "skipped", "replaced"})
"""Final states that say: the vendor did not do it."""
FINAL = EFFECTLESS | {"applied"}
NOT_OURS = ("dropped_member", "_by_client")
"""How the kinds of those effects end that no write of ours made."""
CLOCKS_APART_S = 0.1
"""The ledger's times are the database server's as a gateway knows them, the wire's are this machine's."""
Lane = tuple[str, str]
"""A backend and an order's number: one queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    rule: str
    what: str


class Indexed:
    """A history by marks and by orders."""

    def __init__(self, history: History) -> None:
        self.history = history

    @cached_property
    def calls(self) -> Mapping[str, Call]:
        return {call.mark: call for call in self.history.calls}

    @cached_property
    def kept(self) -> Mapping[str, Kept]:
        """By its mark the operation that the vendor has to have done: of two, the one that a person put in place."""
        found = {one.mark: one for one in self.history.kept if one.mark is not None and one.id not in self.put_in_place}
        return found | {
            one.mark: one for one in self.history.kept if one.mark is not None and one.id in self.put_in_place
        }

    @cached_property
    def accepted(self) -> Mapping[str, Kept]:
        """By its mark the operation that the caller's own request made."""
        return {one.mark: one for one in self.history.kept if one.mark is not None and one.id not in self.put_in_place}

    @cached_property
    def put_in_place(self) -> frozenset[str]:
        return frozenset(hold.made for hold in self.history.holds if hold.made is not None)

    @cached_property
    def by_id(self) -> Mapping[str, Kept]:
        return {one.id: one for one in self.history.kept}

    @cached_property
    def ours(self) -> list[Effect]:
        return [one for one in self.history.effects if not one.kind.endswith(NOT_OURS)]

    @cached_property
    def made(self) -> Mapping[str, int]:
        return Counter(one.mark for one in self.ours if one.mark is not None)

    @cached_property
    def ever_held(self) -> frozenset[str]:
        """Operations that a person may have ended: what they said may stand against an effect."""
        return frozenset(hold.operation for hold in self.history.holds if hold.operation is not None)

    @cached_property
    def sent_again(self) -> frozenset[str]:
        """Operations that a person had sent once more by another: the effect is that one's."""
        return frozenset(hold.operation for hold in self.history.holds if hold.operation and hold.made)

    @cached_property
    def holds(self) -> Mapping[Lane, list[Hold]]:
        found: defaultdict[Lane, list[Hold]] = defaultdict(list)
        for hold in sorted(self.history.holds, key=lambda hold: hold.opened):
            found[hold.backend, hold.order].append(hold)
        return found


def every_accepted_write_is_kept(of: Indexed) -> Iterator[Violation]:
    """What a caller was told was accepted is in the ledger, once; what was refused when it came is not."""
    times = Counter(one.mark for one in of.history.kept if one.mark is not None and one.id not in of.put_in_place)
    yield from (_violated("accepted twice", mark, f"{n} operations") for mark, n in times.items() if n > 1)
    for call in of.history.calls:
        kept = of.accepted.get(call.mark)
        if call.told == "ok" and (kept is None or call.operation not in (None, kept.id)):
            yield _violated("lost", call.mark, f"told {call.status} {call.operation}, the ledger has {kept}")
        if call.told == "fail" and call.operation is None and kept is not None:
            yield _violated("refused yet kept", call.mark, f"told {call.status}, the ledger has {kept.state}")
    for kept in of.history.kept:
        if kept.mark is None or kept.mark not in of.calls:
            yield _violated("nobody asked", kept.id, f"{kept}")


def every_effect_happens_once(of: Indexed) -> Iterator[Violation]:
    """Rules 1, 3: an applied write has exactly one effect, any other at most one."""
    for mark, times in of.made.items():
        if times > 1:
            yield _violated("duplicated", mark, f"{times} effects")
    for kept in of.history.kept:
        if kept.state == "applied" and kept.mark is not None and not of.made.get(kept.mark):
            yield _violated("lost effect", kept.mark, f"{kept.id} is applied, and the vendor has nothing")


def every_effect_was_asked_for(of: Indexed) -> Iterator[Violation]:
    """Rule 2: an effect belongs to an accepted operation, on that operation's order."""
    for effect in of.ours:
        kept = of.kept.get(effect.mark or "")
        if kept is None:
            yield _violated("effect without operation", effect.mark or "?", f"{effect.kind} on {effect.order}")
        elif not effect.order.endswith(kept.order):
            yield _violated("effect on another order", kept.id, f"{effect.order} instead of {kept.order}")


def effects_are_in_order(of: Indexed) -> Iterator[Violation]:
    """Rule 4: the vendor's order is the ledger's, and so is that in which requests left, whatever became of them."""
    effects = (one.mark for one in of.ours)
    for what, marks in (("effect", effects), ("request", (one.mark for one in of.history.sent))):
        reached: dict[Lane, int] = defaultdict(int)
        for mark in marks:
            kept = of.kept.get(mark or "")
            if kept is None:
                continue
            lane = (kept.backend, kept.order)
            if kept.seq < reached[lane]:
                yield _violated(
                    "reordered", kept.mark or "", f"{what} of place {kept.seq} after that of {reached[lane]}"
                )
            reached[lane] = max(reached[lane], kept.seq)


def nothing_passes_a_hold(of: Indexed) -> Iterator[Violation]:
    """Rule 5: while a hold is open, nothing of its order is sent, and nothing happens."""
    passed = [(one.mark, one.at) for one in of.ours] + [(one.mark, one.at) for one in of.history.sent]
    for mark, at in passed:
        kept = of.kept.get(mark or "")
        if kept is None:
            continue
        for hold in of.holds.get((kept.backend, kept.order), ()):
            if _passes(of, kept, hold, at):
                yield _violated("sent while held", mark or "", f"at {at:.6f}, held {hold.opened:.6f} to {hold.closed}")


def _passes(of: Indexed, kept: Kept, hold: Hold, at: float) -> bool:
    """What waits behind a hold's cause was never sent before; the cause was, a moment before the hold was opened."""
    cause = of.by_id.get(hold.operation or "")
    behind = cause is not None and kept.seq > cause.seq and kept.id != hold.made
    since = hold.opened if behind else hold.opened + CLOCKS_APART_S
    return since < at < (math.inf if hold.closed is None else hold.closed - CLOCKS_APART_S)


def final_states_are_true(of: Indexed) -> Iterator[Violation]:
    """No final state that the vendor's list contradicts, and none that changes once it was told."""
    for kept in of.history.kept:
        if kept.mark is None:
            continue
        persons = of.sent_again if kept.state == "refused" else of.ever_held
        if kept.state in EFFECTLESS and of.made.get(kept.mark) and kept.id not in persons:
            yield _violated("wrong final state", kept.mark, f"{kept.id} is {kept.state}, and the vendor did it")
        call = None if kept.id in of.put_in_place else of.calls.get(kept.mark)
        if call is not None and call.state in FINAL and call.state != kept.state:
            yield _violated("told otherwise", kept.mark, f"told {call.state}, the ledger has {kept.state}")


def events_agree(of: Indexed) -> Iterator[Violation]:
    """Rule 6: events count without gaps in each order, and the last of an operation is its state; attempts are all there."""
    counted: dict[Lane, int] = defaultdict(int)
    last: dict[str, str] = {}
    for event in of.history.events:
        lane = (event.backend, event.order)
        counted[lane] += 1
        if event.seq != counted[lane]:
            yield _violated("gap in the events", event.order, f"event {event.seq} comes as number {counted[lane]}")
        if event.operation is not None and event.type.startswith("operation."):
            last[event.operation] = event.type.removeprefix("operation.")
    for kept in of.history.kept:
        if kept.state in FINAL and of.history.events and last.get(kept.id) != kept.state:
            yield _violated("event missing", kept.id, f"{kept.state}, but its last event is {last.get(kept.id)}")
        if kept.attempts != len(kept.outcomes):
            yield _violated("attempt missing", kept.id, f"{kept.attempts} counted, {len(kept.outcomes)} kept")
        if kept.outcomes.count("applied") > 1:
            yield _violated("applied twice", kept.id, f"{kept.outcomes}")


def real_time_is_kept(of: Indexed) -> Iterator[Violation]:
    """Rule 7: what was acknowledged before another write of the same order was sent has the earlier place."""
    lanes: defaultdict[Lane, list[Kept]] = defaultdict(list)
    for kept in of.accepted.values():
        lanes[kept.backend, kept.order].append(kept)
    for queue in lanes.values():
        soonest = math.inf
        """The earliest acknowledgement among those with a later place."""
        for kept in sorted(queue, key=lambda one: one.seq, reverse=True):
            call = of.calls.get(kept.mark or "")
            if call is None:
                continue
            if soonest < call.invoked:
                yield _violated(
                    "overtaken", call.mark, f"place {kept.seq}: one behind it was acknowledged before it came"
                )
            if call.answered is not None and call.told == "ok":
                soonest = min(soonest, call.answered)


def everything_ends(of: Indexed) -> Iterator[Violation]:
    """Rule 8: at the end every operation is final or held, or waits behind an open hold."""
    held = {(one.backend, one.order) for one in of.history.kept if one.state == "held"}
    held |= {(one.backend, one.order) for one in of.history.holds if one.closed is None}
    for kept in of.history.kept:
        waits = kept.state == "queued" and (kept.backend, kept.order) in held
        if kept.state not in FINAL and kept.state != "held" and not waits:
            yield _violated("never ends", kept.id, f"still {kept.state}")


def nobody_was_told_nonsense(of: Indexed) -> Iterator[Violation]:
    yield from (_violated("strange answer", "", what) for what in of.history.strange)


RULES: tuple[Callable[[Indexed], Iterable[Violation]], ...] = (
    every_accepted_write_is_kept,
    every_effect_happens_once,
    every_effect_was_asked_for,
    effects_are_in_order,
    nothing_passes_a_hold,
    final_states_are_true,
    events_agree,
    real_time_is_kept,
    everything_ends,
    nobody_was_told_nonsense,
)


def check(history: History) -> list[Violation]:
    """Every violation of every rule, in the rules' order."""
    of = Indexed(history)
    return [found for rule in RULES for found in rule(of)]


def _violated(rule: str, who: str, what: str) -> Violation:
    return Violation(rule=rule, what=f"{who}: {what}")
