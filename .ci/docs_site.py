"""What mkdocs needs besides docs/: the lists of pages that grow by themselves, and the files that pages link to above docs/.

In the repository a page links `../deploy/nginx.conf`, or source code. Such a file becomes a file of the site, as text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)((?:#[^)\s]*)?\))")
CHANGES = "CHANGELOG.md"
REST = "... "


def on_config(config: MkDocsConfig) -> None:
    """Fill in the lists that mkdocs.yml leaves to the folders."""
    config.nav = list(_expanded(config.nav or [], Path(config.docs_dir)))


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Take in what stands above docs/: the changelog as a page, other linked files as they are."""
    top = Path(config.docs_dir).parent
    changes = (top / CHANGES).read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, CHANGES, content=changes))
    for path in {target for file in files.documentation_pages() for target in _above(file, top)} - {CHANGES}:
        files.append(File.generated(config, _in_site(path), abs_src_path=str(top / path)))


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files above docs/ to their place in the site."""
    top = Path(config.docs_dir).parent
    here = os.path.dirname(page.file.src_uri)

    def placed(found: re.Match[str]) -> str:
        path = _path(found[2], page.file.src_uri, top)
        return found[0] if path is None else f"{found[1]}{os.path.relpath(_in_site(path), here or '.')}{found[3]}"

    return LINK.sub(placed, markdown)


def _expanded(entries: list[object], docs: Path) -> Iterator[object]:
    for entry in entries:
        if isinstance(entry, str) and entry.startswith(REST):
            listed = sorted(docs.glob(entry.removeprefix(REST)))
            yield from (str(path.relative_to(docs)) for path in listed if path.name != "README.md")
        elif isinstance(entry, dict):
            yield {
                name: list(_expanded(below, docs)) if isinstance(below, list) else below
                for name, below in entry.items()
            }
        else:
            yield entry


def _above(file: File, top: Path) -> Iterator[str]:
    for found in LINK.finditer(file.content_string):
        path = _path(found[2], file.src_uri, top)
        if path is not None:
            yield path


def _path(link: str, page: str, top: Path) -> str | None:
    """The linked file's path below the top; None for one that is in docs/ or is not there, of which mkdocs itself tells."""
    path = os.path.normpath(os.path.join("docs", os.path.dirname(page), link))
    outside = not path.startswith(("docs/", ".."))
    return path if outside and (top / path).is_file() else None


def _in_site(path: str) -> str:
    return path if path == CHANGES else f"files/{path}.txt"
