"""docs/cli.md: what `orderbridge COMMAND --help` prints, for every command."""

from __future__ import annotations

from collections.abc import Iterator

import typer.main
from typer.core import TyperGroup

from app.cli import app
from app.commands.reference.markdown import block

WIDTH = 110


def commands() -> str:
    """A heading and the help for each command, in the order of the command line's own list."""
    top = typer.main.get_command(app)
    assert isinstance(top, TyperGroup)
    return "\n\n".join(
        f"### orderbridge {name}\n\n{block(text, language='text')}" for name, text in _helps(top, "orderbridge")
    )


def _helps(group: TyperGroup, above: str, names: str = "") -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _helps(command, f"{above} {name}", f"{names}{name} ")
            continue
        with command.make_context(f"{above} {name}", [], resilient_parsing=True, max_content_width=WIDTH) as context:
            context.terminal_width = WIDTH
            yield f"{names}{name}", "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
