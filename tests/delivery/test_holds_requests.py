"""The request that resolves a hold: its key, its If-Match, who may send it, and what is wrong with a bad one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.clients import SCOPES
from tests.delivery.bench import (
    Simulated,
    behind_glass,
    body,
    cancel_on_screen,
    codes,
    delivery,
    finished,
    operation,
    polled,
)
from tests.delivery.holding import ORDER, Stopped, behind_a_refusal, behind_an_unknown, hold, say
from tests.delivery.recording import Glass
from tests.gateway import Site, add_client

KEY = "a-key-of-a-resolution"


@pytest.mark.parametrize("action", ["retry", "replace", "skip", "mark_applied", "cancel"])
async def test_a_word_that_comes_again_is_answered_byte_for_byte_and_does_nothing(
    action: str, seen: tuple[Site, Glass]
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    first = await say(site, stopped.hold_id, action, key=KEY)
    early = await say(site, stopped.hold_id, action, key=KEY)
    await finished(site, stopped.behind[0])
    sent = codes(site, ORDER)
    late = await say(site, stopped.hold_id, action, key=KEY)
    assert [one.status_code for one in (first, early, late)] == [200] * 3
    assert [one.headers["idempotent-replayed"] for one in (first, early, late)] == ["false", "true", "true"]
    assert first.content == early.content == late.content
    tag = (await site.api.get(f"/v1/holds/{stopped.hold_id}")).headers["etag"]
    assert [one.headers.get("etag") for one in (first, early, late)] == [tag] * 3
    assert codes(site, ORDER) == sent
    if made := first.json()["made_operation"]:
        assert (await finished(site, made))["attempts"] == 1


async def test_a_word_on_an_unknown_that_comes_again_is_answered_byte_for_byte(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass)
    first = await say(site, stopped.hold_id, "mark_applied", key=KEY)
    again = await say(site, stopped.hold_id, "mark_applied", key=KEY)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_replacement_that_could_be_accepted_no_more_is_replayed_all_the_same(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    first = await say(site, stopped.hold_id, "replace", key=KEY)
    await finished(site, stopped.behind[0])
    cancel_on_screen(site, ORDER)
    assert (await site.api.get(site.orders(ORDER))).json()["status"] == "cancelled"
    again = await say(site, stopped.hold_id, "replace", key=KEY)
    assert (again.status_code, again.headers.get("idempotent-replayed")) == (200, "true"), again.text
    assert again.content == first.content


async def test_the_key_of_a_word_with_a_body_that_is_wrong_besides_is_a_reused_key(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_a_refusal(site, glass, 10)
    assert (await say(site, stopped.hold_id, "skip", key=KEY)).status_code == 200
    other = await say(site, stopped.hold_id, "replace", key=KEY, body=body(99))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("action", ["cancel", "replace"])
async def test_the_key_of_a_word_is_of_no_use_for_another(action: str, seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    assert (await say(site, stopped.hold_id, "skip", key=KEY)).status_code == 200
    other = await say(site, stopped.hold_id, action, key=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (await hold(site, stopped.hold_id))["resolution"] == "skip"


async def test_of_two_people_at_once_one_is_taken_at_his_word(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    answers = await asyncio.gather(*[say(site, stopped.hold_id, action) for action in ("skip", "cancel", "retry")])
    assert sorted(one.status_code for one in answers) == [200, 412, 412]
    [won] = [one for one in answers if one.status_code == 200]
    for lost in answers:
        if lost is not won:
            problem = lost.json()
            assert (problem["code"], problem["outcome"]) == ("precondition-failed", "not_sent")
            assert problem["detail"] == f"The hold was resolved already: {won.json()['resolution']}, by tester."
    assert (await hold(site, stopped.hold_id)) == won.json()


async def test_the_same_word_sent_many_times_at_once_is_done_once(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    answers = await asyncio.gather(*[say(site, stopped.hold_id, "retry", key=KEY) for _ in range(10)])
    assert {(one.status_code, one.content) for one in answers} == {(200, answers[0].content)}
    assert sorted(one.headers["idempotent-replayed"] for one in answers) == ["false", *["true"] * 9]
    await finished(site, stopped.behind[0])
    assert codes(site, ORDER) == [11, 9, 10]


async def test_a_key_whose_word_was_not_taken_stays_unused(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    stale = await say(site, stopped.hold_id, "skip", key=KEY, if_match='"another"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    tag = (await site.api.get(f"/v1/holds/{stopped.hold_id}")).headers["etag"]
    assert stale.json()["etag"] == tag
    assert (await hold(site, stopped.hold_id))["state"] == "open"
    taken = await say(site, stopped.hold_id, "skip", key=KEY, if_match=tag)
    assert (taken.status_code, taken.headers["idempotent-replayed"]) == (200, "false")
    assert taken.headers["etag"] == (await site.api.get(f"/v1/holds/{stopped.hold_id}")).headers["etag"] != tag
    late = await say(site, stopped.hold_id, "skip", if_match=tag)
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")


@pytest.mark.parametrize("if_match", ["*", '"another", {tag}'])
async def test_an_if_match_that_is_met(if_match: str, seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_a_refusal(site, glass, 10)
    tag = (await site.api.get(f"/v1/holds/{stopped.hold_id}")).headers["etag"]
    assert (await say(site, stopped.hold_id, "skip", if_match=if_match.format(tag=tag))).status_code == 200


async def test_an_if_match_in_several_lines_is_one_list(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_a_refusal(site, glass, 10)
    tag = (await site.api.get(f"/v1/holds/{stopped.hold_id}")).headers["etag"]
    for lines, status in ((["*", '"another"'], 400), (['"another"', '"third"'], 412), (['"another"', tag], 200)):
        answer = await site.api.post(
            f"/v1/holds/{stopped.hold_id}/resolution",
            json={"action": "skip", "reason": "looked at it in Cx"},
            headers=[("Idempotency-Key", site.fresh_key()), *[("If-Match", line) for line in lines]],
        )
        assert answer.status_code == status, answer.text


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A resolution that cannot be understood, and the member that the problem points to."""

    id: str
    sent: dict[str, Any] = field(default_factory=dict)
    action: str | None = "skip"
    pointer: str
    code: str = "invalid-request"
    status: int = 422


