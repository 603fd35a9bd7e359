"""`orderbridge check`: is the client's system there, does it let us in, is it as we know it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.configured import ConfigOption
from app.commands.ends import FAILED, plainly

if TYPE_CHECKING:
    from app.domain.ports import Finding, KnownCodes
    from app.settings import Configuration
    from app.vendors.backends import Backend


def check(
    backend: Annotated[str, typer.Argument(metavar="BACKEND", help="A backend's name in the configuration.")],
    config: ConfigOption = None,
) -> None:
    """Look at a client's system; nothing is changed there.

    Address, log-in, contract, and the status codes seen: one line for each finding: ok, warning or failed. It may
    run while `serve` does.

    \b
    Example:
      orderbridge check riverside
    \b
    Exit codes: 0 nothing failed, 1 something failed, 2 no such backend, or the configuration is wrong.
    """
    with plainly():
        from app.commands.configured import backend_of, configuration
        from app.commands.status_table import known_codes

        configured = configuration(config)
        looked_at = backend_of(configured, backend)
        failed = asyncio.run(_failures(looked_at, configured, known_codes(configured, looked_at)))
    if failed:
        raise typer.Exit(FAILED)


async def _failures(backend: Backend, configured: Configuration, known: KnownCodes | Finding) -> int:
    """Prints every finding as it is made; returns how many failed."""
    failed = 0
    async with AsyncExitStack() as stack:
        await backend.connect(deadline_s=configured.delivery.deadline_s, folder=configured.folder)
        stack.push_async_callback(backend.close)
        async for finding in backend.adapter.check(known):
            print(_line(finding), flush=True)
            failed += not finding.ok
    return failed


def _line(finding: Finding) -> str:
    word = "failed" if not finding.ok else "warning" if finding.warning else "ok"
    return f"{word:8} {finding.name}: {' '.join(finding.detail.split())}"
