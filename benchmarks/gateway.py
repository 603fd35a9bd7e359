"""Real gateways on loopback: `orderbridge serve` processes of one configuration, its database and its caller made by the CLI."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from app.domain.json import JsonObject, JsonValue
from benchmarks.lab import Lab
from benchmarks.processes import Fault, Process, environment, free_port

PROGRAM = (sys.executable, "-P", "-m", "app.cli")
CLIENT, TENANT = "bench", "bench"
DRAIN_S = 0
"""Nobody looks away when a run stops its gateways."""
RENEW_S = 600
"""A token lives for 900 s; a run gets a new one well before."""
KNOWN_WITHIN_S = 120
PAGE = 200


@dataclass(kw_only=True)
class Gateway:
    """One `orderbridge serve` at work."""

    site: Site
    process: Process
    port: int
    ready_s: float
    """From its start until /readyz answered 200."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def bearer(self) -> str:
        """A token of the client `bench`, which has every scope; good for five minutes at least."""
        return await self.site.bearer(self.url)

    async def get(self, path: str) -> JsonObject:
        """The JSON that a path answers."""
        asked = Request(self.url + path, headers={"Authorization": f"Bearer {await self.bearer()}"})
        return await asyncio.to_thread(_asked, asked)

    async def knows(self, count: int, *, backend: str = "civica-cx") -> None:
        """Wait until it has seen so many orders, by its first list. Raises Fault when that takes too long."""
        ends = time.monotonic() + KNOWN_WITHIN_S
        while (found := await self._known(backend, count)) < count:
            if time.monotonic() > ends:
                raise Fault(f"the gateway knows {found} of {count} orders: {self.process.words()}")
            await asyncio.sleep(0.1)

    async def _known(self, backend: str, most: int) -> int:
        found, cursor = 0, ""
        while found < most:
            page = await self.get(f"/v1/backends/{backend}/work-orders?limit={PAGE}{cursor}")
            items, onward = page["items"], page["next"]
            assert isinstance(items, Sequence)
            found += len(items)
            if onward is None:
                break
            cursor = f"&cursor={onward}"
        return found

    async def stop(self) -> None:
        await self.process.stop()


@dataclass(kw_only=True)
class Site:
    """One configuration and its migrated database: as many gateways as its store allows can serve it."""

    lab: Lab
    folder: Path
    database: str
    signing_key: str
    """HS256, 64 hexadecimal digits; the key is this text."""
    secret: str
    _token: tuple[str, float] | None = field(default=None, repr=False)

    @property
    def config(self) -> Path:
        return self.folder / "orderbridge.toml"

    async def serve(self, *, program: Sequence[str] = PROGRAM, port: int | None = None, **more: str) -> Gateway:
        """A further gateway, ready: another program in place of the product's, a certain port, `more` environment."""
        port = free_port() if port is None else port
        began = time.perf_counter()
        process = await self.lab.start(
            [*program, "serve", "--port", str(port), "--config", str(self.config)],
            name="gateway",
            port=port,
            cwd=self.folder,
            more_environment=more,
        )
        return Gateway(site=self, process=process, port=port, ready_s=time.perf_counter() - began)

    async def bearer(self, url: str) -> str:
        """A token of the client, from the gateway at `url`; good for every gateway of the site."""
        now = time.monotonic()
        if self._token is None or now > self._token[1]:
            form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": self.secret}
            given = await asyncio.to_thread(_asked, Request(f"{url}/oauth/token", data=urlencode(form).encode()))
            self._token = str(given["access_token"]), now + RENEW_S
        return self._token[0]

    async def command(self, *arguments: str) -> str:
        """What an `orderbridge` command prints. Raises Fault when it fails."""
        return await asyncio.to_thread(_command, self.folder, [*arguments, "--config", str(self.config)])


async def new_site(
    lab: Lab,
    backends: Mapping[str, JsonObject],
    *,
    store: str = "sqlite",
    sections: Mapping[str, JsonObject] | None = None,
) -> Site:
    """A configuration with these backends, by name. `store` is `sqlite` (a file on disk), `postgres`, or a database's URL.

    `sections` are put over those of the configuration: `{"delivery": {"wait_s": 25}}`. What they do not name is the product's
    default, but for `[server] drain_s`, which is 0.
    """
    folder = lab.own_folder("site")
    database = store
    if store == "sqlite":
        database = f"sqlite:///{folder / 'ledger.db'}"
    elif store == "postgres":
        database = await (await lab.postgres()).new_database()
    key = secrets.token_hex(32)
    document: dict[str, JsonObject] = {
        "server": {"drain_s": DRAIN_S},
        "database": {"url": database},
        "auth": {"signing_key": key},
    }
    for name, values in (sections or {}).items():
        document[name] = {**document.get(name, {}), **values}
    document |= {f"backends.{name}": section for name, section in backends.items()}
    site = Site(lab=lab, folder=folder, database=database, signing_key=key, secret="")
    site.config.write_text("\n".join(_section(name, values) for name, values in document.items()), encoding="utf-8")
    site.config.chmod(0o600)
    await site.command("migrate")
    made = await site.command(
        "client", "create", TENANT, "--id", CLIENT, "--scope", "all", "--backend", "all", "--json"
    )
    site.secret = json.loads(made)["client_secret"]
    return site


def _command(folder: Path, arguments: Sequence[str]) -> str:
    ended = subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    if ended.returncode != 0:
        raise Fault(f"orderbridge {arguments[0]} ended with {ended.returncode}: {ended.stderr[-1500:]}")
    return ended.stdout


def _asked(request: Request) -> JsonObject:
    """The JSON that it answers. Raises Fault when there is none."""
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            found: JsonObject = json.loads(answer.read())
            return found
    except OSError as error:
        raise Fault(f"{request.full_url}: {error}") from error


def _section(name: str, values: JsonObject) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _toml(value: JsonValue) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
