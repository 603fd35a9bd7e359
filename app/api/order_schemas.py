"""The component schemas of a work order in OpenAPI: as answered, as sent whole, as a merge patch."""

from __future__ import annotations

from typing import Any

from app.api.order_bodies import WorkOrderIn, WorkOrderPatch
from app.api.order_bodies import documented as order_bodies
from app.domain.work_orders import MEMBERS

Schema = dict[str, Any]

FIRST = ("backend", "number", "external_reference")
LAST = ("status", "phase", "vendor_status", "delivery", "not_shown", "as_of", "vendor_ids")
"""Members of an answer that stand before and behind those that the vendor's record fills."""

AS_READ = ("backend", "phase", "delivery", "not_shown", "as_of", "vendor_ids")
"""Members that an order sent whole may carry because it was read so."""
REFUSED = ("status", "vendor_code", "vendor_status", *AS_READ)
"""Members of an order that no merge patch takes."""


def put_order_schemas(schemas: Schema) -> None:
    """Add the bodies of writes to the components, and to the order as answered the members that a vendor's record fills."""
    bodies = order_bodies()
    members: Schema = bodies.pop("OrderMembers")["properties"]
    schemas.update(bodies)
    order = schemas["WorkOrder"]
    own: Schema = order["properties"]
    vendors = {name: _as_answered(members[name]) for name in MEMBERS}
    order["properties"] = {**{name: own[name] for name in FIRST}, **vendors, **{name: own[name] for name in LAST}}
    order["properties"]["external_reference"]["description"] = members["external_reference"]["description"]
    del order["additionalProperties"]  # a later version may answer more; none of it is unnamed today
    whole: Schema = schemas[WorkOrderIn.__name__]["properties"]
    for name in AS_READ:
        whole[name] = {"anyOf": _arms(own[name]), "description": whole[name]["description"]}
    patch: Schema = schemas[WorkOrderPatch.__name__]["properties"]
    for name in REFUSED:
        del patch[name]


def without_null_defaults(schemas: Schema) -> None:
    """Drop each default that is null: what is absent from a merge patch stays, and null removes."""
    for schema in schemas.values():
        for member in schema.get("properties", {}).values():
            if member.get("default", "") is None:
                del member["default"]


def _as_answered(kind: Schema) -> Schema:
    """A member as a vendor's record has it: of any length, and with no element of a collection that is null."""
    return {**kind, "anyOf": [_of_the_record(arm) for arm in kind["anyOf"]]}


def _of_the_record(arm: Schema) -> Schema:
    kept = {name: value for name, value in arm.items() if name != "maxLength"}
    match kept.get("additionalProperties"):
        case {"anyOf": [{"$ref": element}, {"type": "null"}]}:
            kept["additionalProperties"] = {"$ref": element}
    return kept


def _arms(kind: Schema) -> list[Schema]:
    """The arms of a union with null."""
    null = {"type": "null"}
    arms: list[Schema] = kind.get("anyOf") or [
        {name: kind[name] for name in kind if name not in ("title", "description")}
    ]
    return [*(arm for arm in arms if arm != null), null]
