"""A configured folder for each test, and the command line as a function."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.ledger.postgres import PostgresStore
from tests.ledger.scenes import rows_of
from tests.logged import logging_restored

CONFIG = """\
[auth]
signing_key = "0123456789abcdef0123456789abcdef"
[backends.riverside]
vendor = "civica_cx"
title = "Riverside Homes"
url = "http://127.0.0.1:9"
username = "api.contractor"
password = "a-password"
time_zone = "Europe/London"
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the test stands, with nothing of ours in the environment."""
    for name in [name for name in os.environ if name.startswith("ORDERBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run_command(*arguments: str) -> Said:
        capsys.readouterr()
        with logging_restored():
            code = main(arguments)
        said = capsys.readouterr()
        return Said(code=code, out=said.out, err=said.err)

    return run_command


@pytest.fixture
def configured(folder: Path) -> Path:
    """A folder with a configuration, and no database yet."""
    (folder / "orderbridge.toml").write_text(CONFIG)
    return folder


@pytest.fixture
def ready(configured: Path, sqlite_template: Path) -> Path:
    """A folder with a configuration and a migrated database."""
    shutil.copy(sqlite_template, configured / "orderbridge.db")
    return configured


@pytest.fixture
def an_hour_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """This host's clock."""
    true = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true() + 3600 * 10**9)


def the_client(url: str) -> tuple[int, dict[str, object]]:
    """The database's time, and its one client's row."""

    async def read() -> tuple[int, dict[str, object]]:
        store = PostgresStore(url)
        await store.open()
        try:
            [client] = await rows_of(store, "client")
            return store.now(), client
        finally:
            await store.close()

    return asyncio.run(read())
