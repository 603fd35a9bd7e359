"""Where WSDL and schema documents may be read from: one folder, or one server. An import that leads elsewhere is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

VENDORED = Path(__file__).with_name("wsdl")
"""Our own files, written from the vendor's documents and the assumed contract."""


class ForeignDocument(Exception):
    """A document lies outside the one place that documents may come from."""


class Documents(Protocol):
    """What zeep calls a transport; it only ever loads."""

    def entry(self, service: str) -> str:
        """Where the WSDL of `service` (a path under the backend's URL) is."""

    def load(self, url: str) -> bytes:
        """One document; raises ForeignDocument or OSError."""


class FolderDocuments:
    """`<Service>.wsdl` in a folder, with what it imports beside it.

    WCF writes full addresses into its imports. A saved `?xsd=xsd0` of a service is looked for here as `<Service>.xsd0.xsd`,
    a `?wsdl=wsdl0` as `<Service>.wsdl0.wsdl`, whatever host the address names: the network is never asked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def entry(self, service: str) -> str:
        return str(self._folder / f"{_last(service)}.wsdl")

    def load(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"}:
            wanted = self._folder / _saved_name(parts)
            if not self._whatever_case(wanted).exists():
                raise ForeignDocument(
                    f"An import leads to {_place(parts)}, which is never asked, and the folder has no {wanted.name}."
                )
        elif parts.scheme == "":
            wanted = Path(url)
        else:
            raise ForeignDocument(f"An import leads to {_place(parts)}; only the files of the folder are read.")
        found = self._whatever_case(wanted.resolve())
        if not found.is_relative_to(self._folder):
            raise ForeignDocument(f"An import leads out of the folder: {wanted.name}")
        return found.read_bytes()

    def _whatever_case(self, path: Path) -> Path:
        """WCF's addresses do not heed case; a file system may."""
        if path.exists() or path.parent != self._folder or not self._folder.is_dir():
            return path
        return next((file for file in self._folder.iterdir() if file.name.lower() == path.name.lower()), path)


class LiveDocuments:
    """`?wsdl` of the backend's own server, and imports on that server."""

    def __init__(self, url: str, fetch: Callable[[str], bytes]) -> None:
        self._url = url
        self._origin = _origin(urlsplit(url))
        self._fetch = fetch

    def entry(self, service: str) -> str:
        return f"{self._url}/{service}?wsdl"

    def load(self, url: str) -> bytes:
        parts = urlsplit(url)
        if _origin(parts) != self._origin:
            raise ForeignDocument(
                f"An import leads to {_place(parts)}, which is not the backend's own server; "
                "save the client's WSDL files in a folder and name the folder in `wsdl`."
            )
        return self._fetch(url)


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _saved_name(address: SplitResult) -> str:
    service = _last(address.path).removesuffix(".svc")
    for key, value in parse_qsl(address.query, keep_blank_values=True):
        if key.lower() in {"xsd", "wsdl"} and value.isalnum():
            return f"{service}.{value.lower()}.{key.lower()}"
    return f"{service}.wsdl" if address.query.lower() in {"wsdl", "singlewsdl"} else service


def _place(address: SplitResult) -> str:
    """Where an import leads, for an operator."""
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}" if address.hostname else address.path


def _origin(address: SplitResult) -> tuple[str, str]:
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, f"{address.hostname}:{port}"
