"""A gateway killed at each of the worst moments, on each store; another one takes up what it left."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from app.failpoints import POINTS
from app.ledger.migrate import needed_version, schema_version
from tests.chaos import evidence
from tests.chaos.stage import Asked, Stage, died, stage
from tests.chaos.staged import Staged
from tests.chaos.trades import Lane
from tests.chaos.worst_moments import ELSEWHERE, MOMENTS, Moment
from tests.cli.processes import PROGRAM

pytestmark = pytest.mark.xdist_group("hunts")
PLAN = Staged(deadline_s=1.2, lease_margin_s=0.3)  # a loaded machine may take half a second for one call
HANGING = replace(PLAN, deadline_s=2.0, stop_within_s=0.2)


def test_every_point_has_its_proof() -> None:
    assert {one.point for one in MOMENTS} | set(ELSEWHERE) - {"F16"} == set(POINTS)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_killed_at_the_worst_moment(moment: Moment, database: str, tmp_path: Path) -> None:
    plan = replace(HANGING if moment.way == "hanging" else PLAN, failpoint=moment.point)
    slug = "overit" if moment.way == "queued" else "civica_cx"
    async with stage(database, tmp_path, plan, slug=slug) as on:
        lane = on.lane()
        asked = on.asks(lane)
        await lead_there(on, lane, asked, moment)
        assert await died(on.gateway) == -signal.SIGKILL
        left, effects = await on.kept(asked), await on.effects(lane)
        assert (None if left is None else left.state) == moment.left
        assert left is None or left.outcomes == moment.outcomes
        assert len(effects) in moment.ends

        await on.gateway.start(PLAN)
        told = await on.send(asked)
        assert told is not None
        assert told.replayed == (left is not None)
        assert left is None or told.operation == left.id
        behind = on.asks(lane)
        await on.send(behind)
        kept = await on.until(asked, "applied", "refused", "held")
        assert (kept.state, kept.outcomes) == ("applied", moment.ends[len(effects)])
        await on.until(behind, "applied", "refused", "held")
        assert await on.rest() == []
        assert await on.effects(lane) == [asked.mark, behind.mark]
        assert await evidence.keys(on.world.database) == 2
        again = await on.send(asked)
        assert again is not None
        assert (again.status, again.replayed, again.operation) == (again.status, True, kept.id)
        assert again.status in (200, 201)


async def lead_there(on: Stage, lane: Lane, asked: Asked, moment: Moment) -> None:
    if moment.way == "answer lost":
        await on.fault("lost_answer", lane)
    if moment.way == "hanging":
        await on.fault("hang", lane)
    await on.send(asked)
    if moment.way == "hanging":
        await on.arrived(asked)
        on.gateway.send_signal(signal.SIGTERM)


async def test_killed_while_a_hold_is_resolved(database: str, tmp_path: Path) -> None:
    """F13: held or released, once; the word may be repeated with its key."""
    async with stage(database, tmp_path, PLAN) as on:
        lane = on.lane()
        asked = on.asks(lane)
        await on.fault("reset", lane)
        await on.send(asked)
        await on.until(asked, "unknown", "verifying")
        await on.on_screen(lane, 10)  # neither what it was nor what we sent: nobody can tell by reading
        kept = await on.until(asked, "held")
        await on.gateway.kill()
        await on.gateway.start(replace(PLAN, failpoint="F13"))
        (hold,) = (await on.call("GET", "/v1/holds")).body["items"]
        word = {"action": "retry", "reason": "it was not done"}
        path, key = f"/v1/holds/{hold['hold_id']}/resolution", {"Idempotency-Key": "the-word-on-the-hold"}
        with pytest.raises(aiohttp.ClientError):
            await on.call("POST", path, word, headers=key)
        assert await died(on.gateway) == -signal.SIGKILL
        left = await on.kept(asked)
        assert left is not None
        assert left.state == "held"
        assert [one.closed for one in await evidence.holds(database)] == [None]

        await on.gateway.start(PLAN)
        told = await on.call("POST", path, word, headers=key)
        again = await on.call("POST", path, word, headers=key)
        assert (told.status, told.replayed, again.status, again.replayed) == (200, False, 200, True)
        assert again.body == told.body
        done = await on.until(asked, "applied", "refused")
        assert (done.id, done.state, done.outcomes) == (kept.id, "applied", ("unknown", "applied"))
        assert await on.rest() == []
        assert await on.effects(lane) == [asked.mark]


@pytest.fixture(params=["sqlite", "postgres"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def test_killed_in_a_migration(bare_database: str, tmp_path: Path) -> None:
    """F15: it is rolled back, and the next one completes."""
    config = tmp_path / "orderbridge.toml"
    config.write_text(f'[auth]\nsigning_key = "{"0123456789abcdef" * 4}"\n[database]\nurl = "{bare_database}"\n')

    def migrated(**environment: str) -> int:
        command = [*PROGRAM, "migrate", "--config", str(config)]
        return subprocess.run(command, check=False, env={**os.environ, **environment}).returncode

    assert migrated(GATEWAY_FAILPOINT="F15") == -signal.SIGKILL
    assert schema_version(bare_database) is None
    assert migrated() == 0
    assert schema_version(bare_database) == needed_version()
