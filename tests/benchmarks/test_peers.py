"""The peers do the job that they are measured at: what reaches Cx from them is what reaches it from us."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.keys import Keys
from app.domain.statuses import Status, StatusTable
from app.vendors.civica_cx.settings import sandbox_section
from app.vendors.civica_cx.statuses import EXAMPLE_STATUSES, read_statuses
from app.vendors.civica_cx.tables import WORKFLOW
from benchmarks.peers.cx_zeep import SETTINGS, ZONE
from benchmarks.peers.direct_zeep import WARM_UP
from benchmarks.processes import ROOT, Process, free_port
from tests.gateway import CX, Site, simulator

NODE = ROOT / "benchmarks" / "peers" / "node"
ORDER = "113427"
KEY = "0123456789abcdef" * 4
IN_SUMMER = {"status": "on_site", "occurred_at": "2026-07-20T20:40:00Z", "comments": "Engineer <on> site & dry – é"}
WITH_REASON = {"status": "delayed", "occurred_at": "2026-11-20T20:40:00.250Z", "reason_code": "weather"}
BY_CODE = {"vendor_code": "12", "occurred_at": "2026-11-21T01:40:00+02:00", "late_reason": "parts_delay"}
UPDATES: tuple[dict[str, str], ...] = (IN_SUMMER, WITH_REASON, BY_CODE)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """How one is started."""

    name: str
    command: tuple[str, ...]


FASTAPI = Peer(name="a", command=(sys.executable, "-m", "benchmarks.peers.plain_fastapi"))
BARE_NODE = Peer(name="b", command=("node", str(NODE / "fastify_soap.mjs")))
OUR_JOB_NODE = Peer(name="c", command=("node", str(NODE / "our_job.mjs")))
WITHOUT_AXIOS = Peer(name="b", command=(*BARE_NODE.command, "--own-http"))
NEEDS_NODE = pytest.mark.node
EVERY = [
    pytest.param(FASTAPI, id="a"),
    pytest.param(BARE_NODE, id="b", marks=NEEDS_NODE),
    pytest.param(WITHOUT_AXIOS, id="b-own-http", marks=NEEDS_NODE),
    pytest.param(OUR_JOB_NODE, id="c", marks=NEEDS_NODE),
]
DOING_OUR_JOB = [
    pytest.param(FASTAPI, id="a"),
    pytest.param(OUR_JOB_NODE, id="c", marks=NEEDS_NODE),
]


@dataclass(kw_only=True)
class Standing:
    """One peer at work, and the simulated Cx behind it."""

    api: httpx.AsyncClient
    vendor: httpx.Client
    keys: Iterator[int]

    async def update(self, body: dict[str, Any], *, key: str | None = None, **headers: str) -> httpx.Response:
        sent = {"Idempotency-Key": key or f"peer-key-{next(self.keys):012d}", **headers}
        return await self.api.post(
            f"/v1/backends/civica-cx/work-orders/{ORDER}/status-updates", json=body, headers=sent
        )

    def effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.vendor.get("/_sim/effects").json()["effects"]
        return found

    def fault(self, kind: str, **details: Any) -> None:
        assert self.vendor.post("/_sim/faults", json={"kind": kind, **details}).is_success


@asynccontextmanager
async def standing(peer: Peer, folder: Path) -> AsyncIterator[Standing]:
    port, secret = free_port(), KEY.encode().hex()
    with simulator(CX) as url, httpx.Client(base_url=url, trust_env=False) as vendor:
        arguments = ("--port", str(port), "--vendor", url, "--database", str(folder / "peer.db"), "--secret", secret)
        process = Process(name=peer.name, command=(*peer.command, *arguments), folder=folder)
        await process.start()
        try:
            await process.answers(port)
            token = Keys.build(KEY).mint(
                issuer="orderbridge", audience="orderbridge", client_id="t", scopes=frozenset({"status:write"})
            )
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=30,
            ) as api:
                yield Standing(api=api, vendor=vendor, keys=count(1))
        finally:
            await process.stop()


def changes(effects: list[dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    """Without their times."""
    return [(one["order"], one["kind"], one["detail"]) for one in effects]


@pytest.mark.parametrize("peer", EVERY)
async def test_cx_is_told_the_same_by_a_peer_as_by_us(peer: Peer, cx_on_sqlite: Site, tmp_path: Path) -> None:
    async with standing(peer, tmp_path) as theirs:
        for body in UPDATES:
            ours, answer = await cx_on_sqlite.update(ORDER, body), await theirs.update(body)
            assert (ours.status_code, answer.status_code) == (201, 201), (ours.text, answer.text)
            assert answer.headers["content-type"].startswith("application/json")
            assert told(answer.json()) == told(ours.json())
        assert changes(theirs.effects()) == changes(cx_on_sqlite.effects(ORDER))


def told(receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt without what is each one's own."""
    assert datetime.fromisoformat(receipt["applied_at"]) >= datetime.fromisoformat(receipt["received_at"])
    own = {name: receipt[name] for name in receipt.keys() - {"operation_id", "received_at", "applied_at"}}
    return {**own, "occurred_at": datetime.fromisoformat(receipt["occurred_at"])}


