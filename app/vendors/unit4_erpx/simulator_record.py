"""What the simulated ERPx makes of the members that were sent: known ones only, in its order, with its defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.vendors.simulation import Json
from app.vendors.unit4_erpx.simulator_fields import (
    CONTACTS,
    CUSTOMER,
    CUSTOMER_FIELDS,
    EARLIEST,
    FIELDS,
    LATEST,
    RELATED,
    RELATED_FIELDS,
    Field,
    is_date,
    is_empty,
)

Record = dict[str, Json]
"""A work order as the API shows it. A record is never changed in place."""


def tidy(sent: Mapping[str, Json]) -> Record:
    """The members that the model has, in its order; empty ones (null, "") count as not sent."""
    record = _known(sent, FIELDS)
    match sent.get(CUSTOMER):
        case None:
            pass
        case dict() as customer:
            record[CUSTOMER] = _known(customer, CUSTOMER_FIELDS)
        case other:
            record[CUSTOMER] = other
    match sent.get(RELATED):
        case None:
            pass
        case list() as rows:
            record[RELATED] = [_related(row) if isinstance(row, dict) else row for row in rows]
        case other:
            record[RELATED] = other
    return record


def dropped(sent: Mapping[str, Json]) -> Iterator[str]:
    """The members that the model does not have: the vendor's reader passes over them in silence."""
    yield from (name for name in sent if name not in FIELDS and name not in (CUSTOMER, RELATED))
    match sent.get(CUSTOMER):
        case dict() as customer:
            yield from (f"{CUSTOMER}.{name}" for name in customer if name not in CUSTOMER_FIELDS)
    match sent.get(RELATED):
        case list() as rows:
            for index, row in enumerate(rows):
                if isinstance(row, dict):
                    yield from (f"{RELATED}[{index}].{name}" for name in row if name not in RELATED_FIELDS)


def with_defaults(sent: Mapping[str, Json]) -> Record:
    """Vendor document 002, "Default Values", all but the related values; status N and dateTo are assumed.

    What is faulty stays as it was sent, for the check that comes next.
    """
    record: Record = {"status": "N", "serviceOrder": False, "dateTo": LATEST, CUSTOMER: {}, RELATED: [], **sent}
    for period, day in (("periodFrom", record.get("dateFrom")), ("periodTo", record["dateTo"])):
        if isinstance(day, str) and is_date(day) and EARLIEST <= day <= LATEST:
            record.setdefault(period, int(day[:4] + day[5:7]))
    customer = record[CUSTOMER]
    if isinstance(customer, dict):
        contact = CONTACTS.get(str(customer.get("customerId")))
        reference: Record = {} if contact is None else {"reference": contact}
        record[CUSTOMER] = {"invoiceSeparately": False, "invoiceStatus": "T", **reference, **customer}
    return tidy(record)


def with_relations(record: Record) -> Record:
    """B0, the project, and C0, the resource, are added where they are absent."""
    rows = record.get(RELATED)
    related = list(rows) if isinstance(rows, list) else []
    given = {row.get("relationId") for row in related if isinstance(row, dict)}
    for relation, value in (("B0", record.get("projectId")), ("C0", record.get("projectManagerId"))):
        if relation not in given and value is not None:
            related.append(_related({"relationId": relation, "relatedValue": value}))
    return {**record, RELATED: related}


def _related(row: Mapping[str, Json]) -> Record:
    return _known({"dateFrom": EARLIEST, "dateTo": LATEST, **_known(row, RELATED_FIELDS)}, RELATED_FIELDS)


def _known(sent: Mapping[str, Json], fields: Mapping[str, Field]) -> Record:
    return {name: sent[name] for name in fields if not is_empty(sent.get(name))}
