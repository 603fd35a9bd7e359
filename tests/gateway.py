"""A whole gateway for tests: the app with its lifespan on a real store, in front of a vendor's simulator over real HTTP."""

from __future__ import annotations

import importlib
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.ledger import clients
from app.ledger.migrate import migrate
from app.main import create_app
from app.settings import configured
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.in_background import in_background

SECRET = "test-secret-of-a-client"
STORES = ["sqlite", "postgres"]


@dataclass(kw_only=True)
class Site:
    """One running gateway, its simulated vendor, and a caller of it."""

    app: FastAPI
    api: httpx.AsyncClient
    """Speaks to the gateway, as the client `tester` of the tenant `acme` with every scope."""
    vendor: httpx.Client
    """Speaks to the simulator."""
    backend: str
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def orders(self, number: str = "") -> str:
        """The address of the backend's orders, or of one."""
        return f"/v1/backends/{self.backend}/work-orders" + (f"/{number}" if number else "")

    async def update(
        self, number: str, body: dict[str, Any], *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send a status update, with a fresh key unless one is given; `prefer="wait=0"` becomes the header."""
        sent = {"Idempotency-Key": key or self.fresh_key(), **{name.title(): value for name, value in headers.items()}}
        return await self.api.post(self.orders(number) + "/status-updates", json=body, headers=sent)

    def fresh_key(self) -> str:
        return f"test-key-{next(self.keys):012d}"

    def effects(self, number: str) -> list[dict[str, Any]]:
        """What the vendor really changed on an order, oldest first."""
        found: list[dict[str, Any]] = self.vendor.get("/_sim/effects", params={"order": number}).json()["effects"]
        return found

    def fault(self, kind: str, **details: Any) -> None:
        """Have the vendor's next calls meet a fault."""
        answer = self.vendor.post("/_sim/faults", json={"kind": kind, **details})
        assert answer.status_code < 300, answer.text


@contextmanager
def simulator(vendor: Vendor, *, data: Path | None = None, port: int = 0) -> Iterator[str]:
    """The vendor's simulator on loopback; gives its URL."""
    module, name = vendor.simulator.split(":")
    create = getattr(importlib.import_module(module), name)
    with in_background(create(data=data), port=port) as url:
        yield url


@asynccontextmanager
async def running(document: dict[str, Any], *, folder: Path) -> AsyncIterator[FastAPI]:
    """The app of this configuration between its start and its stop."""
    app = create_app(configured(document, folder=folder))
    async with app.router.lifespan_context(app):
        yield app


async def token(api: httpx.AsyncClient, client_id: str) -> str:
    answer = await api.post(
        "/oauth/token", data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRET}
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://gateway", timeout=60
    )


async def add_client(
    app: FastAPI,
    client_id: str,
    *,
    tenant: str,
    scopes: frozenset[str] = frozenset(SCOPES),
    backends: frozenset[str],
) -> httpx.AsyncClient:
    """A further caller, already logged in."""
    record = ClientRecord(
        id=client_id,
        tenant=tenant,
        secret_sha256=secret_digest(SECRET),
        scopes=scopes,
        backends=backends,
        revoked=False,
    )
    await app.state.gateway.store.write(clients.put(record, now=1))
    api = client_of(app)
    api.headers["Authorization"] = f"Bearer {await token(api, client_id)}"
    return api


@asynccontextmanager
async def site(
    vendor: Vendor, vendor_url: str, database: str, folder: Path, **sections: dict[str, Any]
) -> AsyncIterator[Site]:
    """A gateway with one backend. `sections` replace whole sections of the configuration; `backend={...}` adds to its own."""
    section = {
        **vendor.sandbox.section(vendor_url),
        "poll_s": 3600,
        "settle_s": min(VENDORS[vendor.slug].settle_s, 5),  # as it is by now: a test may have hurried it
        **sections.pop("backend", {}),
    }
    document: dict[str, Any] = {
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "database": {"url": database},
        "delivery": {"wait_s": 8, "deadline_s": 5, "fresh_s": 30},
        "backends": {vendor.sandbox.backend: section},
        **sections,
    }
    async with running(document, folder=folder) as app:
        api = await add_client(app, "tester", tenant="acme", backends=frozenset({vendor.sandbox.backend}))
        with httpx.Client(base_url=vendor_url, trust_env=False, verify=False) as simulated:
            yield Site(app=app, api=api, vendor=simulated, backend=vendor.sandbox.backend)
        await api.aclose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the current schema and no rows."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a fresh migrated database, once on each store."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(sqlite_template, path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a fresh migrated SQLite file, for tests in which the store plays no part."""
    path = tmp_path / "ledger.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


CX = VENDORS["civica_cx"]


@pytest.fixture
def cx_url() -> Iterator[str]:
    """A simulated Civica Cx of its own."""
    with simulator(CX) as url:
        yield url


@pytest.fixture
async def cx(cx_url: str, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway in front of a simulated Civica Cx, on each store."""
    async with site(CX, cx_url, database, tmp_path) as made:
        yield made


@pytest.fixture
async def cx_on_sqlite(cx_url: str, sqlite_database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway in front of a simulated Civica Cx, on SQLite only."""
    async with site(CX, cx_url, sqlite_database, tmp_path) as made:
        yield made
