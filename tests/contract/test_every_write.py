"""What holds for every kind of write of every vendor: one effect, one answer, and a caller who may go away."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from app.vendors.vendor import Vendor
from tests.contract.changes import is_done, name, named_plans_of, on_a_good_day, patch_as_read, plans_of, status_update
from tests.contract.conftest import OpenDesk, wrong_secrets
from tests.contract.desk import AT, Desk
from tests.delivery.bench import finished, until


async def test_a_repeat_is_a_replay_and_has_no_effect(desk: Desk) -> None:
    for plan in plans_of(desk.vendor.slug):
        before = len(desk.all_effects())
        change, key = await plan(desk), f"the-key-of-{name(plan)}"
        first = await change.send(desk, key)
        effects = desk.all_effects()
        again = await change.send(desk, key)
        assert (first.status_code, first.headers["idempotent-replayed"]) == (change.done, "false"), first.text
        assert (again.status_code, again.headers["idempotent-replayed"]) == (change.done, "true"), name(plan)
        assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
        assert len(effects) > before
        assert desk.all_effects() == effects, name(plan)


async def test_the_same_key_for_another_request_is_refused_unsent(desk: Desk) -> None:
    for plan in plans_of(desk.vendor.slug):
        change, other, key = await plan(desk), await plan(desk), f"the-key-of-{name(plan)}"
        assert (await change.send(desk, key)).status_code == change.done
        effects = desk.all_effects()
        if not other.number:
            other = replace(other, body={**other.body, "notes": "another"})
        reused = await other.send(desk, key)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused"), name(plan)
        assert desk.all_effects() == effects


async def test_fifty_identical_requests_at_once_have_one_effect(desk: Desk) -> None:
    for plan in plans_of(desk.vendor.slug):
        good = await on_a_good_day(desk, plan) if plan in named_plans_of(desk.vendor.slug) else None
        before = len(desk.all_effects())
        change = await plan(desk)
        answers = await asyncio.gather(*[change.send(desk, f"the-key-of-{name(plan)}") for _ in range(50)])
        assert {answer.status_code for answer in answers} == {change.done}, name(plan)
        assert len({answer.content for answer in answers}) == 1
        assert sorted(answer.headers["idempotent-replayed"] for answer in answers) == ["false"] + ["true"] * 49
        assert len(desk.all_effects()) - before == (1 if good is None else len(good)), name(plan)
        assert good is None or desk.marks(change.number) == good


async def test_what_the_vendor_refuses_is_told_in_the_vendors_words_and_leaves_nothing(desk: Desk) -> None:
    for plan in plans_of(desk.vendor.slug):
        change, key = await plan(desk), f"the-key-of-{name(plan)}"
        effects = desk.all_effects()
        desk.site.fault("refuse")
        refused = await change.send(desk, key)
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["outcome"]) in (
            (409, "vendor-refused", "refused"),
            (422, "vendor-rejected-data", "refused"),
            (404, "work-order-not-found", "refused"),
        ), (name(plan), problem)
        assert problem["vendor"]["message"]
        assert desk.all_effects() == effects
        again = await change.send(desk, key)
        assert (again.status_code, again.content) == (refused.status_code, refused.content)
        corrected = await change.send(desk)
        assert corrected.status_code == change.done, (name(plan), corrected.text)


async def test_a_caller_who_hangs_up_loses_nothing(desk: Desk) -> None:
    for plan in plans_of(desk.vendor.slug):
        good = await on_a_good_day(desk, plan) if plan in named_plans_of(desk.vendor.slug) else None
        before = len(desk.all_effects())
        earlier = {one["operation_id"] for one in await desk.operations()}
        change, key = await plan(desk), f"the-key-of-{name(plan)}"
        desk.site.fault("latency", delay_s=0.4)
        waiting = asyncio.create_task(change.send(desk, key))
        begun: dict[str, str] = {}

        async def sending(earlier: set[str] = earlier, begun: dict[str, str] = begun) -> bool:
            new = [one for one in await desk.operations() if one["operation_id"] not in earlier]
            begun.update({one["operation_id"]: one["state"] for one in new})
            return "sending" in begun.values()

        await until(sending)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        (operation,) = begun
        assert (await finished(desk.site, operation))["state"] == "applied", name(plan)
        answer = await change.send(desk, key)
        assert (answer.status_code, answer.headers["idempotent-replayed"]) == (change.done, "true")
        assert answer.headers["operation-id"] == operation
        assert len(desk.all_effects()) - before == (1 if good is None else len(good)), name(plan)
        assert good is None or (desk.marks(change.number) == good and await is_done(desk, change))


async def test_an_order_that_cannot_be_read_after_the_write_does_not_make_it_doubtful(desk: Desk) -> None:
    """The write is applied, and answered with the operation where the vendor's own answer holds no record."""
    for plan in plans_of(desk.vendor.slug):
        good = await on_a_good_day(desk, plan) if plan in named_plans_of(desk.vendor.slug) else None
        before = len(desk.all_effects())
        change, key = await plan(desk), f"the-key-of-{name(plan)}"
        earlier = {one["operation_id"] for one in await desk.operations()}
        desk.site.fault("latency", delay_s=0.4)

        async def sending(earlier: set[str] = earlier) -> bool:
            new = [one for one in await desk.operations() if one["operation_id"] not in earlier]
            return "sending" in [one["state"] for one in new]

        waiting = asyncio.create_task(change.send(desk, key))
        await until(sending)
        desk.site.fault("http_500", on="read", count=20)
        answer = await waiting
        desk.site.vendor.delete("/_sim/faults")
        told = answer.json().get("state", "applied")
        assert (answer.status_code in (change.done, 202), told) == (True, "applied"), (name(plan), answer.text)
        again = await change.send(desk, key)
        assert (again.status_code, again.content) == (answer.status_code, answer.content), name(plan)
        assert len(desk.all_effects()) - before == (1 if good is None else len(good)), name(plan)
        assert good is None or (desk.marks(change.number) == good and await is_done(desk, change))


