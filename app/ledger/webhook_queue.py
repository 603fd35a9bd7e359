"""The queue behind webhooks: events become messages, messages are leased, sent and settled, by any number of gateways.

Of each order's messages to an endpoint only the oldest that is pending can be leased, so the endpoint is sent them in the
order of `seq`. A lease that runs out gives its message to whoever comes next, with the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, and_, bindparam, case, delete, exists, func, select, update

from app.domain.webhooks import Disabled, Message, MessageState, Try, Webhook
from app.ledger.rows import number, number_or_none, text
from app.ledger.sql import LEASED_UNTIL, Now, Row, Sql, Unit, Value
from app.ledger.tables import CLIENT, WEBHOOK, WEBHOOK_MESSAGE
from app.ledger.webhook_rows import log_text, message, message_values, webhook
from app.ledger.webhooks import ADD_MESSAGE, drop_messages

SCOPE = "webhooks:write"

_open = WEBHOOK_MESSAGE.c.state == MessageState.pending.value
_due_at = (
    select(func.min(WEBHOOK_MESSAGE.c.next_at))
    .where(WEBHOOK_MESSAGE.c.webhook_id == WEBHOOK.c.id, _open)
    .correlate(WEBHOOK)
    .scalar_subquery()
)
ACTIVE = Sql(
    select(
        *WEBHOOK.c,
        CLIENT.c.backends.label("granted"),
        CLIENT.c.scopes.label("scopes"),
        _due_at.label("due_at"),
    )
    .join(CLIENT, CLIENT.c.id == WEBHOOK.c.client_id)
    .where(WEBHOOK.c.enabled == 1, CLIENT.c.revoked_at.is_(None), CLIENT.c.tenant == WEBHOOK.c.tenant)
    .order_by(WEBHOOK.c.id)
)
READ_ON = Sql(
    update(WEBHOOK)
    .where(WEBHOOK.c.id == bindparam("of_id"), WEBHOOK.c.cursor == bindparam("was"), WEBHOOK.c.enabled == 1)
    .values(cursor=bindparam("upto"))
    .returning(WEBHOOK.c.id)
)
_earlier = WEBHOOK_MESSAGE.alias("earlier")
_behind = exists().where(
    _earlier.c.webhook_id == WEBHOOK_MESSAGE.c.webhook_id,
    _earlier.c.backend == WEBHOOK_MESSAGE.c.backend,
    _earlier.c.work_order == WEBHOOK_MESSAGE.c.work_order,
    _earlier.c.seq < WEBHOOK_MESSAGE.c.seq,
    _earlier.c.state == MessageState.pending.value,
)
_ready = and_(
    WEBHOOK_MESSAGE.c.webhook_id == bindparam("of_id"),
    _open,
    WEBHOOK_MESSAGE.c.next_at <= bindparam("now"),
    WEBHOOK_MESSAGE.c.lease_until <= Now(),
    ~_behind,
)
DUE = Sql(select(WEBHOOK_MESSAGE.c.id).where(_ready).limit(1))
_head = (
    select(WEBHOOK_MESSAGE.c.id)
    .where(_ready)
    .order_by(WEBHOOK_MESSAGE.c.next_at, WEBHOOK_MESSAGE.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=WEBHOOK_MESSAGE)
    .cte("head")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
LEASE = Sql(
    update(WEBHOOK_MESSAGE)
    .where(WEBHOOK_MESSAGE.c.id.in_(select(_head.c.id)))
    .values(lease_until=LEASED_UNTIL, fence=WEBHOOK_MESSAGE.c.fence + 1)
    .returning(*WEBHOOK_MESSAGE.c)
)
SETTLE = Sql(
    update(WEBHOOK_MESSAGE)
    .where(WEBHOOK_MESSAGE.c.id == bindparam("of_id"), WEBHOOK_MESSAGE.c.fence == bindparam("fence"))
    .values(
        state=bindparam("to"),
        tries=bindparam("tried"),
        next_at=bindparam("next_try"),
        lease_until=0,
        log=bindparam("told"),
        finished_at=bindparam("ended"),
    )
    .returning(WEBHOOK_MESSAGE.c.id)
)
_tried = and_(WEBHOOK.c.id == bindparam("of_id"), WEBHOOK.c.url == bindparam("tried_url"))
"""An endpoint that has moved since is not judged by what its old address answered."""
MOVED = Sql(select(WEBHOOK.c.id).where(WEBHOOK.c.id == bindparam("of_id"), WEBHOOK.c.url != bindparam("tried_url")))
WELL = Sql(update(WEBHOOK).where(_tried, WEBHOOK.c.failing_since.is_not(None)).values(failing_since=None))
_now = bindparam("now", type_=BigInteger)
_pause = bindparam("pause", type_=BigInteger)
"""Only its time ends a pause: what ends meanwhile was on its way before the endpoint asked for it."""
_since = func.coalesce(WEBHOOK.c.failing_since, _now)
_ends = _since <= bindparam("too_long")
UNWELL = Sql(
    update(WEBHOOK)
    .where(_tried, WEBHOOK.c.enabled == 1)
    .values(
        failing_since=_since,
        pause_until=case((WEBHOOK.c.pause_until < _pause, _pause), else_=WEBHOOK.c.pause_until),
        enabled=case((_ends, 0), else_=1),
        disabled_reason=case((_ends, Disabled.failing.value)),
        disabled_at=case((_ends, _now)),
    )
)
DISABLE = Sql(
    update(WEBHOOK)
    .where(_tried, WEBHOOK.c.enabled == 1)
    .values(enabled=0, disabled_reason=bindparam("reason"), disabled_at=bindparam("now"))
)
TAKE_OVER = Sql(update(WEBHOOK_MESSAGE).where(_open, WEBHOOK_MESSAGE.c.lease_until > 0).values(lease_until=0))
_old = (
    select(WEBHOOK_MESSAGE.c.id)
    .where(WEBHOOK_MESSAGE.c.finished_at < bindparam("before"))
    .limit(bindparam("most"))
    .scalar_subquery()
)
FORGET = Sql(delete(WEBHOOK_MESSAGE).where(WEBHOOK_MESSAGE.c.id.in_(_old)).returning(WEBHOOK_MESSAGE.c.id))
_owner = select(func.min(WEBHOOK_MESSAGE.c.webhook_id).label("id")).cte("owners", recursive=True)
_next = (
    select(func.min(WEBHOOK_MESSAGE.c.webhook_id)).where(WEBHOOK_MESSAGE.c.webhook_id > _owner.c.id).scalar_subquery()
)
_owners = _owner.union_all(select(_next).where(_owner.c.id.is_not(None)))
LEFT_BEHIND = Sql(select(_owners.c.id).where(_owners.c.id.is_not(None), ~exists().where(WEBHOOK.c.id == _owners.c.id)))
"""The webhooks that are no more and have messages. Those that have any come one by one from the index, not message by message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Active:
    """An endpoint that is sent to, what its client may use now, and when its next message is due."""

    webhook: Webhook
    granted: frozenset[str]
    pause_until: int
    due_at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a try: the state it leaves the message in, and what it says of the endpoint.

    `next_at` is for a message that stays pending; `blames`: whether the endpoint failed, and not we; `counts`: whether it
    is one of the tries that a message has.
    """

    state: MessageState
    tried: Try
    next_at: int | None = None
    pause_until: int = 0
    disables: Disabled | None = None
    blames: bool = True
    counts: bool = True


def active() -> Unit[list[Active]]:
    """The endpoints that are enabled, of clients that still may have some."""
    rows = yield ACTIVE, {}
    return [_active(row) for row in rows if SCOPE in text(row, "scopes").split()]


def _active(row: Row) -> Active:
    return Active(
        webhook=webhook(row),
        granted=frozenset(text(row, "granted").split()),
        pause_until=number(row, "pause_until"),
        due_at=number_or_none(row, "due_at"),
    )


def take_in(made: Sequence[tuple[Webhook, Sequence[Message]]], *, upto: int) -> Unit[int]:
    """Store the messages that events up to `upto` became; an endpoint whose cursor another gateway has moved is left out."""
    stored = 0
    for of, messages in sorted(made, key=lambda each: each[0].id):
        ours = yield READ_ON, {"of_id": of.id, "was": of.cursor, "upto": upto}
        if not ours:
            continue
        for one in messages:
            yield ADD_MESSAGE, message_values(one)
        stored += len(messages)
    return stored


def is_due(webhook_id: str, *, now: int) -> Unit[bool]:
    rows = yield DUE, {"of_id": webhook_id, "now": now}
    return bool(rows)


def lease(webhook_id: str, *, now: int, until: int, most: int) -> Unit[list[Message]]:
    """Messages that are due, at most one of each order: ours until then."""
    rows = yield LEASE, {"of_id": webhook_id, "now": now, "until": until, "most": most}
    return [message(row) for row in rows]


def settle(of: Message, outcome: Outcome, *, url: str, now: int, patience: int, keep: int) -> Unit[bool]:
    """Write a try of `url` down; False if the message is no longer ours. `patience`: how long an endpoint may only fail.

    A message that an address gives up which is the endpoint's no more begins anew at the new one: that has not been asked.
    The endpoint's row comes first, as in `take_in`, so that two units never wait for each other in a circle.
    """
    place: dict[str, Value] = {"of_id": of.webhook_id, "tried_url": url}
    if outcome.disables is not None:
        yield DISABLE, {**place, "reason": outcome.disables.value, "now": now}
    elif outcome.state is MessageState.delivered:
        yield WELL, place
    elif outcome.blames:
        yield UNWELL, {**place, "now": now, "pause": outcome.pause_until, "too_long": now - patience}
    if outcome.state is MessageState.failed and outcome.blames and (yield MOVED, place):
        of, outcome = replace(of, tries=0), replace(outcome, state=MessageState.pending, next_at=now, counts=False)
    rows = yield (
        SETTLE,
        {
            "of_id": of.id,
            "fence": of.fence,
            "to": outcome.state.value,
            "tried": of.tries + outcome.counts,
            "next_try": outcome.next_at,
            "told": log_text((*of.log, outcome.tried)[-keep:]),
            "ended": None if outcome.state is MessageState.pending else now,
        },
    )
    return bool(rows)


def forget(*, before: int, most: int) -> Unit[int]:
    """Drop what ended long ago, and what was left of webhooks that were removed; returns how many."""
    rows = yield FORGET, {"before": before, "most": most}
    dropped = len(rows)
    for owner in (yield LEFT_BEHIND, {}):
        dropped += yield from drop_messages(text(owner, "id"), most=most - dropped)
    return dropped


def take_over() -> Unit[None]:
    """End the leases of a gateway that is gone: for a store that only one gateway uses."""
    yield TAKE_OVER, {}
