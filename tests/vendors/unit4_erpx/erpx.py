"""What the adapter's tests share: adapters for a URL, the document's record, and the writes of a caller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.domain.json import JsonObject
from app.domain.ports import Kind, Write
from app.domain.statuses import StatusCode
from app.domain.terms import NO_TERMS, Terms
from app.domain.work_orders import OrderKey
from app.vendors.unit4_erpx.adapter import Unit4ErpxAdapter, connect
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings, sandbox_section
from app.vendors.unit4_erpx.tables import STATUSES
from app.vendors.vendor import Connection

DEADLINE_S = 2.0
NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
BY_CODE: dict[str, StatusCode] = {row.code: row for row in STATUSES}

SAMPLE: JsonObject = {
    "companyId": "COMP1",
    "dateFrom": "2001-01-01",
    "costCentre": "C1",
    "workOrderName": "NewWorkOrder",
    "periodFrom": 200101,
    "periodTo": 200153,
    "projectId": "ProId1",
    "projectManagerId": "33225",
    "status": "N",
    "workOrderId": "123",
    "customerInformation": {"currencyCode": "GBP"},
    "relatedValues": [
        {"relationId": "C1", "relatedValue": "100", "dateFrom": "1900-01-01", "dateTo": "2099-12-31"},
    ],
}
"""Vendor document 002, the POST sample."""

ORDER: JsonObject = {
    "title": "NewWorkOrder",
    "dates": {"planned_start": "2001-01-01"},
    "project": {"number": "ProId1", "manager": "33225"},
    "related_values": {
        "C1~1900-01-01": {"relation_id": "C1", "value": "100", "date_from": "1900-01-01", "date_to": "2099-12-31"},
    },
    "extensions": {
        "unit4_erpx": {
            "costCentre": "C1",
            "periodFrom": 200101,
            "periodTo": 200153,
            "customerInformation": {"currencyCode": "GBP"},
        }
    },
}
"""The same in our names, without what the key and the status hold."""


def settings(url: str, **changed: object) -> Unit4ErpxSettings:
    return Unit4ErpxSettings.model_validate({**sandbox_section(url), **changed})


@asynccontextmanager
async def adapting(
    url: str,
    changed: Mapping[str, object] | None = None,
    *,
    deadline_s: float = DEADLINE_S,
    **named: object,
) -> AsyncIterator[Unit4ErpxAdapter]:
    """An adapter for the ERPx at `url`; `changed` and other keyword arguments are settings."""
    section = settings(url, **{**(changed or {}), **named})
    connection = Connection(backend="erp", settings=section, deadline_s=deadline_s, folder=Path())
    adapter = await connect(connection)
    assert isinstance(adapter, Unit4ErpxAdapter)
    try:
        yield adapter
    finally:
        await adapter.aclose()


def created(body: JsonObject, *, number: str = "", status: str | None = None) -> Write:
    row = None if status is None else BY_CODE[status]
    return Write(operation_id="op_1", kind=Kind.create, order=OrderKey(number=number), body=body, status=row)


def patched(
    body: JsonObject, before: JsonObject | None = None, *, number: str = "123", terms: Terms = NO_TERMS
) -> Write:
    order = OrderKey(number=number, vendor_ids={"company_id": "COMP1"})
    return Write(operation_id="op_1", kind=Kind.patch, order=order, body=body, before=before, terms=terms)


def deleted(number: str = "123", *, was: str | None = "N") -> Write:
    order = OrderKey(number=number, vendor_ids={"company_id": "COMP1"})
    return Write(operation_id="op_1", kind=Kind.delete, order=order, body={}, previous_code=was, before={})


def status_set(code: str, *, number: str = "123", was: str | None = "N", body: JsonObject | None = None) -> Write:
    order = OrderKey(number=number, vendor_ids={"company_id": "COMP1"})
    return Write(
        operation_id="op_1",
        kind=Kind.status_update,
        order=order,
        body=body or {"status": str(BY_CODE[code].status)},
        status=BY_CODE[code],
        occurred_at=NOW,
        previous_code=was,
    )
