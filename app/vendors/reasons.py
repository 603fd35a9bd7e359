"""The vendor's code for a caller's reason, where the vendor has one place for `reason_code` and `late_reason`."""

from __future__ import annotations

from app.domain.errors import InvalidRequest, ReasonUnknown
from app.domain.json import JsonObject
from app.vendors.vendor import BackendSettings


def reason_code(settings: BackendSettings, body: JsonObject, *, vendor: str) -> str | None:
    """By the backend's tables; None where the body gives neither. Raises ReasonUnknown, or InvalidRequest for both."""
    given = [(field, table, body[field]) for field, table in
             (("reason_code", settings.reasons), ("late_reason", settings.late_reasons))
             if body.get(field) is not None]  # fmt: skip
    if not given:
        return None
    if len(given) > 1:
        raise InvalidRequest(f"Give reason_code or late_reason, not both: {vendor} keeps one.", pointer="/late_reason")
    field, table, word = given[0]
    if not isinstance(word, str) or word not in table:
        raise ReasonUnknown(f"This backend has no such {field}.", pointer=f"/{field}", known=sorted(table))
    return table[word]
