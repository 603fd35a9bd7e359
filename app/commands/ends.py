"""How a command ends when it cannot go on: lines for stderr, without a traceback, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

FAILED = 1
"""The command was right, and what it was asked to do did not work, or it has found something."""
WRONG = 2
"""The command or the configuration is wrong."""


class Ends(Exception):
    """The command ends here. `lines` go to stderr, one line for each fault."""

    def __init__(self, *lines: str, code: int) -> None:
        super().__init__("; ".join(lines))
        self.lines = tuple(" ".join(line.split()) for line in lines)
        self.code = code


@contextmanager
def plainly() -> Iterator[None]:
    """Turns the troubles that every command may meet into Ends; what nobody expected keeps its traceback."""
    from app.domain.errors import BackendMisconfigured, GatewayError
    from app.ledger.sqlite import AlreadyServed
    from app.ledger.store import StoreUnavailable
    from app.settings import ConfigFault

    try:
        yield
    except ConfigFault as fault:
        raise Ends(*fault.faults, code=WRONG) from fault
    except AlreadyServed as fault:
        raise Ends(str(fault), code=WRONG) from fault
    except StoreUnavailable as fault:
        raise Ends(f"the database cannot be used: {fault}", code=FAILED) from fault
    except BackendMisconfigured as fault:
        raise Ends(_with_backend(fault), code=WRONG) from fault
    except GatewayError as fault:
        raise Ends(_with_backend(fault), code=FAILED) from fault


def _with_backend(error: Exception) -> str:
    name = getattr(error, "backend", None)
    return f"backends.{name}: {error}" if name else str(error)
