"""Rows of either driver as the domain's records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.admission import OrderView
from app.domain.holds import Action, Cause, Hold
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.terms import Terms
from app.domain.times import from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger.records import KnownOrder
from app.ledger.sql import Row


@dataclass(frozen=True, slots=True)
class Labelled:
    """The part of a row whose columns are labelled so; it is read by their own names."""

    row: Row
    label: str

    def __getitem__(self, column: str, /) -> object:
        return self.row[self.label + column]


def text(row: Row, column: str) -> str:
    value = row[column]
    assert isinstance(value, str)
    return value


def text_or_none(row: Row, column: str) -> str | None:
    value = row[column]
    assert value is None or isinstance(value, str)
    return value


def number(row: Row, column: str) -> int:
    value = row[column]
    assert isinstance(value, int)
    return value


def number_or_none(row: Row, column: str) -> int | None:
    value = row[column]
    assert value is None or isinstance(value, int)
    return value


_read = json.JSONDecoder().raw_decode


def json_object(value: str | None) -> JsonObject | None:
    if value is None:
        return None
    parsed: JsonObject = _read(value)[0]  # written by `compact`: there is nothing before it and nothing after it
    return parsed


_COMPACT = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def compact(value: object) -> str:
    """JSON as the ledger stores it and as an answer carries it."""
    return _COMPACT.encode(value)


def operation(row: Row) -> Operation:
    """A row of OPERATION_COLUMNS."""
    return Operation(
        id=text(row, "id"),
        tenant=text(row, "tenant"),
        client_id=text(row, "client_id"),
        backend=text(row, "backend"),
        work_order=text(row, "work_order"),
        seq=number(row, "seq"),
        kind=Kind(text(row, "kind")),
        state=State(text(row, "state")),
        body=json_object(text(row, "body")) or {},
        terms=Terms.from_json(json_object(text_or_none(row, "terms"))),
        target_code=text_or_none(row, "target_code"),
        occurred_at=number_or_none(row, "occurred_at"),
        previous_code=text_or_none(row, "previous_code"),
        client_reference=text_or_none(row, "client_reference"),
        attempts=number(row, "attempts"),
        accepted_at=number(row, "accepted_at"),
        finished_at=number_or_none(row, "finished_at"),
        blocked_by=text_or_none(row, "blocked_by"),
        problem=json_object(text_or_none(row, "problem")),
        result=json_object(text_or_none(row, "result")),
        answer_status=number_or_none(row, "answer_status"),
        answer_body=text_or_none(row, "answer_body"),
        probes=number(row, "probes"),
        probe_evidence=text_or_none(row, "probe_evidence"),
        request_id=text_or_none(row, "request_id"),
    )


SEEN_AT = ("observed_at", "shown_at")
"""When the vendor last showed an order by itself or differing, and when in a list in which it stands."""


def seen_at(row: Row) -> int | None:
    """When the vendor last showed the order; a row of ORDER_COLUMNS."""
    observed, shown = [number_or_none(row, name) for name in SEEN_AT]
    return observed if observed is None or shown is None else max(observed, shown)


def order_view(row: Row) -> OrderView:
    """A row of ORDER_COLUMNS."""
    ids: Mapping[str, str] = _read(text(row, "vendor_ids"))[0]
    return OrderView(
        number=text(row, "number"),
        reference=text_or_none(row, "reference"),
        vendor_ids=ids,
        code=text_or_none(row, "code"),
        code_since=number_or_none(row, "code_since"),
        code_operation=text_or_none(row, "code_operation"),
        code_tenant=text_or_none(row, "code_tenant"),
        late=bool(number(row, "late")),
        target_at=number_or_none(row, "target_at"),
        observed_at=seen_at(row),
        projected_code=text_or_none(row, "projected_code"),
        projected_operation=text_or_none(row, "projected_operation"),
        projected_tenant=text_or_none(row, "projected_tenant"),
        open_count=number(row, "open_count"),
        blocked_by=text_or_none(row, "blocked_by"),
        blocked_tenant=text_or_none(row, "blocked_tenant"),
        held=(text_or_none(row, "blocked_by") or "").startswith("hold_"),
        recheck=bool(number(row, "recheck")),
        version=number(row, "version"),
        fence=number(row, "fence"),
        lease_until=number(row, "lease_until"),
    )


def hold(row: Row) -> Hold:
    """A whole row of order_hold."""
    resolution = text_or_none(row, "resolution")
    return Hold(
        id=text(row, "id"),
        tenant=text_or_none(row, "tenant"),
        backend=text(row, "backend"),
        work_order=text(row, "work_order"),
        operation_id=text_or_none(row, "operation_id"),
        cause=Cause(text(row, "cause")),
        detail=text_or_none(row, "detail"),
        version=number(row, "version"),
        opened_at=number(row, "opened_at"),
        closed_at=number_or_none(row, "closed_at"),
        closed_by=text_or_none(row, "closed_by"),
        resolution=None if resolution is None else Action(resolution),
        reason=text_or_none(row, "reason"),
        evidence=text_or_none(row, "evidence"),
        made_operation=text_or_none(row, "made_operation"),
    )


def unseen_order(order_number: str) -> OrderView:
    """An order that the ledger has no row of."""
    return OrderView(
        number=order_number,
        reference=None,
        vendor_ids={},
        code=None,
        code_since=None,
        code_operation=None,
        code_tenant=None,
        late=False,
        target_at=None,
        observed_at=None,
        projected_code=None,
        projected_operation=None,
        projected_tenant=None,
        open_count=0,
        blocked_by=None,
        blocked_tenant=None,
        held=False,
        recheck=False,
        version=0,
        fence=0,
        lease_until=0,
    )


def known_order(row: Row, *, fields: JsonObject | None = None) -> KnownOrder:
    """A row of ORDER_COLUMNS, with the observation in it where there was one; `fields`, if they are at hand, are not read."""
    view = order_view(row)
    observation = None
    if view.observed_at is not None:
        observation = Observation(
            key=OrderKey(number=view.number, reference=view.reference, vendor_ids=view.vendor_ids),
            code=view.code,
            status_at=_moment(view.code_since),
            late=view.late,
            target_at=_moment(view.target_at),
            fields=fields if fields is not None else json_object(text(row, "fields")) or {},
            record={},
            as_of=from_micros(view.observed_at),
        )
    return KnownOrder(
        view=view, observation=observation, changed_at=number(row, "changed_at"), etag=text_or_none(row, "etag")
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
