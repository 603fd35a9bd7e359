"""What each kind of effect does to the simulator's orders: the one way an order changes, at first and on replay."""

from __future__ import annotations

from app.vendors.simulation import Effect
from app.vendors.unit4_erpx.simulator_fields import RELATED
from app.vendors.unit4_erpx.simulator_orders import Orders
from app.vendors.unit4_erpx.simulator_patch import patched
from app.vendors.unit4_erpx.simulator_record import Record, tidy, with_defaults, with_relations


def apply(effect: Effect, orders: Orders) -> None:
    """Brings the effect's order to where the effect leaves it; raises ValueError for one that does not fit."""
    match effect.kind, effect.detail:
        case "dropped_member", _:
            return
        case "created", sent:
            orders.put(with_relations(with_defaults(tidy(sent))))
            return
        case _, {"companyId": str(company), "workOrderId": str(number)}:
            record = orders.find(company, number)
            after = None if record is None else _after(effect, record)
            if after is not None:
                orders.put(after)
                return
    raise ValueError(f"effect {effect.n} does not fit this simulator's orders")


def _after(effect: Effect, record: Record) -> Record | None:
    match effect.kind, effect.detail:
        case (("status_change" | "updated"), {"operations": list(operations)}):
            return patched(record, operations).record
        case (("closed" | "cancelled_by_client" | "status_set_by_client"), {"status": str(status)}):
            return {**record, "status": status}
        case "related_value_added_by_client", {"relatedValue": dict(row)}:
            rows = record.get(RELATED)
            return {**record, RELATED: [row, *(rows if isinstance(rows, list) else [])]}
    return None