async def test_an_order_that_cannot_be_read_before_the_write_keeps_it_waiting(desk: Desk) -> None:
    """A read that fails proves nothing about the order: the write waits, and is never an error of the caller's."""
    for plan in named_plans_of(desk.vendor.slug):
        good = await on_a_good_day(desk, plan)
        change = await plan(desk)
        await desk.read(change.number)
        desk.site.fault("http_500", on="read", order=change.number)
        answer = await change.send(desk)
        assert answer.status_code in (change.done, 202), (name(plan), answer.text)
        ended = await finished(desk.site, answer.headers["operation-id"], within_s=30)
        desk.site.vendor.delete("/_sim/faults")
        assert (ended["state"], desk.marks(change.number) == good) == ("applied", True), name(plan)
        assert await is_done(desk, change), name(plan)


async def test_a_log_in_that_the_vendor_refuses_keeps_writes_and_fails_reads(
    vendor: Vendor, open_desk: OpenDesk
) -> None:
    wrong = wrong_secrets(vendor)
    assert wrong, "the vendor's settings have no secret"
    async with open_desk(backend=wrong) as desk:
        rows = [row for row in await desk.statuses() if row["settable"] and row["status"] != "draft"]
        rows.sort(key=lambda row: row["terminal"])
        sent = await desk.site.update(desk.number, {"vendor_code": rows[0]["vendor_code"], "occurred_at": AT})
        assert (sent.status_code, sent.json()["state"]) == (202, "queued")
        assert sent.json()["waiting_for"]["code"] == "backend-misconfigured"
        read = await desk.read(desk.number)
        assert (read.status_code, read.json()["code"]) == (502, "backend-misconfigured")
        for plan in named_plans_of(vendor.slug):
            if plan in (status_update, patch_as_read):
                continue  # they are made ready by reading
            change = await plan(desk)
            kept = await change.send(desk)
            assert (kept.status_code, kept.json()["state"]) == (202, "queued"), kept.text
            assert kept.json()["waiting_for"]["code"] == "backend-misconfigured"
        assert desk.all_effects() == []