@pytest.mark.parametrize("peer", EVERY)
async def test_a_token_that_has_expired_at_cx_costs_a_peer_one_more_log_in(peer: Peer, tmp_path: Path) -> None:
    async with standing(peer, tmp_path) as theirs:
        theirs.fault("token_expired", on="write", count=1)
        assert (await theirs.update(IN_SUMMER)).status_code == 201
        assert len(theirs.effects()) == 1


@pytest.mark.parametrize("peer", EVERY)
async def test_a_refusal_is_409_and_a_fault_502(peer: Peer, tmp_path: Path) -> None:
    async with standing(peer, tmp_path) as theirs:
        assert (await theirs.update(IN_SUMMER)).status_code == 201
        refused = await theirs.update(IN_SUMMER)
        assert (refused.status_code, refused.json()["code"]) == (409, "vendor-refused")
        theirs.fault("http_500", on="write", count=1)
        assert (await theirs.update(WITH_REASON)).status_code == 502


@pytest.mark.parametrize("peer", DOING_OUR_JOB)
async def test_a_key_that_is_sent_again_gets_the_stored_answer(peer: Peer, tmp_path: Path) -> None:
    async with standing(peer, tmp_path) as theirs:
        first = await theirs.update(IN_SUMMER, key="the-same-key-0001")
        again = await theirs.update(IN_SUMMER, key="the-same-key-0001")
        assert (first.status_code, first.headers["idempotent-replayed"]) == (201, "false")
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert again.content == first.content
        assert (await theirs.update(WITH_REASON, key="the-same-key-0001")).status_code == 422
        assert len(theirs.effects()) == 1


@pytest.mark.parametrize("peer", DOING_OUR_JOB)
async def test_a_peer_that_does_our_job_checks_token_and_body(peer: Peer, tmp_path: Path) -> None:
    async with standing(peer, tmp_path) as theirs:
        unsigned = theirs.api.headers["authorization"][:-3] + "AAA"
        assert (await theirs.update(IN_SUMMER, Authorization=unsigned)).status_code == 401
        for wrong in ({"status": "nowhere"}, {"occurred_at": "yesterday"}, {"colour": "red"}, {"reason_code": "none"}):
            assert (await theirs.update({**IN_SUMMER, **wrong})).status_code == 422
        assert theirs.effects() == []


@NEEDS_NODE
async def test_peer_c_sends_the_updates_of_one_order_in_turn(tmp_path: Path) -> None:
    async with standing(OUR_JOB_NODE, tmp_path) as theirs:
        theirs.fault("latency", on="write", count=1, delay_s=0.5)
        slow = asyncio.create_task(theirs.update(IN_SUMMER))
        await asyncio.sleep(0.1)
        assert (await theirs.update(WITH_REASON)).status_code == 201
        assert (await slow).status_code == 201
        assert [one["detail"]["StatusCodeId"] for one in theirs.effects()] == [11, 13]


async def test_the_direct_client_changes_orders_and_says_what_that_took(cx_url: str, tmp_path: Path) -> None:
    process = Process(
        name="d",
        command=(sys.executable, "-m", "benchmarks.peers.direct_zeep", "--vendor", cx_url, "--calls", "5", "--json"),
        folder=tmp_path,
    )
    await process.start()
    assert await process.running.wait() == 0, process.words()
    said = json.loads(process.out.read_text())
    assert (said.keys(), said["calls"]) == ({"calls", "p50_ms", "p99_ms", "cpu_us_per_call"}, 5)
    assert 0 < said["p50_ms"] <= said["p99_ms"]
    assert said["cpu_us_per_call"] > 0
    effects = httpx.get(f"{cx_url}/_sim/effects", trust_env=False).json()["effects"]
    assert [one["kind"] for one in effects] == ["status_change"] * (WARM_UP + 5)


def test_the_peers_know_the_same_cx_as_the_sandbox() -> None:
    section = sandbox_section("http://127.0.0.1:1")
    assert {name: SETTINGS[name] for name in ("username", "password", "time_zone")} == {
        name: section[name] for name in ("username", "password", "time_zone")
    }
    for reasons in ("reasons", "late_reasons"):
        assert {word: str(code) for word, code in SETTINGS[reasons].items()} == section[reasons]
    now = datetime(2026, 11, 20, tzinfo=UTC)
    rows = read_statuses(EXAMPLE_STATUSES.read_text(), ZONE)
    assert SETTINGS["codes"] == {
        row.code: {"status": row.status.value, "label": row.label, "master": row.master}
        for row in rows
        if row.effective_on(now) and row.status is not None
    }
    table = StatusTable(rows=rows, workflow=WORKFLOW)
    assert SETTINGS["statuses"] == {
        word: table.choose(status=Status(word), vendor_code=None, at=now).code for word in SETTINGS["statuses"]
    }


def test_the_lock_of_the_node_peers_names_no_registry() -> None:
    packages = json.loads((NODE / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
