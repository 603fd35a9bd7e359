"""The port that a server will listen on, taken before anything else is started."""

from __future__ import annotations

import errno
import socket

from app.commands.ends import WRONG, Ends

TAKEN = "port {port} on {host} is taken: stop what listens there, or choose another with {option}"


def bound(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A socket bound to the port; it does not listen yet, so nobody is kept waiting. Ends if the port cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError) as error:
        raise Ends(f"cannot listen on {host}:{port}: {_reason(error)}", code=WRONG) from error
    found = socket.socket(family, kind, protocol)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        raise refused(error, host, port, option=option) from error
    found.set_inheritable(False)
    return found


def need_free(host: str, port: int, *, option: str) -> None:
    """Ends if another process could not listen there now."""
    with bound(host, port, option=option) as found:
        try:
            found.listen()
        except OSError as error:
            raise refused(error, host, port, option=option) from error


def refused(error: OSError, host: str, port: int, *, option: str) -> Ends:
    if error.errno == errno.EADDRINUSE:
        return Ends(TAKEN.format(host=host, port=port, option=option), code=WRONG)
    return Ends(f"cannot listen on {host}:{port}: {_reason(error)}", code=WRONG)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
