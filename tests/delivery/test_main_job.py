"""The main job, end to end, on each store: a contractor moves a Civica Cx order through our API."""

from __future__ import annotations

from tests.gateway import Site

ON_SITE = {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z", "comments": "Engineer on site"}


async def test_an_update_reaches_the_vendor_once_and_a_repeat_is_a_replay(cx: Site) -> None:
    first = await cx.update("113427", ON_SITE, key="the-key-of-this-change")
    again = await cx.update("113427", ON_SITE, key="the-key-of-this-change")
    assert (first.status_code, first.headers["idempotent-replayed"]) == (201, "false")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert first.content == again.content
    assert [effect["detail"]["StatusCodeId"] for effect in cx.effects("113427")] == [11]
