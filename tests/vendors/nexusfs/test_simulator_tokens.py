"""`POST /createjwt` (dossier 3.2): what a login gives, what its token is good for, and who may write."""

from __future__ import annotations

import base64
import json

import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import Nexus, Watch, document, ok, refusal

CALLS = ["GET", "PUT", "POST", "PATCH", "DELETE"]
LOGON = {"username": "sandbox", "password": "sandbox-secret"}


def body_for(method: str) -> dict[str, Json] | None:
    return None if method in ("GET", "DELETE") else document("example_1_initial")


def test_a_login_gives_a_json_web_token(sim_nexus: Nexus) -> None:
    answer = sim_nexus.http.post("/createjwt", json=LOGON)

    assert (answer.status_code, answer.headers["content-type"], list(answer.json())) == (
        200,
        "application/json",
        ["token"],
    )
    head, claims, _ = (part + "==" for part in answer.json()["token"].split("."))
    assert json.loads(base64.urlsafe_b64decode(head)) == {"alg": "HS256", "typ": "JWT"}
    read = json.loads(base64.urlsafe_b64decode(claims))
    assert (read["sub"], read["exp"] - read["iat"]) == ("sandbox", 3600)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "x"}, {"username": "Sandbox"}, {"username": ""}, {"password": None}, {"username": ["sandbox"]},
        {"username": {"a": 1}}, {"password": "readonly-secret"},
    ],
)  # fmt: skip
def test_a_wrong_login_is_401_invalid_logon(sim_shared: Nexus, wrong: dict[str, object]) -> None:
    answer = sim_shared.http.post("/createjwt", json=LOGON | wrong)

    assert (answer.status_code, answer.json()) == (
        401,
        {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Invalid Logon."},
    )


def test_a_login_without_a_password_is_401(sim_shared: Nexus) -> None:
    assert refusal(sim_shared.http.post("/createjwt", json={"username": "sandbox"})) == (401, [])


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_login_that_is_no_json_object_is_400(sim_shared: Nexus, body: bytes) -> None:
    answer = sim_shared.http.post("/createjwt", content=body, headers={"Content-Type": "application/json"})

    assert refusal(answer) == (400, [])


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("token", [None, "", "x.y.z"])
def test_every_call_without_a_valid_token_is_401(sim_shared: Nexus, method: str, token: str | None) -> None:
    stranger = Nexus(sim_shared.url)
    stranger.token = token
    with stranger.http:
        for number in ("1214", "4711"):
            answer = stranger.send(method, number, body_for(method))

            assert refusal(answer) == (401, [])
    assert sim_shared.effects() == []


def test_the_token_in_another_header_is_not_seen(sim_shared: Nexus) -> None:
    stranger = Nexus(sim_shared.url)
    with stranger.http:
        answer = stranger.send("GET", "1214", headers={"Authorization": f"Bearer {sim_shared.token}"})

        assert refusal(answer) == (401, [])


def test_a_token_ends_at_its_expiry_and_a_new_one_works(sim_nexus: Nexus, sim_watch: Watch) -> None:
    sim_watch.advance(3600 - 1)
    assert sim_nexus.send("GET", "1214").status_code == 200

    sim_watch.advance(1)

    assert refusal(sim_nexus.send("GET", "1214")) == (401, [])
    sim_nexus.login()
    assert sim_nexus.send("GET", "1214").status_code == 200


def test_the_life_of_tokens_can_be_set(sim_nexus: Nexus, sim_watch: Watch) -> None:
    answer = sim_nexus.http.post("/_sim/settings", json={"token_life_s": 5})
    assert answer.json() == {"token_life_s": 5.0, "absent_status": 404}
    sim_nexus.login()
    sim_watch.advance(5)

    assert refusal(sim_nexus.send("GET", "1214")) == (401, [])


def test_a_second_login_leaves_the_first_token_valid(sim_nexus: Nexus) -> None:
    first = sim_nexus.token
    sim_nexus.login()
    sim_nexus.token = first

    assert sim_nexus.send("GET", "1214").status_code == 200


def test_a_user_without_the_right_reads_and_may_not_write(sim_nexus: Nexus) -> None:
    sim_nexus.login("readonly")

    assert sim_nexus.record() == document("example_1_initial")
    for method in CALLS[1:]:
        assert refusal(sim_nexus.send(method, "1214", body_for(method))) == (403, [])
    assert sim_nexus.effects() == []
    sim_nexus.login()
    ok(sim_nexus.send("DELETE", "1214"))
