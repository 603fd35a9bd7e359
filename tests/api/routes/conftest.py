"""The gateway of `tests/gateway.py`, with every answer watched."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.main import create_app
from app.settings import configured
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.api.routes.contract import Watch
from tests.gateway import CX, Site, simulator, site


@pytest.fixture
def cx(cx: Site) -> Site:
    """A gateway in front of a simulated Civica Cx, on each store."""
    Watch(cx.app).on(cx.api)
    return cx


@pytest.fixture
def cx_on_sqlite(cx_on_sqlite: Site) -> Site:
    """A gateway in front of a simulated Civica Cx, on SQLite only."""
    Watch(cx_on_sqlite.app).on(cx_on_sqlite.api)
    return cx_on_sqlite


@asynccontextmanager
async def one_for_all(vendor: Vendor, folder: Path, template: Path) -> AsyncIterator[Site]:
    path = shutil.copy(template, folder / "ledger.db")
    with simulator(vendor) as url:
        async with site(vendor, url, f"sqlite:///{path}", folder) as made:
            Watch(made.app).on(made.api)
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Site]:
    """One gateway for a whole module, for tests that take an order of their own each."""
    async with one_for_all(CX, tmp_path_factory.mktemp("shared"), sqlite_template) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unit4(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Site]:
    """The same in front of a simulated Unit4 ERPx."""
    async with one_for_all(VENDORS["unit4_erpx"], tmp_path_factory.mktemp("unit4"), sqlite_template) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nexus(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Site]:
    """The same in front of a simulated NexusFS."""
    async with one_for_all(VENDORS["nexusfs"], tmp_path_factory.mktemp("nexus"), sqlite_template) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def overit(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Site]:
    """The same in front of a simulated OverIT NextGen FSM."""
    async with one_for_all(VENDORS["overit"], tmp_path_factory.mktemp("overit"), sqlite_template) as made:
        yield made


@pytest.fixture(params=["unit4_erpx", "nexusfs", "overit"])
def changing(request: pytest.FixtureRequest, unit4: Site, nexus: Site, overit: Site) -> Site:
    """Each of the three whose orders can be changed by more than a status update."""
    return {"unit4_erpx": unit4, "nexusfs": nexus, "overit": overit}[request.param]


@pytest.fixture(scope="session")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Our OpenAPI document."""
    settings = {
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "database": {"url": "sqlite:///unused.db"},
        "backends": {"civica-cx": {**CX.sandbox.section("http://127.0.0.1:9"), "wsdl": "vendored"}},
    }
    document: dict[str, Any] = create_app(configured(settings, folder=tmp_path_factory.mktemp("unused"))).openapi()
    return document
