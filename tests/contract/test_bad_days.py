"""Bad days, for every kind of write at once: the effect comes exactly as on a good day, or never, and never twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.domain import health
from app.domain.ports import Capability
from tests.contract.changes import (
    Change,
    create_numbered_by_the_vendor,
    is_done,
    name,
    named_plans_of,
    on_a_good_day,
    vendors_with,
)
from tests.contract.desk import Desk
from tests.delivery.bench import finished, operation, outcomes


@dataclass(frozen=True, kw_only=True)
class Day:
    """A fault that a call meets, and whether the vendor makes the effect all the same."""

    fault: str
    effect: bool
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def attempts(self) -> list[str]:
        """What they come to: an effect is found by reading; where there is none, that is proved, and it is sent again."""
        return ["unknown"] if self.effect else ["unknown", "applied"]


DAYS = {
    "made": [
        Day(fault="lost_answer", effect=True),
        Day(fault="truncate", effect=True),
        Day(fault="late_effect", effect=True, details={"delay_s": 2}),
        Day(fault="latency", effect=True, details={"delay_s": 2.4}),
    ],
    "not made": [
        Day(fault="reset", effect=False),
        Day(fault="http_500", effect=False),
        Day(fault="html", effect=False),
        Day(fault="hang", effect=False, details={"delay_s": 30}),
    ],
}
"""Latency is longer than an attempt's deadline here, and ends like a late effect within the settle time."""


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS)
async def test_every_write_whose_answer_is_lost_ends_as_on_a_good_day(desk: Desk, days: list[Day]) -> None:
    good: dict[str, list[tuple[str, str]]] = {}
    changes: dict[tuple[str, str], Change] = {}
    for plan in named_plans_of(desk.vendor.slug):
        good[name(plan)] = await on_a_good_day(desk, plan)
        for day in days:
            changes[day.fault, name(plan)] = await plan(desk)
    for day in days:
        for plan_name in good:
            desk.site.fault(day.fault, order=changes[day.fault, plan_name].number, **day.details)
    keys = {at: desk.site.fresh_key() for at in changes}
    answers = await asyncio.gather(*[one.send(desk, keys[at]) for at, one in changes.items()])
    found = {}
    for at, answer in zip(changes, answers, strict=True):
        change = changes[at]
        assert answer.status_code in (change.done, 202), (at, answer.text)
        found[at] = await ended_as(desk, change, answer, good[at[1]])
        again = await change.send(desk, keys[at])
        assert (again.status_code, again.headers["idempotent-replayed"]) == (change.done, "true"), (at, again.text)
        if answer.status_code != 202:
            assert again.content == answer.content
        if change.done == 201 and change.capability is not Capability.status_update:
            assert again.headers["location"] == desk.site.orders(change.number)
    assert found == {
        (day.fault, plan_name): ("applied", day.attempts, True, True) for day in days for plan_name in good
    }
    standing = desk.site.vendor.get("/_sim/faults").json()["faults"]
    assert standing == [], "a fault was met by nobody"


async def ended_as(
    desk: Desk, change: Change, answer: httpx.Response, good: list[tuple[str, str]]
) -> tuple[str, list[str | None], bool, bool]:
    """The state, what each attempt came to, whether the effects are those of a good day, and whether the order shows it."""
    ended = await finished(desk.site, answer.headers["operation-id"], within_s=30)
    attempts = await outcomes(desk.site, ended["operation_id"])
    return ended["state"], attempts, desk.marks(change.number) == good, await is_done(desk, change)


async def test_an_expired_token_is_renewed_without_the_caller_noticing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is part of the configuration cannot be renewed: then the write waits, and is tried again."""
    monkeypatch.setattr(health, "MISCONFIGURED_PAUSE_S", 0.5)
    attempts = ["not_applied", "applied"] if desk.samples.fixed_token else ["applied"]
    for plan in named_plans_of(desk.vendor.slug):
        good = await on_a_good_day(desk, plan)
        change = await plan(desk)
        desk.site.fault("token_expired", order=change.number)
        answer = await change.send(desk)
        assert answer.status_code == change.done, (name(plan), answer.text)
        assert await ended_as(desk, change, answer, good) == ("applied", attempts, True, True), name(plan)


@vendors_with(Capability.create)
async def test_an_order_that_only_the_vendor_could_number_is_held_and_never_created_again(desk: Desk) -> None:
    if not desk.samples.numbered_by_vendor:
        return
    change = await create_numbered_by_the_vendor(desk)
    held: dict[str, str] = {}
    days = [*DAYS["made"], *DAYS["not made"]]
    for day in days:
        soon = {"delay_s": 0.5} if day.fault == "late_effect" else {}
        desk.site.fault(day.fault, **{**day.details, **soon})
        answer = await change.send(desk, f"the-key-of-the-{day.fault}")
        assert answer.status_code == 202, answer.text
        held[day.fault] = answer.headers["operation-id"]
        ended = await finished(desk.site, held[day.fault])
        assert (day.fault, ended["state"], ended["attempts"]) == (day.fault, "held", 1)
    await asyncio.sleep(1)
    for fault, operation_id in held.items():
        again = await change.send(desk, f"the-key-of-the-{fault}")
        assert (again.status_code, again.json()["state"]) == (202, "held")
        assert (await operation(desk.site, operation_id))["attempts"] == 1
    assert len(desk.all_effects()) == sum(day.effect for day in days)
    assert (await change.send(desk)).status_code == 201, "it holds up nobody but itself"
