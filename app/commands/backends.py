"""`orderbridge backends`: what the configuration holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.commands.configured import ConfigOption, JsonOption
from app.commands.ends import plainly

if TYPE_CHECKING:
    from app.domain.json import JsonValue
    from app.ledger.store import Store
    from app.settings import Configuration


def backends(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the configured backends.

    Vendor, address, what each can do, and how many status codes its table has. A backend without codes takes no
    status updates; `serve` fills an empty table from the setting `statuses`.

    \b
    Example:
      orderbridge backends --json
    \b
    Exit codes: 0 listed, 1 the database cannot be used, 2 the configuration or the schema is wrong.
    """
    with plainly():
        from app.commands.configured import configuration, in_store

        configured = configuration(config)
        imported = in_store(configured, lambda store: _imported(store, configured))
        entries = [_entry(configured, name, imported[name]) for name in configured.backends]
    if as_json:
        print(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    if not entries:
        print("There are no backends in the configuration: add a section [backends.NAME].")
    for entry in entries:
        print(_text(entry))


async def _imported(store: Store, configured: Configuration) -> dict[str, int]:
    from app.ledger import statuses

    return {name: len(await store.read(statuses.read(name))) for name in configured.backends}


def _entry(configured: Configuration, name: str, imported: int) -> dict[str, JsonValue]:
    from app.commands.configured import backend_of

    backend = backend_of(configured, name)
    return {
        "name": name,
        "vendor": backend.vendor.slug,
        "url": backend.settings.url,
        "title": backend.title,
        "capabilities": sorted(one.value for one in backend.vendor.capabilities),
        "status_codes": imported or len(backend.vendor.statuses),
    }


def _text(entry: Mapping[str, JsonValue]) -> str:
    can = entry["capabilities"]
    assert isinstance(can, list)
    return "\n".join(
        (
            f"{entry['name']}: {entry['title']}",
            f"  {'vendor':14}{entry['vendor']} at {entry['url']}",
            f"  {'can':14}{', '.join(str(one) for one in can)}",
            f"  {'status codes':14}{entry['status_codes'] or 'none yet'}",
        )
    )
