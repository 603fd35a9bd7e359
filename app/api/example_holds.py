"""A hold, and its resolution, as the OpenAPI document shows them."""

from __future__ import annotations

from app.api.example_orders import AS_OF
from app.domain.json import JsonObject

HOLD_ID = "hold_01KAKZ6T3J5N2M8Q4X7B9C1D0F"
HOLD: JsonObject = {
    "hold_id": HOLD_ID,
    "state": "open",
    "cause": "outcome-unknown",
    "detail": "the order shows neither what it was nor what we sent",
    "backend": "civica-cx",
    "work_order": "113427",
    "operation_id": "op_01KAKZ6S5T8Q3V1M9R4C7E2B6N",
    "opened_at": AS_OF,
    "actions": ["retry", "skip", "replace", "mark_applied", "cancel"],
    "resolution": None,
    "reason": None,
    "evidence": None,
    "resolved_by": None,
    "resolved_at": None,
    "made_operation": None,
}
RESOLUTION: JsonObject = {
    "action": "mark_applied",
    "reason": "The engineer was on site.",
    "evidence": "Cx shows On Site since 20:41",
}
RESOLVED_HOLD: JsonObject = {
    **HOLD,
    "state": "resolved",
    "actions": [],
    "resolution": RESOLUTION["action"],
    "reason": RESOLUTION["reason"],
    "evidence": RESOLUTION["evidence"],
    "resolved_by": "sandbox",
    "resolved_at": "2026-11-20T20:52:30.004129Z",
}
