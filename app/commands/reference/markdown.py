"""Markdown as the generated pages write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; each cell is one line, and a bar in it is no border."""
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (head, ["---"] * len(head), *rows))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def block(text: str, *, language: str) -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"
