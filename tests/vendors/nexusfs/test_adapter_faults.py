"""The adapter on bad days: tokens that expire, answers that are lost, nobody there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from string import punctuation
from urllib.parse import unquote

import pytest

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable, VendorRefused, VendorTrouble
from app.domain.json import JsonObject
from app.domain.ports import Kind, Outcome, Proof, VendorAdapter, VendorRequest
from app.domain.terms import Terms
from app.vendors.nexusfs.translate import is_number
from tests.vendors.loopback import Arrived, Behaviour, Loopback, hang, hang_up, loopback, reply, reset, truncated
from tests.vendors.nexusfs.adapters import EXAMPLE, a_write, adapting, carried_out
from tests.vendors.nexusfs.simulator_requests import Nexus

ON_SITE = a_write(Kind.status_update, code="7", previous="1/3")
PRIORITY = a_write(Kind.patch, {"priority": "1001"})
DONE = b'{"status":200}'
LOGIN = "/createjwt"
NO = b'{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Not s3cret-token, nor sandbox-secret."}'


@pytest.fixture
async def adapter(sim_nexus: Nexus) -> AsyncIterator[VendorAdapter]:
    async with adapting(sim_nexus.url) as made:
        yield made


# --- the simulator's faults


async def test_an_expired_token_is_renewed_without_the_caller_noticing(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    await adapter.read(EXAMPLE)
    sim_nexus.fault(kind="token_expired", on="write")
    assert (await adapter.send(ON_SITE)).outcome is Outcome.applied
    assert sim_nexus.kinds() == ["status_change"]


async def test_a_log_in_that_is_refused_sends_nothing(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, password="wrong") as adapter:
        answer = await adapter.send(ON_SITE)
        with pytest.raises(BackendMisconfigured):
            await adapter.read(EXAMPLE)
    assert (answer.outcome, answer.trouble, answer.detail) == (
        Outcome.not_sent,
        BackendMisconfigured,
        "NexusFS refused our log-in.",
    )
    assert sim_nexus.effects() == []


async def test_what_the_vendor_refuses_is_refused_in_its_words(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    sim_nexus.fault(kind="refuse", on="write")
    answer = await adapter.send(ON_SITE)
    assert (answer.outcome, answer.error) == (Outcome.refused, VendorRefused)
    assert answer.said is not None
    assert answer.said.message == "The specified object can not be updated."


@pytest.mark.parametrize("kind", ["http_500", "html", "reset", "truncate", "lost_answer"])
async def test_an_answer_that_says_nothing_is_unknown_and_the_order_tells(
    sim_nexus: Nexus, adapter: VendorAdapter, kind: str
) -> None:
    sim_nexus.fault(kind=kind, on="write")
    assert (await adapter.send(ON_SITE)).outcome is Outcome.unknown
    made = kind in ("truncate", "lost_answer")
    proof = adapter.prove(ON_SITE, await adapter.read(EXAMPLE))
    assert (proof, len(sim_nexus.effects())) == ((Proof.applied, 1) if made else (Proof.not_applied, 0))


async def test_a_read_that_fails_speaks_of_the_order_and_not_of_a_change(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    sim_nexus.fault(kind="http_500", on="read")
    with pytest.raises(BackendUnavailable) as failed:
        await adapter.read(EXAMPLE)
    assert failed.value.detail == "It does not show the order. (HTTP 500)"


# --- a server that a test scripts


def scripted(server: Loopback, answer: Behaviour) -> None:
    """Every log-in succeeds; every other call gets this answer."""
    token = reply(200, b'{"token":"s3cret-token"}', Content_Type="application/json")
    server.route = lambda arrived: token if arrived.target == LOGIN else answer


def says(status: int, body: bytes) -> Behaviour:
    return reply(status, body, Content_Type="application/json")


def asked(server: Loopback) -> list[str]:
    return ["log-in" if one.target == LOGIN else one.method for one in server.arrived]


async def test_the_preview_is_what_arrives_but_for_the_token() -> None:
    writes = [
        ON_SITE,
        a_write(Kind.patch, {"rules": None}, before={}),
        a_write(Kind.create, {"type": "1001", "account": {"number": "1"}}, number="5000"),
        a_write(Kind.delete),
    ]
    async with loopback() as server, adapting(server.url) as adapter:
        scripted(server, says(200, DONE))
        for write in writes:
            [shown] = adapter.requests(write)
            assert (await adapter.send(write)).outcome is Outcome.applied
            arrived = server.arrived[-1]
            own = {name: value for name, value in arrived.headers.items() if name not in ("host", "content-length")}
            assert own.pop("x-access-token") == "s3cret-token"
            assert VendorRequest(
                method=arrived.method,
                url=f"{server.url}{arrived.target}",
                headers={"x-access-token": "***", **own},
                body=arrived.body,
            ) == replace(shown, headers={name.lower(): value for name, value in shown.headers.items()})


async def test_every_number_is_on_the_wire_as_the_preview_has_it() -> None:
    numbers = [f"A{letter}x" for letter in [*punctuation, " ", "é", "\u20ac"] if is_number(f"A{letter}x")]
    assert len(numbers) == len(punctuation) + 1
    async with loopback() as server, adapting(server.url) as adapter:
        scripted(server, says(200, DONE))
        for number in numbers:
            write = a_write(Kind.delete, number=number)
            [shown] = adapter.requests(write)
            await adapter.send(write)
            target = server.arrived[-1].target
            assert (shown.url, unquote(target.rpartition("/")[2])) == (f"{server.url}{target}", number)
            assert ";" not in target  # Java's servers part a path there: it would be another order


async def test_a_token_refused_twice_is_a_wrong_configuration_and_nothing_was_applied() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        scripted(server, says(401, NO))
        answer = await adapter.send(ON_SITE)
        assert asked(server) == ["log-in", "PATCH", "log-in", "PATCH"]
        assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)
        assert answer.said is not None
        assert answer.said.message == "Not ***, nor ***."
        with pytest.raises(BackendMisconfigured):
            await adapter.read(EXAMPLE)


async def test_a_fixed_token_that_is_refused_is_not_tried_again() -> None:
    async with (
        loopback() as server,
        adapting(server.url, username=None, password=None, access_token="s3cret-token") as adapter,
    ):
        scripted(server, says(401, NO))
        answer = await adapter.send(ON_SITE)
        assert asked(server) == ["PATCH"]
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendMisconfigured)


async def test_a_second_log_in_that_fails_leaves_the_write_not_applied() -> None:
    log_ins = [says(200, b'{"token":"s3cret-token"}'), says(503, b"")]

    def route(arrived: Arrived) -> Behaviour:
        return log_ins.pop(0) if arrived.target == LOGIN else says(401, NO)

    async with loopback() as server, adapting(server.url) as adapter:
        server.route = route
        answer = await adapter.send(ON_SITE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_applied, BackendUnavailable)


async def test_many_writes_at_once_log_in_once() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        scripted(server, says(200, DONE))
        answers = await asyncio.gather(*[adapter.send(ON_SITE) for _ in range(20)])
        assert {answer.outcome for answer in answers} == {Outcome.applied}
        assert sorted(asked(server)) == ["PATCH"] * 20 + ["log-in"]


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        (hang, BackendTimeout),
        (hang_up, BackendUnavailable),
        (reset, BackendUnavailable),
        (truncated(DONE), BackendUnavailable),
    ],
    ids=["hang", "hang up", "reset", "truncated"],
)
async def test_no_whole_answer_is_unknown_for_a_write_and_trouble_for_a_read(
    behaviour: Behaviour, trouble: type[VendorTrouble]
) -> None:
    async with loopback() as server, adapting(server.url, deadline_s=0.4) as adapter:
        scripted(server, behaviour)
        assert (await adapter.send(ON_SITE)).outcome is Outcome.unknown
        with pytest.raises(trouble):
            await adapter.read(EXAMPLE)


async def test_a_log_in_that_hangs_sends_nothing() -> None:
    async with loopback() as server, adapting(server.url, deadline_s=0.4) as adapter:
        server.route = lambda _: hang
        answer = await adapter.send(ON_SITE)
        assert asked(server) == ["log-in"]
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendTimeout)


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        answer = await adapter.send(ON_SITE)
        with pytest.raises(BackendUnavailable):
            await adapter.read(EXAMPLE)
    assert (answer.outcome, answer.trouble) == (Outcome.not_sent, BackendUnavailable)


async def test_a_redirect_is_not_followed() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        scripted(server, reply(307, b"", Location=f"{server.url}/elsewhere"))
        assert (await adapter.send(ON_SITE)).outcome is Outcome.unknown
        assert asked(server) == ["log-in", "PATCH"]


# --- what a read-back proves


@pytest.mark.parametrize(
    ("code", "proof"),
    [("7", Proof.applied), ("1/3", Proof.not_applied), ("6", Proof.inconclusive), (None, Proof.inconclusive)],
)
async def test_a_status_is_proved_by_its_code(adapter: VendorAdapter, code: str | None, proof: Proof) -> None:
    seen = replace(await adapter.read(EXAMPLE), code=code)
    assert adapter.prove(ON_SITE, seen) is proof
    assert adapter.prove(ON_SITE, None) is Proof.inconclusive


async def test_a_patch_is_proved_by_what_the_order_shows(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    seen = await adapter.read(EXAMPLE)
    write = replace(PRIORITY, before=seen.fields)
    assert adapter.prove(write, seen) is Proof.not_applied
    sim_nexus.fault(kind="lost_answer", on="write")
    assert (await carried_out(adapter, PRIORITY)).outcome is Outcome.unknown
    assert adapter.prove(write, await adapter.read(EXAMPLE)) is Proof.applied
    assert adapter.prove(write, None) is Proof.inconclusive


WITHOUT_ALERTS: JsonObject = {"type": "1001", "account": {"number": "1029", "name": "B"}}
WITH_ALERTS: JsonObject = {**WITHOUT_ALERTS, "extensions": {"nexusfs": {"Alerts": [{"a": 1}]}}}
NO_ALERTS: JsonObject = {"extensions": {"nexusfs": {"Alerts": []}}}


@pytest.mark.parametrize(
    ("body", "before", "after", "proof"),
    [
        (NO_ALERTS, WITH_ALERTS, WITHOUT_ALERTS, Proof.applied),
        (NO_ALERTS, WITH_ALERTS, WITH_ALERTS, Proof.not_applied),
        (WITH_ALERTS, WITHOUT_ALERTS, WITHOUT_ALERTS, Proof.inconclusive),
        ({"account": {"name": None}}, WITHOUT_ALERTS, WITHOUT_ALERTS, Proof.inconclusive),
        ({"account": {"name": "Y"}}, WITHOUT_ALERTS, WITHOUT_ALERTS, Proof.not_applied),
        ({"account": None}, WITHOUT_ALERTS, WITHOUT_ALERTS, Proof.not_applied),
    ],
    ids=[
        "the last of a list is gone",
        "it is there still",
        "the first of a list that was not shown before",
        "what the master data may fill in again",
        "an override not made",
        "an account not removed",
    ],
)
async def test_an_order_read_back_proves(
    adapter: VendorAdapter, body: JsonObject, before: JsonObject, after: JsonObject, proof: Proof
) -> None:
    seen = replace(await adapter.read(EXAMPLE), fields=after)
    assert adapter.prove(a_write(Kind.patch, body, before=before), seen) is proof


@pytest.mark.parametrize(
    ("after", "proof"),
    [
        ({"assets": {"9": {"number": "9"}}}, Proof.applied),
        ({}, Proof.inconclusive),
        ({"assets": {"1": {"number": "1"}}}, Proof.not_applied),
    ],
    ids=["come", "gone with the rest", "as it was"],
)
async def test_an_element_of_a_replaced_collection_is_looked_for_by_its_number(
    adapter: VendorAdapter, after: JsonObject, proof: Proof
) -> None:
    before: JsonObject = {"assets": {"1": {"number": "1"}}}
    write = a_write(Kind.patch, {"assets": {"9": {}}}, before=before, terms=Terms(replace=("assets",)))
    assert adapter.prove(write, replace(await adapter.read(EXAMPLE), fields=after)) is proof


async def test_a_replacement_that_only_takes_an_account_back_to_its_master_data_proves_nothing(
    adapter: VendorAdapter,
) -> None:
    seen = replace(await adapter.read(EXAMPLE), fields=WITHOUT_ALERTS)
    body: JsonObject = {"type": "1001", "account": {"number": "1029"}}
    write = a_write(Kind.replace, body, before=WITHOUT_ALERTS)
    assert adapter.prove(write, seen) is Proof.inconclusive
    assert adapter.prove(replace(write, body={**body, "priority": "1"}), seen) is Proof.not_applied


async def test_no_list_where_there_is_none_is_no_change(adapter: VendorAdapter) -> None:
    seen = await adapter.read(EXAMPLE)
    assert adapter.requests(a_write(Kind.patch, NO_ALERTS, before=seen.fields)) == []


async def test_a_lost_create_is_proved_by_the_order(adapter: VendorAdapter, sim_nexus: Nexus) -> None:
    body: JsonObject = {"type": "1001", "account": {"number": "1029"}, "location": {"number": "1030"}}
    write = a_write(Kind.create, body, number="5000")
    assert adapter.prove(write, None) is Proof.not_applied
    sim_nexus.fault(kind="lost_answer", on="write")
    assert (await adapter.send(write)).outcome is Outcome.unknown
    assert adapter.prove(write, await adapter.read("5000")) is Proof.applied
