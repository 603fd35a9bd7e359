"""Places where the process kills itself if GATEWAY_FAILPOINT names them, so that tests can end it at the worst moment.

`GATEWAY_FAILPOINT=F5` ends the process with SIGKILL when it first comes to F5, `F5:3` at the third time. Without the variable
nothing happens anywhere.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextvars import ContextVar

POINTS = {
    "F1": "before a write is accepted",
    "F2": "in the accepting transaction, before its commit",
    "F3": "after the commit, before the answer",
    "F4": "after a queue was leased",
    "F5": "after the intent was stored, before connecting",
    "F6": "connected to the vendor, nothing of the body written",
    "F7": "half of the body written",
    "F8": "the whole body written, no answer yet",
    "F9": "the answer read, its outcome not stored",
    "F10": "in the transaction that stores the outcome, before its commit",
    "F11": "before a read-back",
    "F12": "after a read-back",
    "F13": "in the transaction that resolves a hold, before its commit",
    "F14": "a webhook delivered and not marked so",
    "F15": "in a migration, before its commit",
    "F17": "told to stop, calls still under way at the end of the time for them",
}
_NAME, _, _TURN = os.environ.get("GATEWAY_FAILPOINT", "").partition(":")
_left = int(_TURN or 1)
_write: ContextVar[bool] = ContextVar("write", default=False)


def reach(point: str) -> None:
    """The process is at this point."""
    global _left
    if point == _NAME:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def sending() -> None:
    """From here on this task sends a write to the vendor."""
    reach("F5")
    _write.set(True)


def armed_in_body() -> bool:
    """Whether the process is to end while it sends the body of a write, and this task does."""
    return _NAME in ("F6", "F7", "F8") and _write.get()


async def body(whole: bytes) -> AsyncIterator[bytes]:
    """The body in two halves, with the points before, between and after them."""
    reach("F6")
    half = len(whole) // 2
    yield whole[:half]
    reach("F7")
    yield whole[half:]
    reach("F8")
