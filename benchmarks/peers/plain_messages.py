"""What peer (a) takes and answers: the body of a status update, checked by pydantic, and the receipt for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from benchmarks.peers.cx_zeep import SETTINGS, Order
from benchmarks.peers.plain_tables import StatusUpdate


class StatusUpdateIn(BaseModel):
    """The body of a status update."""

    model_config = ConfigDict(extra="forbid")

    status: str | None = Field(default=None, min_length=1, max_length=64)
    vendor_code: str | None = Field(default=None, min_length=1, max_length=64)
    occurred_at: AwareDatetime
    comments: str | None = Field(default=None, max_length=4000)
    reason_code: str | None = Field(default=None, min_length=1, max_length=64)
    late_reason: str | None = Field(default=None, min_length=1, max_length=64)
    client_reference: str | None = Field(default=None, min_length=1, max_length=128)

    @model_validator(mode="after")
    def _known(self) -> StatusUpdateIn:
        if self.reason_code is not None and self.late_reason is not None:
            raise ValueError("give reason_code or late_reason, not both")
        if self.code not in SETTINGS["codes"]:
            raise ValueError("give a status or a vendor_code that there is")
        if self.reason is None:
            raise ValueError("there is no such reason")
        return self

    @property
    def code(self) -> str:
        """Cx's StatusCodeId, as text; empty for an unknown status."""
        return self.vendor_code or str(SETTINGS["statuses"].get(self.status, ""))

    @property
    def reason(self) -> int | None:
        """Cx's StatusReasonId, 0 without a reason; None for an unknown one."""
        word, table = self.reason_code, "reasons"
        if self.late_reason is not None:
            word, table = self.late_reason, "late_reasons"
        if word is None:
            return 0
        found: int | None = SETTINGS[table].get(word)
        return found


def receipt(entry: StatusUpdate, body: StatusUpdateIn, order: Order, *, previous_code: str) -> str:
    """The answer to an update that Cx has applied, as JSON."""
    codes = SETTINGS["codes"]
    now = codes[order.code]
    return json.dumps(
        {
            "operation_id": entry.id,
            "state": "applied",
            "backend": entry.backend,
            "work_order": entry.work_order,
            "previous_status": codes[previous_code]["status"] if previous_code in codes else None,
            "status": now["status"],
            "vendor_status": {"code": order.code, "label": now["label"], "master": now["master"]},
            "occurred_at": body.occurred_at.astimezone(UTC).isoformat(),
            "received_at": entry.accepted_at.isoformat(),
            "applied_at": datetime.now(UTC).isoformat(),
            "evidence": "vendor_accepted",
        }
    )


def problem(entry: StatusUpdate, *, status: int, code: str, detail: str) -> str:
    """The answer to an update that failed, as JSON."""
    return json.dumps({"status": status, "code": code, "detail": detail, "operation_id": entry.id})
