"""The simulator's work orders by number, and the master data that fills in an account or a location."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from app.vendors.nexusfs.simulator_answers import InvalidParam, invalid
from app.vendors.nexusfs.simulator_shapes import MASTER_KEYS
from app.vendors.simulation import AddedOrders, Json

Record: TypeAlias = dict[str, Json]
"""One work order. Records share what they hold, so none is ever altered in place."""

DATA = Path(__file__).parent / "simulator_data"


def _read(name: str) -> Record:
    record: Record = json.loads((DATA / name).read_text(encoding="utf-8"))
    return record


def _master() -> dict[tuple[str, str], Json]:
    found: dict[tuple[str, str], Json] = {}
    for section, rows in _read("master_data.json").items():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                found[section, str(row[MASTER_KEYS[section]])] = row
    return found


MASTER = _master()
PLAIN: Mapping[str, Json] = {
    "Account": MASTER["Account", "1029"],
    "DispatchStatus": 0,
    "Location": MASTER["Location", "1030"],
    "OrderDate": "2016-02-19T20:44:15.498Z",
    "OrderStatus": "1",
    "OrderType": "1001",
    "Priority": "1003",
}


class Orders:
    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._highest = 0
        seed = _read("work_order_1214.json")
        self.put(str(seed["OrderNum"]), seed)

    def find(self, number: str) -> Record | None:
        return self._records.get(number)

    def put(self, number: str, record: Record) -> None:
        self._records[number] = record
        if number.isascii() and number.isdigit() and len(number) < 10:
            self._highest = max(self._highest, int(number))

    def remove(self, number: str) -> None:
        del self._records[number]

    def next_number(self) -> int:
        """Above every number there has been; text that is no number, or a very long one, does not count."""
        return self._highest + 1

    def add_plain(self, added: AddedOrders) -> None:
        """New and not scheduled, alike but for their numbers."""
        for number in range(added.first, added.first + added.count):
            self.put(str(number), {**PLAIN, "OrderNum": str(number)})


def filled(sent: Mapping[str, Json]) -> Record:
    """What was sent, an account or location of which only the number is given filled in from the master data."""
    full = dict(sent)
    for section, key in MASTER_KEYS.items():
        number = _number_only(full.get(section), key)
        if number is not None:
            full[section] = MASTER.get((section, number), full[section])
    return full


def section_faults(sent: Mapping[str, Json]) -> Iterator[InvalidParam]:
    """A number alone, without master data."""
    for section, key in MASTER_KEYS.items():
        number = _number_only(sent.get(section), key)
        if number is not None and (section, number) not in MASTER:
            yield invalid(f"{section}.{key}", "does not exist", number)


def shown(value: Json) -> Json:
    """Members in alphabetical order at every level, as the vendor shows them."""
    match value:
        case dict():
            return {name: shown(value[name]) for name in sorted(value)}
        case list():
            return [shown(one) for one in value]
    return value


def _number_only(section: Json, key: str) -> str | None:
    match section:
        case {**members} if list(members) == [key]:
            return str(members[key])
    return None