BAD = [
    Bad(id="unknown action", action="forget", pointer="/action"),
    Bad(id="no action", action=None, pointer="/action"),
    Bad(id="no reason", sent={"reason": None}, pointer="/reason"),
    Bad(id="blank reason", sent={"reason": "  "}, pointer="/reason"),
    Bad(id="reason too long", sent={"reason": "x" * 1001}, pointer="/reason"),
    Bad(id="no evidence", action="mark_applied", sent={"evidence": None}, pointer="/evidence"),
    Bad(id="evidence for another action", sent={"evidence": "x"}, pointer="/evidence"),
    Bad(id="no body", action="replace", sent={"body": None}, pointer="/body"),
    Bad(id="body for another action", sent={"body": body(12)}, pointer="/body"),
    Bad(id="body is no object", action="replace", sent={"body": [1]}, pointer="/body"),
    Bad(id="work_order for another action", sent={"work_order": "5"}, pointer="/work_order"),
    Bad(id="work_order of an order with a number", action="mark_applied", sent={"work_order": "5"}, pointer="/work_order"),
    Bad(id="member that is not known", sent={"force": True}, pointer="/force"),
    Bad(id="unknown status", action="replace", sent={"body": {**body(12), "vendor_code": None, "status": "gone"}},
        pointer="/body/status", code="status-unknown"),
    Bad(id="no moment", action="replace", sent={"body": {"vendor_code": "12"}}, pointer="/body/occurred_at"),
    Bad(id="unknown member in the body", action="replace", sent={"body": body(12, colour="red")}, pointer="/body/colour"),
    Bad(id="unknown code", action="replace", sent={"body": body(99)}, pointer="/body/vendor_code", code="status-unknown"),
    Bad(id="unknown reason", action="replace", sent={"body": body(12, late_reason="rain")}, pointer="/body/late_reason",
        code="reason-unknown"),
    Bad(id="a reference of its own", action="replace", sent={"body": body(12, client_reference="r")},
        pointer="/body/client_reference"),
]  # fmt: skip


@pytest.fixture
async def stopped(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> AsyncIterator[tuple[Site, Stopped]]:
    """A gateway with an order that is held, one write behind its refusal."""
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=1)) as (site, glass):
        await polled(site)
        yield site, await behind_a_refusal(site, glass, 10)


async def test_a_bad_word_is_refused_and_the_problem_names_the_member(stopped: tuple[Site, Stopped]) -> None:
    site, found = stopped
    wrong = []
    for bad in BAD:
        answer = await say(site, found.hold_id, bad.action, **bad.sent, key=KEY)
        problem = answer.json()
        told = (answer.status_code, problem.get("code"), [one["pointer"] for one in problem.get("errors") or ()])
        if told != (bad.status, bad.code, [bad.pointer]):
            wrong.append((bad.id, *told))
    assert wrong == []
    assert (await hold(site, found.hold_id))["state"] == "open"
    assert (await say(site, found.hold_id, "skip", key=KEY)).headers["idempotent-replayed"] == "false"


