"""The examples of the webhook routes."""

from __future__ import annotations

from app.domain.json import JsonObject, JsonValue

WEBHOOK: JsonObject = {
    "id": "wh_01KAKZ6S5T8Q3V1M9R4C7E2B6N",
    "url": "https://hooks.contractor.co.uk/orderbridge",
    "backends": ["civica-cx"],
    "types": ["operation.*", "work_order.changed"],
    "description": "Job board",
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "old_secret_until": None,
    "created_at": "2026-11-20T20:41:07.120332Z",
}
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
_DELIVERY: JsonObject = {
    "message_id": "msg_01KAKZ7D2M4X8W6T3Q9B5N1R0C",
    "event_id": "evt_4711",
    "type": "operation.applied",
    "backend": "civica-cx",
    "work_order": "113427",
    "seq": 3,
    "state": "delivered",
    "attempts": [
        {"at": "2026-11-20T20:41:08.500417Z", "ms": 143, "status": 503, "error": "It answered 503."},
        {"at": "2026-11-20T20:41:14.020119Z", "ms": 87, "status": 204, "error": None},
    ],
    "next_try": None,
    "created_at": "2026-11-20T20:41:08.400112Z",
}
_AGAIN: JsonObject = {**_DELIVERY, "state": "pending", "next_try": "2026-11-20T21:10:00.000417Z"}
_TEST: JsonObject = {
    **_AGAIN,
    "event_id": None,
    "type": "webhook.test",
    "backend": None,
    "work_order": None,
    "seq": None,
    "attempts": [],
    "created_at": "2026-11-20T21:10:00.000417Z",
}


def _page(*items: JsonValue) -> JsonObject:
    return {"items": list(items), "next": None}


WEBHOOK_REQUESTS: dict[str, JsonObject] = {
    "createWebhook": {name: WEBHOOK[name] for name in ("url", "backends", "types", "description")},
    "patchWebhook": {"types": None, "enabled": True},
}
"""By operationId."""
WEBHOOK_ANSWERS: dict[tuple[str, str], JsonObject] = {
    ("createWebhook", "201"): {**WEBHOOK, "secret": _SECRET},
    ("listWebhooks", "200"): _page(WEBHOOK),
    ("getWebhook", "200"): WEBHOOK,
    ("patchWebhook", "200"): {**WEBHOOK, "types": None},
    ("rotateWebhookSecret", "200"): {
        **WEBHOOK,
        "old_secret_until": "2026-11-21T21:10:00.000417Z",
        "secret": _SECRET,
    },
    ("listWebhookDeliveries", "200"): _page(_DELIVERY),
    ("replayWebhookDelivery", "202"): _AGAIN,
    ("testWebhook", "202"): _TEST,
}
"""By operationId and status."""
