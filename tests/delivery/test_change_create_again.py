"""A create that is sent again and meets what an earlier attempt made: it is compared, and not taken as a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.bench import HOLDS, outcomes, rows
from tests.delivery.changing import ERPX_ORDER, NEXUS_ORDER, Place, place
from tests.delivery.recording import Passed
from tests.vendors.loopback import hang_up, reply

pytestmark = pytest.mark.usefixtures("hurried_changes")

W1 = {**ERPX_ORDER, "number": "W1"}


def withheld(at: Place, call: str) -> list[Passed]:
    """The first request of this call is kept back and its connection closed: it may still reach the vendor."""
    kept: list[Passed] = []
    at.glass.instead(call, hang_up)
    at.at(call, kept.append)
    return kept


async def settled(at: Place, operation_id: str) -> tuple[str, list[str], list[str | None]]:
    found = await at.end_of(operation_id)
    return found["state"], at.effects("W1"), await outcomes(at.site, operation_id)


async def test_POST_005_after_an_unknown_create_is_read_and_compared_and_not_taken_as_a_refusal(
    database: str, tmp_path: Path
) -> None:
    """The first request reaches ERPx when the second is on its way: "The work order already exists." is our own order."""
    async with place("unit4_erpx", database, tmp_path) as at:
        kept = withheld(at, "POST")
        sent = await at.sent_async(at.create, W1)
        await at.site.app.state.gateway.store.ping()
        while not kept:
            await at.site.app.state.gateway.store.ping()
        at.at("POST", lambda _: at.pass_on(kept[0]))
        assert await settled(at, sent) == ("applied", ["created"], ["unknown", "unknown"])
        assert at.sent == ["POST", "POST"]
        result = (await at.site.api.get(f"/v1/operations/{sent}")).json()["result"]
        assert (result["number"], result["title"]) == ("W1", "Boiler")


async def test_POST_005_after_an_unknown_create_of_what_somebody_else_has_made_is_held(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        kept = withheld(at, "POST")
        sent = await at.sent_async(at.create, W1)
        while not kept:
            await at.site.app.state.gateway.store.ping()
        at.at("POST", lambda _: made_by_another(at, kept[0], title="Another's"))
        assert await settled(at, sent) == ("held", ["created"], ["unknown", "unknown"])
        assert at.record("W1")["workOrderName"] == "Another's"


def made_by_another(at: Place, like: Passed, *, title: str) -> None:
    """Somebody else makes an order of this number, with another title."""
    body = like.request.body.replace(b"Boiler", title.encode())
    headers = {name: like.request.headers[name] for name in ("authorization", "content-type")}
    answer = at.site.vendor.post(like.request.target, headers=headers, content=body)
    assert answer.status_code == 201, answer.text


async def test_POST_005_to_a_first_attempt_is_a_refusal_and_overwrites_nothing(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Somebody made the order between our read and our create."""
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        at.at("POST", lambda passed: made_by_another(at, passed, title="Another's"))
        answer = await at.create(W1)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["outcome"]) == (409, "work-order-exists", "refused")
        assert (at.sent, at.effects("W1"), at.record("W1")["workOrderName"]) == (["POST"], ["created"], "Another's")


@pytest.mark.parametrize(
    ("slug", "call", "body"),
    [("unit4_erpx", "POST", W1), ("nexusfs", "PUT", {**NEXUS_ORDER, "number": "W1"})],
    ids=["unit4", "nexusfs"],
)
async def test_a_create_that_is_to_be_sent_again_and_finds_its_own_order_sends_nothing(
    slug: str, call: str, body: dict[str, object], database: str, tmp_path: Path
) -> None:
    """The first request reaches the vendor after the proof of absence, and before the read that precedes the second."""
    async with place(slug, database, tmp_path) as at:
        kept = withheld(at, call)
        sent = await at.sent_async(at.create, body)
        while not kept:
            await at.site.app.state.gateway.store.ping()
        at.at("GET", lambda _: at.pass_on(kept[0]), nth=reads_until_sent_again(at))
        assert await settled(at, sent) == ("applied", ["created"], ["unknown", "unknown"])
        assert at.sent == [call]


