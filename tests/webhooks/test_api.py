"""The webhook routes: every answer as documented, secrets shown once, keys that take effect once, nobody else's seen."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.clients import SCOPES
from tests.api.routes.contract import Watch, without_ids
from tests.api.routes.scene import ON_SITE, another_caller, new_order, rows
from tests.gateway import CX, Site, site
from tests.logged import logged
from tests.webhooks.receiver import Receiver, Reply
from tests.webhooks.test_signatures import Verified, verified

__all__ = ["verified"]


@pytest.fixture
async def hooks(cx_url: str, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway that may send to this machine, on each store."""
    settings = {"allow_loopback": True, "max_endpoints": 5}
    async with site(CX, cx_url, database, tmp_path, webhooks=settings) as made:
        Watch(made.app).on(made.api)
        yield made


async def call(made: Site, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key or made.fresh_key()} if method in ("POST", "PATCH") else {}
    headers |= {"Idempotency-Key": key} if key is not None else {}
    return await made.api.request(method, "/v1/webhooks" + path, json=body, headers=headers)


async def registered(made: Site, receiver: Receiver, **members: Any) -> dict[str, Any]:
    answer = await call(made, "POST", "", {"url": receiver.url, "types": ["nothing"], **members})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def log_of(made: Site, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await call(made, "GET", f"/{webhook['id']}/deliveries")
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def settled(made: Site, webhook: dict[str, Any], count: int) -> list[dict[str, Any]]:
    ends = time.monotonic() + 10
    while True:
        found = await log_of(made, webhook)
        if len(found) >= count and all(each["state"] != "pending" for each in found):
            return found
        assert time.monotonic() < ends, found
        await asyncio.sleep(0.05)


async def ours(made: Site) -> list[list[str]]:
    """The rows that the calls of webhooks may change."""
    found = await rows(made)
    endpoints = [re.sub(r'"cursor": \d+', "", each) for each in found["webhook"]]  # which follows the feed
    return [endpoints, found["webhook_message"], found["idempotency_key"]]


async def test_a_webhook_is_registered_and_its_secret_shown_this_once(hooks: Site, receiver: Receiver) -> None:
    body = {"url": receiver.url, "types": ["operation.*"], "backends": ["civica-cx"], "description": "Board"}
    answer = await call(hooks, "POST", "", body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"wh_[0-9A-Z]{26}", made["id"])
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert shown | {"created_at": ""} == {
        "id": made["id"],
        **body,
        "enabled": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": None,
        "old_secret_until": None,
        "created_at": "",
    }
    assert (await call(hooks, "GET", f"/{made['id']}")).json() == shown
    assert (await call(hooks, "GET", "")).json() == {"items": [shown], "next": None}


async def test_a_status_update_is_told_of_as_the_feed_shows_it(
    hooks: Site, receiver: Receiver, verified: Verified
) -> None:
    webhook = await registered(hooks, receiver, types=["operation.applied"])
    number = new_order(hooks)
    assert (await hooks.update(number, ON_SITE)).status_code == 201
    (got,) = await receiver.until(1)
    assert verified(webhook["secret"], got.headers, got.body)
    feed = (await hooks.api.get("/v1/events", params={"work_order": number, "type": "operation.applied"})).json()
    (event,) = feed["items"]
    data = got.payload["data"]
    assert data == {"event_id": event["id"], **{name: event[name] for name in data if name != "event_id"}}
    assert (got.payload["type"], got.payload["timestamp"]) == (event["type"], event["at"])
    (delivery,) = await settled(hooks, webhook, 1)
    assert (delivery["message_id"], delivery["event_id"]) == (got.message_id, event["id"])
    assert (delivery["state"], delivery["next_try"], delivery["seq"]) == ("delivered", None, event["seq"])
    assert [(each["status"], each["error"]) for each in delivery["attempts"]] == [(204, None)]


async def test_what_happened_before_it_was_registered_is_not_told(hooks: Site, receiver: Receiver) -> None:
    assert (await hooks.update(new_order(hooks), ON_SITE)).status_code == 201
    webhook = await registered(hooks, receiver, types=["operation.*"])
    await call(hooks, "POST", f"/{webhook['id']}/test")
    await settled(hooks, webhook, 1)
    assert [each.payload["type"] for each in receiver.got] == ["webhook.test"]


async def test_a_registration_sent_again_with_its_key_has_the_same_answer_and_makes_nothing(
    hooks: Site, receiver: Receiver
) -> None:
    body, key = {"url": receiver.url}, "the-key-of-a-registration"
    first = await call(hooks, "POST", "", body, key=key)
    again = await call(hooks, "POST", "", body, key=key)
    assert [each.headers["idempotent-replayed"] for each in (first, again)] == ["false", "true"]
    assert (first.content, first.headers["location"]) == (again.content, again.headers["location"])
    other = await call(hooks, "POST", "", {**body, "description": "other"}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len((await call(hooks, "GET", "")).json()["items"]) == 1


async def test_registrations_that_come_together_with_one_key_make_one_webhook(hooks: Site, receiver: Receiver) -> None:
    body, key = {"url": receiver.url}, "the-key-of-a-registration"
    answers = await asyncio.gather(*[call(hooks, "POST", "", body, key=key) for _ in range(12)])
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert sorted(each.headers["idempotent-replayed"] for each in answers) == ["false", *["true"] * 11]
    assert len((await call(hooks, "GET", "")).json()["items"]) == 1


async def test_a_key_of_a_write_is_not_good_for_a_webhook_nor_the_other_way_round(
    hooks: Site, receiver: Receiver
) -> None:
    number = new_order(hooks)
    await hooks.update(number, ON_SITE, key="the-key-of-a-write")
    answer = await call(hooks, "POST", "", {"url": receiver.url}, key="the-key-of-a-write")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    await call(hooks, "POST", "", {"url": receiver.url}, key="the-key-of-a-webhook")
    answer = await hooks.update(number, ON_SITE, key="the-key-of-a-webhook")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("PATCH", "/wh_1"),
        ("POST", "/wh_1/rotate-secret"),
        ("POST", "/wh_1/test"),
        ("POST", "/wh_1/deliveries/msg_1/replay"),
    ],
)
async def test_a_post_and_a_patch_need_a_key(method: str, path: str, hooks: Site) -> None:
    answer = await hooks.api.request(method, "/v1/webhooks" + path, json={"url": "http://127.0.0.1:9/"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_what_is_left_out_of_a_patch_stays_and_null_takes_it_away(hooks: Site, receiver: Receiver) -> None:
    webhook = await registered(hooks, receiver, types=["operation.*"], backends=["civica-cx"], description="a")
    place = f"/{webhook['id']}"
    shown = (await call(hooks, "GET", place)).json()
    for change in (
        {},
        {"description": "b"},
        {"types": None},
        {"backends": None, "description": None},
        {"url": receiver.url + "/2"},
    ):
        shown |= change
        answer = await call(hooks, "PATCH", place, change)
        assert (answer.status_code, answer.json()) == (200, shown)
    assert (await call(hooks, "GET", place)).json() == shown


@pytest.mark.parametrize(
    "change",
    [
        {"url": None},
        {"enabled": None},
        {"enabled": "off"},
        {"enabled": 0},
        {"enabled": 1},
        {"url": ""},
        {"secret": "a"},
        {"id": "wh_1"},
    ],
)
async def test_a_patch_that_makes_no_sense_changes_nothing(
    change: dict[str, Any], hooks: Site, receiver: Receiver
) -> None:
    webhook = await registered(hooks, receiver)
    answer = await call(hooks, "PATCH", f"/{webhook['id']}", change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{next(iter(change))}"]


async def test_a_disabled_webhook_is_sent_nothing_and_then_what_it_has_missed(hooks: Site, receiver: Receiver) -> None:
    webhook = await registered(hooks, receiver, types=["operation.applied"])
    place = f"/{webhook['id']}"
    answer = await call(hooks, "PATCH", place, {"enabled": False})
    assert (answer.json()["enabled"], answer.json()["disabled_reason"]) == (False, "caller")
    number = new_order(hooks)
    await hooks.update(number, ON_SITE)
    for path in (f"{place}/test", f"{place}/deliveries/msg_1/replay"):
        refused = await call(hooks, "POST", path)
        assert refused.status_code == (422 if path.endswith("test") else 404)
    await asyncio.sleep(0.8)
    assert receiver.connections == 0
    answer = await call(hooks, "PATCH", place, {"enabled": True})
    assert (answer.json()["enabled"], answer.json()["disabled_reason"], answer.json()["disabled_at"]) == (
        True,
        None,
        None,
    )
    (got,) = await receiver.until(1)
    assert got.place[0] == number


async def test_a_removed_webhook_is_gone_with_its_log(hooks: Site, receiver: Receiver) -> None:
    webhook = await registered(hooks, receiver)
    place = f"/{webhook['id']}"
    await call(hooks, "POST", f"{place}/test")
    await settled(hooks, webhook, 1)
    first = await call(hooks, "DELETE", place, key="the-key-of-a-removal")
    again = await call(hooks, "DELETE", place, key="the-key-of-a-removal")
    assert [(each.status_code, each.content) for each in (first, again)] == [(204, b"")] * 2
    for method, path in [("GET", place), ("DELETE", place), ("GET", f"{place}/deliveries"), ("POST", f"{place}/test")]:
        assert (await call(hooks, method, path)).status_code == 404
    assert (await rows(hooks))["webhook_message"] == []


async def test_after_a_rotation_both_secrets_sign(hooks: Site, receiver: Receiver, verified: Verified) -> None:
    webhook = await registered(hooks, receiver)
    place = f"/{webhook['id']}"
    answer = await call(hooks, "POST", f"{place}/rotate-secret", key="the-key-of-a-rotation")
    again = await call(hooks, "POST", f"{place}/rotate-secret", key="the-key-of-a-rotation")
    assert (answer.status_code, answer.content) == (200, again.content)
    secrets = [webhook["secret"], answer.json()["secret"]]
    assert len(set(secrets)) == 2
    assert answer.json()["old_secret_until"] is not None
    await call(hooks, "POST", f"{place}/test")
    (got,) = await receiver.until(1)
    assert len(got.headers["webhook-signature"].split()) == 2
    assert [verified(secret, got.headers, got.body) for secret in secrets] == [True, True]
    await call(hooks, "POST", f"{place}/rotate-secret")
    await call(hooks, "POST", f"{place}/test")
    _, got = await receiver.until(2)
    assert [verified(secret, got.headers, got.body) for secret in secrets] == [False, True]


async def test_a_secret_stands_in_no_row_no_further_answer_and_no_log(hooks: Site, receiver: Receiver) -> None:
    with logged(level="DEBUG") as said:
        receiver.judge = lambda _: Reply(status=500)
        webhook = await registered(hooks, receiver)
        place = f"/{webhook['id']}"
        rotated = (await call(hooks, "POST", f"{place}/rotate-secret")).json()["secret"]
        await call(hooks, "POST", f"{place}/test")
        await receiver.until(1)
        answers = [(await call(hooks, "GET", path)).text for path in ("", place, f"{place}/deliveries")]
        answers.append((await call(hooks, "PATCH", place, {"description": "a"})).text)
    everything = "\n".join([json.dumps(await rows(hooks)), said.getvalue(), *answers])
    for secret in (webhook["secret"], rotated):
        assert secret.removeprefix("whsec_") not in everything


async def test_a_message_is_sent_again_on_demand_with_its_id(hooks: Site, receiver: Receiver) -> None:
    webhook = await registered(hooks, receiver)
    place = f"/{webhook['id']}"
    made = (await call(hooks, "POST", f"{place}/test", key="the-key-of-a-test-1")).json()
    again = (await call(hooks, "POST", f"{place}/test", key="the-key-of-a-test-1")).json()
    assert made == again
    await settled(hooks, webhook, 1)
    answer = await call(hooks, "POST", f"{place}/deliveries/{made['message_id']}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    await receiver.until(2)
    (delivery,) = await settled(hooks, webhook, 1)
    assert {each.message_id for each in receiver.got} == {made["message_id"]}
    assert len(delivery["attempts"]) == 2
    missing = await call(hooks, "POST", f"{place}/deliveries/msg_none/replay")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


async def test_the_lists_have_pages(hooks: Site, receiver: Receiver) -> None:
    made = [(await registered(hooks, receiver))["id"] for _ in range(3)]
    place = f"/{made[0]}/deliveries"
    for _ in range(3):
        await call(hooks, "POST", f"/{made[0]}/test")
    cursors = []
    for path, name in (("", "id"), (place, "message_id")):
        whole = [each[name] for each in (await call(hooks, "GET", path)).json()["items"]]
        assert len(whole) == 3
        first = (await call(hooks, "GET", path + "?limit=2")).json()
        second = (await call(hooks, "GET", f"{path}?limit=2&cursor={first['next']}")).json()
        assert [each[name] for each in [*first["items"], *second["items"]]] == whole
        assert second["next"] is None
        cursors.append(first["next"])
    foreign = await call(hooks, "GET", f"/{made[1]}/deliveries?cursor={cursors[-1]}")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "malformed-request")


async def test_a_tenant_may_have_so_many_and_no_more(hooks: Site, receiver: Receiver) -> None:
    answers = await asyncio.gather(*[call(hooks, "POST", "", {"url": receiver.url}) for _ in range(8)])
    assert sorted(each.status_code for each in answers) == [*[201] * 5, *[422] * 3]


@pytest.mark.parametrize("backends", [["no-such"], ["civica-cx", "erp"], ["civica-cx erp"], []])
async def test_a_backend_that_is_not_ones_own_is_refused_like_none_at_all(
    backends: list[str], hooks: Site, receiver: Receiver
) -> None:
    answer = await call(hooks, "POST", "", {"url": receiver.url, "backends": backends})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize("types", [[], ["*"], ["operation.*.x"], ["Operation"], ["operation applied"], ["a." * 40]])
async def test_a_type_that_cannot_be_one_is_refused(types: list[str], hooks: Site, receiver: Receiver) -> None:
    answer = await call(hooks, "POST", "", {"url": receiver.url, "types": types})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "https://user:pw@hooks.acme.com/",
        "https://no-such-name.nowhere-at-all.zz/",
    ],
)
async def test_an_address_that_is_not_sent_to_is_refused_at_registration_and_consumes_nothing(
    url: str, cx_on_sqlite: Site
) -> None:
    Watch(cx_on_sqlite.app).on(cx_on_sqlite.api)
    before = await rows(cx_on_sqlite)
    answer = await call(cx_on_sqlite, "POST", "", {"url": url}, key="the-key-of-a-bad-one")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/url"]
    after = await rows(cx_on_sqlite)
    assert (after["webhook"], after["idempotency_key"]) == (before["webhook"], before["idempotency_key"])


async def test_a_webhook_of_somebody_else_looks_like_none_at_all(hooks: Site, receiver: Receiver) -> None:
    webhook = await registered(hooks, receiver)
    message = (await call(hooks, "POST", f"/{webhook['id']}/test")).json()["message_id"]
    await settled(hooks, webhook, 1)
    before = await ours(hooks)
    routes = [
        ("GET", "/{}", None),
        ("PATCH", "/{}", {"url": "http://127.0.0.1:9/", "backends": ["civica-cx"]}),
        ("DELETE", "/{}", None),
        ("POST", "/{}/rotate-secret", None),
        ("GET", "/{}/deliveries", None),
        ("POST", "/{}/deliveries/" + message + "/replay", None),
        ("POST", "/{}/test", None),
    ]
    for tenant in ("neighbour", "acme"):
        async with another_caller(hooks, f"{tenant}-other", tenant=tenant) as other:
            for method, path, body in routes:
                theirs, absent = [
                    await other.request(
                        method,
                        "/v1/webhooks" + path.format(name),
                        json=body,
                        headers={"Idempotency-Key": f"{method}-a-key-of-theirs"},
                    )
                    for name in (webhook["id"], "wh_" + "0" * 26)
                ]
                assert (theirs.status_code, theirs.json()["code"]) == (404, "not-found"), (method, path)
                assert without_ids(theirs) == without_ids(absent)
            assert (await other.get("/v1/webhooks")).json() == {"items": [], "next": None}
    assert await ours(hooks) == before


async def test_without_the_scope_nothing_can_even_be_read(hooks: Site) -> None:
    async with another_caller(hooks, "reader", scopes=frozenset(SCOPES) - {"webhooks:write"}) as reader:
        for path in ("", "/wh_1", "/wh_1/deliveries"):
            answer = await reader.get("/v1/webhooks" + path)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
