"""A gateway as a process that a test starts, stops and starts again, and what it needs: a configuration and a caller."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.commands.sandbox_home import _section
from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.domain.json import JsonValue
from app.ledger import clients
from app.ledger.open import open_store
from tests.cli.processes import LONG_S, PROGRAM, free_ports
from tests.gateway import CX, SECRET

BACKEND = CX.sandbox.backend
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ORDERBRIDGE_")}


@dataclass(kw_only=True)
class Gateway:
    """`orderbridge serve` on one port; what its processes say goes into one file after the other."""

    folder: Path
    port: int
    starts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def err(self) -> Path:
        return self.folder / f"serve-{self.port}-{self.starts}.err"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def start(self) -> None:
        self.starts += 1
        arguments = ["serve", "--port", str(self.port), "--config", str(self.folder / "orderbridge.toml")]
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*PROGRAM, *arguments], cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=err
            )

    def tell(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def ended(self, *, within_s: float = LONG_S) -> int:
        return self.running.wait(within_s)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def readiness(self) -> tuple[int, str]:
        """The status of /readyz and its reason; 0 where nobody listens."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=10, trust_env=False, verify=False)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, str(answer.json().get("reason", ""))

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + LONG_S
        while self.readiness()[0] != 200:
            assert self.running.poll() is None, self.err.read_text()
            assert time.monotonic() < ends, self.err.read_text()
            time.sleep(0.1)

    async def stop_and_start(self) -> int:
        """A restart as an operator makes it: SIGTERM, wait, start, wait until it is ready. Gives the exit code."""
        self.tell(signal.SIGTERM)
        code = await asyncio.to_thread(self.ended)
        self.start()
        await asyncio.to_thread(self.wait_until_ready)
        return code


def configure(folder: Path, *, database: str, vendor_url: str, **sections: dict[str, JsonValue]) -> None:
    """Write the configuration of a gateway with one simulated Cx behind it."""
    section = {**CX.sandbox.section(vendor_url), "poll_s": 3600}
    document: dict[str, dict[str, JsonValue]] = {
        "database": {"url": database},
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "delivery": {"wait_s": 8, "deadline_s": 10},
        **sections,
        f"backends.{BACKEND}": section,
    }
    (folder / "orderbridge.toml").write_text("\n".join(_section(name, values) for name, values in document.items()))


@contextmanager
def gateways(folder: Path, count: int = 1) -> Iterator[Sequence[Gateway]]:
    """Gateways of the folder's configuration, started together, ready; killed at the end if they still run."""
    made = [Gateway(folder=folder, port=port) for port in free_ports(count)]
    with ExitStack() as stack:
        for one in made:
            stack.callback(one.kill)
            one.start()
        for one in made:
            one.wait_until_ready()
        yield made


async def add_caller(database: str) -> None:
    """The client `tester`, with every scope."""
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    record = ClientRecord(
        id="tester",
        tenant="acme",
        secret_sha256=secret_digest(SECRET),
        scopes=frozenset(SCOPES),
        backends=frozenset({BACKEND}),
        revoked=False,
    )
    await store.write(clients.put(record, now=1))
    await store.close()


async def log_in(api: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "tester", "client_secret": SECRET}
    answer = await api.post("/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
