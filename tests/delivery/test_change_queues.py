"""Changes in an order's queue: behind a refusal, behind what is held, and behind a vendor that is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from app.vendors.registry import VENDORS
from tests.delivery.bench import HOLDS, Simulated, operation, rows, until
from tests.delivery.changing import ERPX_ORDER, NEXUS_ORDER, Place, place
from tests.gateway import add_client
from tests.vendors.loopback import after, hang_up, raw

pytestmark = pytest.mark.usefixtures("hurried_changes")


async def test_a_refused_change_holds_what_is_queued_behind_it(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        await at.read()
        at.glass.around("PATCH", lambda answer: after(0.3, raw(answer)))
        at.site.fault("refuse")
        refused = await at.sent_async(at.patch, {"type": "1002"})
        behind = await at.sent_async(at.status, "on_site")
        problem = (await at.end_of(refused))["problem"]
        assert (problem["outcome"], problem["status"]) == ("refused", 409)
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        assert (hold["operation_id"], hold["closed_at"]) == (refused, None)
        waiting = await operation(at.site, behind)
        assert (waiting["state"], waiting["blocked_by"], waiting["attempts"]) == ("queued", hold["id"], 0)
        joins = await at.delete(prefer="wait=5")
        assert (joins.status_code, joins.json()["blocked_by"]) == (202, hold["id"])
        assert (at.sent, at.effects()) == (["PATCH"], [])


async def test_a_refused_change_with_nothing_behind_it_holds_nothing(sqlite_database: str, tmp_path: Path) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.site.fault("refuse")
        assert (await at.patch({"type": "1002"})).status_code == 409
        assert (await at.patch({"type": "1002"})).status_code == 200
        assert await rows(at.site, HOLDS, of_number=at.number) == []


async def test_a_refusal_of_ours_before_sending_holds_nothing(sqlite_database: str, tmp_path: Path) -> None:
    """Found only once the order was read: the create of an order that exists."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        await at.read()
        at.glass.around("PATCH", lambda answer: after(0.3, raw(answer)))
        first = await at.sent_async(at.patch, {"type": "1002"})
        second = await at.sent_async(at.create, {**NEXUS_ORDER, "number": at.number})
        third = await at.sent_async(at.status, "on_site")
        ends = [await at.end_of(one) for one in (first, second, third)]
        assert [one["state"] for one in ends] == ["applied", "refused", "applied"]
        assert ends[1]["problem"]["code"] == "work-order-exists"
        assert (at.sent, at.record()["OrderType"]) == (["PATCH", "PATCH"], "1002")


async def held(at: Place) -> str:
    """A patch of the example order that nobody can settle by reading: a user has changed the order meanwhile."""
    at.glass.instead("PATCH", hang_up)
    at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
    sent = await at.sent_async(at.patch, {"type": "1002"})
    assert (await at.end_of(sent))["state"] == "held"
    return sent


def asking(at: Place, write: str, *, key: str) -> Callable[[], Awaitable[httpx.Response]]:
    """One write of the example order, to be asked for as often as wanted."""
    return {
        "patch": partial(at.patch, {"type": "1001"}, key=key),
        "put": partial(at.put, NEXUS_ORDER, key=key),
        "delete": partial(at.delete, key=key),
        "create": partial(at.create, {**NEXUS_ORDER, "number": at.number}, key=key),
        "status": partial(at.status, "on_site", key=key),
    }[write]


WRITES = ["patch", "put", "delete", "create", "status"]


