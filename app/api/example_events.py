"""The examples of the OpenAPI document for the event feed and the timeline, as a sandbox answers them."""

from __future__ import annotations

from app.domain.json import JsonObject

OPERATION_ID = "op_01KAKZ6S5T8Q3V1M9R4C7E2B6N"
_AT = "2026-11-20T20:41:07.341207Z"
_ON_SITE: JsonObject = {"code": "11", "label": "On Site", "master": "Work In Progress"}
_ISSUED: JsonObject = {"code": "3", "label": "Issued", "master": "Issued"}
EVENTS: JsonObject = {
    "items": [
        {
            "id": "evt_4711",
            "cursor": "T0ORyQ0sQyC3VnTfsR5i8ls0NzExXQ",
            "seq": 2,
            "at": _AT,
            "type": "operation.applied",
            "source": "delivery",
            "backend": "civica-cx",
            "work_order": "113427",
            "operation_id": OPERATION_ID,
            "data": {
                "previous_state": "sending",
                "previous_status": {"status": "issued", "vendor_status": _ISSUED},
                "status": "on_site",
                "vendor_status": _ON_SITE,
                "evidence": "vendor_accepted",
            },
        },
        {
            "id": "evt_4715",
            "cursor": "mWn0mDq0Yy1t1m2c0V7v5ls0NzE1XQ",
            "seq": 3,
            "at": "2026-11-20T20:46:12.001833Z",
            "type": "work_order.changed",
            "source": "poll",
            "backend": "civica-cx",
            "work_order": "113427",
            "operation_id": None,
            "data": {
                "was": {"status": "on_site", "vendor_status": _ON_SITE},
                "now": {
                    "status": "cancelled",
                    "vendor_status": {"code": "19", "label": "Cancelled", "master": "Cancelled"},
                },
            },
        },
    ],
    "next": "mWn0mDq0Yy1t1m2c0V7v5ls0NzE1XQ",
}
TIMELINE: JsonObject = {
    "items": [
        {
            "at": "2026-11-20T20:41:07.120332Z",
            "kind": "request",
            "operation_id": OPERATION_ID,
            "operation_kind": "status_update",
            "client_id": "sandbox",
            "request_id": "req_6f1d2c0b9a8e47d3b5c4a3f2e1d0c9b8",
            "idempotency_key_sha256": "7a8a6d0c0a2f3c1c8be0a1f2d2c4a6b8e0f1d3c5b7a99887766554433221100f",
            "client_reference": None,
            "body": {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z", "comments": "Engineer on site"},
            "replace": [],
            "if_match": [],
            "if_none_match": [],
            "occurred_at": "2026-11-20T20:40:00Z",
            "status": "on_site",
            "vendor_status": _ON_SITE,
        },
        {
            "at": "2026-11-20T20:41:07.120332Z",
            "kind": "attempt",
            "operation_id": OPERATION_ID,
            "n": 1,
            "deadline_at": "2026-11-20T20:41:27.120332Z",
        },
        {
            "at": _AT,
            "kind": "answer",
            "operation_id": OPERATION_ID,
            "n": 1,
            "outcome": "applied",
            "detail": "UpdateSuccessful is true",
            "vendor": None,
        },
        {
            "at": _AT,
            "kind": "state",
            "seq": 2,
            "source": "delivery",
            "operation_id": OPERATION_ID,
            "state": "applied",
            "previous_state": "sending",
            "previous_status": {"status": "issued", "vendor_status": _ISSUED},
            "status": "on_site",
            "vendor_status": _ON_SITE,
            "evidence": "vendor_accepted",
            "answer": {"status": 201, "body": {"operation_id": OPERATION_ID, "state": "applied"}},
        },
    ],
    "next": None,
}
EVENT_ANSWERS: dict[tuple[str, str], JsonObject] = {
    ("listEvents", "200"): EVENTS,
    ("getTimeline", "200"): TIMELINE,
}
