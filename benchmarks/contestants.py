"""Who is compared: our gateway, and the same job as others would write it; each with a canned Cx and a load of its own."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from jose import jwt

from app.domain.clients import SCOPES
from benchmarks.gateway import Gateway, new_site
from benchmarks.lab import Lab
from benchmarks.load import Load, Sample, status_updates
from benchmarks.processes import ROOT, Fault, Process, free_port
from benchmarks.vendors import CannedVendor, canned_cx

BACKEND = "civica-cx"
NODE = ROOT / "benchmarks" / "peers" / "node"
OURS = {"sqlite": "Orderbridge on SQLite", "postgres": "Orderbridge on PostgreSQL"}
PEERS: dict[str, Sequence[str]] = {
    "plain FastAPI":     (sys.executable, "-m", "benchmarks.peers.plain_fastapi"),
    "Node, no ledger":   ("node", str(NODE / "fastify_soap.mjs")),
    "Node, our job":     ("node", str(NODE / "our_job.mjs")),
}  # fmt: skip
"""The commands of peers (a), (b) and (c); all take the same arguments."""
CHECKS_TOKENS = frozenset({"plain FastAPI", "Node, our job"})
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One sample of one contestant: CPU of its process for each request, in µs, and what its callers saw."""

    cpu_us: float
    sample: Sample


@dataclass(kw_only=True)
class Contestant:
    """One server at work on status updates."""

    name: str
    process: Process
    vendor: CannedVendor
    load: Load
    answered: int = field(default=0, init=False)

    async def warm_up(self, connections: int, seconds: float) -> None:
        self.answered += (await self.load.run(connections=connections, seconds=seconds, expected=(201,))).answered

    async def sample(self, connections: int, seconds: float) -> Cost:
        """Raises Fault where an answer was not 201."""
        before = self.process.cpu_s()
        sample = await self.load.run(connections=connections, seconds=seconds, expected=(201,))
        used = self.process.cpu_s() - before
        self.answered += sample.answered
        return Cost(cpu_us=used / sample.answered * 1e6, sample=sample)

    async def check(self) -> None:
        """Raises Fault unless the vendor was sent as many updates as callers were told of, and never the same status twice."""
        counts = await self.vendor.counts()
        updates, repeats = counts.get("updates", 0), counts.get("repeats", 0)
        if updates != self.answered or repeats:
            raise Fault(
                f"{self.name}: {self.answered} answers of 201, but the vendor took {updates} updates, {repeats} of them repeats"
            )


async def our_gateway(lab: Lab, *, store: str, orders: int) -> tuple[Contestant, Gateway]:
    """One `orderbridge serve` that has seen all orders of its vendor, with the product's defaults."""
    vendor = await canned_cx(lab, orders=orders)
    site = await new_site(lab, {BACKEND: vendor.section()}, store=store)
    gateway = await site.serve()
    await gateway.knows(orders)
    load = await status_updates(lab, gateway.url, bearer=gateway.bearer, orders=vendor.orders)
    return Contestant(name=OURS[store], process=gateway.process, vendor=vendor, load=load), gateway


async def peer(lab: Lab, name: str, *, orders: int) -> Contestant:
    """One of PEERS. Raises Fault when it does not come up: what it needs may not be installed."""
    vendor = await canned_cx(lab, orders=orders)
    port, secret = free_port(), secrets.token_bytes(32)
    folder = lab.own_folder("peer")
    arguments = ["--port", str(port), "--vendor", vendor.url, "--database", str(folder / "ledger.db")]
    if name in CHECKS_TOKENS:
        arguments += ["--secret", secret.hex()]
    process = await lab.start([*PEERS[name], *arguments], name="peer", port=port)
    token = access_token(secret)

    async def bearer() -> str:
        return token

    load = await status_updates(lab, f"http://127.0.0.1:{port}", bearer=bearer, orders=vendor.orders)
    return Contestant(name=name, process=process, vendor=vendor, load=load)


def access_token(secret: bytes) -> str:
    """A token with the claims of ours, for a server that has this HS256 key; good for a day."""
    now = int(time.time())
    claims = {
        "iss": "orderbridge",
        "aud": "orderbridge",
        "sub": "bench",
        "client_id": "bench",
        "scope": " ".join(sorted(SCOPES)),
        "iat": now,
        "exp": now + DAY_S,
        "jti": secrets.token_hex(16),
    }
    token: str = jwt.encode(claims, secret, algorithm="HS256", headers={"typ": "at+jwt"})
    return token
