"""The webhooks of a running gateway: events become messages, and messages that are due are sent.

Any number of gateways share the work: who leases a message sends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby

import structlog

from app.delivery.addresses import AddressRefused, AddressRules, Resolve, Resolver, ResolverBusy
from app.delivery.webhooks_places import QUICK_MS, Places
from app.delivery.webhooks_schedule import AGAIN_S, DAY, Schedule
from app.delivery.webhooks_trial import Trial
from app.domain.errors import InvalidRequest, Overloaded
from app.domain.statuses import StatusTable
from app.domain.times import SECOND, now_micros
from app.domain.webhook_messages import event_message
from app.domain.webhooks import Message, MessageState
from app.failpoints import reach
from app.lasting import lasting
from app.ledger import feed
from app.ledger import webhook_queue as queue
from app.ledger.store import Store, StoreUnavailable
from app.ledger.webhook_queue import Active
from app.ledger.webhook_secrets import Vault
from app.shared import Shared
from app.vendors.backends import Backend

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""How often the feed is looked at; a webhook is a hint, and may come that much later."""
PAUSE_S = 0.02
"""Between two rounds of sending, however much there is to do."""
PAGE = 200
LEASE_MARGIN_S = 10.0
STOP_WITHIN_S = 5.0
KEEP_TRIES = 30
FORGET_EVERY_S = 600.0
FORGET_AT_ONCE = 1000


