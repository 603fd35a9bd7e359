"""What the command line says of itself, and of a command that is wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tests.cli.conftest import Run, Said

COMMANDS = [
    ("sandbox",),
    ("serve",),
    ("migrate",),
    ("check",),
    ("backends",),
    ("simulate",),
    ("openapi",),
    ("client", "create"),
    ("client", "list"),
    ("client", "revoke"),
    ("statuses", "import"),
    ("operations", "list"),
    ("operations", "resolve"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_has_an_example_and_its_exit_codes(command: tuple[str, ...], run: Run) -> None:
    said = run(*command, "--help")
    assert (said.code, said.err) == (0, "")
    assert f"Example:\n    orderbridge {' '.join(command)}" in said.out
    assert "Exit codes: 0 " in said.out


@pytest.mark.parametrize("group", ["client", "statuses", "operations"])
def test_the_help_of_a_group_has_an_example(group: str, run: Run) -> None:
    said = run(group, "--help")
    assert (said.code, said.err) == (0, "")
    assert f"Example: orderbridge {group} " in said.out


def test_without_a_command_the_help_names_every_command(run: Run) -> None:
    said = run()
    assert (said.code, said.err) == (0, "")
    listed = said.out.partition("Commands:\n")[2].splitlines()
    assert {line.split()[0] for line in listed} == {command[0] for command in COMMANDS}
    assert [line for line in listed if line.endswith("...")] == []


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    arguments: tuple[str, ...]
    says: str


WRONG = [
    Case(id="unknown command", arguments=("srve",), says="orderbridge: No such command 'srve'."),
    Case(id="group alone", arguments=("client",), says="orderbridge client: Missing command."),
    Case(id="unknown option", arguments=("serve", "--prt", "1"), says="orderbridge serve: No such option: --prt"),
    Case(
        id="port not a number", arguments=("serve", "--port", "x"), says="orderbridge serve: Invalid value for '--port'"
    ),
    Case(
        id="port too high", arguments=("serve", "--port", "70000"), says="orderbridge serve: Invalid value for '--port'"
    ),
    Case(id="missing argument", arguments=("client", "revoke"), says="orderbridge client revoke: Missing argument"),
    Case(
        id="missing option", arguments=("simulate", "civica-cx"), says="orderbridge simulate: Missing option '--port'."
    ),
    Case(
        id="unknown vendor",
        arguments=("simulate", "acme", "--port", "9"),
        says="there is no vendor 'acme' to simulate; there is: civica-cx",
    ),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.id)
def test_a_wrong_command_is_one_line_and_exit_code_2(case: Case, run: Run) -> None:
    said = run(*case.arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(case.says)
    assert said.err.count("\n") == 1


def test_a_wrong_command_names_the_help_that_would_have_told(run: Run) -> None:
    assert run("client", "lst") == Said(
        code=2,
        out="",
        err="orderbridge client: No such command 'lst'. Did you mean 'list'? (see orderbridge client --help)\n",
    )


@pytest.mark.parametrize("command", [("client", "revoke"), ("check",), ("statuses", "import", "riverside"), ()])
def test_an_argument_that_is_no_text_is_wrong_use(command: tuple[str, ...], run: Run) -> None:
    says = "orderbridge: not UTF-8: 'k\\udcff'\n"
    assert run(*command, os.fsdecode(b"k\xff")) == Said(code=2, out="", err=says)
