"""Tests of app.commands.door: who was let in is taken, and nobody else comes in before the listener is closed."""

from __future__ import annotations

import socket
import sys

import pytest

from app.commands.door import let_nobody_in, waiting_at


def test_who_was_let_in_is_taken_with_all_they_said() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with socket.create_connection(listener.getsockname(), timeout=10) as first:
        let_nobody_in(listener)
        first.sendall(b"good evening")
        [taken] = waiting_at(listener)
        with taken:
            taken.setblocking(True)
            assert taken.recv(99) == b"good evening"


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_who_comes_later_hears_nothing_and_is_refused_once_it_is_closed() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    let_nobody_in(listener)
    with pytest.raises(TimeoutError):
        socket.create_connection(address, timeout=0.3)
    assert waiting_at(listener) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=10)
