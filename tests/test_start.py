"""What a start loads: nothing that is not needed yet, since whoever restarts a gateway waits for all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import GARBAGE
from app.ledger.migrate import migrate

CLIENTS = ("aiohttp", "httpx", "requests", "urllib3", "zeep", "lxml")
"""What speaks to vendors: loaded by the adapter of a backend that there is."""
MIGRATIONS = ("alembic", "mako")
OTHERS = ("google.protobuf", "jinja2", "matplotlib", "numpy", "opentelemetry.sdk", "yaml")
NAMED = """
import json, sys
print(json.dumps(sorted(sys.modules)))
"""
CONFIGURATION = """
[auth]
signing_key = "a signing key of a gateway that is only started, and stopped"
[database]
url = "sqlite:///orderbridge.db"
[backends.nexusfs]
vendor = "nexusfs"
url = "http://127.0.0.1:1/nexusfs"
username = "somebody"
password = "something"
"""
SERVED = """
import asyncio
from pathlib import Path
from app.commands.configured import need_schema
from app.main import create_app
from app.settings import load
configuration = load(Path("orderbridge.toml"))
need_schema(configuration)
app = create_app(configuration)
async def started():
    async with app.router.lifespan_context(app):
        pass
asyncio.run(started())
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    does: str
    without: tuple[str, ...]


CASES = [
    Case(
        name="the command line, before it knows which command",
        does="import app.cli",
        without=(
            *CLIENTS,
            *MIGRATIONS,
            *OTHERS,
            "fastapi",
            "starlette",
            "pydantic",
            "sqlalchemy",
            "structlog",
            "uvicorn",
        ),
    ),
    Case(
        name="the app",
        does="import app.main",
        without=(*CLIENTS, *MIGRATIONS, *OTHERS, "asyncpg", "sqlalchemy.ext.asyncio", "typer", "uvicorn", "uvloop"),
    ),
    Case(
        name="a gateway on SQLite before a JSON vendor, from the look at its database to readiness",
        does=SERVED,
        without=("zeep", "lxml", "requests", "asyncpg", *MIGRATIONS, *OTHERS),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_start_loads_nothing_before_it_is_needed(case: Case, tmp_path: Path) -> None:
    (tmp_path / "orderbridge.toml").write_text(CONFIGURATION)
    if case.does is SERVED:
        migrate(f"sqlite:///{tmp_path / 'orderbridge.db'}")
    done = subprocess.run(
        [sys.executable, "-c", f"{case.does}\n{NAMED}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) & set(case.without) == set()


UNBUILT = """
import gc, json
import app.main
from pydantic import BaseModel

def below(model):
    for one in model.__subclasses__():
        yield one
        yield from below(one)

ours = [one for one in below(BaseModel) if one.__module__.startswith(("app.api.", "app.ledger."))]
print(json.dumps({
    "models": len(ours) > 0,
    "built": sorted({one.__module__ for one in ours if one.__pydantic_complete__}),
    "looked through again": gc.get_freeze_count() == 0,
    "threshold": gc.get_threshold(),
}))
"""


def test_a_start_builds_the_schemas_of_bodies_only_and_what_it_loaded_is_not_looked_through_for_garbage() -> None:
    done = subprocess.run([sys.executable, "-c", UNBUILT], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "models": True,
        "built": ["app.api.bodies", "app.api.order_bodies", "app.api.webhook_schemas"],
        "looked through again": False,
        "threshold": list(GARBAGE),
    }
