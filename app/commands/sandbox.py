"""`orderbridge sandbox`: the gateway in front of simulated vendors, for a first look and for rehearsals."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.ends import WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.commands.simulators import SimulatorProcess
    from app.vendors.vendor import Vendor

HOST = "127.0.0.1"


def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port.")] = 8000,
    vendor_port: Annotated[int, typer.Option(min=1, max=65500, help="The first simulator's port.")] = 9101,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything here, and go on from it next time.")
    ] = None,
    database_url: Annotated[
        str, typer.Option(metavar="URL", help="postgresql://USER:PASSWORD@HOST/DATABASE instead of SQLite.")
    ] = "",
) -> None:
    """Try Orderbridge with nothing to configure.

    A gateway in front of simulated vendors, on this machine only. When it is ready it prints the addresses, the
    credentials, and commands that move an order, stop a vendor, cancel an order behind your back, and change an
    order of each vendor that takes changes. Each simulator is a process of its own. Nothing of it is for production:
    the credentials are public, so it refuses to start where a production configuration is in sight: in this folder,
    in DIR, or in the environment.

    \b
    Example:
      orderbridge sandbox
      orderbridge sandbox --port 8080 --vendor-port 9201 --data ./sandbox
    \b
    Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 something did not start, 2 a port is taken, or wrong use.
    """
    with plainly(), ExitStack() as stack:
        _refuse_production(data)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        _run(port, vendor_port, data, database_url, stack)


def _refuse_production(data: Path | None) -> None:
    """Ends where a production configuration is in sight: its file, here or where we would live, or an override of a value."""
    from app import overrides
    from app.settings import DEFAULT_CONFIG, PREFIX, Settings

    found = [name for name in (f"{PREFIX}CONFIG",) if name in os.environ] + overrides.names(Settings.model_fields)
    if Path(DEFAULT_CONFIG).exists():
        found.append(f"{DEFAULT_CONFIG} in this folder")
    elif data is not None and os.path.exists(data / DEFAULT_CONFIG):  # False for a folder that we may not look into
        found.append(f"{DEFAULT_CONFIG} in {data}")
    if found:
        raise Ends(
            f"the sandbox does not start beside a production configuration ({', '.join(found)}): unset it, or go elsewhere",
            code=WRONG,
        )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Before the gateway runs, and after: end what was started. While it runs it has its own way to stop."""
    sys.exit(0)


def _run(port: int, vendor_port: int, data: Path | None, database_url: str, stack: ExitStack) -> None:
    from app import logs
    from app.commands.listener import bound, need_free
    from app.commands.sandbox_home import furnished, home
    from app.vendors.registry import VENDORS

    ports = {slug: vendor_port + vendor.sandbox.port_offset for slug, vendor in VENDORS.items()}
    if port in ports.values():
        raise Ends(f"--port {port} is also a simulator's; choose another, or another --vendor-port", code=WRONG)
    listener = stack.enter_context(bound(HOST, port))
    for one in ports.values():
        need_free(HOST, one, option="--vendor-port")
    folder = home(data, stack)
    _tell("Starting the Orderbridge sandbox.")
    simulators = [stack.enter_context(_simulator(VENDORS[slug], one, folder)) for slug, one in ports.items()]
    _tell("  preparing the database")
    configuration = furnished(
        folder,
        public_url=f"http://{HOST}:{port}",
        database_url=database_url,
        backends={one.backend: VENDORS[one.slug].sandbox.section(one.url) for one in simulators},
    )
    logs.configure(secrets=configuration.secrets())

    from app.commands.gateway import GatewayServer

    server = GatewayServer(configuration, ready=lambda: _tell(_text(port, simulators, folder, keeps=data is not None)))
    for simulator in simulators:
        simulator.wait_until_it_answers()
    _tell(f"  starting the gateway on port {port}")
    server.serve_on(listener)


def _simulator(vendor: Vendor, port: int, folder: Path) -> SimulatorProcess:
    from app.commands.simulators import SimulatorProcess

    _tell(f"  starting the simulated {vendor.title} on port {port}")
    return SimulatorProcess(
        slug=vendor.slug,
        title=vendor.title,
        backend=vendor.sandbox.backend,
        host=HOST,
        port=port,
        data=folder / vendor.slug,
        stopped=_log_stopped,
    )


def _log_stopped(simulator: SimulatorProcess) -> None:
    import structlog

    structlog.get_logger(__name__).warning(
        f"the simulated {simulator.title} has stopped",
        pid=simulator.process.pid,
        start_it_again=_command(simulator.arguments),
    )


def _text(port: int, simulators: Sequence[SimulatorProcess], folder: Path, *, keeps: bool) -> str:
    from app.commands.sandbox_home import CLIENT_ID, CONFIG, SECRET
    from app.commands.sandbox_text import Neighbour, Scene, block
    from app.vendors.registry import VENDORS

    scene = Scene(
        url=f"http://{HOST}:{port}",
        client_id=CLIENT_ID,
        secret=SECRET,
        neighbours=[
            Neighbour(
                title=one.title,
                backend=one.backend,
                url=one.url,
                pid=one.process.pid,
                start=_command(one.arguments),
                check=_command(["check", one.backend, "--config", str(folder / CONFIG)]),
                example_order=VENDORS[one.slug].sandbox.example_order,
                writable=VENDORS[one.slug].writable,
            )
            for one in simulators
        ],
        keeps=keeps,
        now=datetime.now(UTC),
    )
    return block(scene)


def _command(arguments: Sequence[str]) -> str:
    """A line for sh that runs `orderbridge` with these arguments, from any folder."""
    script = Path(sys.argv[0]).absolute()
    known = shutil.which("orderbridge")
    if script.name != "orderbridge":
        start = [sys.executable, "-P", "-m", "app.cli"]
    elif known is not None and script.samefile(known):
        start = ["orderbridge"]
    else:
        start = [str(script)]
    return shlex.join([*start, *arguments])


def _tell(text: str) -> None:
    print(text, flush=True)