class Webhooks:
    """Implements `app.ledger.webhook_desk.WebhookDesk`."""

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        signing_key: str,
        rules: AddressRules,
        max_endpoints: int = 20,
        keep_days: float = 30,
        clock: Callable[[], int] = now_micros,
        schedule: Schedule | None = None,
        resolve: Resolve | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        self.vault = Vault(signing_key)
        self.max_endpoints = max_endpoints
        self._store = store
        self._backends = backends
        self._clock = clock
        self._schedule = schedule or Schedule()
        self._resolvers = Resolver(), Resolver()
        """For endpoints that are not proven and for registrations; and for those that are proven, which wait for neither."""
        resolves = (resolve, resolve) if resolve else self._resolvers
        self._make_trial = partial(_trial, rules, resolves, self.vault, self._schedule, clock)
        self._made_trial: Trial | None = None
        self._making_trial = Shared(self._make)
        self._horizon = feed.Horizon(store)
        self._keep_days = keep_days
        self._look_s = look_s
        self._wake = asyncio.Event()
        self._places = Places()
        self._tries: set[asyncio.Task[bool | None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._forgot_at = 0.0

    async def start(self) -> None:
        if self._store.sole_owner:
            await self._store.write(queue.take_over())
        self._loops = [
            asyncio.create_task(lasting(self._keep_taking_in, what="webhook messages"), name="webhook messages"),
            asyncio.create_task(lasting(self._keep_sending, what="webhook sending"), name="webhook sending"),
        ]

    async def stop(self) -> None:
        """Begin nothing more, and let tries under way end, but not for long: what is cut is sent again, with its id."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._tries:
            _, late = await asyncio.wait(self._tries, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._making_trial.aclose()
        for resolver in self._resolvers:
            resolver.close()

    async def check(self, url: str) -> str:
        try:
            return await (await self._trial()).sender.check(url)
        except AddressRefused as refused:
            raise InvalidRequest(str(refused), pointer="/url") from None
        except ResolverBusy:
            raise Overloaded("Too many names are being looked up here.", after_s=round(AGAIN_S[0])) from None

    async def _trial(self) -> Trial:
        """Made at its first use, in a thread: its library and the certificate authorities take a while to load."""
        if self._made_trial is None:
            self._made_trial = await self._making_trial()
        return self._made_trial

    async def _make(self) -> Trial:
        return await asyncio.to_thread(self._make_trial)

    async def horizon(self) -> int:
        return await self._horizon.now()

    def wake(self) -> None:
        self._wake.set()

    async def _keep_taking_in(self) -> None:
        while True:
            more = False
            try:
                more = await self.take_in()
                await self._forget()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", reason=str(error))
            await asyncio.sleep(0 if more else self._look_s)

    async def take_in(self) -> bool:
        """Turn the next events of each endpoint into messages; whether there may be more at once."""
        active = await self._store.read(queue.active())
        if not active:
            return False
        horizon = await self._horizon.now()
        behind = sorted((each for each in active if each.webhook.cursor < horizon), key=_cursor)
        stored, more = 0, False
        for cursor, group in groupby(behind, key=_cursor):
            found = await self._store.read(feed.events(feed.EVERYONES, after=cursor, upto=horizon, most=PAGE))
            full = len(found) == PAGE
            more = more or full
            now = self._clock()
            made = [
                (
                    each.webhook,
                    [
                        event_message(each.webhook, event, self._table(event.backend), now=now)
                        for event in found
                        if each.webhook.wants(event, granted=each.granted)
                    ],
                )
                for each in group
            ]
            stored += await self._store.write(queue.take_in(made, upto=found[-1].id if full else horizon))
        if stored:
            self.wake()
        return more

    def _table(self, backend: str) -> StatusTable | None:
        known = self._backends.get(backend)
        return None if known is None else known.rules.table

    async def _forget(self) -> None:
        if time.monotonic() - self._forgot_at >= FORGET_EVERY_S or not self._forgot_at:
            before = self._clock() - round(self._keep_days * DAY * SECOND)
            if await self._store.write(queue.forget(before=before, most=FORGET_AT_ONCE)) < FORGET_AT_ONCE:
                self._forgot_at = time.monotonic()

    async def _keep_sending(self) -> None:
        while True:
            self._wake.clear()
            pause = self._look_s
            try:
                pause = await self.send_due()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", reason=str(error))
            await asyncio.sleep(PAUSE_S)
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send_due(self) -> float:
        """Begin a try of each message that is due and has a place; returns how long nothing will be, as far as we know."""
        active = await self._store.read(queue.active())
        next_s = self._look_s
        for each in sorted(active, key=lambda one: one.due_at or 0):
            now = self._clock()
            due_at = None if each.due_at is None else max(each.due_at, each.pause_until)
            if due_at is None or due_at > now:
                next_s = next_s if due_at is None else min(next_s, (due_at - now) / SECOND)
                continue
            room = self._places.free(each.webhook.id)
            if room <= 0 or not await self._store.look(queue.is_due(each.webhook.id, now=now)):
                continue
            until = now + round((self._schedule.timeout_s + LEASE_MARGIN_S) * SECOND)
            leased = await self._store.write(queue.lease(each.webhook.id, now=now, until=until, most=room))
            for message in leased:
                self._begin(message, each)
        return next_s

    def _begin(self, message: Message, to: Active) -> None:
        proven = self._places.take(to.webhook.id)
        task = asyncio.create_task(self._try(message, to, proven=proven))
        self._tries.add(task)

        def done(_: asyncio.Task[bool | None]) -> None:
            self._tries.discard(task)
            ended = not task.cancelled() and task.exception() is None
            self._places.give_back(to.webhook.id, proven=proven, quick=task.result() if ended else False)
            self.wake()
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a webhook try failed", webhook_id=to.webhook.id, exc_info=error)

        task.add_done_callback(done)

    async def _try(self, message: Message, to: Active, *, proven: bool) -> bool | None:
        """Send once, and write down what came of it; whether the message was taken, and quickly. None: it was not sent."""
        outcome = await (await self._trial()).outcome(message, to, proven=proven)
        if outcome.state is MessageState.delivered:
            reach("F14")
        schedule = self._schedule
        settling = queue.settle(
            message,
            outcome,
            url=to.webhook.url,
            now=self._clock(),
            patience=round(schedule.patience_s * SECOND),
            keep=KEEP_TRIES,
        )
        try:
            await self._store.write(settling)
        except StoreUnavailable as error:
            log.error("the ledger cannot be reached", reason=str(error))
        if outcome.disables is not None:
            log.warning("webhook disabled", webhook_id=to.webhook.id, reason=outcome.disables.value)
        return outcome.state is MessageState.delivered and outcome.tried.ms < QUICK_MS if outcome.counts else None


def _trial(
    rules: AddressRules, by: tuple[Resolve, Resolve], vault: Vault, schedule: Schedule, clock: Callable[[], int]
) -> Trial:
    from app.delivery.webhooks import WebhookSender

    resolve, of_proven = by
    sender = WebhookSender(rules=rules, resolve=resolve, of_proven=of_proven)
    return Trial(vault=vault, sender=sender, schedule=schedule, clock=clock)


def _cursor(each: Active) -> int:
    return each.webhook.cursor
