"""A write is refused that an earlier attempt may have made: the refusal says so, unless that attempt was disproved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.delivery import readback
from app.delivery.desk import EARLIER
from app.ledger import doubts
from app.ledger.sql import Unit
from app.ledger.store import StoreUnavailable
from tests.delivery.bench import cancel_on_screen, codes, finished, outcomes, send_async
from tests.delivery.changing import place
from tests.delivery.holding import ORDER, behind_an_unknown, hold, hold_of, say
from tests.delivery.recording import UPDATE, Glass
from tests.delivery.test_made_after_all import held_unread, patched
from tests.gateway import Site
from tests.vendors.loopback import hang_up, reply


@pytest.fixture(autouse=True)
def soon_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write whose order cannot be read is held within a second."""
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))


def told(found: dict[str, Any]) -> tuple[str, str, str, bool]:
    """What a refused operation tells: its state, the problem's code and outcome, and whether an attempt is in doubt."""
    problem = found["problem"]
    return found["state"], problem["code"], problem["outcome"], problem["detail"].endswith(EARLIER)


async def test_a_status_that_was_set_before_the_order_moved_on_is_not_told_as_never_sent(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    sent = await held_unread(site, glass, 11)
    behind = await send_async(site, ORDER, 9)
    cancel_on_screen(site, ORDER)
    await say(site, await hold_of(site), "retry")
    assert told(await finished(site, sent)) == ("refused", "order-ended", "unknown", True)
    assert told(await finished(site, behind)) == ("cancelled", "order-ended", "not_sent", False)
    assert (len(glass.of(UPDATE)), codes(site, ORDER)[:1]) == (1, [11])


async def test_the_vendors_own_refusal_of_a_later_attempt_leaves_the_doubt(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_an_unknown(site, glass)
    site.fault("refuse", on="write")
    await say(site, stopped.hold_id, "retry")
    state, _, *doubt = told(await finished(site, stopped.cause))
    assert (state, doubt, len(glass.of(UPDATE))) == ("refused", ["unknown", True], 2)


async def test_a_refusal_is_told_though_the_database_is_away_for_a_moment(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_an_unknown(site, glass)
    as_ever, away = doubts.in_doubt, [StoreUnavailable("away")]

    def in_doubt(operation_id: str, *, before_attempt: int) -> Unit[int | None]:
        if away and glass.of(UPDATE)[1:]:
            raise away.pop()
        return (yield from as_ever(operation_id, before_attempt=before_attempt))

    monkeypatch.setattr(doubts, "in_doubt", in_doubt)
    site.fault("refuse", on="write")
    await say(site, stopped.hold_id, "retry")
    state, _, *doubt = told(await finished(site, stopped.cause))
    assert (state, doubt, len(glass.of(UPDATE)), away) == ("refused", ["unknown", True], 2, [])


async def test_a_hold_that_a_refusal_in_doubt_opens_says_so(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_an_unknown(site, glass, 9)
    site.fault("refuse", on="write")
    await say(site, stopped.hold_id, "retry")
    assert (await finished(site, stopped.cause))["state"] == "refused"
    opened = await hold(site, await hold_of(site))
    assert (opened["cause"], opened["detail"].endswith(EARLIER)) == ("vendor-refused", True)


async def test_a_change_whose_order_was_edited_since_tells_that_it_may_have_been_made(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.instead("PATCH", hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        operation_id = await patched(at)
        assert (await at.end_of(operation_id))["state"] == "held"
        await say(at.site, await hold_of(at.site, at.number), "retry")
        assert told(await at.end_of(operation_id)) == ("refused", "precondition-failed", "unknown", True)


async def test_an_attempt_that_was_proved_not_applied_leaves_no_doubt(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    await site.api.get(site.orders(ORDER))
    glass.instead(UPDATE, hang_up, reply(429, b"", Retry_After="1"))
    sent = await send_async(site, ORDER, 9)
    site.fault("refuse", on="write")
    found = await finished(site, sent, within_s=25)
    assert await outcomes(site, sent) == ["unknown", "not_applied", "refused"]
    state, _, *doubt = told(found)
    assert (state, doubt) == ("refused", ["refused", False])
