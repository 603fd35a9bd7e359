"""After a release the order is read as it is now: what its client did to it meanwhile decides what becomes of the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.bench import (
    HOLDS,
    Simulated,
    behind_glass,
    body,
    cancel_on_screen,
    codes,
    delivery,
    finished,
    operation,
    polled,
    rows,
    send_async,
    set_on_screen,
)
from tests.delivery.holding import ORDER, behind_a_refusal, behind_an_unknown, say
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import reply


@pytest.mark.parametrize("action", ["skip", "mark_applied", "retry", "replace"])
async def test_an_order_that_its_client_cancelled_meanwhile_ends_its_queue_and_nothing_is_sent(
    action: str, seen: tuple[Site, Glass]
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    cancel_on_screen(site, ORDER)
    asked = len(glass.of(UPDATE))
    answer = await say(site, stopped.hold_id, action)
    assert answer.status_code == 200, answer.text
    made = answer.json()["made_operation"]
    queue = [*([made] if made else []), *stopped.behind]
    ends = [await finished(site, one) for one in queue]
    assert [one["state"] for one in ends] == ["refused", *["cancelled"] * (len(queue) - 1)]
    assert [(one["problem"]["code"], one["problem"]["outcome"]) for one in ends] == [("order-ended", "not_sent")] * len(
        queue
    )
    assert (len(glass.of(UPDATE)), codes(site, ORDER)) == (asked, [11])
    assert await rows(site, HOLDS, of_number=ORDER) != []
    assert (await site.api.get("/v1/holds", params={"state": "open"})).json()["items"] == []


async def test_what_the_order_as_it_is_now_does_not_allow_is_refused_by_us_and_the_rest_goes_on(
    seen: tuple[Site, Glass],
) -> None:
    """Complete is refused by the vendor and left out; Fully Invoiced was queued to follow it, and cannot."""
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 19, refused=17)
    joined = await send_async(site, ORDER, 10)
    asked = len(glass.of(UPDATE))
    await say(site, stopped.hold_id, "skip")
    left, goes_on = await finished(site, stopped.behind[0]), await finished(site, joined)
    assert (left["state"], left["problem"]["code"], left["problem"]["outcome"]) == (
        "refused",
        "transition-not-allowed",
        "not_sent",
    )
    assert left["problem"]["current"]["vendor_code"] == "11"
    assert (goes_on["state"], codes(site, ORDER), len(glass.of(UPDATE))) == ("applied", [11, 10], asked + 1)
    assert (await site.api.get("/v1/holds", params={"state": "open"})).json()["items"] == []


async def test_what_its_client_did_by_hand_meanwhile_lets_the_rest_of_the_queue_pass(seen: tuple[Site, Glass]) -> None:
    """The same, and the client has set Complete: the order ends with Fully Invoiced, and takes nothing more."""
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 19, refused=17)
    joined = await send_async(site, ORDER, 10)
    set_on_screen(site, ORDER, 17)
    await say(site, stopped.hold_id, "mark_applied")
    closes, late = await finished(site, stopped.behind[0]), await finished(site, joined)
    assert (closes["state"], late["state"]) == ("applied", "refused")
    assert (late["problem"]["code"], late["problem"]["outcome"]) == ("order-ended", "not_sent")
    assert codes(site, ORDER) == [11, 19]


async def test_a_status_that_its_client_has_set_already_is_refused_as_unchanged_and_the_rest_goes_on(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    set_on_screen(site, ORDER, 10)
    await say(site, stopped.hold_id, "skip")
    first, second = [await finished(site, one) for one in stopped.behind]
    assert (first["state"], first["problem"]["code"], first["problem"]["outcome"]) == (
        "refused",
        "status-unchanged",
        "not_sent",
    )
    assert (second["state"], codes(site, ORDER)) == ("applied", [11, 4])


async def test_after_an_unknown_is_marked_applied_the_vendor_s_state_decides_and_not_the_word(
    seen: tuple[Site, Glass],
) -> None:
    """Complete is said to be applied, and Fully Invoiced might follow; but the vendor shows Live."""
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 19, sent=17, now_is=9)
    asked = len(glass.of(UPDATE))
    await say(site, stopped.hold_id, "mark_applied")
    found = await finished(site, stopped.behind[0])
    assert (found["state"], found["problem"]["code"], found["problem"]["outcome"]) == (
        "refused",
        "transition-not-allowed",
        "not_sent",
    )
    assert found["problem"]["current"]["vendor_code"] == "9"
    assert (await operation(site, stopped.cause))["state"] == "applied"
    assert (codes(site, ORDER), len(glass.of(UPDATE))) == ([], asked)


async def test_an_order_that_cannot_be_read_after_a_release_is_not_written_to(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    asked = len(glass.of(UPDATE))
    glass.instead(READ, reply(500, b""), reply(500, b""))
    await say(site, stopped.hold_id, "skip")
    cancel_on_screen(site, ORDER)
    found = await finished(site, stopped.behind[0], within_s=25)
    assert (found["state"], found["problem"]["code"]) == ("refused", "order-ended")
    assert len(glass.of(UPDATE)) == asked


async def test_a_write_that_comes_after_the_release_and_before_the_read_waits_for_the_read(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    """The hold had nothing behind it: the next write itself is what the order is read for."""
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=1)) as (site, glass):
        await polled(site)
        stopped = await behind_an_unknown(site, glass)
        assert (await say(site, stopped.hold_id, "skip")).status_code == 200
        cancel_on_screen(site, ORDER)
        asked = len(glass.of(UPDATE))
        refused = await site.update(ORDER, body(9))
        assert (refused.status_code, refused.json()["code"]) == (409, "order-ended")
        assert (refused.json()["outcome"], len(glass.of(UPDATE))) == ("not_sent", asked)


async def test_once_read_after_a_release_the_order_is_written_to_at_once_again(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    await say(site, stopped.hold_id, "skip")
    await finished(site, stopped.behind[0])
    before = len(glass.passed)
    assert (await site.update(ORDER, body(4))).status_code == 201
    assert [one.call for one in glass.passed[before:] if one.call in (READ, UPDATE)] == [UPDATE]
