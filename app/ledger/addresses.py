"""A PostgreSQL database's address: what is wrong with it, and how everything here that connects reads it for asyncpg."""

from __future__ import annotations

from sqlalchemy import URL, make_url

CONNECT_S = 10.0
"""How long a connection may take to come about, where the address has no `connect_timeout`."""

_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_PORT = "the port must be a whole number from 1 to 65535"


def fault(url: str) -> str | None:
    """What is wrong with it, in words that do not show it; None where nothing is."""
    try:
        parts = make_url(url)
    except ValueError:  # of the address itself, SQLAlchemy reads only the port as something else than text
        return _PORT
    parameters = parts.query
    twice = [name for name, value in parameters.items() if not isinstance(value, str)]
    if twice:
        return f"{twice[0]} must be there only once"
    if not all(_is_number(port, most=65535) for port in _ports(parts)):
        return _PORT
    if "ssl" in parameters:
        return "has no parameter ssl: write sslmode"
    if parameters.get("sslmode", _TLS[0]) not in _TLS:
        return f"sslmode must be one of {', '.join(_TLS)}"
    if not _is_number(str(parameters.get("connect_timeout", "1")), most=600):
        return "connect_timeout must be a whole number of seconds from 1 to 600"
    return None


def for_asyncpg(url: str) -> tuple[str, float]:
    """The address, and how many seconds a connection may take to come about: that is no parameter of asyncpg's address."""
    parts = make_url(url).set(drivername="postgresql")
    address = parts.difference_update_query(["connect_timeout"]).render_as_string(hide_password=False)
    return address, float(str(parts.query.get("connect_timeout", CONNECT_S)))


def _ports(parts: URL) -> list[str]:
    """Those that it names; as a parameter, one for each of several hosts."""
    return [
        *([] if parts.port is None else [str(parts.port)]),
        *(str(parts.query["port"]).split(",") if "port" in parts.query else []),
    ]


def _is_number(text: str, *, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most
