"""The story of an order as a document that can be shown to others: what it says, and what its words mean."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.domain.json import JsonObject, JsonValue
from app.domain.timeline import KINDS

FORMAT = "orderbridge.timeline.1"
ASK = "ask the issuer"
KEYS = "jwks"


class Evidence(StrEnum):
    """How we know what became of a write. What else stands there is what a person or we wrote down."""

    vendor_accepted = "vendor_accepted"
    read_back = "read_back"
    unchanged = "unchanged"
    operator = "operator"
    not_applied = "not_applied"


EVIDENCE: dict[Evidence, str] = {
    Evidence.vendor_accepted: "The vendor's interface answered this very write with its own word for success.",
    Evidence.read_back: "The vendor's answer was lost. The order was read from the vendor's system afterwards, and showed the "
    "write.",
    Evidence.unchanged: "The order was read, and was already as the write asks. Nothing was sent.",
    Evidence.operator: "A person said so. Who, when and why stands beside it.",
    Evidence.not_applied: "The vendor's answer was lost. Reading the order proved that the write did not take effect.",
}
OUTCOMES: dict[str, str] = {
    "applied": "The vendor's answer was read, and says that the write took effect.",
    "refused": "The vendor's answer was read, and says that the write did not take effect.",
    "unknown": "No answer that could be relied on was read. What followed shows how it was found out.",
    "not_sent": "Nothing reached the vendor.",
    "not_applied": "It is certain that the vendor did not process the write.",
}
SCOPE = (
    "The writes of one tenant as they were accepted, every attempt to send them with the vendor's own words as far as they "
    "were kept, and what the vendor's system showed of the order. Writes of other tenants are not in it; a status that one "
    "of them set is in it only where a read of the order was the first to show it. Times are UTC, by the clock of the issuer; "
    "`seq` is the order in which the issuer recorded what happened to this work order."
)


def document(
    *,
    issuer: JsonObject,
    exported: JsonObject,
    work_order: JsonObject,
    entries: Sequence[JsonObject],
    complete: bool,
    verification: JsonObject,
) -> dict[str, JsonValue]:
    """The document before it is signed. `complete` is false where the order's story was too long to be told whole."""
    return {
        "format": FORMAT,
        "issuer": issuer,
        "exported": exported,
        "work_order": work_order,
        "entries": list(entries),
        "complete": complete,
        "meaning": {
            "scope": SCOPE,
            "kind": KINDS,
            "evidence": {word.value: means for word, means in EVIDENCE.items()},
            "outcome": OUTCOMES,
        },
        "verification": verification,
    }
