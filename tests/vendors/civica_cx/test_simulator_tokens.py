"""Vendor document 001, "Get me a token!": the simulator's GetUserWSToken and what a token is good for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.vendors.civica_cx.simulator_requests import Cx, Watch, envelope, member, refusal, running

NAMESPACES = (
    'xmlns:a="http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts.Modules.Security" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
)


@pytest.fixture
def watch() -> Watch:
    return Watch(datetime(2023, 6, 1, 17, 40, 16, 571865, tzinfo=UTC))


@pytest.fixture
def cx(watch: Watch) -> Iterator[Cx]:
    with running(clock=watch) as cx:
        yield cx


def token_answer(inner: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetUserWSTokenResponse '
        f'xmlns="http://tempuri.org/"><GetUserWSTokenResult {NAMESPACES}>{inner}</GetUserWSTokenResult>'
        "</GetUserWSTokenResponse></s:Body></s:Envelope>"
    )


def test_a_login_gives_a_token_and_its_expiry_with_offset_and_seven_decimals(cx: Cx) -> None:
    answer = cx.post("get_user_ws_token", envelope("get_user_ws_token"))

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text == token_answer(
        f'<a:InvalidReason i:nil="true"/><a:IsValid>true</a:IsValid><a:Token>{member(answer, "Token")}</a:Token>'
        "<a:TokenExpiry>2023-06-01T19:00:16.5718655+01:00</a:TokenExpiry>"
    )


@pytest.mark.parametrize("wrong", [{"Password": "HappyB!rthday"}, {"UserName": "Jim.Walker"}, {"UserName": ""}])
def test_a_wrong_login_is_a_normal_answer_that_is_not_valid(cx: Cx, wrong: dict[str, str]) -> None:
    answer = cx.post("get_user_ws_token", envelope("get_user_ws_token", **wrong))

    assert answer.status_code == 200
    assert answer.text == token_answer(
        "<a:InvalidReason>Invalid login. Please try again.</a:InvalidReason><a:IsValid>false</a:IsValid>"
        '<a:Token i:nil="true"/><a:TokenExpiry i:nil="true"/>'
    )


@pytest.mark.parametrize(
    "call", ["update_repair_works_order_status", "get_repair_work_order_details", "get_repair_work_orders"]
)
@pytest.mark.parametrize("token", ["diys1t3r0iadxe", "", None])
def test_every_method_answers_an_unknown_token_with_the_documented_fault(cx: Cx, call: str, token: str | None) -> None:
    answer = cx.call(call, Token=token)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert answer.text == (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>'
        '<faultstring xml:lang="en-GB">Exception Message:Access denied – Invalid token</faultstring></s:Fault></s:Body>'
        "</s:Envelope>"
    )
    assert cx.effects() == []


def test_a_token_ends_at_its_expiry_and_a_new_one_works(cx: Cx, watch: Watch) -> None:
    token = cx.login()
    watch.advance(20 * 60 - 1)
    assert refusal(cx.call("get_repair_work_orders", Token=token)) is None

    watch.advance(1)

    assert cx.call("get_repair_work_orders", Token=token).status_code == 500
    assert refusal(cx.call("get_repair_work_orders")) is None


def test_a_second_login_leaves_the_first_token_valid(cx: Cx) -> None:
    first = cx.login()
    cx.login()

    assert refusal(cx.call("get_repair_work_orders", Token=first)) is None


def test_the_life_of_tokens_can_be_set(cx: Cx, watch: Watch) -> None:
    assert cx.http.post("/_sim/settings", json={"token_life_s": 5}).json() == {"token_life_s": 5.0}
    token = cx.login()
    watch.advance(5)

    assert cx.call("get_repair_work_orders", Token=token).status_code == 500


def test_in_winter_the_expiry_has_offset_zero(cx: Cx, watch: Watch) -> None:
    watch.now = datetime(2022, 12, 1, 9, 0, tzinfo=UTC)

    answer = cx.post("get_user_ws_token", envelope("get_user_ws_token"))

    assert member(answer, "TokenExpiry") == "2022-12-01T09:20:00.0000005+00:00"
