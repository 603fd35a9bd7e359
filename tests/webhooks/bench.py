"""A store with a client, events put into it by hand, and the webhooks of one gateway at work on it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.delivery.addresses import AddressRules, Resolve
from app.delivery.webhooks_schedule import Schedule
from app.delivery.webhooks_service import Webhooks
from app.domain.clients import SCOPES, ClientRecord
from app.domain.webhooks import Message, MessageState, Webhook, secret_text
from app.ledger import clients, webhooks
from app.ledger.events import ADD_EVENT
from app.ledger.sql import Unit
from app.ledger.store import Store

KEY = "0123456789abcdef" * 4
SECRET = secret_text(bytes(range(32)))
QUICK = Schedule(again_s=(0.1, 0.2, 0.3), jitter=0, timeout_s=1, longest_s=2, pause_s=2)
BACKEND = "civica-cx"
HERE = AddressRules(allow_loopback=True)


@dataclass(kw_only=True)
class Bench:
    """What a test of the sender works with."""

    store: Store
    made: list[Webhooks] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def gateway(
        self,
        store: Store | None = None,
        *,
        schedule: Schedule = QUICK,
        resolve: Resolve | None = None,
        rules: AddressRules = HERE,
        clock: Callable[[], int] | None = None,
        key: str = KEY,
    ) -> Webhooks:
        """The webhooks of one gateway process, not started."""
        at_work = store or self.store
        new = Webhooks(
            at_work,
            {},
            signing_key=key,
            rules=rules,
            clock=clock or at_work.now,
            schedule=schedule,
            resolve=resolve,
            look_s=0.05,
        )
        self.made.append(new)
        return new

    async def client(
        self,
        name: str = "acme-app",
        *,
        tenant: str = "acme",
        backends: frozenset[str] = frozenset({BACKEND}),
        scopes: frozenset[str] = frozenset(SCOPES),
    ) -> None:
        record = ClientRecord(
            id=name, tenant=tenant, secret_sha256=b"", scopes=scopes, backends=backends, revoked=False
        )
        await self.store.write(clients.put(record, now=1))

    async def webhook(self, url: str, *, tenant: str = "acme", client: str = "acme-app", **changes: object) -> Webhook:
        """An endpoint that is told of all events from the first."""
        made = f"wh_{next(self._ids):026}"
        vault = Webhooks(self.store, {}, signing_key=KEY, rules=HERE).vault
        new = Webhook(
            id=made,
            tenant=tenant,
            client_id=client,
            url=url,
            description=None,
            backends=None,
            types=None,
            secret=vault.seal(SECRET, tenant=tenant, name=made),
            old_secret=None,
            old_until=None,
            enabled=True,
            disabled_reason=None,
            disabled_at=None,
            failing_since=None,
            cursor=0,
            created_at=1,
        )
        return await self.store.write(webhooks.add(replace(new, **changes), most=1000))  # type: ignore[arg-type]

    async def event(
        self,
        order: str = "113427",
        seq: int = 1,
        *,
        type_: str = "operation.applied",
        tenant: str | None = "acme",
        backend: str = BACKEND,
        data: str = "{}",
    ) -> None:
        await self.store.write(_event(order, seq, type_, tenant, backend, data))

    async def log(self, of: Webhook) -> list[Message]:
        """Its messages, the oldest first."""
        found = await self.store.read(webhooks.list_messages(of.id, before=None, most=1000))
        return sorted(found, key=lambda each: (each.event_id or 0, each.id))

    async def found(self, of: Webhook) -> Webhook:
        return await self.store.read(webhooks.find(of.id, client_id=of.client_id))

    async def ended(self, of: Webhook, count: int = 1, *, within_s: float = 15) -> list[Message]:
        """Its messages, once there are so many and none is pending."""
        ends = time.monotonic() + within_s
        while True:
            log = await self.log(of)
            if len(log) >= count and all(each.state is not MessageState.pending for each in log):
                return log
            assert time.monotonic() < ends, log
            await asyncio.sleep(0.02)

    async def disabled(self, of: Webhook, *, within_s: float = 10) -> Webhook:
        ends = time.monotonic() + within_s
        while (found := await self.found(of)).enabled:
            assert time.monotonic() < ends
            await asyncio.sleep(0.02)
        return found


def _event(order: str, seq: int, type_: str, tenant: str | None, backend: str, data: str) -> Unit[None]:
    yield (
        ADD_EVENT,
        {
            "at": 1_795_000_000_000_000 + seq,
            "backend": backend,
            "work_order": order,
            "seq": seq,
            "type": type_,
            "source": "delivery",
            "tenant": tenant,
            "operation_id": None,
            "data": data,
        },
    )
