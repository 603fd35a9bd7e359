"""`client create`, `list` and `revoke`."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.domain.times import SECOND
from app.ledger import clients
from app.ledger.sqlite import SqliteStore
from tests.cli.conftest import CONFIG, Run, Said, the_client


def stored(folder: Path, client_id: str) -> ClientRecord | None:
    async def find() -> ClientRecord | None:
        store = SqliteStore(folder / "orderbridge.db", owner=False)
        await store.open()
        try:
            return await store.read(clients.find(client_id))
        finally:
            await store.close()

    return asyncio.run(find())


def test_a_created_client_is_stored_with_the_hash_of_the_secret_that_was_printed(run: Run, ready: Path) -> None:
    grants = ("--scope", "orders:read", "--scope", "status:write", "--backend", "riverside")
    said = run("client", "create", "acme", *grants, "--id", "acme-app", "--json")
    made = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert {**made, "client_secret": None} == {
        "client_id": "acme-app",
        "client_secret": None,
        "tenant": "acme",
        "scopes": ["orders:read", "status:write"],
        "backends": ["riverside"],
    }
    assert stored(ready, "acme-app") == ClientRecord(
        id="acme-app",
        tenant="acme",
        secret_sha256=secret_digest(made["client_secret"]),
        scopes=frozenset({"orders:read", "status:write"}),
        backends=frozenset({"riverside"}),
        revoked=False,
    )


def test_without_an_id_one_is_made_from_the_tenant_and_all_means_all(run: Run, ready: Path) -> None:
    said = run("client", "create", "acme", "--scope", "all", "--backend", "all")
    shown = dict(line.split(maxsplit=1) for line in said.out.splitlines()[:5])
    record = stored(ready, shown["client_id"])
    assert record is not None
    assert (record.id[:5], record.scopes, record.backends) == ("acme-", frozenset(SCOPES), frozenset({"riverside"}))
    assert record.secret_sha256 == secret_digest(shown["client_secret"])
    assert said.out.endswith("The secret is not shown again.\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("acme", "--scope", "orders:red", "--backend", "all"),
            f"no such scope: orders:red; there is: {', '.join(SCOPES)}, or all\n",
        ),
        (
            ("acme", "--scope", "all", "--backend", "lakeside"),
            "no such backend: lakeside; there is: riverside, or all\n",
        ),
        (
            ("acme:1", "--scope", "all", "--backend", "all"),
            "TENANT must be letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or a digit\n",
        ),
        (
            ("_acme", "--scope", "all", "--backend", "all"),
            "TENANT must be letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or a digit\n",
        ),
        (
            ("acme", "--scope", "all", "--backend", "all", "--id", "a b"),
            "--id must be letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or a digit\n",
        ),
    ],
    ids=["scope", "backend", "tenant", "the tenant's first character", "id"],
)
def test_a_grant_that_does_not_exist_is_named_beside_those_that_do(
    arguments: tuple[str, ...], says: str, run: Run, ready: Path
) -> None:
    assert run("client", "create", *arguments) == Said(code=2, out="", err=says)
    assert run("client", "list", "--json").out == "[]\n"


def test_a_tenant_of_the_longest_name_has_its_id_made_up_too(run: Run, ready: Path) -> None:
    tenant = "a" * 63
    said = run("client", "create", tenant, "--scope", "all", "--backend", "all", "--json")
    made = json.loads(said.out)
    assert re.fullmatch("a{54}-[0-9a-f]{8}", made["client_id"])
    assert made["tenant"] == tenant


def test_all_backends_of_none_is_refused(run: Run, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(CONFIG.partition("[backends")[0])
    said = run("client", "create", "acme", "--scope", "all", "--backend", "all")
    assert said == Said(
        code=2, out="", err="there is no backend to grant: add a section [backends.NAME] to the configuration\n"
    )


def test_an_id_in_use_is_not_taken_again(run: Run, ready: Path) -> None:
    arguments = ("client", "create", "acme", "--scope", "all", "--backend", "all", "--id", "app")
    assert run(*arguments).code == 0
    before = stored(ready, "app")
    assert run(*arguments) == Said(code=1, out="", err="there is a client 'app' already; choose another --id\n")
    assert stored(ready, "app") == before


def test_a_revoked_client_stays_in_the_list_and_cannot_be_revoked_again(run: Run, ready: Path) -> None:
    run("client", "create", "acme", "--scope", "status:write", "--backend", "all", "--id", "app")
    assert run("client", "revoke", "app") == Said(
        code=0, out="app is revoked; its tokens stop working within 5 seconds.\n", err=""
    )
    assert json.loads(run("client", "list", "--json").out) == [
        {
            "client_id": "app",
            "tenant": "acme",
            "scopes": ["status:write"],
            "backends": ["riverside"],
            "revoked": True,
        }
    ]
    assert run("client", "list").out.startswith("app (revoked)\n  tenant         acme\n")
    none = "there is no client 'app' that could be revoked\n"
    assert run("client", "revoke", "app") == Said(code=1, out="", err=none)


def test_an_empty_list_says_how_to_fill_it(run: Run, ready: Path) -> None:
    assert run("client", "list").out == "There are no clients yet: orderbridge client create --help\n"


def test_clients_work_on_postgresql(run: Run, folder: Path, postgres_database: str) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG + f'[database]\nurl = "{postgres_database}"\n')
    arguments = ("client", "create", "acme", "--scope", "all", "--backend", "all", "--id", "app")
    assert [run(*arguments).code, run(*arguments).code, run("client", "revoke", "app").code] == [0, 1, 0]


@pytest.mark.usefixtures("an_hour_ahead")
def test_on_postgresql_a_client_is_dated_by_the_database_s_clock(
    run: Run, folder: Path, postgres_database: str
) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG + f'[database]\nurl = "{postgres_database}"\n')
    run("client", "create", "acme", "--scope", "all", "--backend", "all", "--id", "app")
    run("client", "revoke", "app")

    now, client = the_client(postgres_database)
    for name in ("created_at", "revoked_at"):
        assert now - 60 * SECOND < int(str(client[name])) <= now
