"""Sending a status update: what is answered, when, and what a repeat of the request meets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.routes.contract import MARKER
from tests.api.routes.scene import (
    ENDED_ORDER,
    IN_TIME_ORDER,
    LATE_ORDER,
    ON_SITE,
    another_caller,
    final,
    new_order,
    unused,
    update,
)
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestApplied:
    async def test_the_answer_is_the_one_of_the_design(self, shared: Site) -> None:
        number = new_order(shared)
        answer = await shared.update(number, {**ON_SITE, "comments": "Engineer on site"})
        body = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
        assert body == {
            "operation_id": body["operation_id"],
            "state": "applied",
            "backend": "civica-cx",
            "work_order": number,
            "previous_status": "issued",
            "status": "on_site",
            "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"},
            "occurred_at": "2026-11-20T20:40:00Z",
            "received_at": body["received_at"],
            "applied_at": body["applied_at"],
            "evidence": "vendor_accepted",
        }
        assert body["received_at"] < body["applied_at"]

    async def test_its_headers_name_the_operation(self, shared: Site) -> None:
        answer = await shared.update(new_order(shared), ON_SITE)
        operation_id = answer.json()["operation_id"]
        assert answer.headers["location"] == f"/v1/operations/{operation_id}"
        assert answer.headers["operation-id"] == operation_id
        assert answer.headers["idempotent-replayed"] == "false"
        assert "retry-after" not in answer.headers
        followed = await shared.api.get(answer.headers["location"])
        assert followed.json()["result"] == answer.json()

    async def test_asking_again_of_what_is_final_answers_it_at_once(self, shared: Site) -> None:
        operation_id = (await shared.update(new_order(shared), ON_SITE)).json()["operation_id"]
        answer = await shared.api.post(f"/v1/operations/{operation_id}/probe", headers={"Prefer": "wait=20"})
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")
        assert answer.headers["preference-applied"] == "wait=20"

    async def test_the_vendor_gets_what_was_said(self, shared: Site) -> None:
        number = new_order(shared)
        await shared.update(number, update(comments="Gas & water <off>\nPlease ring"))
        detail = shared.effects(number)[0]["detail"]
        assert (detail["StatusCodeId"], detail["StatusDate"], detail["Comments"]) == (
            11,
            "2026-11-20T20:40:00",
            "Gas & water <off>\nPlease ring",
        )

    @pytest.mark.parametrize(
        ("sent", "answered"),
        [
            ("2026-07-20T20:40:00+01:00", "2026-07-20T19:40:00Z"),
            ("2026-11-20T20:40:00.123456Z", "2026-11-20T20:40:00.123456Z"),
            ("2026-11-20T20:40:00-05:30", "2026-11-21T02:10:00Z"),
            ("2026-11-20t20:40:00z", "2026-11-20T20:40:00Z"),
        ],
    )
    async def test_any_offset_is_taken_and_answered_in_utc(self, shared: Site, sent: str, answered: str) -> None:
        answer = await shared.update(new_order(shared), update(occurred_at=sent))
        assert (answer.status_code, answer.json()["occurred_at"]) == (201, answered)

    async def test_a_vendor_code_alone_is_enough(self, shared: Site) -> None:
        answer = await shared.update(new_order(shared), update(status=None, vendor_code="12"))
        assert (answer.status_code, answer.json()["status"]) == (201, "awaiting_materials")

    async def test_the_reference_in_the_path_means_the_same_order(self, shared: Site) -> None:
        number = new_order(shared)
        answer = await shared.update(f"WO{number}", ON_SITE)
        assert (answer.status_code, answer.json()["work_order"]) == (201, number)
        assert len(shared.effects(number)) == 1

    async def test_a_late_reason_is_taken_where_the_order_is_late(self, shared: Site) -> None:
        refused = await shared.update(LATE_ORDER, ON_SITE)
        taken = await shared.update(LATE_ORDER, update(late_reason="parts_delay"))
        assert (refused.status_code, taken.status_code) == (422, 201)
        assert shared.effects(LATE_ORDER)[0]["detail"]["StatusReasonId"] == 31

    async def test_an_order_that_was_completed_in_time_moves_on_without_a_late_reason(self, shared: Site) -> None:
        taken = await shared.update(IN_TIME_ORDER, update(status="closed"))
        assert (taken.status_code, taken.json()["previous_status"]) == (201, "complete")
        assert shared.effects(IN_TIME_ORDER)[0]["detail"]["StatusReasonId"] == 0


class TestWaiting:
    @pytest.mark.parametrize(
        ("prefer", "applied"),
        [("respond-async", "respond-async"), ("wait=0", "wait=0"), ("respond-async, wait=0", None)],
    )
    async def test_without_waiting_the_answer_is_202_and_the_operation(
        self, shared: Site, prefer: str, applied: str | None
    ) -> None:
        number = new_order(shared)
        answer = await shared.update(number, update(client_reference=f"visit-{number}"), prefer=prefer)
        body = answer.json()
        assert answer.status_code == 202
        assert body == {
            "operation_id": body["operation_id"],
            "kind": "status_update",
            "state": body["state"],
            "backend": "civica-cx",
            "work_order": number,
            "client_reference": f"visit-{number}",
            "accepted_at": body["accepted_at"],
            "finished_at": None,
            "attempts": body["attempts"],
            "blocked_by": None,
            "waiting_for": None,
            "problem": None,
            "result": None,
        }
        assert body["state"] in ("queued", "sending")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["preference-applied"] == (applied or prefer)
        assert answer.headers["location"] == f"/v1/operations/{body['operation_id']}"
        assert (await final(shared, body["operation_id"]))["state"] == "applied"

    async def test_a_wait_that_is_long_enough_ends_with_the_outcome(self, shared: Site) -> None:
        answer = await shared.update(new_order(shared), ON_SITE, prefer="wait=20")
        assert (answer.status_code, answer.headers["preference-applied"]) == (201, "wait=20")

    async def test_no_preference_is_none_applied(self, shared: Site) -> None:
        answer = await shared.update(new_order(shared), ON_SITE)
        assert "preference-applied" not in answer.headers

    async def test_a_wait_that_runs_out_is_202_and_the_same_key_then_brings_the_outcome(self, shared: Site) -> None:
        number = new_order(shared)
        shared.fault("latency", order=number, delay_s=1.5)
        first = await shared.update(number, ON_SITE, key="a-wait-that-runs-out", prefer="wait=1")
        again = await shared.update(number, ON_SITE, key="a-wait-that-runs-out")
        third = await shared.update(number, ON_SITE, key="a-wait-that-runs-out")
        assert [each.status_code for each in (first, again, third)] == [202, 201, 201]
        assert [each.headers["idempotent-replayed"] for each in (first, again, third)] == ["false", "true", "true"]
        assert again.content == third.content
        assert len(shared.effects(number)) == 1


class TestReplay:
    async def test_a_201_is_repeated_to_the_byte(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        first = await shared.update(number, ON_SITE, key=key)
        again = await shared.update(number, ON_SITE, key=key)
        assert again.content == first.content
        kept = ("location", "operation-id", "content-type")
        assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]
        assert (first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]) == ("false", "true")
        assert len(shared.effects(number)) == 1

    @pytest.mark.parametrize(
        ("status", "code", "number", "body"),
        [
            (409, "order-ended", ENDED_ORDER, ON_SITE),
            (409, "transition-not-allowed", None, update(status="closed")),
            (409, "status-unchanged", None, update(status="issued")),
            (422, "status-unknown", None, update(status="scheduled")),
            (422, "status-not-effective", None, update(status=None, vendor_code="21")),
            (422, "reason-unknown", None, update(reason_code="sunshine")),
        ],
    )
    async def test_a_refusal_of_ours_is_repeated_to_the_byte(
        self, shared: Site, status: int, code: str, number: str | None, body: dict[str, Any]
    ) -> None:
        number, key = number or new_order(shared), shared.fresh_key()
        first = await shared.update(number, body, key=key)
        again = await shared.update(number, body, key=key)
        assert (first.status_code, first.json()["code"]) == (status, code)
        assert first.json()["outcome"] == "not_sent"
        assert again.content == first.content
        assert (first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]) == ("false", "true")

    async def test_a_refusal_of_the_vendors_is_repeated_to_the_byte(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        shared.fault("refuse", order=number)
        first = await shared.update(number, ON_SITE, key=key)
        again = await shared.update(number, ON_SITE, key=key)
        assert (first.status_code, first.json()["code"], first.json()["outcome"]) == (409, "vendor-refused", "refused")
        assert first.json()["vendor"]["message"]
        assert first.headers["operation-id"] == first.json()["operation_id"]
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"

    async def test_a_refusal_stays_although_the_order_would_take_it_now(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        first = await shared.update(number, update(status="issued"), key=key)
        await shared.update(number, update(status="on_hold"))
        again = await shared.update(number, update(status="issued"), key=key)
        fresh = await shared.update(number, update(status="issued"))
        assert (first.status_code, again.content, fresh.status_code) == (409, first.content, 201)

    async def test_fifty_at_once_are_one_update(self, shared: Site) -> None:
        number = new_order(shared)
        answers = await asyncio.gather(*[shared.update(number, ON_SITE, key="fifty-times-at-once") for _ in range(50)])
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sorted(answer.headers["idempotent-replayed"] for answer in answers) == ["false"] + ["true"] * 49
        assert len(shared.effects(number)) == 1

    async def test_another_clients_key_is_another_key(self, shared: Site) -> None:
        number = new_order(shared)
        first = await shared.update(number, ON_SITE, key="the-same-word-twice")
        async with another_caller(shared, "colleague") as colleague:
            path, headers = shared.orders(number) + "/status-updates", {"Idempotency-Key": "the-same-word-twice"}
            second = await colleague.post(path, json=update(status="complete"), headers=headers)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["operation_id"] != second.json()["operation_id"]


class TestSameRequest:
    KEY = "one-key-for-all-of-these"

    @pytest.mark.parametrize(
        "again",
        [
            b'{"occurred_at":"2026-11-20T20:40:00Z","status":"on_site"}',
            b' {\n\t"status" : "on_site" , "occurred_at" : "2026-11-20T20:40:00Z" }\n',
            b'{"status":"on_\\u0073ite","occurred_at":"2026-11-20T20:40:00Z"}',
        ],
        ids=["order of members", "white space", "escapes"],
    )
    async def test_the_same_json_written_otherwise_is_the_same_request(self, shared: Site, again: bytes) -> None:
        number, key = new_order(shared), shared.fresh_key()
        first = await shared.update(number, ON_SITE, key=key)
        second = await _post(shared, number, again, key=key)
        assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")
        assert second.content == first.content

    async def test_one_is_the_same_number_as_one_point_nought(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        answers = [await _patch(shared, number, body, key=key) for body in (b'{"n": 1}', b'{"n": 1.0}', b'{"n":1e0}')]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "capability-missing")] * 3
        assert [each.headers["idempotent-replayed"] for each in answers] == ["false", "true", "true"]

    @pytest.mark.parametrize(
        "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"]
    )
    async def test_the_media_types_parameters_do_not_count(self, shared: Site, content_type: str) -> None:
        number, key = new_order(shared), shared.fresh_key()
        raw = b'{"status":"on_site","occurred_at":"2026-11-20T20:40:00Z"}'
        first = await _post(shared, number, raw, key=key)
        second = await _post(shared, number, raw, key=key, content_type=content_type)
        assert (first.status_code, second.headers["idempotent-replayed"]) == (201, "true")

    async def test_headers_are_no_part_of_the_request(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, ON_SITE, key=key)
        again = await shared.update(number, ON_SITE, key=key, prefer="wait=3", accept="*/*", traceparent="00-1-2-03")
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")

    async def test_a_quoted_key_is_the_bare_one(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        first = await shared.update(number, ON_SITE, key=key)
        again = await shared.update(number, ON_SITE, key=f'"{key}"')
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


class TestOtherRequest:
    async def test_another_body(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, ON_SITE, key=key)
        _reused(await shared.update(number, update(comments=MARKER), key=key))
        assert len(shared.effects(number)) == 1

    async def test_a_member_that_is_null_is_another_body_than_one_that_is_absent(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, ON_SITE, key=key)
        _reused(await shared.update(number, {**ON_SITE, "comments": None}, key=key))

    async def test_another_order(self, shared: Site) -> None:
        key = shared.fresh_key()
        await shared.update(new_order(shared), ON_SITE, key=key)
        _reused(await shared.update(new_order(shared), ON_SITE, key=key))

    async def test_the_same_order_by_its_other_name(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, ON_SITE, key=key)
        _reused(await shared.update(f"WO{number}", ON_SITE, key=key))
        assert len(shared.effects(number)) == 1

    async def test_another_call(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, ON_SITE, key=key)
        _reused(await shared.api.patch(shared.orders(number), json=ON_SITE, headers={"Idempotency-Key": key}))

    async def test_another_media_type(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        first = await _patch(shared, number, b"{}", key=key)
        second = await _patch(shared, number, b"{}", key=key, content_type="application/merge-patch+json")
        assert first.json()["code"] == "capability-missing"
        _reused(second)

    async def test_after_a_refusal_too(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        await shared.update(number, update(status="issued"), key=key)
        _reused(await shared.update(number, ON_SITE, key=key))


class TestKey:
    @pytest.mark.parametrize("headers", [[], [("Idempotency-Key", "")], [("Idempotency-Key", " ")]])
    async def test_there_must_be_one(self, shared: Site, headers: list[tuple[str, str]]) -> None:
        answer = await shared.api.post(shared.orders("113427") + "/status-updates", json=ON_SITE, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
        assert answer.json()["next"] == {"action": "fix_request", "after_s": None}

    @pytest.mark.parametrize(
        "keys",
        [
            ["fifteen-charact"],
            ["x" * 256],
            ["a key with white space"],
            ['"a-key-that-does-not-end'],
            ["a-key-with-an-ä-in-it".encode()],
            ["the-same-key-given-twice", "the-same-key-given-twice"],
            ["one-of-two-keys-given", "the-other-of-two-keys"],
        ],
        ids=["15", "256", "white space", "open quote", "not ascii", "twice", "two"],
    )
    async def test_it_must_be_one_of_16_to_255_visible_characters(self, shared: Site, keys: list[str | bytes]) -> None:
        headers = [(b"Idempotency-Key", key if isinstance(key, bytes) else key.encode()) for key in keys]
        answer = await shared.api.post(shared.orders("113427") + "/status-updates", json=ON_SITE, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
        assert "Idempotency-Key" in answer.json()["detail"]

    @pytest.mark.parametrize("key", ["x" * 16, "~" * 255, "!#$%&'()*+,-./:;<=>?@[]^_`{|}"])
    async def test_all_of_those_are_taken(self, shared: Site, key: str) -> None:
        assert (await shared.update(new_order(shared), ON_SITE, key=key)).status_code == 201


class TestNothingIsConsumed:
    async def test_without_a_token(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        answer = await shared.update(number, ON_SITE, key=key, authorization="Bearer x.y.z")
        assert answer.status_code == 401
        await unused(shared, number, key)

    async def test_without_the_scope(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        token = shared.app.state.authority.keys.mint(
            issuer="orderbridge", audience="orderbridge", client_id="tester", scopes=frozenset({"orders:read"})
        )
        answer = await shared.update(number, ON_SITE, key=key, authorization=f"Bearer {token}")
        assert (answer.status_code, answer.json()["scope"]) == (403, "status:write")
        await unused(shared, number, key)

    async def test_for_an_order_that_does_not_exist(self, shared: Site) -> None:
        key = shared.fresh_key()
        answer = await shared.update("999999", ON_SITE, key=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "work-order-not-found")
        assert answer.json()["backend"] == "civica-cx"
        await unused(shared, new_order(shared), key)

    async def test_for_a_backend_that_is_not_granted(self, shared: Site) -> None:
        key = shared.fresh_key()
        path = "/v1/backends/elsewhere/work-orders/1/status-updates"
        assert (await shared.api.post(path, json=ON_SITE, headers={"Idempotency-Key": key})).status_code == 404
        await unused(shared, new_order(shared), key)

    @pytest.mark.parametrize(
        ("status", "raw", "content_type"),
        [
            (413, b'{"comments":"' + b"x" * 300_000 + b'"}', "application/json"),
            (415, b"<status>on_site</status>", "application/xml"),
            (415, b'{"status":"on_site"}', "application/merge-patch+json"),
            (415, b'{"status":"on_site"}', "application/json; charset=utf-16"),
            (415, b'{"status":"on_site"}', ""),
            (400, b"", "application/json"),
            (400, b'{"status":', "application/json"),
            (400, b'{"status":"on_site","status":"complete"}', "application/json"),
            (400, b'{"status":"on_site","occurred_at":NaN}', "application/json"),
            (400, b'{"comments":1e999}', "application/json"),
            (400, b'{"comments":9007199254740993}', "application/json"),
            (400, b'{"comments":"\\ud800"}', "application/json"),
            (400, b'{"comments":"\\u0000"}', "application/json"),
            (400, b'{"comments":"\\u001b[31m"}', "application/json"),
            (400, b'{"comments":"\x07"}', "application/json"),
            (400, b'{"comments":"\\uffff"}', "application/json"),
            (400, b"\xef\xbb\xbf{}", "application/json"),
            (400, '{"status":"on_site"}'.encode("utf-16"), "application/json"),
            (400, b"\xff\xfe", "application/json"),
            (400, b'{"comments":' + b"[" * 33 + b"]" * 33 + b"}", "application/json"),
            (400, b"[" * 100_000, "application/json"),
            (400, b"{} {}", "application/json"),
            (400, b'{"comments":[' + b"1," * 10_001 + b"1]}", "application/json"),
            (422, b"{}", "application/json"),
            (422, b"[]", "application/json"),
            (422, b"null", "application/json"),
            (422, b'"on_site"', "application/json"),
            (422, b"1", "application/json"),
        ],
    )
    async def test_by_a_body_that_cannot_be_read(
        self, shared: Site, status: int, raw: bytes, content_type: str
    ) -> None:
        number, key = new_order(shared), shared.fresh_key()
        answer = await _post(shared, number, raw, key=key, content_type=content_type)
        assert answer.status_code == status
        await unused(shared, number, key)

    async def test_by_a_compressed_body(self, shared: Site) -> None:
        number, key = new_order(shared), shared.fresh_key()
        answer = await shared.update(number, ON_SITE, key=key, **{"content-encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
        await unused(shared, number, key)


async def _post(
    site: Site, number: str, raw: bytes, *, key: str, content_type: str = "application/json"
) -> httpx.Response:
    headers = {"Idempotency-Key": key, **({"Content-Type": content_type} if content_type else {})}
    return await site.api.post(site.orders(number) + "/status-updates", content=raw, headers=headers)


async def _patch(
    site: Site, number: str, raw: bytes, *, key: str, content_type: str = "application/json"
) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Content-Type": content_type}
    return await site.api.patch(site.orders(number), content=raw, headers=headers)


def _reused(answer: httpx.Response) -> None:
    """The key belongs to another request, of which nothing is told."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "idempotency-key-reused")
    assert problem["outcome"] == "not_sent"
    assert "operation_id" not in problem
    assert "operation-id" not in answer.headers
    assert "on_site" not in answer.text
