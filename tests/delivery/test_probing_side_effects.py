"""Probes of writes that a vendor accepted with another effect: asking sends none of them again, whatever the order shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from tests.delivery.bench import HOLDS, rows
from tests.delivery.changing import ERPX_ORDER, Place, place
from tests.delivery.holding import say
from tests.delivery.test_probing import probe
from tests.vendors.loopback import Behaviour, reply

pytestmark = pytest.mark.usefixtures("hurried_changes")

SETTLED_S = 1.5
"""The deadline and the settle time of `place`, and a little more: from then on two equal reads would be a proof."""


async def another_number(at: Place) -> httpx.Response:
    """ERPx numbers the order its own way: it made 500, and W1 is not there."""
    at.glass.instead("POST", numbered(at, "500"), numbered(at, "501"))
    return await at.create({**ERPX_ORDER, "number": "W1"})


def numbered(at: Place, number: str) -> Behaviour:
    record = {**at.record(), "workOrderId": number, "workOrderName": "Boiler"}
    return reply(201, json.dumps(record).encode(), Content_Type="application/json")


async def not_shown(at: Place) -> httpx.Response:
    """NextGen FSM says yes and shows nothing of it."""
    at.glass.instead("PATCH", *[reply(204, b"")] * 3)
    return await at.patch({"priority": "U2"})


async def stripped(at: Place) -> httpx.Response:
    """The whole order was replaced by the little that the patch held; somebody has put it right by hand."""
    before = {name: value for name, value in at.record().items() if name != "OrderNum"}
    at.site.fault("strip_override", count=3)
    answer = await at.patch({"type": "1002"})
    at.on_screen("edit", **before)
    return answer


Act: TypeAlias = Callable[[Place], Coroutine[Any, Any, httpx.Response]]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A write that the vendor said yes to, and that did not do what was asked; and what the vendor got."""

    id: str
    slug: str
    act: Act
    call: str
    settings: dict[str, Any]


ACCEPTED = [
    Accepted(id="unit4 create", slug="unit4_erpx", act=another_number, call="POST", settings={}),
    Accepted(id="overit patch", slug="overit", act=not_shown, call="PATCH", settings={}),
    Accepted(id="nexusfs patch", slug="nexusfs", act=stripped, call="POST", settings={"method_override": True}),
]


@pytest.mark.parametrize("write", ACCEPTED, ids=lambda write: write.id)
async def test_a_write_that_the_vendor_accepted_is_never_sent_again_by_asking(
    write: Accepted, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(write.slug, sqlite_database, tmp_path, backend=write.settings) as at:
        told = (await write.act(at)).json()
        assert (told["state"], at.sent) == ("held", [write.call])
        await asyncio.sleep(SETTLED_S)
        for _ in range(2):
            answer = await probe(at.site, told["operation_id"])
            assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", [write.call])
        [hold] = await rows(at.site, HOLDS, of_number=told["work_order"])
        assert (hold["cause"], hold["closed_at"]) == ("side-effect", None)


async def test_once_the_order_shows_what_was_asked_a_probe_closes_the_hold_of_an_accepted_write(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("overit", sqlite_database, tmp_path) as at:
        told = (await not_shown(at)).json()
        at.pass_on(at.glass.of("PATCH")[0])  # queued somewhere behind that yes, and now it is through
        answer = await probe(at.site, told["operation_id"])
        assert (answer.status_code, answer.json()["state"], at.sent) == (200, "applied", ["PATCH"]), answer.text


async def test_a_person_may_send_an_accepted_write_again(sqlite_database: str, tmp_path: Path) -> None:
    async with place("overit", sqlite_database, tmp_path) as at:
        told = (await not_shown(at)).json()
        at.glass.script["PATCH"].clear()
        [hold] = await rows(at.site, HOLDS, of_number=told["work_order"])
        assert (await say(at.site, hold["id"], "retry")).status_code == 200
        found = await at.end_of(told["operation_id"])
        assert (found["state"], at.sent, at.effects()) == ("applied", ["PATCH", "PATCH"], ["updated"])
