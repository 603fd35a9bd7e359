"""Every command of the README, the tutorial and the how-to pages is run as it stands, and prints what the page shows."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import typer
import typer.main
from typer.core import TyperGroup

from app.cli import app
from tests.docs.blocks import ROOT, SHELL, blocks, lines, steps
from tests.docs.comparing import missing
from tests.docs.stage import Stage
from tests.postgres import Postgres

SECRET = "sandbox-secret"
CONFIG = """\
[auth]
signing_key = "file:signing-key"
[backends.riverside]
vendor = "civica_cx"
title = "Riverside Homes"
url = "http://127.0.0.1:9/cx"
username = "api.contractor"
password = "a-password"
time_zone = "Europe/London"
"""
SET_UP = (
    "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' > signing-key",
    "orderbridge migrate",
    "orderbridge client create acme --id acme-app --scope orders:read --backend riverside",
)


URL = "http://127.0.0.1:8000"
SANDBOX = (
    f"URL={URL}",
    f"TOKEN=$(curl -u sandbox:{SECRET} -d grant_type=client_credentials $URL/oauth/token"
    r""" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')""",
    'curl -H "Authorization: Bearer $TOKEN" $URL/v1/backends/civica-cx/work-orders/113427',
    r"""CURSOR=$(curl -H "Authorization: Bearer $TOKEN" "$URL/v1/events?after=now" | sed 's/.*"next": *"\([^"]*\)".*/\1/')""",
)
STORY = (
    'curl $URL/v1/backends/civica-cx/work-orders/113427/status-updates -H "Authorization: Bearer $TOKEN"'
    " -H 'Content-Type: application/json' -H 'Idempotency-Key: the-story-of-an-order'"
    """ -d '{"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"}'""",
    "curl -X POST http://127.0.0.1:9101/_sim/orders/113427/cancel",
)
"""What docs/events.md tells of: an update of ours, then the client cancels the order."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that is run. `before` is what it takes to be there; `instead`, what stands for a real client's system."""

    path: str
    config: str | None = None
    before: tuple[str, ...] = ()
    simulator: bool = False
    sandbox: bool = False
    postgres: bool = False
    instead: Mapping[str, str] = field(default_factory=dict)


RUN = [
    Page(path="README.md"),
    Page(path="docs/tutorial.md"),
    Page(path="docs/how-to/resolve-a-hold.md"),
    Page(path="docs/events.md", sandbox=True, before=(*SANDBOX, *STORY)),
    Page(
        path="docs/webhooks.md",
        sandbox=True,
        before=SANDBOX,
        instead={
            "https://orderbridge.example": "http://127.0.0.1:8000",
            "https://hooks.contractor.co.uk/orderbridge": "http://127.0.0.1:9/orderbridge",
        },
    ),
    Page(
        path="docs/how-to/connect-cx.md",
        simulator=True,
        instead={"the password of the Cx user": SECRET, '"api.contractor"': '"sandbox"'},
    ),
    Page(
        path="docs/how-to/import-status-codes.md",
        config=CONFIG,
        before=SET_UP,
        instead={"https://riverside.example/cx": "http://127.0.0.1:9/cx"},
    ),
    Page(path="docs/how-to/rotate-a-key.md", config=CONFIG, before=SET_UP),
    Page(path="docs/how-to/upgrade.md", config=CONFIG, before=SET_UP),
    Page(path="docs/how-to/back-up.md", config=CONFIG, before=SET_UP, postgres=True),
]
"""In their order: the README's and the tutorial's gateway is the sandbox that they start themselves."""
ELSEWHERE: Mapping[str, str] = {
    "docs/adding-a-vendor.md": "needs the vendor that is being added",
    "docs/clients.md": "generates clients: tests/system does that",
    "docs/delivery.md": "needs a held write; docs/how-to/resolve-a-hold.md makes one",
    "docs/deploy.md": "needs containers, systemd or a host of its own",
    "docs/observability.md": "needs a collector or a dashboard",
    "docs/performance.md": "measures for half an hour",
    "docs/reliability.md": "runs the tests themselves",
    "docs/running.md": "needs a balancer: tests/running does that",
    "docs/scaling.md": "needs a large ledger",
}
"""Pages whose commands are not run, and why: their commands are looked up in the command line and in the contract."""
PATHS: list[str] = re.findall(r"^  (/.*):$", (ROOT / "openapi.yaml").read_text(), re.MULTILINE)


