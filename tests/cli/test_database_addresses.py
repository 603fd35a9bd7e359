"""A PostgreSQL address with parameters: every command reads it alike, and one that cannot be used is one line."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.ledger import postgres
from app.ledger.migrate import needed_version
from app.ledger.postgres import PostgresStore
from app.ledger.store import StoreUnavailable
from tests.cli.conftest import CONFIG, Run, Said

COMMANDS = [("migrate",), ("client", "list"), ("serve",)]
TLS_ASKED_FOR = bytes([0, 0, 0, 8, 4, 210, 22, 47])
"""PostgreSQL's SSLRequest."""
PORT = "database.url: the port must be a whole number from 1 to 65535\n"


class Listener:
    """A server that answers nothing, or `N`: no TLS here. It keeps what it is sent."""

    def __init__(self, answer: bytes) -> None:
        self._received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://u:p@127.0.0.1:{self._socket.getsockname()[1]}/orders"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            self._received.put(connection.recv(1000))
            connection.sendall(self._answer)
            self._received.put(connection.recv(1000))

    def first_two(self) -> list[bytes]:
        """What it was sent before its answer, and after it."""
        return [self._received.get(timeout=10) for _ in range(2)]

    def close(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()


@contextmanager
def listening(answer: bytes = b"") -> Iterator[Listener]:
    listener = Listener(answer)
    try:
        yield listener
    finally:
        listener.close()


def uses(folder: Path, url: str) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG + f'[database]\nurl = "{url}"\n')


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=require",
        "sslmode=disable",
        "connect_timeout=3",
        "application_name=x",
        "sslmode=prefer&connect_timeout=2",
    ],
)
async def test_the_usual_parameters_are_taken_by_the_store(parameters: str, postgres_database: str) -> None:
    store = PostgresStore(f"{postgres_database}&{parameters}")
    await store.open()
    try:
        await store.ping()
    finally:
        await store.close()


@pytest.mark.parametrize("parameters", ["sslmode=require", "connect_timeout=3", "application_name=x"])
def test_the_usual_parameters_are_taken_by_the_commands(
    parameters: str, run: Run, folder: Path, postgres_url: str
) -> None:
    uses(folder, f"{postgres_url}&{parameters}")
    said = run("migrate")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f": schema none -> {needed_version()}\n")
    assert run("client", "list").code == 0


async def test_the_time_of_its_address_holds_also_for_connections_made_later(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FREE_S", 0.1)
    store = PostgresStore(f"{postgres_database}&connect_timeout=1")
    await store.open()
    assert store._pool is not None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store._pool._connect_args = (f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/orders",)
        await store._pool.expire_connections()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        took = time.monotonic() - began
        await store.close()
    assert 0.9 <= took < 4


async def test_notices_are_given_the_time_of_the_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    async def connect(_address: str, *, timeout: float, **_settings: object) -> None:
        given.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(asyncpg, "connect", connect)
    store = PostgresStore("postgresql://postgres@127.0.0.1/orders?connect_timeout=20")
    store.listen(lambda _words: None)
    async with asyncio.timeout(5):
        while not given:
            await asyncio.sleep(0)
    await store.close()
    assert given == [20]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_address_can_ask_for_tls_and_then_nothing_is_said_without_it(
    command: tuple[str, ...], run: Run, folder: Path
) -> None:
    with listening(b"N") as listener:
        uses(folder, f"{listener.url}?sslmode=require")
        said = run(*command)
        assert listener.first_two() == [TLS_ASKED_FOR, b""]
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith("the database cannot be used: ")
    assert "rejected SSL upgrade" in said.err


def test_the_store_asks_for_tls_too() -> None:
    with listening(b"N") as listener:
        with pytest.raises(StoreUnavailable, match="rejected SSL upgrade"):
            asyncio.run(PostgresStore(f"{listener.url}?sslmode=require").open())
        assert listener.first_two() == [TLS_ASKED_FOR, b""]


def test_a_database_that_does_not_answer_is_given_the_time_of_its_address(run: Run, folder: Path) -> None:
    with listening() as listener:
        uses(folder, f"{listener.url}?sslmode=require&connect_timeout=1")
        began = time.monotonic()
        said = run("migrate")
        took = time.monotonic() - began
    assert said == Said(code=1, out="", err="the database cannot be used: no answer within 1 s\n")
    assert 1 <= took < 9


def test_without_one_in_its_address_the_time_is_ten_seconds(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def connect(_address: str, *, timeout: float) -> None:
        asked.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("asyncpg.connect", connect)
    uses(folder, "postgresql://u:p@127.0.0.1:1/orders")
    assert run("migrate").err == "the database cannot be used: no answer within 10 s\n"
    assert asked == [10]


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("host:99999/orders", PORT),
        ("host:0/orders", PORT),
        ("host:port/orders", PORT),
        ("/orders?host=/run/postgresql&port=x", PORT),
        ("/orders?host=one,two&port=5432,70000", PORT),
        (
            "host/orders?sslmode=yes",
            "database.url: sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full\n",
        ),
        ("host/orders?ssl=require", "database.url: has no parameter ssl: write sslmode\n"),
        ("host/orders?sslmode=require&sslmode=disable", "database.url: sslmode must be there only once\n"),
        (
            "host/orders?connect_timeout=soon",
            "database.url: connect_timeout must be a whole number of seconds from 1 to 600\n",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_a_fault_of_the_configuration(
    rest: str, says: str, run: Run, folder: Path
) -> None:
    uses(folder, f"postgresql://user:a-password@{rest}")
    assert [run(*command) for command in COMMANDS] == [Said(code=2, out="", err=says)] * 3


@pytest.mark.parametrize("parameters", ["no_such_setting=1", "target_session_attrs=x"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_only_the_driver_or_the_database_refuses_is_one_line(
    command: tuple[str, ...], parameters: str, run: Run, folder: Path, postgres_database: str
) -> None:
    uses(folder, f"{postgres_database}&{parameters}")
    said = run(*command)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith("the database cannot be used: ")
