"""After a refusal: what the caller is told, and what becomes of the updates behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, null, update

from app.domain.errors import ReasonUnknown, VendorSaid, WorkOrderNotFound
from app.domain.ports import Answer, Outcome, Write
from app.ledger import operations
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ORDER
from tests.delivery.bench import (
    HOLDS,
    add_orders,
    body,
    cancel_on_screen,
    codes,
    events,
    finished,
    operation,
    rows,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site, add_client
from tests.vendors.loopback import Behaviour, after, raw, reply

IN_TIME = Sql(update(ORDER).where(ORDER.c.number == bindparam("of_number")).values(late=0, target_at=null()))


SLOWLY = 0.5


def slow(answer: bytes) -> Behaviour:
    return after(SLOWLY, raw(answer))


async def test_what_is_queued_behind_a_refusal_stops_in_a_hold_and_nothing_more_is_sent(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    await site.api.get(site.orders("113427"))
    site.fault("latency", delay_s=0.4)
    site.fault("refuse")
    applied, refused, behind = [await send_async(site, "113427", code) for code in (11, 9, 11)]
    found = await finished(site, refused)
    assert (found["state"], found["problem"]["code"], found["problem"]["outcome"]) == (
        "refused",
        "vendor-refused",
        "refused",
    )
    assert found["problem"]["vendor"]["message"] == "The request could not be completed."
    [hold] = await rows(site, HOLDS, of_number="113427")
    assert (hold["operation_id"], hold["cause"], hold["closed_at"]) == (refused, "vendor-refused", None)
    waiting = await operation(site, behind)
    assert (waiting["state"], waiting["blocked_by"], waiting["attempts"]) == ("queued", hold["id"], 0)
    opened = {"hold_id": hold["id"], "cause": "vendor-refused", "detail": hold["detail"]}
    assert ("hold.opened", opened) in await events(site, "113427")
    assert hold["detail"] == f"vendor-refused: {found['problem']['detail']}"
    assert (await operation(site, applied))["state"] == "applied"
    assert len(glass.of(UPDATE)) == 2
    joins = await site.update("113427", body(9), prefer="wait=5")
    assert (joins.status_code, joins.json()["blocked_by"]) == (202, hold["id"])
    order = (await site.api.get(site.orders("113427"))).json()
    assert order["delivery"] == {"state": "held", "pending": 2, "hold_id": hold["id"]}


async def test_a_hundred_updates_may_wait_behind_a_hold_and_the_next_is_refused_without_using_its_key(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, _ = seen_on_sqlite
    await site.api.get(site.orders("113427"))
    site.fault("latency", delay_s=0.4)
    site.fault("refuse")
    _, refused, *_ = [await send_async(site, "113427", code) for code in (11, 9, 4)]
    await finished(site, refused)
    waiting = [await send_async(site, "113427", code) for code in (11, 4) * 49 + (11,)]
    one_more = {"key": "one-more-than-a-hundred", "prefer": "respond-async"}
    full = await site.update("113427", body(4), **one_more)
    assert (full.status_code, full.json()["code"], full.json()["next"]["action"]) == (409, "order-queue-full", "wait")
    unit = operations.resolve(refused, applied=False, ending=None, result=None, reason="go on", by="me", now=1)
    await site.app.state.gateway.store.write(unit)
    await finished(site, waiting[-1], within_s=30)
    assert (await site.update("113427", body(4), **one_more)).headers["idempotent-replayed"] == "false"


async def test_a_person_lets_the_queue_behind_a_refusal_go_on(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    await site.api.get(site.orders("113427"))
    site.fault("latency", delay_s=0.4)
    site.fault("refuse")
    _, refused, behind = [await send_async(site, "113427", code) for code in (11, 9, 4)]
    await finished(site, refused)
    await until(lambda: rows(site, HOLDS, of_number="113427"))
    unit = operations.resolve(
        refused, applied=False, ending=None, result=None, reason="told the client", by="op", now=1
    )
    await site.app.state.gateway.store.write(unit)
    assert (await finished(site, behind))["state"] == "applied"
    assert codes(site, "113427") == [11, 4]


async def test_with_nothing_queued_behind_the_next_update_is_the_correction(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    site.fault("refuse")
    refused = await site.update("113427", body(11))
    assert (refused.status_code, refused.json()["code"]) == (409, "vendor-refused")
    assert refused.json()["current"]["vendor_code"] == "3"
    assert (await site.update("113427", body(11))).status_code == 201
    assert await rows(site, HOLDS, of_number="113427") == []


async def test_a_refusal_is_replayed_byte_for_byte(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    site.fault("refuse")
    first = await site.update("113427", body(11), key="the-key-of-a-refusal")
    again = await site.update("113427", body(11), key="the-key-of-a-refusal")
    assert (first.status_code, again.status_code, again.content) == (409, 409, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["request_id"] == first.headers["x-request-id"]
    assert len(glass.of(UPDATE)) == 1


async def test_when_the_client_has_cancelled_the_order_everything_behind_ends_with_the_same_problem(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, slow)
    first = await send_async(site, "113427", 11)
    second, third = [await send_async(site, "113427", code) for code in (9, 11)]
    await until(lambda: codes(site, "113427") == [11])
    cancel_on_screen(site, "113427")
    found = [await finished(site, one) for one in (first, second, third)]
    assert [one["state"] for one in found] == ["applied", "refused", "cancelled"]
    assert [(one["problem"] or {}).get("code") for one in found] == [None, "order-ended", "order-ended"]
    assert [(one["problem"] or {}).get("outcome") for one in found[1:]] == ["refused", "refused"]
    assert await rows(site, HOLDS, of_number="113427") == []
    assert codes(site, "113427") == [11]
    later = await site.update("113427", body(9))
    assert (later.status_code, later.json()["code"]) == (409, "order-ended")


async def test_an_order_that_is_late_only_at_the_vendor_asks_for_a_reason_in_the_vendors_name(
    seen: tuple[Site, Glass],
) -> None:
    site, _ = seen
    await site.api.get(site.orders("113428"))
    await site.app.state.gateway.store.write(believed_in_time("113428"))
    refused = await site.update("113428", body(11))
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["outcome"]) == (422, "late-reason-required", "refused")
    assert problem["late_reasons"] == ["access_refused", "parts_delay"]
    assert problem["vendor"]["message"] == "The works order is late. A late completion reason must be supplied."
    assert problem["current"]["late"] is True
    corrected = await site.update("113428", body(11, late_reason="parts_delay"))
    assert corrected.status_code == 201
    assert [one["detail"]["StatusReasonId"] for one in site.effects("113428")] == [31]


def believed_in_time(number: str) -> Unit[None]:
    """Our view of an order, as it was before its target date."""
    yield IN_TIME, {"of_number": number}


async def test_a_status_that_the_client_has_set_already_is_named_by_the_read(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    await site.api.get(site.orders("113427"))
    set_on_screen(site, "113427", 11)
    refused = await site.update("113427", body(11))
    assert (refused.status_code, refused.json()["code"]) == (409, "status-unchanged")
    assert (refused.json()["outcome"], refused.json()["current"]["vendor_code"]) == ("refused", "11")


async def test_a_move_that_the_order_no_longer_allows_is_named_by_the_read(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    await site.api.get(site.orders("113427"))
    set_on_screen(site, "113427", 17)
    refused = await site.update("113427", body(11))
    problem: dict[str, Any] = refused.json()
    assert (refused.status_code, problem["code"], problem["outcome"]) == (409, "transition-not-allowed", "refused")
    assert problem["current"]["vendor_code"] == "17"
    assert [one["vendor_code"] for one in problem["allowed"]] == ["19"]


async def paused_with_two(site: Site, glass: Glass) -> tuple[str, str]:
    """Two updates of 113427 that wait while the vendor asks us to stay away for a second."""
    await site.api.get(site.orders("113427"))
    glass.instead(UPDATE, reply(429, b"", Retry_After="1"))
    first = await send_async(site, "113427", 11)
    await until(lambda: site.app.state.gateway.backends[site.backend].health.paused)
    return first, await send_async(site, "113427", 9)


async def test_a_refusal_of_ours_holds_nothing(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    first, behind = await paused_with_two(site, glass)
    set_on_screen(site, "113427", 11)
    await site.api.get(site.orders("113427"))
    refused, applied = await finished(site, first), await finished(site, behind)
    assert (refused["state"], refused["problem"]["code"], refused["problem"]["outcome"]) == (
        "refused",
        "status-unchanged",
        "not_sent",
    )
    assert applied["state"] == "applied"
    assert await rows(site, HOLDS, of_number="113427") == []
    assert codes(site, "113427") == [9]


async def test_an_order_found_ended_just_before_sending_ends_what_waits_without_asking_the_vendor(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    first, behind = await paused_with_two(site, glass)
    cancel_on_screen(site, "113427")
    await site.api.get(site.orders("113427"))
    refused, cancelled = await finished(site, first), await finished(site, behind)
    assert [one["state"] for one in (refused, cancelled)] == ["refused", "cancelled"]
    assert [one["problem"]["code"] for one in (refused, cancelled)] == ["order-ended"] * 2
    assert [one["problem"]["outcome"] for one in (refused, cancelled)] == ["not_sent"] * 2
    assert await rows(site, HOLDS, of_number="113427") == []
    assert len(glass.of(UPDATE)) == 1


async def test_a_request_that_only_our_adapter_refuses_holds_nothing(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is no longer configured when the update's turn comes: nothing was sent, so nothing stops."""
    site, glass = seen_on_sqlite
    backend = site.app.state.gateway.backends[site.backend]

    async def refuse(write: Write) -> Answer:
        if write.status is not None and write.status.code == "9":
            return Answer(outcome=Outcome.refused, detail="There is no such reason.", error=ReasonUnknown)
        return await sends(write)

    sends: Callable[[Write], Awaitable[Answer]] = backend.adapter.send
    monkeypatch.setattr(backend.adapter, "send", refuse)
    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, slow)
    sent = [await send_async(site, "113427", code) for code in (11, 9, 4)]
    found = [await finished(site, one) for one in sent]
    assert [one["state"] for one in found] == ["applied", "refused", "applied"]
    assert (found[1]["problem"]["code"], found[1]["problem"]["outcome"]) == ("reason-unknown", "not_sent")
    assert await rows(site, HOLDS, of_number="113427") == []


