"""Orders as ERPx names and shows them: their numbers, and a record as an order of ours. Pure."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from app.domain.field_table import to_ours
from app.domain.json import JsonObject
from app.domain.work_orders import Observation, OrderKey
from app.vendors.unit4_erpx.fields import TABLE

OWN_DIGITS = 12
LONGEST_NUMBER = 255
NOT_IN_A_PATH = frozenset('/\\?#%*:;<>&"|+')
"""What ASP.NET's servers do not let through in a path, or read as something else."""


class FaultyOrder(Exception):
    """An order that ERPx sent cannot be read; the message says why."""


def is_number(text: str) -> bool:
    """Whether a text can be a workOrderId that can be asked for by its path."""
    return (
        0 < len(text) <= LONGEST_NUMBER
        and text.isprintable()
        and text == text.strip()
        and not text.endswith(".")  # "." and "..", too
        and not NOT_IN_A_PATH & set(text)
    )


def own_number(prefix: str, operation_id: str) -> str:
    """The number that an operation gives its order: 60 bits of its id's hash, in letters that ERPx cannot confuse."""
    digest = hashlib.sha256(operation_id.encode()).digest()
    return prefix + base64.b32encode(digest)[:OWN_DIGITS].decode()


def from_erpx_order(record: JsonObject, company: str, *, as_of: datetime) -> Observation:
    """One work order. Raises FaultyOrder for one without a number, or of another company."""
    number = record.get("workOrderId")
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not number:
        raise FaultyOrder("workOrderId is missing")
    owner = record.get("companyId", company)
    if owner is not None and (not isinstance(owner, str) or owner.casefold() != company.casefold()):
        raise FaultyOrder("it belongs to another company than the one that was asked for")
    fields = to_ours(TABLE, record)
    for name in ("number", "vendor_status", "vendor_ids"):
        fields.pop(name, None)
    status = record.get("status")
    return Observation(
        key=OrderKey(number=number, vendor_ids={"company_id": owner or company}),
        code=status if isinstance(status, str) and status else None,
        status_at=None,
        late=False,
        target_at=None,
        fields=fields,
        record=record,
        as_of=as_of,
    )
