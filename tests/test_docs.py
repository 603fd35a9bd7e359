"""The documentation is as the code is: its tables, its links, the configurations that it shows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands.reference import problems
from app.commands.reference.state_diagram import drawn
from app.commands.tables import MARKED, PAGES, TABLES, files, filled, page_of
from app.domain.clients import SCOPES
from app.domain.operations import EDGES
from app.settings import configured
from app.vendors.registry import VENDORS

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
AUTH = {"auth": {"signing_key": "0123456789abcdef" * 4}}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def headings(page: Path) -> set[str]:
    """The fragments by which a page's headings can be linked, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def dead_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, fragment = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in headings(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_tables_of_a_page_are_those_of_the_code(page: Path) -> None:
    assert filled(page.read_text()) == page.read_text(), "run `make tables`"


@pytest.mark.parametrize("name", files())
def test_a_file_that_is_all_from_the_code_is_as_the_code_has_it(name: str) -> None:
    assert (ROOT / name).read_text() == files()[name], "run `make tables`"


def test_no_page_is_left_of_a_problem_that_is_no_more() -> None:
    there = {str(path.relative_to(ROOT)) for path in (ROOT / problems.FOLDER).iterdir()}
    assert there == set(problems.pages())


def test_the_drawing_of_an_operation_has_every_edge_and_no_other() -> None:
    assert drawn() == {(was, to) for was, onward in EDGES.items() for to in onward}


def test_every_table_stands_in_a_page() -> None:
    assert sorted(name for page in PAGES for name, _ in MARKED.findall(page.read_text())) == sorted(TABLES)


@pytest.mark.parametrize("slug", VENDORS)
def test_every_vendor_has_a_page_that_shows_a_configuration_of_it(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/vendors" / page_of(VENDORS[slug])).read_text()
    for name in re.findall(r'"env:([A-Z_]+)"', page):
        monkeypatch.setenv(name, "a-secret")
    shown = [tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)]
    (backends,) = [document["backends"] for document in shown if "backends" in document]
    loaded = configured({**AUTH, "backends": backends}, folder=Path())
    assert {section.vendor for section in loaded.backends.values()} == {slug}


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(dead_links(page)) == []


def test_the_page_of_the_api_says_what_each_scope_is_for() -> None:
    table = re.findall(r"^\| `(\w+:\w+)` \| (.+) \|$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    assert dict(table) == SCOPES
