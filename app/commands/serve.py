"""`orderbridge serve`: the gateway itself."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.configured import ConfigOption
from app.commands.ends import WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.settings import Configuration


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 is everywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    config: ConfigOption = None,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C.

    Either lets the calls under way end, and exits with 0; a second Ctrl-C waits for nothing. The database must be
    up to date (`orderbridge migrate`). One SQLite file takes one gateway; PostgreSQL takes several. Logs are JSON
    lines on stderr, or text on a terminal.

    \b
    Example:
      orderbridge serve --host 0.0.0.0 --config /etc/orderbridge/orderbridge.toml
    \b
    Exit codes: 0 stopped, 1 the database cannot be used, 2 the configuration, the schema or the port is wrong.
    """
    with plainly():
        from app import logs
        from app.commands.configured import need_schema
        from app.commands.listener import bound
        from app.commands.open_files import allow_many_open_files
        from app.settings import config_path, load

        configuration = load(config_path(config))
        logs.configure(secrets=configuration.secrets())
        allow_many_open_files()
        _need_status_files(configuration)
        need_schema(configuration)
        with bound(host, port) as listener:
            _run(configuration, host, port, listener)


def _run(configuration: Configuration, host: str, port: int, listener: socket.socket) -> None:
    import structlog

    from app.commands.gateway import GatewayServer

    log = structlog.get_logger(__name__)

    def ready() -> None:
        for name, settings in configuration.backends.items():
            if settings.statuses == "example":
                log.warning('statuses = "example" is for the simulator; import your client\'s own codes', backend=name)
        log.info("serving", address=f"http://{host}:{port}", backends=sorted(configuration.backends))

    GatewayServer(configuration, ready=ready).serve_on(listener)


def _need_status_files(configuration: Configuration) -> None:
    """Ends where a setting `statuses` names a file that cannot be taken, with each of its faults."""
    from app.vendors.backends import seed_statuses
    from app.vendors.registry import VENDORS
    from app.vendors.vendor import StatusFileFault

    faults: list[str] = []
    for name, settings in configuration.backends.items():
        place = f"backends.{name}.statuses: {settings.statuses}"
        try:
            seed_statuses(VENDORS[settings.vendor], settings, configuration.folder)
        except StatusFileFault as fault:
            faults += [f"{place}: {one}" for one in fault.faults]
        except OSError as error:
            faults.append(f"{place}: {error.strerror}")
        except UnicodeDecodeError:
            faults.append(f"{place}: it is not UTF-8")
    if faults:
        raise Ends(*faults, code=WRONG)
