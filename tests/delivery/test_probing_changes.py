"""Who may have an operation probed; and probes of held creates, patches and removals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.clients import SCOPES
from tests.delivery.bench import HOLDS, rows
from tests.delivery.changing import place
from tests.delivery.holding import Stopped, behind_an_unknown
from tests.delivery.recording import Glass
from tests.delivery.test_change_resolved import held_create, held_delete
from tests.delivery.test_probing import probe
from tests.gateway import Site, add_client
from tests.vendors.loopback import hang_up


@pytest.fixture
async def stopped(seen_on_sqlite: tuple[Site, Glass]) -> tuple[Site, Glass, Stopped]:
    site, glass = seen_on_sqlite
    return site, glass, await behind_an_unknown(site, glass)


async def test_only_who_may_read_the_operation_may_have_it_probed(stopped: tuple[Site, Glass, Stopped]) -> None:
    site, glass, found = stopped
    before = len(glass.passed)
    unknown = f"op_{'0' * 26}"
    callers: list[tuple[dict[str, Any], int]] = [
        ({"tenant": "globex", "backends": frozenset({site.backend})}, 404),
        ({"tenant": "acme", "backends": frozenset({"another"})}, 404),
        (
            {
                "tenant": "acme",
                "backends": frozenset({site.backend}),
                "scopes": frozenset(SCOPES) - {"operations:read"},
            },
            403,
        ),
    ]
    for n, (caller, status) in enumerate(callers):
        api = await add_client(site.app, f"caller-{n}", **caller)
        answer, none = [await api.post(f"/v1/operations/{one}/probe") for one in (found.cause, unknown)]
        await api.aclose()
        assert (answer.status_code, none.status_code) == (status, status)
        changing = {"instance": "", "request_id": ""}
        assert {**answer.json(), **changing} == {**none.json(), **changing}
    assert len(glass.passed) == before


async def test_a_held_create_that_only_the_vendor_can_number_stays_held(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        sent = await held_create(at, made=True)
        answer = await probe(at.site, sent)
        assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", ["POST"])
        [row] = await rows(at.site, HOLDS, of_number=sent)
        assert row["closed_at"] is None


async def test_a_held_delete_whose_order_is_gone_now_is_applied_and_the_order_is_forgotten(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_delete(at, gone=True)
        answer = await probe(at.site, sent)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text
        assert answer.json()["result"] == {"effect": "deleted"}
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []
        assert at.sent == ["DELETE"]


async def test_a_held_patch_is_probed_against_the_order_as_it_was_before_it(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        at.glass.instead("PATCH", hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        sent = await at.sent_async(at.patch, {"type": "1002"})
        assert (await at.end_of(sent))["state"] == "held"
        assert (await probe(at.site, sent)).json()["state"] == "held"
        at.on_screen("edit", OrderType="1002")
        answer = await probe(at.site, sent)
        assert (answer.status_code, answer.json()["state"], at.sent) == (200, "applied", ["PATCH"])