async def test_a_vendor_that_says_there_is_no_such_order_has_refused_and_what_is_behind_stops(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order may be there again by the time of the next write, which was planned on the state that this one leaves."""
    site, glass = seen_on_sqlite
    backend = site.app.state.gateway.backends[site.backend]
    gone = Answer(
        outcome=Outcome.refused, detail="No such order.", error=WorkOrderNotFound, said=VendorSaid(status=404)
    )

    async def refuse(write: Write) -> Answer:
        return gone if write.status is not None and write.status.code == "9" else await sends(write)

    sends: Callable[[Write], Awaitable[Answer]] = backend.adapter.send
    monkeypatch.setattr(backend.adapter, "send", refuse)
    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, slow)
    applied, refused, behind = [await send_async(site, "113427", code) for code in (11, 9, 4)]
    assert (await finished(site, applied))["state"] == "applied"
    problem = (await finished(site, refused))["problem"]
    assert (problem["code"], problem["outcome"], problem["vendor"]["status"]) == (
        "work-order-not-found",
        "refused",
        404,
    )
    [hold] = await rows(site, HOLDS, of_number="113427")
    waiting = await operation(site, behind)
    assert (waiting["state"], waiting["blocked_by"], waiting["attempts"]) == ("queued", hold["id"], 0)
    assert codes(site, "113427") == [11]


async def test_another_tenant_hears_neither_the_vendors_words_to_us_nor_the_name_of_our_hold(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    other = await add_client(site.app, "other", tenant="globex", backends=frozenset({site.backend}))

    async def theirs(number: str, code: int) -> str:
        answer = await other.post(
            site.orders(number) + "/status-updates",
            json=body(code),
            headers={"Idempotency-Key": f"key-of-globex-{number}", "Prefer": "respond-async"},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["operation_id"])

    await site.api.get(site.orders("113427"))
    glass.around(UPDATE, slow)
    first, second = await send_async(site, "113427", 11), await send_async(site, "113427", 9)
    behind = await theirs("113427", 11)
    await until(lambda: codes(site, "113427") == [11])
    cancel_on_screen(site, "113427")
    assert (await finished(site, first))["state"] == "applied"
    refused = await finished(site, second)
    cancelled = (await other.get(f"/v1/operations/{behind}")).json()
    assert (refused["problem"]["code"], refused["problem"]["vendor"]["status"]) == ("order-ended", 200)
    assert (cancelled["state"], cancelled["problem"]["code"]) == ("cancelled", "order-ended")
    assert "vendor" not in cancelled["problem"]

    [number] = add_orders(site, 1)
    await site.api.get(site.orders(number))
    glass.around(UPDATE, slow)
    site.fault("refuse", on="write")
    refused_too = await send_async(site, number, 11)
    await theirs(number, 9)
    assert (await finished(site, refused_too))["state"] == "refused"
    shown = [(await api.get(site.orders(number))).json()["delivery"] for api in (site.api, other)]
    await other.aclose()
    assert shown[0]["hold_id"].startswith("hold_")
    assert shown[1] == {"state": "held", "pending": 1, "hold_id": None}
