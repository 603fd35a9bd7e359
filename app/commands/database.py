"""`orderbridge migrate`: bring the database to the schema that this version needs."""

from __future__ import annotations

from app.commands.configured import ConfigOption
from app.commands.ends import plainly


def migrate(config: ConfigOption = None) -> None:
    """Make the database's tables, or bring them up to date.

    Run it before the first `serve` and after each new version. It may be repeated, and by several hosts at once. It
    prints the schema that the database had and the one that it has.

    \b
    Example:
      orderbridge migrate --config /etc/orderbridge/orderbridge.toml
    \b
    Exit codes: 0 up to date, 1 the database cannot be used, 2 the configuration is wrong, or the database is newer.
    """
    with plainly():
        from app.commands.configured import configuration, database_url, not_newer
        from app.ledger.migrate import migrate as apply
        from app.ledger.migrate import needed_version
        from app.ledger.open import shown

        url = database_url(configuration(config))
        had = not_newer(url)
        if had == needed_version():
            print(f"{shown(url)}: schema {had}, up to date")
        else:
            print(f"{shown(url)}: schema {had or 'none'} -> {apply(url)}")
