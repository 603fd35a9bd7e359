"""The simulator's work orders: where they are found, and what each kind of effect does to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.vendors.overit.simulator_body import utc_time
from app.vendors.overit.simulator_records import CANCELLED, RECORDED, Operation, WorkOrder, changed
from app.vendors.simulation import AddedOrders, Effect, Json, timestamp

DATA = Path(__file__).parent / "simulator_data"


class Orders:
    """The vendor's work orders by code or external code. Ids follow from the order of additions and effects alone."""

    def __init__(self) -> None:
        self._by_code: dict[str, WorkOrder] = {}
        self._by_external: dict[tuple[Json, str], WorkOrder] = {}
        self._ids: set[int] = set()
        self._operations = 0
        for order in self._documented():
            self._add(order)

    def find(self, code: str) -> WorkOrder | None:
        return self._by_code.get(code)

    def find_external(self, system: Json, external_code: Json) -> WorkOrder | None:
        return self._by_external.get((system, str(external_code)))

    def has_id(self, number: int) -> bool:
        return number in self._ids

    def next_id(self) -> int:
        return max(self._ids) + 1

    def add_plain(self, added: AddedOrders) -> None:
        """Open and DISTINCT, with one operation; alike but for their ids, codes and external codes."""
        (row,) = _rows("plain.json")
        created = utc_time(timestamp(added.at))
        members, operations = _split({**row, "creationDate": created})
        for number in range(added.first, added.first + added.count):
            self._add(
                WorkOrder(
                    id=number,
                    code=str(number),
                    external_code=f"EXT-{number}",
                    address_id=500,
                    members=members,
                    operations=[self._new_operation(operation) for operation in operations],
                )
            )

    def apply(self, effect: Effect) -> None:
        """Brings the order to where the effect leaves it; nothing else changes an order, at first or on replay."""
        order = self.find(effect.order or "")
        if order is None:
            raise ValueError(f"effect {effect.n} does not fit this simulator's orders")
        match effect.kind:
            case "updated":
                order.change(effect.detail)
            case "operations_created":
                for written in objects(effect.detail["operations"]):
                    order.operations.append(self._new_operation({"statusCode": "OPEN", **written}))
            case "operations_updated":
                for written in objects(effect.detail["operations"]):
                    operation = order.operation(written["executionOrder"])
                    if operation is None:
                        raise ValueError(f"effect {effect.n} is about an operation that is not there")
                    operation.change(written)
            case "status_change" | "cancelled_by_client" | "status_set_by_client":
                status = effect.detail["statusCode"]
                order.change({"statusCode": status})
                if status == CANCELLED:
                    _cancel(order.operations)
            case "operations_cancelled":
                codes = effect.detail["operations"]
                _cancel([one for one in order.operations if isinstance(codes, list) and one.members["code"] in codes])
            case "addresses_created" | "dropped_member":
                pass
            case _:
                raise ValueError(f"effect {effect.n} is of no kind of this simulator")

    def _documented(self) -> Iterator[WorkOrder]:
        for row in _rows("orders.json"):
            match row:
                case {
                    "id": int(number),
                    "code": str(code),
                    "externalCode": str() | None as external_code,
                    "addressId": int() | None as address_id,
                }:
                    members, operations = _split(row)
                    yield WorkOrder(
                        id=number,
                        code=code,
                        external_code=external_code,
                        address_id=address_id,
                        members=members,
                        operations=[self._new_operation(operation) for operation in operations],
                    )
                case _:
                    raise ValueError(f"orders.json: {row}")

    def _add(self, order: WorkOrder) -> None:
        self._by_code[order.code] = order
        self._ids.add(order.id)
        if order.external_code is not None:
            self._by_external[order.system, order.external_code] = order

    def _new_operation(self, given: Mapping[str, Json]) -> Operation:
        """An operation without a code of its own gets one, as a work order does."""
        self._operations += 1
        named = {"code": f"OP{self._operations:05}"} if given.get("code") is None else {}
        return Operation(id=self._operations, members=changed({}, {**given, **named}))


def objects(value: Json) -> list[dict[str, Json]]:
    if not isinstance(value, list):
        raise ValueError(f"not a list: {value!r}")
    return [item for item in value if isinstance(item, dict)]


def _cancel(operations: list[Operation]) -> None:
    for operation in operations:
        operation.change({"statusCode": CANCELLED})


def _rows(file: str) -> list[dict[str, Json]]:
    return objects(json.loads((DATA / file).read_text(encoding="utf-8")))


def _split(row: Mapping[str, Json]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    return {name: row.get(name) for name in RECORDED}, objects(row["operations"])
