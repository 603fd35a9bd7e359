"""Our own database cannot be reached: every route says 503 and when to come again, and nothing is lost or doubled."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from app.ledger import sqlite, sqlite_jobs
from app.ledger.store import StoreUnavailable
from app.main import Directory
from tests.api.routes.contract import Watch
from tests.api.routes.scene import ON_SITE, new_order
from tests.api.routes.test_isolation import routes_of
from tests.gateway import CX, Site, client_of, site
from tests.postgres import Postgres


@contextmanager
def nothing_readable_or_writable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite as it is when its disk is gone, for whichever thread runs a unit."""

    def broken(*_: object, **__: object) -> object:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        for module, name in ((sqlite, "run"), (sqlite_jobs, "run"), (sqlite_jobs, "_looked")):
            patched.setattr(module, name, broken)
        yield


@pytest.fixture
async def away(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A gateway that was well until now."""
    await cx_on_sqlite.api.get(cx_on_sqlite.orders("113427"))
    with nothing_readable_or_writable(monkeypatch):
        yield cx_on_sqlite


def is_overloaded(answer: httpx.Response) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "overloaded"), answer.text
    assert (problem["retryable"], problem["next"]["action"]) == (True, "retry")
    assert int(answer.headers["retry-after"]) > 0
    assert "same Idempotency-Key" in problem["detail"]
    assert "disk" not in answer.text


async def test_every_route_that_needs_the_database_is_503(away: Site) -> None:
    names = {"backend": away.backend, "number": "113427"}
    for name, prefix in (("operation_id", "op"), ("hold_id", "hold"), ("webhook_id", "wh"), ("message_id", "msg")):
        names[name] = f"{prefix}_{'0' * 26}"
    alone = {
        "/v1/backends",
        "/v1/backends/{backend}",
        "/v1/backends/{backend}/statuses",
        "/v1/backends/{backend}/reasons",
    }
    preview = {"kind": "status_update", "body": {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"}}
    for route in routes_of(away):
        if route.path not in alone:
            # The example of a preview is a change that this vendor cannot make, which is known without the database.
            body = {**preview, "work_order": "113427"} if route.path.endswith("/preview") else route.body
            answer = await away.api.request(
                route.method, route.address(**names), json=body, headers={"Idempotency-Key": away.fresh_key()}
            )
            is_overloaded(answer)


async def test_checking_a_token_needs_it_too(away: Site) -> None:
    away.app.state.authority._records.clear()
    is_overloaded(await away.api.get("/v1/backends"))
    nobody = client_of(away.app)
    form = {"grant_type": "client_credentials", "client_id": "somebody", "client_secret": "x"}
    answer = await nobody.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    await nobody.aclose()


async def test_the_process_is_alive_but_not_ready(away: Site) -> None:
    assert (await away.api.get("/livez")).status_code == 200
    ready = await away.api.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "reason": "database"})


async def test_the_same_key_serves_once_it_is_back(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = new_order(cx_on_sqlite)
    with nothing_readable_or_writable(monkeypatch):
        is_overloaded(await cx_on_sqlite.update(number, ON_SITE, key="sent-while-away-0001"))
    answer = await cx_on_sqlite.update(number, ON_SITE, key="sent-while-away-0001")
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "false")
    assert len(cx_on_sqlite.effects(number)) == 1


async def test_a_write_that_was_accepted_never_answers_503(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = new_order(cx_on_sqlite)
    await cx_on_sqlite.api.get(cx_on_sqlite.orders(number))
    cx_on_sqlite.fault("latency", order=number, delay_s=3)

    async def away(_: object) -> object:
        raise StoreUnavailable("gone")

    store = cx_on_sqlite.app.state.gateway.store
    with monkeypatch.context() as patched:
        patched.setattr(store, "read", away)
        answer = await cx_on_sqlite.update(number, ON_SITE, prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "sending")


@contextmanager
def no_such_database(server: Postgres, url: str) -> Iterator[None]:
    """Every connection is cut, and none can be made until the end."""
    name = make_url(url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    for attempt in range(20):  # the gateway connects anew whenever it can
        with suppress(subprocess.CalledProcessError):
            server.run(cut, f"ALTER DATABASE {name} RENAME TO {name}_away")
            break
        assert attempt < 19
    try:
        yield
    finally:
        server.run(f"ALTER DATABASE {name}_away RENAME TO {name}")


async def test_postgres_that_is_gone_is_503_and_then_well_again(
    cx_url: str, postgres_server: Postgres, postgres_database: str, tmp_path: Path
) -> None:
    async with site(CX, cx_url, postgres_database, tmp_path) as made:
        Watch(made.app).on(made.api)
        assert (await made.api.get(made.orders("113427"))).status_code == 200
        with no_such_database(postgres_server, postgres_database):
            for path in ("/v1/operations", made.orders(), made.orders("113427")):
                is_overloaded(await made.api.get(path))
            is_overloaded(await made.update("113427", ON_SITE, key="sent-while-away-0001"))
            assert (await made.api.get("/readyz")).status_code == 503
            assert (await made.api.get("/livez")).status_code == 200
        answer = await made.update("113427", ON_SITE, key="sent-while-away-0001")
        assert (answer.status_code, len(made.effects("113427"))) == (201, 1)
        assert (await made.api.get("/readyz")).json() == {"status": "ok"}


async def test_a_client_id_that_no_database_could_hold_is_an_unknown_client(cx: Site) -> None:
    form = {"grant_type": "client_credentials", "client_id": "tester\x00", "client_secret": "x"}
    answer = await cx.api.post("/oauth/token", data=form)
    assert answer.status_code in (400, 401)
    assert await Directory(store=cx.app.state.gateway.store).client("tester\x00") is None
