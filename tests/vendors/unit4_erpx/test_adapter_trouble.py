"""Tokens, quotas, deprecation alerts and the bytes on the wire: the adapter against an ERPx that has bad days."""

from __future__ import annotations

import asyncio
import json
from string import punctuation
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from structlog.testing import capture_logs

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable
from app.domain.ports import KnownCodes, Outcome, Write
from app.vendors.unit4_erpx.orders import is_number
from tests.vendors.loopback import Arrived, Behaviour, after, hang, loopback, reply
from tests.vendors.unit4_erpx.erpx import ORDER, SAMPLE, adapting, created, deleted, patched, status_set
from tests.vendors.unit4_erpx.simulator_requests import Erp

JSON = "application/json"
INVALID_JWT = reply(401, b'{"statusCode":401,"message":"Invalid JWT."}', Content_Type=JSON)
RECORD = reply(200, json.dumps(SAMPLE).encode(), Content_Type=JSON)


def token(text: str = "t0ken-1", life_s: int = 3600) -> Behaviour:
    body = {"access_token": text, "expires_in": life_s, "token_type": "Bearer", "scope": "u4erp"}
    return reply(200, json.dumps(body).encode(), Content_Type=JSON)


def is_login(arrived: Arrived) -> bool:
    return arrived.target == "/identity/connect/token"


async def test_the_log_in_is_client_credentials_in_a_form() -> None:
    async with loopback(token(), RECORD) as server, adapting(server.url, client_secret="p&ss wörd") as adapter:
        await adapter.read("123")
    login, read = server.arrived
    assert (login.method, login.target, login.headers["content-type"]) == (
        "POST",
        "/identity/connect/token",
        "application/x-www-form-urlencoded",
    )
    assert parse_qs(login.body.decode()) == {
        "client_id": ["sandbox"],
        "client_secret": ["p&ss wörd"],
        "scope": ["u4erp"],
        "grant_type": ["client_credentials"],
    }
    assert (read.method, read.target) == ("GET", "/v1/work-orders/123?companyId=COMP1")
    assert (read.headers["authorization"], read.headers["accept"]) == ("Bearer t0ken-1", JSON)


async def test_one_log_in_serves_many_calls_at_once() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        server.route = lambda arrived: after(0.05, token()) if is_login(arrived) else RECORD
        await asyncio.gather(*[adapter.read("123") for _ in range(20)])
        await adapter.read("123")
    assert sum(map(is_login, server.arrived)) == 1


async def test_an_expired_token_costs_one_more_log_in_and_nothing_else(sim_erp: Erp, sim_order: str) -> None:
    async with adapting(sim_erp.url) as adapter:
        await adapter.read(sim_order)
        sim_erp.fault(kind="token_expired", on="write", count=1)
        assert (await adapter.send(status_set("P", number=sim_order))).outcome is Outcome.applied
    assert sim_erp.kinds(sim_order) == ["created", "status_change"]


async def test_a_token_is_left_before_it_expires() -> None:
    async with loopback(token("t0ken-1", 0), RECORD, RECORD) as server, adapting(server.url) as adapter:
        await adapter.read("123")
        await adapter.read("123")
        server.answers.extend([token("t0ken-2"), RECORD])
        await asyncio.sleep(1.1)
        await adapter.read("123")
    assert [arrived.headers.get("authorization", "log-in") for arrived in server.arrived] == [
        "log-in",
        "Bearer t0ken-1",
        "Bearer t0ken-1",
        "log-in",
        "Bearer t0ken-2",
    ]


async def test_a_token_that_is_refused_twice_is_the_operators() -> None:
    answers = [token("t0ken-1"), INVALID_JWT, token("t0ken-2"), INVALID_JWT]
    async with loopback(*answers) as server, adapting(server.url) as adapter:
        answer = await adapter.send(status_set("P"))
        assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
        assert answer.detail == "ERPx calls a token invalid that it has just given to sandbox."
        server.answers.extend([token("t0ken-3"), RECORD])
        await adapter.read("123")
    assert server.arrived[-1].headers["authorization"] == "Bearer t0ken-3"


async def test_a_second_log_in_that_is_refused_leaves_a_write_not_applied() -> None:
    refused = reply(400, b'{"error":"invalid_client"}', Content_Type=JSON)
    async with loopback(token(), INVALID_JWT, refused) as server, adapting(server.url) as adapter:
        answer = await adapter.send(status_set("P"))
    assert (answer.outcome, answer.trouble, answer.said and answer.said.code) == (
        Outcome.not_applied,
        BackendMisconfigured,
        "invalid_client",
    )