def reads_until_sent_again(at: Place) -> int:
    """One soon after the answer was lost, two that prove that it was not applied, and the one before it is sent again."""
    return 4


async def test_a_create_that_is_to_be_sent_again_and_finds_another_s_order_overwrites_nothing(
    sqlite_database: str, tmp_path: Path
) -> None:
    """A PUT would replace it: NexusFS has no create that does not."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        kept = withheld(at, "PUT")
        sent = await at.sent_async(at.create, {**NEXUS_ORDER, "number": "W1"})
        while not kept:
            await at.site.app.state.gateway.store.ping()
        at.at("GET", lambda _: by_another(at, kept[0]), nth=reads_until_sent_again(at))
        found = await at.end_of(sent)
        assert (found["state"], at.sent, at.effects("W1")) == ("held", ["PUT"], ["created"])
        assert at.record("W1")["Priority"] == "1001"


def by_another(at: Place, like: Passed) -> None:
    headers = {name: like.request.headers[name] for name in ("x-access-token", "content-type")}
    body = like.request.body.replace(b'"1003"', b'"1001"')
    answer = at.site.vendor.put(like.request.target, headers=headers, content=body)
    assert answer.status_code < 300, answer.text


async def test_a_create_whose_number_was_taken_while_the_vendor_asked_us_to_wait_is_refused(
    sqlite_database: str, tmp_path: Path
) -> None:
    """The first attempt was provably not processed: what is there is not ours."""
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        at.glass.instead("POST", reply(429, b"", Retry_After="1"))
        at.at("POST", lambda passed: made_by_another(at, passed, title="Another's"))
        found = await at.end_of(await at.sent_async(at.create, W1))
        assert (found["state"], at.sent, at.effects("W1")) == ("refused", ["POST"], ["created"])
        assert found["problem"]["code"] == "work-order-exists"
        assert await rows(at.site, HOLDS, of_number="W1") == []


async def test_a_put_of_a_new_order_that_is_to_be_sent_again_and_finds_its_own_sends_nothing(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        kept = withheld(at, "PUT")
        sent = await at.sent_async(at.put, NEXUS_ORDER, number="W1", if_none_match="*")
        while not kept:
            await at.site.app.state.gateway.store.ping()
        at.at("GET", lambda _: at.pass_on(kept[0]), nth=reads_until_sent_again(at))
        assert await settled(at, sent) == ("applied", ["created"], ["unknown", "unknown"])
        assert at.sent == ["PUT"]


async def test_a_put_of_a_new_order_that_finds_another_s_when_its_turn_comes_overwrites_nothing(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Of two that are queued the second meets what the first has made."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        first = await at.sent_async(at.put, NEXUS_ORDER, number="W1", if_none_match="*")
        second = await at.sent_async(at.put, {**NEXUS_ORDER, "priority": "1001"}, number="W1", if_none_match="*")
        assert await settled(at, first) == ("applied", ["created"], ["applied"])
        found = await at.end_of(second)
        assert (found["state"], found["problem"]["code"], at.sent) == ("refused", "precondition-failed", ["PUT"])


async def test_a_put_that_names_no_status_keeps_the_one_that_the_order_has_when_it_is_sent_again(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Somebody sets a status while the vendor has us wait."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.instead("PUT", reply(429, b"", Retry_After="1"))
        at.at("PUT", lambda _: at.on_screen("status", OrderStatus="7"))
        found = await at.end_of(await at.sent_async(at.put, {**NEXUS_ORDER, "priority": "1001"}))
        assert (found["state"], found["attempts"]) == ("applied", 2)
        assert (at.record()["OrderStatus"], at.record()["Priority"]) == ("7", "1001")
