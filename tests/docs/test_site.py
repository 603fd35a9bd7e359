"""The site that `make docs` builds: no dead link, nothing from another host, every page in the navigation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.blocks import ROOT

LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    """The ids of a page, its links, and what a browser loads for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.navigation: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        for name in ("href", "src"):
            if name in given:
                (self.loaded if (tag, name) in LOADING else self.links).append(given[name])
        if tag == "a" and "md-nav__link" in given.get("class", ""):
            self.navigation.add(given.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "built"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"}
    built = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def local(links: list[str], path: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link that stays within the site: as written, its file, its fragment."""
    for link in links:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            yield link, (path.parent / unquote(parts.path)).resolve() if parts.path else path, unquote(parts.fragment)


def test_no_link_of_the_site_is_dead(pages: dict[Path, Page], site: Path) -> None:
    dead = []
    for path, page in pages.items():
        if path.name == "404.html":  # its addresses begin at the top of the host
            continue
        for link, target, fragment in local([*page.links, *page.loaded], path):
            found = target / "index.html" if target.is_dir() else target
            ends = pages[found].ids if found in pages and fragment else {fragment, "__skip"}
            if not found.is_file() or (fragment and fragment not in ends):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert dead == []


def test_no_page_loads_anything_from_another_host(pages: dict[Path, Page], site: Path) -> None:
    elsewhere = {link for page in pages.values() for link in page.loaded if urlsplit(link).netloc}
    assert elsewhere == set()
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert re.findall(r"url\(\s*[\"']?(?:https?:)?//[^)]*\)|@import[^;]*", styles) == []


def test_every_page_stands_in_the_navigation(pages: dict[Path, Page], site: Path) -> None:
    start = site / "index.html"
    reached = {target for _, target, _ in local([*pages[start].navigation], start)}
    assert {path for path in pages if path.name != "404.html"} - reached == set()


def test_a_list_or_a_table_is_one_on_the_site_too(pages: dict[Path, Page]) -> None:
    # GitHub takes a list right behind a paragraph for a list; the site's Markdown needs a blank line between them.
    swallowed = re.compile(r"<p>(?:(?!</p>).)*\n(?:- |\d+\. |\| )|```", re.DOTALL)
    assert {path.name: found[0] for path in pages if (found := swallowed.search(path.read_text()))} == {}
