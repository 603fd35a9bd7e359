"""What an observation says that an order's row does not: whether it is news, what it changes, and what is told of it."""

from __future__ import annotations

from app.domain.json import JsonValue
from app.domain.times import ahead, to_micros
from app.domain.work_orders import Observation
from app.ledger.contradictions import differs_from_its_end
from app.ledger.records import Change
from app.ledger.rows import SEEN_AT, compact, json_object, number, number_or_none, text, text_or_none
from app.ledger.sql import Row, Value


def is_news(row: Row, seen: Observation, etag: str, *, now: int, ended: frozenset[str]) -> bool:
    """Whether the observation says anything that the row does not, and is not older than what the row has."""
    if is_later(row, "observed_at", seen, now=now) or is_later(row, "missing_since", seen, now=now):
        return False
    if text_or_none(row, "etag") != etag or number_or_none(row, "missing_since") is not None:
        return True
    if text_or_none(row, "code") == seen.code or is_later(row, "confirmed_at", seen, now=now):
        return False
    told = number(row, "held") or seen.code is None
    return not (told and differs_from_its_end(row, seen, ended))


def was_forgotten(row: Row, seen: Observation, *, now: int) -> bool:
    """Whether the order was read before our own delete removed it."""
    forgotten = number_or_none(row, "observed_at") is None and text_or_none(row, "code") is None
    return forgotten and is_later(row, "confirmed_at", seen, now=now)


def is_later(row: Row, column: str, seen: Observation, *, now: int) -> bool:
    """Whether the row's time is later than the observation, as far as it can be believed.

    Any may be later than an observation that lies ahead of the clock: it was set back while the vendor was read, and a write
    of ours may have been confirmed in between.
    """
    at = to_micros(seen.as_of)
    was_set_back = ahead(at, now=now)
    times = [number_or_none(row, name) or 0 for name in (SEEN_AT if column == "observed_at" else (column,))]
    return any([stored > 0 and (was_set_back or (stored > at and not ahead(stored, now=now))) for stored in times])


def values_of(row: Row, seen: Observation, etag: str, *, now: int, keeps_code: bool) -> dict[str, Value]:
    """What an update of the row is given: `new_` and each column; a code that is kept stays with whose it is."""
    values: dict[str, Value] = {
        "new_reference": seen.key.reference,
        "new_vendor_ids": compact(dict(seen.key.vendor_ids)),
        "new_fields": compact(seen.fields),
        "new_etag": etag,
        "new_code": seen.code,
        "new_code_since": None if seen.status_at is None else to_micros(seen.status_at),
        "new_code_operation": None,
        "new_code_tenant": None,
        "new_late": int(seen.late),
        "new_target_at": None if seen.target_at is None else to_micros(seen.target_at),
        "new_observed_at": to_micros(seen.as_of),
    }
    keeps_code = keeps_code or is_later(row, "confirmed_at", seen, now=now)
    if keeps_code or text_or_none(row, "code") == seen.code:
        for name in ("code", "code_operation", "code_tenant"):
            values["new_" + name] = text_or_none(row, name)
        if keeps_code or seen.status_at is None:
            values["new_code_since"] = number_or_none(row, "code_since")
    return values


def change_of(row: Row, seen: Observation, values: dict[str, Value]) -> Change:
    """What differs and was otherwise before; of an order that was never seen, what there is to say now."""
    names = ("code", "code_since", "late", "target_at", "reference")
    now_is: dict[str, JsonValue] = {name: values["new_" + name] for name in names}
    if number_or_none(row, "observed_at") is None:
        return Change(number=seen.key.number, was={}, now=now_is)
    was: dict[str, JsonValue] = {name: _scalar(row[name]) for name in names}
    fields_were, fields_are = json_object(text(row, "fields")) or {}, json_object(compact(seen.fields)) or {}
    for name in sorted(fields_were.keys() | fields_are.keys()):
        was[f"fields.{name}"], now_is[f"fields.{name}"] = fields_were.get(name), fields_are.get(name)
    was["missing"], now_is["missing"] = number_or_none(row, "missing_since") is not None, False
    differing = [name for name in was if was[name] != now_is[name]]
    return Change(
        number=seen.key.number,
        was={name: was[name] for name in differing},
        now={name: now_is[name] for name in differing},
    )


def _scalar(value: object) -> str | int | None:
    assert value is None or isinstance(value, str | int)
    return value
