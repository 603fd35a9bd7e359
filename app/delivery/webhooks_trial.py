"""One try of a message as a step of its life: whether it may be sent at all, signed, sent, and what the answer means."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.delivery.addresses import ResolverBusy
from app.delivery.webhooks_schedule import ASK_LATER, Schedule
from app.domain.times import SECOND, from_micros
from app.domain.waits import retry_after
from app.domain.webhooks import Disabled, Message, MessageState, Try, Webhook, signature
from app.ledger.webhook_queue import Active, Outcome
from app.ledger.webhook_secrets import Unreadable, Vault

if TYPE_CHECKING:
    from app.delivery.webhooks import Answered, WebhookSender


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """With what a message is tried."""

    vault: Vault
    sender: WebhookSender
    schedule: Schedule
    clock: Callable[[], int]

    async def outcome(self, message: Message, to: Active, *, proven: bool) -> Outcome:
        """What came of sending it, or of what forbade that."""
        at, began = self.clock(), time.monotonic()
        if message.backend is not None and not to.webhook.sees(message.backend, granted=to.granted):
            why = Try(at=at, ms=0, status=None, error="Not sent: the backend is not this webhook's any more.")
            return Outcome(state=MessageState.failed, tried=why, blames=False)
        try:
            secrets = self._secrets(to.webhook, now=at)
        except Unreadable:
            why = Try(at=at, ms=0, status=None, error="Not sent: the secret cannot be read; rotate it.")
            disables = Disabled.secret_unreadable
            return Outcome(state=MessageState.pending, next_at=at, tried=why, disables=disables)
        body = message.body.encode()
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": str(at // SECOND),
            "webhook-signature": signature(secrets, message_id=message.id, at_s=at // SECOND, body=body),
        }
        timeout_s = self.schedule.timeout_s
        try:
            answered = await self.sender.post(to.webhook.url, body, headers, timeout_s=timeout_s, proven=proven)
        except ResolverBusy:
            why = Try(at=at, ms=_since(began), status=None, error="Not sent: too many names are being looked up here.")
            again = self.schedule.next_at(tries=1, now=self.clock(), asked_s=None)
            return Outcome(state=MessageState.pending, next_at=again, tried=why, blames=False, counts=False)
        tried = Try(
            at=at,
            ms=_since(began),
            status=answered.status,
            error=answered.error,
        )
        return self._judged(message, answered, tried)

    def _judged(self, message: Message, answered: Answered, tried: Try) -> Outcome:
        if answered.taken:
            return Outcome(state=MessageState.delivered, tried=tried)
        if answered.status == 410:
            return Outcome(state=MessageState.failed, tried=tried, disables=Disabled.gone)
        now = self.clock()
        asked_s = retry_after(answered.headers, now=from_micros(now)) if answered.status in ASK_LATER else None
        next_at = self.schedule.next_at(tries=message.tries + 1, now=now, asked_s=asked_s)
        return Outcome(
            state=MessageState.failed if next_at is None else MessageState.pending,
            tried=tried,
            next_at=next_at,
            pause_until=self.schedule.pause_until(now=now, asked_s=asked_s),
        )

    def _secrets(self, of: Webhook, *, now: int) -> Sequence[str]:
        """The secret, and while it still counts the one before it. Raises Unreadable."""
        found = [self.vault.open(of.secret, tenant=of.tenant, name=of.id)]
        if of.old_secret is not None and of.old_until is not None and now < of.old_until:
            found.append(self.vault.open(of.old_secret, tenant=of.tenant, name=of.id))
        return found


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
