"""What the vendor answered outlasts a database that is away for a moment, and an order that ended is not closed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.delivery.desk import Desk
from app.ledger.store import StoreUnavailable
from app.vendors.registry import VENDORS
from tests.delivery.bench import AT
from tests.gateway import Site, simulator, site

NEW = {"title": "Boiler", "project": {"number": "ProId1"}, "dates": {"planned_start": "2026-01-05"}}


async def test_a_number_that_the_vendor_gave_is_kept_though_the_order_cannot_be_taken_in(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = VENDORS["unit4_erpx"]

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the database is away for a moment")

    with simulator(vendor) as url:
        async with site(vendor, url, sqlite_database, tmp_path) as made:
            monkeypatch.setattr(Desk, "learn", away)
            answer = await made.api.post(made.orders(), json=NEW, headers={"Idempotency-Key": made.fresh_key()})
            assert (answer.status_code, answer.json()["state"], answer.json()["work_order"]) == (202, "applied", "124")
            assert len(made.effects("124")) == 1


@pytest.fixture
async def erp(sqlite_database: str, tmp_path: Path) -> Any:
    vendor = VENDORS["unit4_erpx"]
    with simulator(vendor) as url:
        async with site(vendor, url, sqlite_database, tmp_path) as made:
            yield made


async def test_an_order_that_the_client_cancelled_a_moment_ago_takes_no_update(erp: Site) -> None:
    await erp.api.get(erp.orders("123"))
    erp.vendor.post("/_sim/orders/123/cancel", json={})
    for refused in (
        await erp.update("123", {"status": "on_hold", "occurred_at": AT}),
        await erp.update("123", {"status": "closed", "occurred_at": AT}),
        await erp.api.delete(erp.orders("123")),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "order-ended"), refused.text
    assert [one["kind"] for one in erp.effects("123")] == ["cancelled_by_client"]


async def test_what_the_vendor_leaves_out_is_told(erp: Site) -> None:
    body = {"title": "New", "extensions": {"unit4_erpx": {"newThing": "1"}}}
    answer = await erp.api.patch(erp.orders("123"), json=body, headers={"Idempotency-Key": erp.fresh_key()})
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["not_shown"]) == ("New", ["/extensions/unit4_erpx/newThing"])
    assert "not_shown" not in (await erp.api.get(erp.orders("123"))).json()


async def test_what_follows_an_accepted_create_waits_for_it(sqlite_database: str, tmp_path: Path) -> None:
    vendor = VENDORS["nexusfs"]
    new = {"number": "9001", "type": "1001", "account": {"number": "1029"}, "location": {"number": "1030"}}
    with simulator(vendor) as url:
        async with site(vendor, url, sqlite_database, tmp_path) as made:
            made.fault("latency", on="write", count=1, delay_s=0.5)
            headers = {"Idempotency-Key": made.fresh_key(), "Prefer": "respond-async"}
            assert (await made.api.post(made.orders(), json=new, headers=headers)).status_code == 202
            changed = await made.api.patch(
                made.orders("9001"), json={"priority": "1002"}, headers={"Idempotency-Key": made.fresh_key()}
            )
            assert (changed.status_code, changed.json()["priority"]) == (200, "1002"), changed.text
            assert [one["kind"] for one in made.effects("9001")] == ["created", "updated"]
