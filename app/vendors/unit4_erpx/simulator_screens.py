"""What a user does in ERPx's own screens, without the API."""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors.simulation import BadInput, Json, only
from app.vendors.unit4_erpx.simulator_calls import Calls
from app.vendors.unit4_erpx.simulator_fields import FIELDS, RELATED, RELATED_FIELDS, faults
from app.vendors.unit4_erpx.simulator_orders import Orders
from app.vendors.unit4_erpx.simulator_record import tidy

TERMINATED = "T"


def on_screen(calls: Calls, orders: Orders, action: str, company: str, number: str, body: Mapping[str, Json]) -> None:
    """`cancel`, `status {"status"}`, or `related_value {...}`, which goes in first so that the others move on."""
    record = orders.find(company, number)
    match action:
        case "cancel":
            only(body)
            if record is not None and record["status"] == TERMINATED:
                raise BadInput("number", f"{number} is terminated already", status=409)
            calls.record("cancelled_by_client", company, number, {"status": TERMINATED})
        case "status":
            only(body, "status")
            status = body.get("status")
            if not isinstance(status, str) or status not in FIELDS["status"].legal:
                raise BadInput("status", f"must be one of {', '.join(sorted(FIELDS['status'].legal))}")
            calls.record("status_set_by_client", company, number, {"status": status})
        case "related_value":
            only(body, *RELATED_FIELDS)
            rows = tidy({RELATED: [dict(body)]})
            wrong = faults({**(record or {}), **rows})
            if wrong:
                raise BadInput("related_value", f"cannot be added: {'; '.join(wrong)}")
            match rows[RELATED]:
                case [dict(row)]:
                    calls.record("related_value_added_by_client", company, number, {"relatedValue": row})
        case _:
            raise BadInput("action", "must be cancel, status or related_value", status=404)
