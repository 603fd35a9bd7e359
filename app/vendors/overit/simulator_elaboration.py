"""One elaboration of vendor document 004: what its steps hand to each other, and how a table of steps is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.vendors.overit.simulator_body import Body
from app.vendors.overit.simulator_orders import Orders
from app.vendors.overit.simulator_problems import Refused
from app.vendors.overit.simulator_records import WorkOrder
from app.vendors.simulation import Json

Write = Callable[[WorkOrder, str, dict[str, Json]], None]
"""Journals an effect of this kind and detail on the order, and applies it."""

State = TypeVar("State")


@dataclass(kw_only=True, slots=True)
class Settings:
    """What `/_sim/settings` changes."""

    double_location: bool = True
    """`company.fsm.doubleLocation`: whether operations have an activityAddress."""
    success: int = 204
    """[assumed] The document gives no status of a success: 204, or 200 with an empty object."""
    fail_step: int | None = None
    """The step that answers its error the next time it is run, and only then."""


@dataclass(kw_only=True, slots=True)
class Elaboration:
    body: Body
    orders: Orders
    settings: Settings
    write: Write
    found: WorkOrder | None = None
    """The output of step 2."""
    new: Sequence[Mapping[str, Json]] = field(default=())
    """The output of step 10: the operations whose executionOrder the work order does not have."""

    @property
    def order(self) -> WorkOrder:
        if self.found is None:
            raise RuntimeError("step 2 comes first")
        return self.found

    @property
    def existing(self) -> list[Mapping[str, Json]]:
        return [operation for operation in self.body.operations if operation not in self.new]


@dataclass(kw_only=True, slots=True)
class OneOperation:
    """What the sub-steps of step 8 see."""

    elaboration: Elaboration
    given: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Generic[State]):
    """`name` and `title` are the document's, and `name` finds the step's error.

    `run` returns None where the step obtains its output; else what its error is about.
    """

    name: str
    title: str
    skipped: Callable[[State], bool]
    run: Callable[[State], str | None]


def run_steps(steps: Sequence[Step[State]], state: State) -> None:
    """Runs them in order; raises Refused from the first that fails."""
    for step in steps:
        if step.skipped(state):
            continue
        subject = step.run(state)
        if subject is not None:
            raise Refused(step.name, subject)


def never(_: object) -> bool:
    return False
