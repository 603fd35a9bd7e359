"""`orderbridge simulate`: one vendor's simulator alone."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.ends import FAILED, WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.vendors.simulation import Simulation, SimulatorFactory
    from app.vendors.vendor import Vendor


def simulate(
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help="A vendor, for example civica-cx.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")],
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the effects here, on disk, and go on from them.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run one vendor's simulator alone.

    It is a real HTTP server that behaves as the vendor's documents say, with orders to move. /_sim/effects shows
    every change that it made; /_sim/faults rehearses bad days; /_sim/orders adds orders.

    \b
    Example:
      orderbridge simulate civica-cx --port 9101 --data ./simulated-cx
      curl http://127.0.0.1:9101/_sim/effects
    \b
    Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 its data cannot be used, 2 no such vendor, or the port is taken.
    """
    with plainly():
        from app.commands.listener import need_free
        from app.vendors.simulation import serve

        if with_parent:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        simulated = vendor_named(vendor)
        need_free(host, port, option="--port")

        def ready() -> None:
            gc.enable()
            said = f"{simulated.title}, simulated, answers on http://{host}:{port} (process {os.getpid()})"
            print(said, flush=True)

        serve(_readable(simulated), port=port, data=data, host=host, ready=ready)


def vendor_named(name: str) -> Vendor:
    """The vendor with this slug, written with - or _."""
    from app.vendors.registry import VENDORS

    vendor = VENDORS.get(name.lower().replace("-", "_"))
    if vendor is None:
        known = ", ".join(slug.replace("_", "-") for slug in VENDORS)
        raise Ends(f"there is no vendor {name!r} to simulate; there is: {known}", code=WRONG)
    return vendor


def _readable(vendor: Vendor) -> SimulatorFactory:
    """The vendor's factory; it Ends where the data folder cannot be used."""
    module, _, function = vendor.simulator.partition(":")
    create: SimulatorFactory = getattr(importlib.import_module(module), function)

    def made(*, data: Path | None = None) -> Simulation:
        try:
            return create(data=data)
        except (OSError, ValueError) as error:
            raise Ends(f"the effects in {data} cannot be used: {error}", code=FAILED) from error

    return made


def _end_with_parent() -> None:
    """The sandbox holds the other end of our stdin: it ends when the sandbox does, however that happens."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
