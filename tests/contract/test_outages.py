"""While the vendor is away writes of every kind wait, reads fail, and all is applied in order once it is back."""

from __future__ import annotations

from app.domain.ports import Capability
from tests.contract.changes import Change, is_done, name, named_plans_of, on_a_good_day, plans_of
from tests.contract.desk import Desk
from tests.delivery.bench import Simulated, finished, leaves


async def test_writes_of_every_kind_wait_and_are_applied_when_the_vendor_is_back(
    desk: Desk, simulated: Simulated
) -> None:
    good = {name(plan): await on_a_good_day(desk, plan) for plan in named_plans_of(desk.vendor.slug)}
    effects = len(desk.all_effects())
    changes = {name(plan): await plan(desk) for plan in plans_of(desk.vendor.slug)}
    simulated.stop()
    sent: dict[str, str] = {}
    for plan_name, change in changes.items():
        answer = await change.send(desk, prefer="wait=0")
        assert (answer.status_code, answer.json()["state"]) in ((202, "queued"), (202, "sending")), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        sent[plan_name] = answer.headers["operation-id"]
    read = await desk.read(desk.number)
    assert (read.status_code, read.json()["code"]) == (503, "backend-unavailable")
    for plan_name, operation_id in sent.items():
        waiting = await leaves(desk.site, operation_id, "sending")
        assert (waiting["state"], waiting["waiting_for"]["code"]) == ("queued", "backend-unavailable"), plan_name
    simulated.start()
    ended = {one: await finished(desk.site, operation, within_s=30) for one, operation in sent.items()}
    assert {one: found["state"] for one, found in ended.items()} == dict.fromkeys(sent, "applied")
    for plan_name, marks in good.items():
        change = changes[plan_name]
        assert (plan_name, desk.marks(change.number), await is_done(desk, change)) == (plan_name, marks, True)
    unnumbered = len(changes) - len(good)
    assert len(desk.all_effects()) - effects == sum(map(len, good.values())) + unnumbered


async def chain(desk: Desk, number: str) -> list[Change]:
    """Writes of one order that may follow each other, as many kinds as the vendor can; nothing comes after its end."""
    can = desk.vendor.capabilities
    body = await desk.next_update(number)
    assert body is not None
    update = Change(capability=Capability.status_update, number=number, body=body, done=201)
    patches = [Change(capability=Capability.patch, number=number, body=dict(one)) for one in desk.samples.patch[:2]]
    ends = await desk.every_update_ends()
    made = [*patches, update] if ends else [update, *patches]
    if Capability.delete in can and not ends:
        made.append(Change(capability=Capability.delete, number=number, body={}))
    return made


async def test_writes_of_one_order_reach_the_vendor_in_the_order_accepted(desk: Desk, simulated: Simulated) -> None:
    quiet = desk.plain_order()
    for change in await chain(desk, quiet):
        answer = await change.send(desk)
        assert answer.status_code == change.done, answer.text
    number = desk.plain_order()
    changes = await chain(desk, number)
    simulated.stop()
    sent = []
    for change in changes:
        answer = await change.send(desk, prefer="respond-async")
        assert answer.status_code == 202, answer.text
        sent.append(answer.headers["operation-id"])
    simulated.start()
    assert [(await finished(desk.site, one, within_s=30))["state"] for one in sent] == ["applied"] * len(sent)
    assert desk.marks(number) == desk.marks(quiet)
    assert await is_done(desk, changes[-1])
