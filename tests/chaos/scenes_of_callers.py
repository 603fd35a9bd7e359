"""Scenes of the API: strangers, repeated keys, endpoints that point elsewhere. Each gives what it found wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.ledger import clients
from app.ledger.open import open_store
from tests.chaos import evidence
from tests.chaos.checker import Violation
from tests.chaos.clients import SECRET
from tests.chaos.scenes import Bugs
from tests.chaos.stage import Stage, stage
from tests.chaos.staged import Staged
from tests.chaos.trades import CX, Lane
from tests.webhooks.receiver import Receiver, Reply

STRANGER = "stranger"
UNSEEN = 900_000
"""The number of an order that the vendor gets when the gateway has looked at all others."""


def _wrong(rule: str, what: object) -> list[Violation]:
    return [Violation(rule=rule, what=str(what))]


async def strangers(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """One client's key, operation and answers, and what others get to see of them."""
    async with stage(database, folder, Staged(bugs=bugs), seed=seed) as on:
        await _add_stranger(on)
        lane, elsewhere = on.lane(), on.lane()
        write = on.asks(lane)
        first = await on.send(write)
        assert first is not None
        await on.until(write, "applied")
        key = {"Idempotency-Key": write.key, "Prefer": "respond-async"}
        body = write.request.body
        found: list[Violation] = []

        told = await on.call("POST", write.path, body, headers=key, client=STRANGER)
        if told.operation == first.operation or told.replayed:
            found += _wrong("another client's key", told)
        told = await on.call("POST", write.path.replace(lane.number, elsewhere.number), body, headers=key)
        if told.status != 422:
            found += _wrong("a key for two orders", told)
        told = await on.call("POST", write.path, body, headers=key, scope="orders:read")
        if told.status != 403:
            found += _wrong("a replay without the scope", told)
        told = await on.call("GET", f"/v1/operations/{first.operation}", client=STRANGER)
        if told.status != 404:
            found += _wrong("another tenant's operation", told)
        return found


async def vendor_away(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """An order named by its reference while the vendor cannot be read; later the same request with the same key."""
    async with stage(database, folder, Staged(bugs=bugs), seed=seed) as on:
        while not await evidence.orders(database):
            await asyncio.sleep(0.02)  # the gateway lists the vendor's orders as it starts
        (number,) = await on.vendor.add_orders(1, first=UNSEEN)
        lane = Lane(trade=CX, number=number)
        write = on.asks(lane)
        path = write.path.replace(number, f"WO{number}")  # as the vendor's simulator names its orders
        key = {"Idempotency-Key": write.key, "Prefer": "respond-async"}
        await on.fault("html", lane, on="read")
        told = await on.call("POST", path, write.request.body, headers=key)
        if told.status < 500:
            return _wrong("the vendor was not away", told)
        again = await on.call("POST", path, write.request.body, headers=key)
        return [] if again.status in (201, 202) else _wrong("trouble is replayed", again)


async def held_for_long(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """A write is held for longer than keys are kept; then it is repeated with its key."""
    async with stage(database, folder, Staged(bugs=bugs, key_life_s=0.5), seed=seed) as on:
        lane = on.lane()
        write = on.asks(lane)
        await on.fault("reset", lane)
        await on.send(write)
        await on.on_screen(lane, 10)
        kept = await on.until(write, "held")
        await asyncio.sleep(1.0)
        told = await on.send(write)
        assert told is not None
        found = [] if told.replayed and told.operation == kept.id else _wrong("a key is forgotten", told)
        return [*found, *await on.rest()]


async def redirected(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """An endpoint of a webhook points to another address, which nobody has checked."""
    plan = Staged(bugs=bugs, sections={"webhooks": {"allow_loopback": True}})
    async with Receiver() as inside, Receiver() as endpoint, stage(database, folder, plan, seed=seed) as on:
        endpoint.judge = lambda _: Reply(status=307, headers=(("Location", inside.url),))
        key = {"Idempotency-Key": "the-key-of-the-webhook"}
        made = await on.call("POST", "/v1/webhooks", {"url": endpoint.url}, headers=key)
        assert made.status == 201, made
        await on.send(on.asks(on.lane()))
        await endpoint.until(1)
        await asyncio.sleep(0.3)
        return _wrong("a redirect was followed", inside.got) if inside.got else []


async def _add_stranger(on: Stage) -> None:
    store = open_store(on.world.database, folder=on.world.folder, owner=False)
    await store.open()
    record = ClientRecord(
        id=STRANGER,
        tenant="rival",
        secret_sha256=secret_digest(SECRET),
        scopes=frozenset(SCOPES),
        backends=frozenset({on.vendor.backend}),
        revoked=False,
    )
    await store.write(clients.put(record, now=1))
    await store.close()
