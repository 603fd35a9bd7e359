"""Closes a listener so that no connection is lost: whoever the system has let in is taken, whoever comes later is refused.

A closed listener resets the connections that nobody has taken yet. A filter on it keeps new ones out first, so that none comes
between the last one taken and the end.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from contextlib import suppress

SO_ATTACH_FILTER = 26
"""Linux's, in asm-generic/socket.h; Python's socket module does not name it."""
_LOAD_BYTE, _AND, _IF_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_FLAGS_AT = 13
"""Where a TCP header has its flags, in bytes."""
_SYN, _ACK = 0x02, 0x10
_NO_FIRST_PACKET = (
    (_LOAD_BYTE, 0, 0, _FLAGS_AT),
    (_AND, 0, 0, _SYN | _ACK),
    (_IF_EQUAL, 0, 1, _SYN),  # the next line for a connection's first packet, the one after it for any other
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, 0xFFFFFFFF),
)
"""The socket filter as linux/filter.h has it: operation, lines to skip if so and if not, operand."""


def let_nobody_in(listener: socket.socket) -> None:
    """Whoever knocks from now on hears nothing, knocks again after a second, and is refused if the listener is closed by then."""
    if sys.platform != "linux":
        return
    lines = b"".join(struct.pack("HBBI", *line) for line in _NO_FIRST_PACKET)
    held = ctypes.create_string_buffer(lines)
    program = struct.pack("HP", len(_NO_FIRST_PACKET), ctypes.addressof(held))
    with suppress(OSError):  # a system that forbids filters: as elsewhere, what comes in that moment is reset
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def waiting_at(door: socket.socket) -> list[socket.socket]:
    """Close the listener, but first take the connections that the system has let in and nobody has."""
    found: list[socket.socket] = []
    door.setblocking(False)
    with door, suppress(BlockingIOError):
        while True:
            found.append(door.accept()[0])
    return found