def all_pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.path)
def test_the_commands_of_a_page_do_what_it_says(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    env: dict[str, str] = {}
    if page.postgres:
        server: Postgres = request.getfixturevalue("postgres_server")
        env["DATABASE_URL"] = request.getfixturevalue("postgres_database")
        env["EMPTY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        env["PATH"] = f"{tmp_path / 'bin'}:{server.psql.parent}:/usr/bin:/bin"
    if page.config is not None:
        (tmp_path / "orderbridge.toml").write_text(page.config)
    with Stage(tmp_path, instead=page.instead, env=env) as stage:
        if page.simulator:
            stage.instead["https://riverside.example/cx"] = f"http://127.0.0.1:{stage.vendor_port}"
            stage.start("simulate", "civica-cx", "--port", str(stage.vendor_port))
        if page.sandbox:
            stage.start_sandbox()
        for command in page.before:
            printed, code = stage.say(command)
            assert code == 0, printed
        for step in steps(ROOT / page.path):
            if step.note("not run") is None:
                stage.run(step)
    assert [name for name in stage.left() if not ignored_by_git(name)] == []


def test_a_backup_of_no_database_is_an_error_and_makes_no_file(tmp_path: Path) -> None:
    copy, look, *_ = steps(ROOT / "docs/how-to/back-up.md")
    with Stage(tmp_path) as stage:
        for step in (copy, look):
            printed, code = stage.say(step.commands.text)
            assert (code, printed.count("unable to open database file")) == (1, 1)
        assert stage.left() == []


def test_a_copy_without_tables_is_not_called_whole(tmp_path: Path) -> None:
    _, look, *_ = steps(ROOT / "docs/how-to/back-up.md")
    sqlite3.connect(tmp_path / "backup.db").execute("VACUUM").connection.close()
    with Stage(tmp_path) as stage:
        printed, code = stage.say(look.commands.text)
    assert (code, printed.count("no such table: alembic_version")) == (1, 1)


def ignored_by_git(name: str) -> bool:
    """Whether `git add .` in a clone's folder passes over this file, or folder with a slash, in it."""
    patterns = [line.removeprefix("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def test_every_page_with_commands_is_run_or_says_why_not() -> None:
    with_commands = {
        named(page) for page in all_pages() if any(block.language in (SHELL, "") for block in blocks(page))
    }
    assert with_commands - {page.path for page in RUN} - set(ELSEWHERE) == set()


@pytest.mark.parametrize("page", [page.path for page in RUN if not page.sandbox])
def test_what_a_page_shows_stands_right_behind_its_commands(page: str) -> None:
    shown = [one.shown.line for one in steps(ROOT / page) if one.shown is not None]
    apart = [one.line for one in blocks(ROOT / page) if one.language in ("text", "json", "http")]
    assert [line for line in apart if line not in shown] == []


def called() -> list[tuple[str, str]]:
    """Every line of a block of commands, with its page."""
    return [
        (named(page), line)
        for page in all_pages()
        for block in blocks(page)
        if block.language in (SHELL, "")
        for line in lines(block.text)
    ]


@pytest.mark.parametrize("page", sorted({page for page, _ in called()}))
def test_every_orderbridge_command_of_a_page_can_be_parsed(page: str) -> None:
    top = typer.main.get_command(app)
    for where, line in called():
        for words in re.findall(r"(?:^|\s)(?:\S*/)?orderbridge ([^|;&<>#]+)", line) if where == page else ():
            command, arguments = top, shlex.split(words)
            while isinstance(command, TyperGroup) and arguments:
                command = command.commands[arguments.pop(0)]
            try:
                command.make_context("orderbridge", [one for one in arguments if one != "..."])
            except typer.TyperException as fault:
                pytest.fail(f"{page}: {line}: {fault.format_message()}")


@pytest.mark.parametrize("page", sorted({page for page, _ in called()}))
def test_every_address_of_a_page_is_one_of_the_contract(page: str) -> None:
    patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) for path in PATHS]
    for where, line in called():
        for address in (
            re.findall(r"(/v1/[^\s\"'?;]*|/oauth/[^\s\"'?;]*)", line) if where == page and "curl" in line else ()
        ):
            assert any(re.fullmatch(one, address) for one in patterns), f"{page}: {line}"


@pytest.mark.parametrize("page", sorted({page for page, _ in called()}))
def test_every_make_of_a_page_is_a_rule_of_the_makefile(page: str) -> None:
    rules = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {rule for where, line in called() if where == page for rule in re.findall(r"^make ([a-z-]+)", line)}
    assert made - rules == set()


@pytest.mark.parametrize(
    ("shown", "printed", "lacks"),
    [
        ("a b\nc", "ab c\n", None),
        ("a ... c", "a b b c", None),
        ("a ... c", "a b b", "c"),
        ("a ...", "b a", "a"),
        ("a", "a b", "a"),
        ("... c", "a b c", None),
        ("... c", "a c b", "c"),
        ('{"id": "op_1", "at": "2026-01-01T00:00:00.1Z"}', '{"id":"op_X","at":"2027-02-02T01:01:01.25Z"}', None),
        ('{"id": "op_1"}', '{"id":"evt_1"}', "/id: op_1"),
        ('{"a": 1, ...}', '{"b":2,"a":1}', None),
        ('{"a": 1}', '{"b":2,"a":1}', ": no more members, such as b"),
        ('{"a": {"b": ...}, ...}', '{"a":{}}', "/a/b"),
        ('{"a": [1, ... 3]}', '{"a":[1,2,3]}', None),
        ('{"a": [1, 3]}', '{"a":[1,2,3]}', "/a: no more elements"),
        ('{"a": [..., 3, 2]}', '{"a":[1,2,3]}', "/a/1"),
        ('{"a": "x ... z"}', '{"a":"x y z"}', None),
        ('{"a": true}', '{"a":1}', "/a: True"),
        ('HTTP/1.1 201 Created\n...\n{"a": 1}', 'HTTP/1.1 201 Created\ndate: x\n\n{"a":1}', None),
        ('HTTP/1.1 201 Created\n...\n{"a": 1}', 'HTTP/1.1 202 Accepted\ndate: x\n\n{"a":1}', "HTTP/1.1201Created"),
        ("a ... b ... b", "a b", "b"),
    ],
)
def test_what_is_shown_is_compared_part_by_part(shown: str, printed: str, lacks: str | None) -> None:
    assert missing(shown, printed) == lacks
