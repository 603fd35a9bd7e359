"""A lost answer: read back, proved, sent again, or held until a person says which it is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from app.ledger import lanes, operations
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ATTEMPT
from tests.delivery.bench import (
    AT,
    ATTEMPTS,
    HOLDS,
    Simulated,
    behind_glass,
    body,
    codes,
    delivery,
    events,
    finished,
    operation,
    outcomes,
    polled,
    rows,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import CX, Site, add_client
from tests.vendors.loopback import hang, hang_up, reply

DUE_LONG_AGO = Sql(update(ATTEMPT).where(ATTEMPT.c.operation_id == bindparam("of_id")).values(deadline_at=1))

ON_SITE = {"status": "on_site", "occurred_at": AT}


async def test_two_equal_reads_five_seconds_apart_after_deadline_and_settle_come_before_a_second_send(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    deadline_s = 1.0
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=deadline_s, wait_s=0)) as made:
        site, glass = made
        await site.api.get(site.orders("113427"))
        glass.instead(UPDATE, hang_up)
        sent = await send_async(site, "113427", 11)
        assert (await finished(site, sent, within_s=25))["state"] == "applied"
        first, second = glass.of(UPDATE)
        reads = [one.at - first.at for one in glass.of(READ) if first.at < one.at < second.at]
        proofs = [at for at in reads if at >= deadline_s + CX.settle_s]
        assert len(proofs) == 2
        assert proofs[1] - proofs[0] >= 5
        assert second.at - first.at >= proofs[1]
        assert await outcomes(site, sent) == ["unknown", "applied"]
        assert codes(site, "113427") == [11]


async def test_an_effect_that_comes_late_is_found_and_not_repeated(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    site.fault("late_effect", delay_s=0.8)
    answer = await site.update("113427", ON_SITE)
    assert (answer.status_code, answer.json()["evidence"]) == (201, "read_back")
    assert len(glass.of(UPDATE)) == 1
    assert codes(site, "113427") == [11]


async def test_a_status_that_became_another_meanwhile_is_held_and_not_sent_again(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    glass.instead(UPDATE, hang_up)
    sent = await send_async(site, "113427", 11)
    set_on_screen(site, "113427", 4)
    found = await finished(site, sent)
    assert found["state"] == "held"
    assert len(glass.of(UPDATE)) == 1
    assert codes(site, "113427") == []


async def test_a_status_set_anew_meanwhile_proves_nothing_and_is_held(seen: tuple[Site, Glass]) -> None:
    """Issued, then On Hold by us (lost), then Issued again by the client: what it was, and yet ours took effect."""
    site, glass = seen
    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, lambda answer: hang_up)
    sent = await send_async(site, "113427", 4)
    await until(lambda: codes(site, "113427") == [4])
    set_on_screen(site, "113427", 3)
    found = await finished(site, sent)
    assert found["state"] == "held"
    assert codes(site, "113427") == [4]


async def test_a_status_set_anew_is_noticed_even_after_somebody_has_read_the_order(seen: tuple[Site, Glass]) -> None:
    """The same, and a caller's read has taken the client's change in before the first read-back."""
    site, glass = seen
    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, lambda answer: hang_up)
    sent = await send_async(site, "113427", 4)
    await until(lambda: codes(site, "113427") == [4])
    set_on_screen(site, "113427", 3)
    assert (await site.api.get(site.orders("113427"))).json()["vendor_status"]["code"] == "3"
    assert (await finished(site, sent))["state"] == "held"
    assert codes(site, "113427") == [4]


async def held(site: Site, glass: Glass) -> str:
    """An operation of 113427 that nobody can settle by reading: the client has changed the order meanwhile."""
    glass.instead(UPDATE, hang_up)
    sent = await send_async(site, "113427", 11)
    set_on_screen(site, "113427", 4)
    assert (await finished(site, sent))["state"] == "held"
    return sent


async def resolve(site: Site, operation_id: str, *, applied: bool) -> None:
    """What `orderbridge operations resolve` writes, from another process."""
    store = site.app.state.gateway.store
    unit = operations.resolve(
        operation_id,
        applied=applied,
        ending=None,
        result=None,
        reason="seen on the screen",
        by="op",
        now=time.time_ns() // 1000,
    )
    await store.write(unit)


async def test_an_update_behind_an_unresolved_one_is_accepted_and_goes_out_once_that_is_resolved(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    first = await held(site, glass)
    [hold] = await rows(site, HOLDS, of_number="113427")
    assert (hold["operation_id"], hold["cause"], hold["closed_at"]) == (first, "outcome-unknown", None)
    waits = await site.update("113427", body(9), key="a-key-of-what-waits")
    told = waits.json()
    assert (waits.status_code, told["state"], told["blocked_by"]) == (202, "queued", hold["id"])
    assert (await finished_or_not(site, told["operation_id"]), len(glass.of(UPDATE))) == ("queued", 1)
    await resolve(site, first, applied=True)
    assert (await finished(site, told["operation_id"]))["state"] == "applied"
    again = await site.update("113427", body(9), key="a-key-of-what-waits")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert codes(site, "113427") == [9]


async def finished_or_not(site: Site, operation_id: str) -> str:
    """Its state after time enough for several rounds of the worker."""
    await asyncio.sleep(0.5)
    return str((await operation(site, operation_id))["state"])


async def test_where_the_backend_rejects_on_hold_an_update_behind_an_unresolved_one_is_refused_and_uses_no_key(
    vendor: Simulated, database: str, tmp_path: Path, hurried: None
) -> None:
    sections = {"backend": {"on_hold": "reject"}, **delivery(deadline_s=1)}
    async with behind_glass(vendor.url, database, tmp_path, **sections) as (site, glass):
        await polled(site)
        first = await held(site, glass)
        [hold] = await rows(site, HOLDS, of_number="113427")
        refused = await site.update("113427", body(9), key="a-key-for-later-use")
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["blocked_by"]) == (409, "order-blocked", hold["id"])
        assert (problem.get("operation_id"), problem["outcome"], problem["retryable"]) == (None, "not_sent", True)
        await resolve(site, first, applied=True)
        again = await site.update("113427", body(9), key="a-key-for-later-use")
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "false")


@pytest.mark.parametrize("on_hold", ["accept", "reject"])
async def test_another_tenant_is_not_told_which_operation_or_hold_blocks(
    on_hold: str, vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    sections = {"backend": {"on_hold": on_hold}, **delivery(deadline_s=1)}
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **sections) as (site, glass):
        await polled(site)
        first = await held(site, glass)
        [hold] = await rows(site, HOLDS, of_number="113427")
        other = await add_client(site.app, "other", tenant="globex", backends=frozenset({site.backend}))
        answer = await other.post(
            site.orders("113427") + "/status-updates",
            json=body(9),
            headers={"Idempotency-Key": "key-of-another-tenant", "Prefer": "respond-async"},
        )
        await other.aclose()
        told = answer.json()
        expected = (202, None) if on_hold == "accept" else (409, "order-blocked")
        assert (answer.status_code, told.get("code"), told.get("blocked_by")) == (*expected, None)
        assert first not in answer.text
        assert hold["id"] not in answer.text


async def test_what_waits_behind_an_unresolved_update_names_its_hold_and_goes_on_when_a_person_says_applied(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    glass.instead(UPDATE, hang)
    first = await send_async(site, "113427", 11)
    behind = await send_async(site, "113427", 9)
    set_on_screen(site, "113427", 4)
    assert (await finished(site, first))["state"] == "held"
    waiting = await operation(site, behind)
    [hold] = await rows(site, HOLDS, of_number="113427")
    assert (waiting["state"], waiting["blocked_by"]) == ("queued", hold["id"])
    began = time.monotonic()
    await resolve(site, first, applied=True)
    assert (await finished(site, behind))["state"] == "applied"
    assert time.monotonic() - began < 2
    assert (await operation(site, first))["state"] == "applied"
    assert codes(site, "113427") == [9]


async def test_not_applied_by_a_persons_word_is_sent_again_before_what_waits_behind(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    glass.instead(UPDATE, hang)
    first = await send_async(site, "113427", 11)
    behind = await send_async(site, "113427", 9)
    set_on_screen(site, "113427", 4)
    assert (await finished(site, first))["state"] == "held"
    began = time.monotonic()
    await resolve(site, first, applied=False)
    assert (await finished(site, behind))["state"] == "applied"
    assert time.monotonic() - began < 2
    assert codes(site, "113427") == [11, 9]


async def test_an_order_that_cannot_be_read_keeps_its_unknown_until_the_schedule_ends(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.readback.LATER_S", (0.1, 0.1))
    site, glass = seen_on_sqlite
    await site.api.get(site.orders("113427"))
    glass.instead(UPDATE, hang_up)
    site.fault("http_500", on="read", count=100)
    sent = await send_async(site, "113427", 11)
    found = await finished(site, sent, within_s=25)
    assert found["state"] == "held"
    assert len(glass.of(UPDATE)) == 1


async def test_the_life_of_a_lost_answer_is_told_in_events(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    glass.around(UPDATE, lambda answer: hang_up)
    sent = await send_async(site, "113427", 11)
    await finished(site, sent)
    told: list[Any] = [type_ for type_, _ in await events(site, "113427") if type_.startswith("operation.")]
    assert told[-1] == "operation.applied"
    assert "operation.unknown" in told


async def test_an_attempt_that_overran_its_deadline_is_given_its_settle_time_from_its_end(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    glass.around(UPDATE, lambda answer: hang_up)
    sent = await send_async(site, "113427", 11)
    await finished(site, sent)
    store = site.app.state.gateway.store
    [attempt] = await rows(site, ATTEMPTS, of_id=sent)
    assert await store.read(lanes.last_deadline(sent)) == attempt["deadline_at"] > attempt["ended_at"]
    await store.write(due_long_ago(sent))
    assert await store.read(lanes.last_deadline(sent)) == attempt["ended_at"]


def due_long_ago(operation_id: str) -> Unit[None]:
    """The attempt's deadline, as it is when the process was held up before it could send."""
    yield DUE_LONG_AGO, {"of_id": operation_id}


async def test_a_lost_answer_is_compared_with_the_order_as_it_was_read_just_before_sending(
    vendor: Simulated, database: str, tmp_path: Path, hurried: None
) -> None:
    async with behind_glass(vendor.url, database, tmp_path, **delivery(deadline_s=1, fresh_s=0)) as (site, glass):
        await polled(site)
        glass.instead(UPDATE, reply(429, b"", Retry_After="1"), hang_up)
        sent = await send_async(site, "113427", 4)
        set_on_screen(site, "113427", 4)
        await site.api.get(site.orders("113427"))
        set_on_screen(site, "113427", 9)
        assert (await finished(site, sent))["state"] == "applied"
        assert await outcomes(site, sent) == ["not_applied", "unknown", "applied"]
        assert codes(site, "113427") == [4]