async def test_a_word_needs_a_key(stopped: tuple[Site, Stopped]) -> None:
    site, found = stopped
    answer = await say(site, found.hold_id, "skip", key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    short = await say(site, found.hold_id, "skip", key="short")
    assert (short.status_code, short.json()["code"]) == (400, "malformed-request")
    assert (await hold(site, found.hold_id))["state"] == "open"


async def without(site: Site, client_id: str, *scopes: str, tenant: str = "acme") -> httpx.AsyncClient:
    return await add_client(
        site.app,
        client_id,
        tenant=tenant,
        scopes=frozenset(SCOPES) - set(scopes),
        backends=frozenset({site.backend}),
    )


async def test_who_may_not_resolve_or_read_holds_is_refused(stopped: tuple[Site, Stopped]) -> None:
    site, found = stopped
    looks = await without(site, "looks", "holds:resolve")
    assert (await looks.get(f"/v1/holds/{found.hold_id}")).status_code == 200
    refused = await say(site, found.hold_id, "skip", api=looks)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    acts = await without(site, "acts", "holds:read")
    for path in ("/v1/holds", f"/v1/holds/{found.hold_id}"):
        unread = await acts.get(path)
        assert (unread.status_code, unread.json()["code"]) == (403, "scope-missing")
    assert (await hold(site, found.hold_id))["state"] == "open"
    assert (await say(site, found.hold_id, "skip", api=acts)).status_code == 200
    for api in (looks, acts):
        await api.aclose()


async def test_a_word_is_replayed_only_to_who_may_still_say_it(stopped: tuple[Site, Stopped]) -> None:
    site, found = stopped
    assert (await say(site, found.hold_id, "skip", key=KEY)).status_code == 200
    looks = await without(site, "looks", "holds:resolve")
    refused = await say(site, found.hold_id, "skip", api=looks, key=KEY)
    await looks.aclose()
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


async def test_a_hold_of_another_tenant_is_as_one_that_does_not_exist(stopped: tuple[Site, Stopped]) -> None:
    site, found = stopped
    other = await without(site, "other", tenant="globex")
    unknown = f"hold_{'0' * 26}"
    seen = [(await other.get(f"/v1/holds/{one}")).json() for one in (found.hold_id, unknown)]
    said = [(await say(site, one, "skip", api=other)).json() for one in (found.hold_id, unknown)]
    for mine, none in (seen, said):
        changing = {"instance": "", "request_id": ""}
        assert {**mine, **changing} == {**none, **changing}
        assert (mine["status"], mine["code"]) == (404, "not-found")
    assert (await other.get("/v1/holds")).json()["items"] == []
    await other.aclose()
    assert (await hold(site, found.hold_id))["state"] == "open"


async def test_a_hold_on_a_backend_that_is_not_granted_is_as_one_that_does_not_exist(
    stopped: tuple[Site, Stopped],
) -> None:
    site, found = stopped
    elsewhere = await add_client(site.app, "elsewhere", tenant="acme", backends=frozenset({"another"}))
    assert (await elsewhere.get(f"/v1/holds/{found.hold_id}")).status_code == 404
    assert (await say(site, found.hold_id, "skip", api=elsewhere)).status_code == 404
    assert (await elsewhere.get("/v1/holds")).json()["items"] == []
    await elsewhere.aclose()


async def test_what_another_tenant_has_behind_a_cancelled_queue_ends_without_our_words(
    stopped: tuple[Site, Stopped],
) -> None:
    site, found = stopped
    other = await without(site, "other", tenant="globex")
    answer = await other.post(
        site.orders(ORDER) + "/status-updates",
        json=body(4),
        headers={"Idempotency-Key": "key-of-globex-behind-ours", "Prefer": "respond-async"},
    )
    theirs = answer.json()["operation_id"]
    assert (await say(site, found.hold_id, "cancel", reason="our secret reason")).status_code == 200
    ended = await other.get(f"/v1/operations/{theirs}")
    await other.aclose()
    assert (ended.json()["state"], ended.json()["result"]) == ("cancelled", {"resolution": "cancel"})
    assert "secret" not in ended.text
    assert found.hold_id not in ended.text
    assert (await operation(site, found.behind[0]))["result"]["reason"] == "our secret reason"