@pytest.mark.parametrize("write", WRITES)
async def test_every_write_of_an_order_waits_behind_the_hold_while_one_is_held(
    write: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        first = await held(at)
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        assert (hold["operation_id"], hold["cause"], hold["closed_at"]) == (first, "outcome-unknown", None)
        asked = asking(at, write, key="a-key-of-a-write-behind-a-hold")
        answers = [await asked() for _ in range(2)]
        told = [(one.status_code, one.json()["state"], one.json()["blocked_by"]) for one in answers]
        assert told == [(202, "queued", hold["id"])] * 2
        assert [one.headers["idempotent-replayed"] for one in answers] == ["false", "true"]
        assert len({one.headers["operation-id"] for one in answers}) == 1
        assert (at.sent, (await at.read()).json()["delivery"]["pending"]) == (["PATCH"], 2)


@pytest.mark.parametrize("write", WRITES)
async def test_every_write_of_an_order_is_refused_while_one_is_held_where_the_backend_rejects_on_hold(
    write: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path, backend={"on_hold": "reject"}) as at:
        await held(at)
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        asked = asking(at, write, key="a-key-to-be-used-later")
        refused = await asked()
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["blocked_by"]) == (409, "order-blocked", hold["id"])
        assert (problem["retryable"], problem["next"]["action"], at.sent) == (True, "resolve_hold", ["PATCH"])
        assert (await asked()).headers.get("idempotent-replayed", "false") == "false"
        told = (await at.site.api.get(at.site.orders(at.number) + "/transitions")).json()["items"]
        assert {(row["allowed"], row["certain"], row["blocked"]["code"]) for row in told} == {
            (False, True, "order-blocked")
        }


@pytest.mark.parametrize("on_hold", ["accept", "reject"])
async def test_another_tenant_is_not_told_which_change_or_hold_blocks(
    on_hold: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path, backend={"on_hold": on_hold}) as at:
        first = await held(at)
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        other = await add_client(at.site.app, "other", tenant="globex", backends=frozenset({at.site.backend}))
        answer = await other.delete(at.site.orders(at.number), headers={"Prefer": "respond-async"})
        await other.aclose()
        told = (answer.status_code, answer.json().get("code"), answer.json().get("blocked_by"))
        assert told == ((202, None, None) if on_hold == "accept" else (409, "order-blocked", None))
        assert first not in answer.text
        assert hold["id"] not in answer.text


async def test_another_order_goes_on_while_one_is_held(sqlite_database: str, tmp_path: Path) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        await held(at)
        answer = await at.create({**NEXUS_ORDER, "number": "9001"})
        assert answer.status_code == 201


async def test_a_patch_behind_a_status_update_waits_for_a_vendor_that_is_down_and_both_go_out_in_order(
    database: str, tmp_path: Path
) -> None:
    vendor = Simulated(vendor=VENDORS["nexusfs"], data=tmp_path / "vendor")
    async with place("nexusfs", database, tmp_path, simulator_url=vendor.start()) as at:
        await at.read()
        vendor.stop()
        update = await at.sent_async(at.status, "on_site")
        patch = await at.sent_async(at.patch, {"type": "1002"})
        states = [(await operation(at.site, one))["state"] for one in (update, patch)]
        assert set(states) <= {"queued", "sending", "unknown", "verifying"}
        vendor.start()
        ends = [await at.end_of(one, within_s=30) for one in (update, patch)]
        assert [one["state"] for one in ends] == ["applied", "applied"]
        assert at.effects() == ["status_change", "updated"]
        assert at.record()["OrderType"] == "1002"
    vendor.stop()


async def test_changes_are_accepted_while_the_vendor_is_down_and_made_when_it_is_back(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Nothing has been read: the vendor decides when it is back."""
    vendor = Simulated(vendor=VENDORS["unit4_erpx"], data=tmp_path / "vendor")
    vendor.start()
    vendor.stop()
    async with place("unit4_erpx", sqlite_database, tmp_path, simulator_url=vendor.url) as at:
        made = await at.sent_async(at.create, {**ERPX_ORDER, "number": "W1"})
        numbered = await at.sent_async(at.create, ERPX_ORDER)
        patch = await at.sent_async(at.patch, {"title": "New"})
        absent = await at.sent_async(at.patch, {"title": "New"}, number="999")
        waiting = (made, numbered, patch, absent)

        async def all_wait() -> bool:
            found = [await operation(at.site, one) for one in waiting]
            states = {(one["state"], (one["waiting_for"] or {}).get("code")) for one in found}
            return states == {("queued", "backend-unavailable")}

        await until(all_wait)
        vendor.start()
        ends = [await at.end_of(one, within_s=30) for one in waiting]
        assert [one["state"] for one in ends] == ["applied", "applied", "applied", "refused"]
        assert [one["work_order"] for one in ends] == ["W1", "124", "123", "999"]
        assert ends[3]["problem"]["code"] == "work-order-not-found"
    vendor.stop()
