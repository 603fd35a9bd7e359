"""Reads through the adapter: by code and by external code, and every answer that is not an order."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from string import punctuation
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from app.domain.errors import BackendMisconfigured, BackendUnavailable, WorkOrderNotFound
from tests.vendors.loopback import loopback, reply
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import AT, adapting
from tests.vendors.overit.simulator_requests import ORDER, Fsm


async def test_an_order_is_read_by_its_code_and_by_its_external_code(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        by_code, by_external = await adapter.read(ORDER), await adapter.read("ext:EXT-223")
    assert by_code == by_external
    assert (by_code.key.number, by_code.key.reference, by_code.code) == (ORDER, "EXT-223", "OPEN")
    assert by_code.record == sim_fsm.record()
    assert by_code.as_of == AT


@pytest.mark.parametrize("number", ["WO99999", "ext:EXT-999", "ext:", " ", "..", "WO00223&code=WO00224", "à/?#"])
async def test_an_order_that_is_not_there_is_not_found(sim_fsm: Fsm, number: str) -> None:
    async with adapting(sim_fsm.url) as adapter:
        with pytest.raises(WorkOrderNotFound):
            await adapter.read(number)


async def test_every_number_is_asked_for_as_it_is_written() -> None:
    async with loopback() as server, adapting(server.url) as adapter:
        server.route = lambda arrived: reply(200, documented.one_page(), Content_Type="application/json")
        for letter in [*punctuation, " ", "é", "\u20ac"]:
            number = f"A{letter}x"
            with pytest.raises(WorkOrderNotFound):
                await adapter.read(number)
            assert parse_qs(urlsplit(server.arrived[-1].target).query) == {"code": [number]}
            assert server.arrived[-1].target.endswith(f"?code={quote(number, safe='')}")


async def test_an_external_code_is_looked_for_in_our_external_system(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url, external_system_code="OLDSYS") as adapter:
        with pytest.raises(WorkOrderNotFound):
            await adapter.read("ext:EXT-223")


async def test_no_order_is_listed(sim_fsm: Fsm) -> None:
    async with adapting(sim_fsm.url) as adapter:
        assert [batch async for batch in adapter.listing()] == []


UNREADABLE = [
    documented.one_page({**documented.record(), "code": "WO00224"}),
    documented.one_page(documented.record(), documented.record()),
    documented.one_page(documented.record(), {"code": "WO00224"}),
    documented.one_page(documented.record(), hasMore=True),
    documented.one_page(hasMore=True),
    documented.one_page("WO00223"),
    b'{"content": [{"code": "WO00223", "operations": 5}, null]}',
]


@pytest.mark.parametrize("page", UNREADABLE)
async def test_an_answer_that_does_not_heed_its_question_is_no_answer(page: bytes) -> None:
    async with (
        loopback(reply(200, page, Content_Type="application/json")) as server,
        adapting(server.url) as adapter,
    ):
        with pytest.raises(BackendUnavailable) as raised:
            await adapter.read(ORDER)
    assert raised.value.one_order


@pytest.mark.parametrize(
    "body", [b"{}", b'{"content": null}', b'{"content": {}}', b"[]", b"null", b'{"content": [NaN]}']
)
async def test_an_answer_without_orders_does_not_say_that_there_is_none(body: bytes) -> None:
    async with loopback(reply(200, body, Content_Type="application/json")) as server, adapting(server.url) as adapter:
        with pytest.raises(BackendUnavailable):
            await adapter.read(ORDER)


async def test_a_number_that_the_vendor_finds_not_valid_pauses_nobody_else() -> None:
    problem = b'{"status": 400, "code": "IA000_001", "detail": "code too long"}'
    async with (
        loopback(reply(400, problem, Content_Type="application/problem+json")) as server,
        adapting(server.url) as adapter,
    ):
        with pytest.raises(BackendUnavailable) as raised:
            await adapter.read("W" * 500)
    assert raised.value.one_order


async def test_a_read_that_is_not_authorized_names_our_token_and_the_right() -> None:
    problem = b'{"status": 400, "code": "IA000_002", "detail": "Missing permission"}'
    async with (
        loopback(reply(400, problem, Content_Type="application/problem+json")) as server,
        adapting(server.url) as adapter,
    ):
        with pytest.raises(
            BackendMisconfigured, match=r"our access_token, .* this call needs fsm\.core\.workorder\.view"
        ):
            await adapter.read(ORDER)


async def test_a_date_to_come_again_is_counted_from_the_answer() -> None:
    asked_and_answered = iter([AT, AT + timedelta(seconds=10)])
    later = reply(503, b"", Retry_After=format_datetime(AT + timedelta(seconds=30), usegmt=True))
    async with loopback(later) as server, adapting(server.url, lambda: next(asked_and_answered)) as adapter:
        with pytest.raises(BackendUnavailable) as raised:
            await adapter.read(ORDER)
    assert raised.value.after_s == 20
