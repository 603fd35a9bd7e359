"""`orderbridge statuses import`: a client's own status codes from their CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.configured import ConfigOption
from app.commands.ends import FAILED, WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.domain.statuses import StatusCode
    from app.vendors.vendor import BackendSettings


def import_(
    backend: Annotated[str, typer.Argument(metavar="BACKEND", help="A backend's name in the configuration.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The table, as the client's database gives it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read the file and say what is in it.")] = False,
    config: ConfigOption = None,
) -> None:
    """Put a client's status codes in the place of the old ones.

    All of the file is taken, or nothing. For Civica Cx the columns are RepairStatusCodeId, RepairStatusCode,
    RepairMasterStatusCode, WorksOrderApplicable, and if you like Description, EffectiveFrom, EffectiveTo, Status,
    DefaultForMaster. A running gateway uses the new table within 5 seconds.

    \b
    Example:
      orderbridge statuses import riverside riverside-statuses.csv --dry-run
    \b
    Exit codes: 0 imported, 1 the file has faults (each on a line of its own) and nothing was imported, 2 wrong use.
    """
    with plainly():
        from app.commands.configured import configuration, in_store, settings_of
        from app.ledger import statuses

        configured = configuration(config)
        codes = _read(file, settings_of(configured, backend))
        if not dry_run:
            in_store(configured, lambda store: store.write(statuses.replace(backend, codes)))
    print(f"{backend}: {len(codes)} status codes {'could be' if dry_run else 'were'} imported: {_by_status(codes)}.")


def _read(file: Path, settings: BackendSettings) -> tuple[StatusCode, ...]:
    from app.vendors.backends import read_status_file
    from app.vendors.registry import VENDORS
    from app.vendors.vendor import StatusFileFault

    try:
        return read_status_file(file, VENDORS[settings.vendor], settings)
    except StatusFileFault as fault:
        faults = [f"{file}: {one}" for one in fault.faults]
        raise Ends(*faults, f"{file}: nothing was imported", code=FAILED) from fault
    except OSError as error:
        raise Ends(f"{file}: {error.strerror}", code=WRONG) from error
    except UnicodeDecodeError as error:
        raise Ends(f"{file}: it is not UTF-8; nothing was imported", code=FAILED) from error


def _by_status(codes: Sequence[StatusCode]) -> str:
    counts = Counter(code.status.value if code.status else "without a status of ours" for code in codes)
    return ", ".join(f"{count} {status}" for status, count in counts.items())
