"""The status table that a backend goes by: what was imported, else its file, else the vendor's own; `check` looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.commands.ends import Ends

if TYPE_CHECKING:
    from app.domain.ports import Finding, KnownCodes
    from app.domain.statuses import StatusCode
    from app.settings import Configuration
    from app.vendors.backends import Backend


def known_codes(configured: Configuration, backend: Backend) -> KnownCodes | Finding:
    """The codes of the table that is in use, with or without a database; a Finding where its file cannot be read."""
    from app.domain.ports import Finding, KnownCodes
    from app.vendors import findings
    from app.vendors.backends import seed_statuses
    from app.vendors.vendor import StatusFileFault

    imported, why_none = _imported(configured, backend.name)
    if imported:
        return KnownCodes(codes=_codes(imported), table="imported table")
    file, vendor = backend.settings.statuses, backend.vendor
    try:
        seed = seed_statuses(vendor, backend.settings, configured.folder)
    except (OSError, UnicodeDecodeError, StatusFileFault) as fault:
        return Finding(name=findings.CODES, ok=False, detail=f"{file}: {fault}")
    if seed is not None:
        table = "example table" if file == "example" else f"file {file}"
    else:
        table = "vendor's own table" if vendor.statuses else "status table"
    return KnownCodes(codes=_codes(seed or vendor.statuses), table=f"{table} ({why_none})")


def _imported(configured: Configuration, backend: str) -> tuple[tuple[StatusCode, ...], str]:
    """The imported table, and where there is none, why; a first set-up may be looked at before it has a database."""
    from app.commands.configured import in_store
    from app.ledger import statuses
    from app.ledger.store import StoreUnavailable

    try:
        return in_store(configured, lambda store: store.read(statuses.read(backend))), "nothing is imported"
    except Ends as no_schema_of_ours:
        return (), str(no_schema_of_ours)
    except (StoreUnavailable, OSError):
        return (), "the database cannot be used, so an imported one was not looked for"


def _codes(rows: tuple[StatusCode, ...]) -> frozenset[str]:
    return frozenset(row.code for row in rows)
