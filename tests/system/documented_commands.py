"""docs/clients.md as a script: its files, its commands and what they print, section by section."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.processes import LONG_S

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/clients.md"
PYTHON_TOOLS = ROOT / "build/clients/bin"
NODE_TOOLS = ROOT / "tests/system/node/node_modules"
INSTALL = re.compile(r"^(pip|npm) install (.+)$", re.MULTILINE)

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"`([\w-]+(?:\.[\w-]+)*\.(?:py|ts|json))`[^`\n]*[:,]\s*\Z")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A file to write (a further part of it is added), or commands to run and, if the page shows it, what they print."""

    file: str = ""
    text: str = ""
    prints: str | None = None


@dataclass(kw_only=True)
class Section:
    """What stands under one heading."""

    title: str
    steps: list[Step] = field(default_factory=list)
    installs: list[tuple[str, str]] = field(default_factory=list)
    """Package and version of what the page has people install; here that comes from the locks."""


def sections() -> tuple[list[Step], list[Section]]:
    """The steps before the first heading of a client, and the clients."""
    start, *rest = re.split(r"^## (.+)\n", PAGE.read_text(), flags=re.MULTILINE)
    clients = [_section(title, text) for title, text in zip(rest[::2], rest[1::2], strict=True)]
    return _section("start", start).steps, clients


def _section(title: str, text: str) -> Section:
    made = Section(title=title)
    for block in _BLOCK.finditer(text):
        language, body = block[1], block[2]
        if language == "text":
            made.steps[-1] = Step(text=made.steps[-1].text, prints=body)
        elif language != "sh":
            named = _FILE_NAME.search(text[: block.start()])
            assert named is not None, f"docs/clients.md does not say which file this is:\n{body}"
            made.steps.append(Step(file=named[1], text=body))
        elif install := INSTALL.match(body):
            words = [word for word in install[2].split() if not word.startswith("-")]
            made.installs += [_pinned(word) for word in words]
        else:
            made.steps.append(Step(text=body))
    return made


def _pinned(word: str) -> tuple[str, str]:
    """Name and version of `name==1.2.3` or `@scope/name@1.2.3`."""
    found = re.fullmatch(r"(@?[^@=]+)(?:==|@)([\d.]+)", word)
    assert found is not None, f"docs/clients.md does not say which version of {word}"
    return found[1], found[2]


def run(steps: list[Step], folder: Path, addresses: Mapping[str, str]) -> list[str]:
    """Do what the page says, in an empty folder, with these addresses in the place of the page's; all that was said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment["PATH"] = os.pathsep.join([str(PYTHON_TOOLS), environment["PATH"]])
    environment["npm_config_yes"] = "false"
    (folder / "node_modules").symlink_to(NODE_TOOLS)  # where `npm install` would have put them
    said = []
    for step in steps:
        text, prints = step.text, step.prints
        for shown, real in addresses.items():
            text, prints = text.replace(shown, real), prints and prints.replace(shown, real)
        if step.file:
            with (folder / step.file).open("a") as file:
                file.write(text)
            continue
        done = subprocess.run(
            ["sh", "-ec", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=3 * LONG_S
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        assert prints is None or done.stdout == prints, f"{text}\n{done.stdout}\nand not\n{prints}"
        said.append(done.stdout + done.stderr)
    return said