@pytest.mark.parametrize("text", ["", "a b", "a\r\nX: y", "tökn"])
async def test_a_token_that_no_header_can_carry_is_none(text: str) -> None:
    async with loopback(token(text)) as server, adapting(server.url) as adapter:
        answer = await adapter.send(status_set("P"))
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendUnavailable)


async def test_a_log_in_that_hangs_leaves_nothing_sent() -> None:
    async with loopback(hang) as server, adapting(server.url, deadline_s=0.3) as adapter:
        answer = await adapter.send(status_set("P"))
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendTimeout)


@pytest.mark.parametrize("call", ["login", "read", "write"])
async def test_a_quota_that_is_used_up_says_when_to_come_again(sim_erp: Erp, call: str) -> None:
    sim_erp.fault(kind="rate_limited", on=call, count=1, delay_s=32)
    async with adapting(sim_erp.url) as adapter:
        if call == "write":
            answer = await adapter.send(deleted())
            assert (answer.outcome, answer.trouble, answer.retry_after_s) == (
                Outcome.not_applied,
                BackendUnavailable,
                32.0,
            )
        else:
            with pytest.raises(BackendUnavailable) as caught:
                await adapter.read("123")
            assert caught.value.after_s == 32


async def test_deprecation_alerts_are_counted_logged_once_and_told_by_check(sim_fresh: Erp) -> None:
    sunset = "Sat, 31 Dec 2027 23:59:59 GMT"
    sim_fresh.settings(deprecation="true", sunset=sunset)
    async with adapting(sim_fresh.url) as adapter:
        with capture_logs() as logs:
            await adapter.read("123")
            await adapter.read("123")
        known = KnownCodes(codes=frozenset({"N"}), table="imported table")
        findings = [finding async for finding in adapter.check(known)]
        assert adapter.deprecations == {"Deprecation: true": 3, f"Sunset: {sunset}": 3}
    assert [(line["log_level"], line["backend"], line["alert"]) for line in logs] == [
        ("warning", "erp", "Deprecation: true"),
        ("warning", "erp", f"Sunset: {sunset}"),
    ]
    assert [(finding.ok, finding.warning, finding.detail) for finding in findings if finding.name == "deprecation"] == [
        (True, True, "ERPx announces the end of this API: Deprecation: true."),
        (True, True, f"ERPx announces the end of this API: Sunset: {sunset}."),
    ]


async def test_every_number_and_company_is_on_the_wire_as_the_preview_has_it() -> None:
    letters = [*punctuation, "é", "\u20ac"]
    numbers = [f"A{letter}x" for letter in [*letters, " "] if is_number(f"A{letter}x")]
    assert len(numbers) > 15
    company = "".join(one for one in letters if one not in "&#+%")[:25]
    async with loopback(token()) as server, adapting(server.url, company_id=company) as adapter:
        server.route = lambda arrived: reply(500)
        for number in numbers:
            [shown] = adapter.requests(deleted(number))
            await adapter.send(deleted(number))
            parts = urlsplit(server.arrived[-1].target)
            assert shown.url == f"{server.url}{server.arrived[-1].target}"
            assert (unquote(parts.path.rpartition("/")[2]), parse_qs(parts.query)["companyId"]) == (number, [company])


@pytest.mark.parametrize(
    "write",
    [
        created({"title": "Zürich \U0001f6e0"}, number="OB 1", status="N"),
        patched({"title": "X", "related_values": {"C1~1900-01-01": None}}, ORDER, number="a b(ü)"),
        status_set("P"),
        status_set("C"),
        deleted("x@y=z"),
    ],
    ids=["a create", "a patch", "a status", "closed as a status", "a removal"],
)
async def test_the_preview_is_what_arrives_but_for_the_token(write: Write) -> None:
    async with loopback(token(), reply(500)) as server, adapting(server.url) as adapter:
        [shown] = adapter.requests(write)
        await adapter.send(write)
    arrived = server.arrived[-1]
    assert (shown.method, shown.url, shown.body) == (arrived.method, f"{server.url}{arrived.target}", arrived.body)
    sent = {name: value for name, value in arrived.headers.items() if name not in {"host", "content-length"}}
    assert sent == {name.lower(): value for name, value in shown.headers.items()} | {"authorization": "Bearer t0ken-1"}
    assert "t0ken-1" not in str(shown)
