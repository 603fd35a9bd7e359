"""The fenced blocks of a page: the commands, what the page shows as their output, and the notes above them.

A note is an HTML comment on the line above a block: `<!-- not run: WHY -->` or `<!-- exits: 1 -->` or `<!-- with: postgres -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NOTE = re.compile(r"<!-- ([a-z ]+): ([^\n]*?) -->\n *$")
SHELL = "sh"


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block; `follows` tells that nothing but a blank line stands between it and the block before."""

    line: int
    language: str
    text: str
    notes: dict[str, str]
    follows: bool


@dataclass(frozen=True, kw_only=True)
class Step:
    """Commands, and what the page shows right behind them; None where it shows nothing."""

    commands: Block
    shown: Block | None

    def note(self, name: str) -> str | None:
        return self.commands.notes.get(name)


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    end = 0
    for found in FENCE.finditer(text):
        noted = NOTE.search(text[: found.start()])
        yield Block(
            line=text.count("\n", 0, found.start()) + 1,
            language=found[2],
            text=re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
            notes={} if noted is None else {noted[1]: noted[2]},
            follows=end > 0 and not text[end : found.start()].strip(),
        )
        end = found.end()


def steps(page: Path) -> Sequence[Step]:
    found = list(blocks(page))
    after = [*found[1:], None]
    return [
        Step(commands=one, shown=behind if behind and behind.follows and behind.language != SHELL else None)
        for one, behind in zip(found, after, strict=True)
        if one.language == SHELL
    ]


def lines(commands: str) -> list[str]:
    """The commands, one each: what ends in a backslash goes on; comments and here-documents are left out."""
    joined = re.sub(r"\\\n\s*", " ", commands)
    joined = re.sub(r"<<'(\w+)'.*?^\1$", "", joined, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
