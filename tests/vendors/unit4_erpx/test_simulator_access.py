"""The simulator's identity service, its tokens, limits and headers, and bodies that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from app.vendors.simulation import Json
from tests.vendors.unit4_erpx.simulator_requests import (
    JSON_PATCH,
    MINIMUM,
    RECORD_123,
    Erp,
    Watch,
    answered,
    running,
)

TARGET = "/v1/work-orders/123"
INVALID_JWT: tuple[int, Json] = (401, {"statusCode": 401, "message": "Invalid JWT."})


def test_client_credentials_give_a_bearer_token(sim_erp: Erp) -> None:
    answer = sim_erp.login()

    given = answer.json()
    token = given.pop("access_token")
    assert (answer.status_code, given) == (200, {"expires_in": 3600, "token_type": "Bearer", "scope": "u4erp"})
    headers = {"Authorization": f"Bearer {token}"}
    assert answered(sim_erp.http.get(TARGET, headers=headers)) == (200, RECORD_123)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "somebody"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_wrong_login_is_a_400_with_its_error(sim_erp: Erp, form: dict[str, str], error: str) -> None:
    assert answered(sim_erp.login(**form)) == (400, {"error": error})


def test_only_a_post_logs_in(sim_erp: Erp) -> None:
    assert sim_erp.http.get("/identity/connect/token").status_code == 405


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic c2FuZGJveDp4"}])
def test_no_token_or_a_wrong_one_is_a_401_before_anything_else(sim_erp: Erp, headers: dict[str, str]) -> None:
    http = sim_erp.http

    answers = [
        http.get("/v1/work-orders/999?companyId=COMP9", headers=headers),
        http.post("/v1/work-orders", content=b"{", headers=headers),
        http.patch(TARGET, content=b"{", headers=headers),
        http.delete(TARGET, headers=headers),
    ]

    assert [answered(answer) for answer in answers] == [INVALID_JWT] * 4
    assert sim_erp.effects("123") == []


def test_a_token_ends_after_its_life_and_earlier_ones_stay_valid() -> None:
    watch = Watch(datetime(2026, 11, 20, 20, 40, tzinfo=UTC))
    with running(clock=watch) as erp:
        erp.settings(token_life_s=60)
        assert erp.login().json()["expires_in"] == 60
        first = erp.token()
        watch.advance(59.9)
        erp.login()
        assert erp.call("GET", TARGET).status_code == 200

        watch.advance(0.1)

        assert (erp.token(), answered(erp.call("GET", TARGET))) == (first, INVALID_JWT)


def test_every_answer_tells_how_many_calls_are_left_in_the_minute() -> None:
    watch = Watch(datetime(2026, 11, 20, 20, 40, tzinfo=UTC))
    with running(clock=watch) as erp:
        left = [erp.call("GET", target).headers["X-U4-RemainingLimit"] for target in (TARGET, TARGET + "4", TARGET)]
        watch.advance(60)

        assert left == ["499", "498", "497"]
        assert erp.call("POST", "/v1/work-orders", MINIMUM).headers["X-U4-RemainingLimit"] == "499"


def test_calls_above_an_enforced_quota_are_a_429_that_says_when() -> None:
    watch = Watch(datetime(2026, 11, 20, 20, 40, tzinfo=UTC))
    with running(clock=watch) as erp:
        erp.settings(calls_per_minute=2)
        assert erp.call("GET", TARGET).status_code == 200
        watch.advance(28)
        assert erp.call("GET", TARGET).status_code == 200

        refused = erp.post(MINIMUM)

        message = "Rate limit is exceeded. Try again in 32 seconds."
        assert answered(refused) == (429, {"statusCode": 429, "message": message})
        assert (refused.headers["Retry-After"], refused.headers["X-U4-RemainingLimit"]) == ("32", "0")
        assert erp.effects() == []
        watch.advance(32)
        assert erp.post(MINIMUM).status_code == 201
        erp.settings(calls_per_minute=None)
        assert erp.call("GET", TARGET).headers["X-U4-RemainingLimit"] == "497"


def test_deprecation_and_sunset_are_on_every_answer_once_set(sim_fresh: Erp) -> None:
    def told() -> set[tuple[str | None, str | None]]:
        answers = [
            sim_fresh.call("GET", TARGET),
            sim_fresh.call("GET", "/v1/work-orders"),
            sim_fresh.call("GET", "/v1/work-orders/999"),
            sim_fresh.call("DELETE", TARGET, client="readonly"),
        ]
        return {(answer.headers.get("Deprecation"), answer.headers.get("Sunset")) for answer in answers}

    sunset = "Sun, 31 Oct 2027 23:59:59 GMT"
    assert told() == {(None, None)}
    sim_fresh.settings(deprecation="@1793491199", sunset=sunset)
    assert told() == {("@1793491199", sunset)}
    sim_fresh.settings(deprecation=None)
    assert told() == {(None, sunset)}


@pytest.mark.parametrize(
    "body", [b"{", b"", b'{"probability": NaN}', b"[" * 100_000, b'{"workOrderName": "\\ud800"}', b"\xff\xfe"]
)
@pytest.mark.parametrize(("method", "target"), [("POST", "/v1/work-orders"), ("PATCH", TARGET)])
def test_a_body_that_is_not_json_is_a_400(sim_erp: Erp, method: str, target: str, body: bytes) -> None:
    media_type = JSON_PATCH if method == "PATCH" else "application/json"
    headers = {"Authorization": f"Bearer {sim_erp.token()}", "Content-Type": media_type}

    answer = sim_erp.http.request(method, target, content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, 1020)
    assert sim_erp.effects("123") == []


@pytest.mark.parametrize(
    ("method", "target", "media_type"),
    [
        ("POST", "/v1/work-orders", "text/xml"),
        ("POST", "/v1/work-orders", JSON_PATCH),
        ("PATCH", TARGET, "application/merge-patch+json"),
    ],
)
def test_another_media_type_is_a_415(sim_erp: Erp, method: str, target: str, media_type: str) -> None:
    assert sim_erp.call(method, target, b"[]", media_type=media_type).status_code == 415


def test_a_body_above_the_vendors_5_mb_is_a_413(sim_erp: Erp) -> None:
    with httpx.Client(base_url=sim_erp.url, timeout=30) as http:
        answer = http.post("/v1/work-orders", content=b" " * (5 * 1_048_576 + 1))

    assert answer.status_code == 413
