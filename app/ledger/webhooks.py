"""Webhooks as their owner sees them: made, read, changed, removed, and the log of what was sent."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, delete, func, insert, select, update

from app.domain.errors import NOTHING_HERE, InvalidRequest, NotFound
from app.domain.webhooks import Message, MessageState, Webhook
from app.ledger.rows import number
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import CLIENT, WEBHOOK, WEBHOOK_MESSAGE
from app.ledger.webhook_rows import message, message_values, webhook, webhook_values

ADD = Sql(insert(WEBHOOK))
LOCK_TENANT = Sql(
    select(CLIENT.c.id).where(CLIENT.c.tenant == bindparam("of_tenant")).order_by(CLIENT.c.id).with_for_update()
)
COUNT = Sql(select(func.count().label("count")).select_from(WEBHOOK).where(WEBHOOK.c.tenant == bindparam("of_tenant")))
_mine = (WEBHOOK.c.id == bindparam("of_id")) & (WEBHOOK.c.client_id == bindparam("of_client"))
FIND = Sql(select(WEBHOOK).where(_mine))
LOCK = Sql(select(WEBHOOK).where(_mine).with_for_update())
_OWNERS = (
    "url",
    "description",
    "backends",
    "types",
    "secret",
    "old_secret",
    "old_until",
    "enabled",
    "disabled_reason",
    "disabled_at",
    "failing_since",
)
CHANGE = Sql(
    update(WEBHOOK)
    .where(WEBHOOK.c.id == bindparam("of_id"))
    .values({**{name: bindparam("new_" + name) for name in _OWNERS}, "pause_until": 0})
)
REMOVE = Sql(delete(WEBHOOK).where(_mine).returning(WEBHOOK.c.id))
_some = (
    select(WEBHOOK_MESSAGE.c.id)
    .where(WEBHOOK_MESSAGE.c.webhook_id == bindparam("of_id"))
    .limit(bindparam("most"))
    .scalar_subquery()
)
DROP_MESSAGES = Sql(delete(WEBHOOK_MESSAGE).where(WEBHOOK_MESSAGE.c.id.in_(_some)).returning(WEBHOOK_MESSAGE.c.id))
ADD_MESSAGE = Sql(insert(WEBHOOK_MESSAGE))
LOCK_MESSAGE = Sql(
    select(WEBHOOK_MESSAGE)
    .where(WEBHOOK_MESSAGE.c.id == bindparam("of_message"), WEBHOOK_MESSAGE.c.webhook_id == bindparam("of_id"))
    .with_for_update()
)
REPLAY = Sql(
    update(WEBHOOK_MESSAGE)
    .where(WEBHOOK_MESSAGE.c.id == bindparam("of_message"))
    .values(
        state=MessageState.pending.value,
        tries=0,
        next_at=bindparam("now"),
        lease_until=0,
        fence=WEBHOOK_MESSAGE.c.fence + 1,
        finished_at=None,
    )
    .returning(*WEBHOOK_MESSAGE.c)
)
"""A try that is under way has lost its lease: what comes of it ends nothing that begins now."""


def add(new: Webhook, *, most: int) -> Unit[Webhook]:
    """A new endpoint. Raises InvalidRequest where its tenant has `most` of them already."""
    yield LOCK_TENANT, {"of_tenant": new.tenant}  # or two that come together would both be the last
    rows = yield COUNT, {"of_tenant": new.tenant}
    if number(rows[0], "count") >= most:
        raise InvalidRequest(f"There are {most} webhooks already, as many as there may be; remove one first.")
    yield ADD, webhook_values(new)
    return new


def find(webhook_id: str, *, client_id: str, lock: bool = False) -> Unit[Webhook]:
    """A client's own endpoint. Raises NotFound for any other, as if it did not exist."""
    rows = yield LOCK if lock else FIND, {"of_id": webhook_id, "of_client": client_id}
    if not rows:
        raise NotFound(NOTHING_HERE)
    return webhook(rows[0])


def change(as_it_is: Webhook) -> Unit[None]:
    """Put the owner's part of an endpoint as it is now; what it asked to be spared of is over."""
    values = webhook_values(as_it_is)
    yield CHANGE, {"of_id": as_it_is.id, **{"new_" + name: values[name] for name in _OWNERS}}


def remove(webhook_id: str, *, client_id: str) -> Unit[None]:
    """The endpoint; nothing of its log is seen or sent any more. Raises NotFound."""
    rows = yield REMOVE, {"of_id": webhook_id, "of_client": client_id}
    if not rows:
        raise NotFound(NOTHING_HERE)


def drop_messages(webhook_id: str, *, most: int) -> Unit[int]:
    """Some of the log of an endpoint that is removed: a long log would be too much for one transaction."""
    rows = yield DROP_MESSAGES, {"of_id": webhook_id, "most": most}
    return len(rows)


@lru_cache(maxsize=4)
def _page(*, of_messages: bool, before: bool) -> Sql:
    table, owner = (WEBHOOK_MESSAGE, "webhook_id") if of_messages else (WEBHOOK, "client_id")
    wanted = [table.c[owner] == bindparam("of_owner")]
    if before:
        wanted.append(table.c.id < bindparam("before"))
    return Sql(select(table).where(*wanted).order_by(table.c.id.desc()).limit(bindparam("most")))


def list_mine(client_id: str, *, before: str | None, most: int) -> Unit[list[Webhook]]:
    """A client's endpoints, the newest first; `before` is the id of the last of the page before."""
    rows = yield _page(of_messages=False, before=before is not None), _values(client_id, before, most)
    return [webhook(row) for row in rows]


def list_messages(webhook_id: str, *, before: str | None, most: int) -> Unit[list[Message]]:
    """What was made for an endpoint, the newest first."""
    rows = yield _page(of_messages=True, before=before is not None), _values(webhook_id, before, most)
    return [message(row) for row in rows]


def _values(owner: str, before: str | None, most: int) -> dict[str, Value]:
    more: dict[str, Value] = {} if before is None else {"before": before}
    return {"of_owner": owner, "most": most, **more}


def add_message(new: Message) -> Unit[None]:
    yield ADD_MESSAGE, message_values(new)


def replay(webhook_id: str, message_id: str, *, now: int) -> Unit[Message]:
    """Send a message again, with its id and from the beginning of the schedule. Raises NotFound."""
    rows = yield LOCK_MESSAGE, {"of_id": webhook_id, "of_message": message_id}
    if not rows:
        raise NotFound(NOTHING_HERE)
    again = yield REPLAY, {"of_message": message_id, "now": now}
    return message(again[0])
