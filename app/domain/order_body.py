"""The body of a write that carries a work order: what the caller says of it, apart from what only the gateway can say."""

from __future__ import annotations

from app.domain.json import JsonObject, JsonValue

OURS = frozenset(
    {
        "backend",
        "number",
        "status",
        "phase",
        "vendor_status",
        "delivery",
        "not_shown",
        "as_of",
        "vendor_ids",
        "vendor_code",
    }
)
"""Members of an order of ours that are none of the vendor's record: an order that was read can be sent back as it is.

A create takes the status that it begins with from three of them: `status`, `vendor_code`, `vendor_status`."""


def contents(body: JsonObject) -> dict[str, JsonValue]:
    """The members that the vendor is to take."""
    return {name: value for name, value in body.items() if name not in OURS}
