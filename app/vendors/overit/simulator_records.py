"""What the simulated OverIT holds of one work order and its operations, and how a write changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.vendors.overit.simulator_body import EXTENSION, utc_time
from app.vendors.simulation import Json

DISTINCT, AGGREGATED = "DISTINCT", "AGGREGATED"
CANCELLED = "CANCELLED"
TIMES = frozenset({"startDate", "endDate", "appointmentStartDate", "appointmentEndDate"})
RECORDED = (
    "externalSystemCode", "externalParentCode", "typeCode", "statusCode", "urgencyCode", "workCenterCode",
    "operationsAssignment", "aggregateCardinalityCode", "startDate", "endDate", "description", "aggregateDuration",
    "notes", "appointmentStartDate", "appointmentEndDate", "creationDate",
)  # fmt: skip
RECORDED_OF_OPERATION = (
    "code", "executionOrder", "cardinalityCode", "typeCode", "accountCode", "assetCode", "defaultDuration",
    "currentDuration", "description", "startDate", "endDate", "operationNote", "statusCode", "activityAddress",
)  # fmt: skip


@dataclass(kw_only=True, slots=True)
class Operation:
    """Both records are [assumed]: they show what can be written, by its name in the request."""

    id: int
    members: Mapping[str, Json]

    def record(self) -> dict[str, Json]:
        own = {name: self.members.get(name) for name in RECORDED_OF_OPERATION}
        return {"id": self.id, **own, **_extension(self.members)}

    def change(self, written: Mapping[str, Json]) -> None:
        self.members = changed(self.members, written)


@dataclass(kw_only=True, slots=True)
class WorkOrder:
    """`members` is replaced, never changed: plain orders share theirs."""

    id: int
    code: str
    external_code: str | None
    address_id: int | None
    members: Mapping[str, Json]
    operations: list[Operation] = field(default_factory=list)

    @property
    def system(self) -> Json:
        return self.members["externalSystemCode"]

    @property
    def assignment(self) -> Json:
        return self.members["operationsAssignment"]

    @property
    def status(self) -> str:
        return str(self.members["statusCode"])

    def operation(self, execution_order: Json) -> Operation | None:
        return next((one for one in self.operations if one.members["executionOrder"] == execution_order), None)

    def operation_named(self, code: Json) -> Operation | None:
        return next((one for one in self.operations if one.members["code"] == code), None)

    def change(self, written: Mapping[str, Json]) -> None:
        self.members = changed(self.members, written)

    def record(self) -> dict[str, Json]:
        own = {name: self.members.get(name) for name in RECORDED}
        operations: list[Json] = [operation.record() for operation in self.operations]
        names: dict[str, Json] = {"id": self.id, "code": self.code, "externalCode": self.external_code}
        return {**names, **own, **_extension(self.members), "operations": operations}


def ends_before_it_starts(members: Mapping[str, Json], written: Mapping[str, Json]) -> bool:
    """Whether that would be so once `written` is applied."""
    result = changed(members, written)
    start, end = result.get("startDate"), result.get("endDate")
    return isinstance(start, str) and isinstance(end, str) and end < start


def changed(members: Mapping[str, Json], written: Mapping[str, Json]) -> dict[str, Json]:
    """Times become the vendor's own form; of an extension, the members that were sent change and the others stay."""
    result = dict(members)
    for name, value in written.items():
        if name in TIMES and isinstance(value, str):
            result[name] = utc_time(value)
        elif name == EXTENSION:
            result[name] = {**_object(result.get(name)), **_object(value)}
        else:
            result[name] = value
    return result


def _extension(members: Mapping[str, Json]) -> dict[str, Json]:
    return {EXTENSION: members[EXTENSION]} if EXTENSION in members else {}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
