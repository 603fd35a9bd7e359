"""/livez and /readyz: what makes a gateway unready, and what does not."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.api import writable
from app.api.health import HEARTBEAT_S
from tests.delivery.bench import until
from tests.gateway import Site


async def health(made: Site, path: str) -> tuple[int, dict[str, str]]:
    answer = await made.api.get(path)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def test_a_gateway_that_has_been_told_to_stop_is_alive_and_not_ready(cx_on_sqlite: Site) -> None:
    assert await health(cx_on_sqlite, "/readyz") == (200, {"status": "ok"})
    cx_on_sqlite.app.state.gateway.closing.set()
    assert await health(cx_on_sqlite, "/readyz") == (503, {"status": "unavailable", "reason": "stopping"})
    assert await health(cx_on_sqlite, "/livez") == (200, {"status": "ok"})


async def test_a_worker_that_has_come_to_rest_makes_the_gateway_unready(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (worker,) = cx_on_sqlite.app.state.gateway.dispatcher._workers.values()
    stuck, freed = asyncio.Event(), asyncio.Event()

    async def never_done() -> float:
        stuck.set()
        await freed.wait()
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(worker, "_lease_what_is_due", never_done)
        worker.wake()
        await stuck.wait()
        assert await health(cx_on_sqlite, "/readyz") == (200, {"status": "ok"})
        worker.beat -= HEARTBEAT_S
        assert await health(cx_on_sqlite, "/readyz") == (503, {"status": "unavailable", "reason": "worker"})
        assert await health(cx_on_sqlite, "/livez") == (200, {"status": "ok"})
    freed.set()
    await until(lambda: worker.beat > time.monotonic() - HEARTBEAT_S)
    assert await health(cx_on_sqlite, "/readyz") == (200, {"status": "ok"})


async def test_many_probes_cost_the_database_a_write_a_second(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, pings = cx_on_sqlite.app.state.gateway.store, []
    real = store.ping

    async def counted() -> None:
        pings.append(time.monotonic())
        await real()

    monkeypatch.setattr(store, "ping", counted)
    monkeypatch.setattr(writable, "FRESH_S", 30.0)
    await asyncio.gather(*[health(cx_on_sqlite, "/readyz") for _ in range(20)])
    assert len(pings) == 1
    monkeypatch.setattr(writable, "FRESH_S", 0.0)
    assert await health(cx_on_sqlite, "/readyz") == (200, {"status": "ok"})
    assert len(pings) == 2


async def test_a_database_that_takes_no_write_in_time_makes_the_gateway_unready(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(cx_on_sqlite.app.state.gateway.store, "ping", never)
    monkeypatch.setattr(writable, "FRESH_S", 0.0)
    monkeypatch.setattr(writable, "WITHIN_S", 0.1)
    assert await health(cx_on_sqlite, "/readyz") == (503, {"status": "unavailable", "reason": "database"})


async def test_a_write_that_does_not_even_end_when_it_is_late_keeps_no_probe_waiting_and_is_the_only_one(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed, pings = asyncio.Event(), []

    async def deaf() -> None:
        """As asyncpg's: a server that stands still cannot take its cancellation either."""
        pings.append(time.monotonic())
        try:
            await freed.wait()
        except asyncio.CancelledError:
            await asyncio.wait([asyncio.create_task(freed.wait())], timeout=5)
            raise

    monkeypatch.setattr(cx_on_sqlite.app.state.gateway.store, "ping", deaf)
    monkeypatch.setattr(writable, "WITHIN_S", 0.1)
    began = time.monotonic()
    answers = [await health(cx_on_sqlite, "/readyz") for _ in range(3)]
    assert answers == [(503, {"status": "unavailable", "reason": "database"})] * 3
    assert (len(pings), time.monotonic() - began < 3) == (1, True)
    freed.set()
    assert await health(cx_on_sqlite, "/readyz") == (200, {"status": "ok"})
    assert len(pings) == 1


async def test_a_write_that_is_late_when_the_process_ends_ends_with_it(cx_on_sqlite: Site) -> None:
    ended = []

    async def late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    asked = writable.Writable(cx_on_sqlite.app.state.gateway.store)
    await asked.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writable, "WITHIN_S", 0.05)
        patched.setattr(cx_on_sqlite.app.state.gateway.store, "ping", late)
        assert not await asked.ask()
        assert ended == []
        await asked.close()
    assert ended == [True]
