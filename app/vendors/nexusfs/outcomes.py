"""What an answer of NexusFS proves: for a write an outcome, for a read an order or an error. The tables are in `tables.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.domain.errors import (
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
    VendorSaid,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.ports import Answer, Outcome, VendorRequest
from app.domain.work_orders import Observation
from app.vendors.nexusfs.answers import MOST_TEXT, Nothing, Object, Reading, Standard, faults
from app.vendors.nexusfs.tables import HTTP_STATUSES, STANDARD, STANDARD_TO_PUT, Meaning
from app.vendors.nexusfs.translate import from_nexus_order
from app.vendors.transport import NotSent, Unanswered

AGAIN_S = 30
"""When to ask again for an order that could not be read."""
SUCCESS = frozenset({200, 201})


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One whole answer: its HTTP status, what it says, and when it was asked for. Texts in it are redacted already."""

    status: int
    reading: Reading
    asked_at: datetime
    retry_after_s: float | None = None

    @property
    def said(self) -> VendorSaid:
        if not isinstance(self.reading, Standard):
            return VendorSaid(status=self.status)
        wrong = "; ".join(": ".join(filter(None, (one.path, one.reason))) for one in self.reading.parameters)
        text = " ".join(one for one in (self.reading.text, wrong) if one)
        return VendorSaid(message=text[:MOST_TEXT] or None, status=self.status)

    def meaning(self, standard: Mapping[int, Meaning] = STANDARD) -> Meaning:
        """What an answer proves that is not the one which was hoped for."""
        found = None
        if isinstance(self.reading, Standard) and self.reading.failed:
            found = standard.get(self.status)
        found = found or HTTP_STATUSES.get(self.status)
        return found or Meaning(outcome=Outcome.unknown, detail=self._unclear())

    def _unclear(self) -> str:
        why = self.reading.why if isinstance(self.reading, Nothing) else "It does not say whether anything was done."
        return f"{why} (HTTP {self.status})"


def write_answer(heard: Heard, request: VendorRequest) -> Answer:
    """The outcome of a write; a yes is HTTP 200 or 201 with the same status, and nothing else, in its standard response."""
    reading = heard.reading
    if heard.status in SUCCESS and isinstance(reading, Standard) and not reading.failed:
        return Answer(outcome=Outcome.applied, detail="NexusFS accepted the change.", said=heard.said)
    meaning = heard.meaning(STANDARD_TO_PUT if request.method == "PUT" else STANDARD)
    sent = json.loads(request.body) if request.body else {}
    return Answer(
        outcome=meaning.outcome,
        detail=meaning.detail,
        said=heard.said,
        error=meaning.error,
        trouble=meaning.trouble,
        retry_after_s=heard.retry_after_s,
        faults=faults(reading, sent) if isinstance(reading, Standard) and meaning.error is not None else (),
    )


def read_order(heard: Heard, number: str) -> Observation:
    """The order that a GET asked for. Raises WorkOrderNotFound or the vendor's trouble."""
    if heard.status == 200 and isinstance(heard.reading, Object):
        seen = from_nexus_order(heard.reading.members, as_of=heard.asked_at)
        if seen is not None and seen.key.number == number:
            return seen
        error = BackendUnavailable("NexusFS answered with something else than the order.", after_s=AGAIN_S)
        error.one_order = True
        raise error
    meaning = heard.meaning()
    if meaning.error is WorkOrderNotFound:
        raise WorkOrderNotFound(meaning.detail, vendor=heard.said)
    trouble = meaning.trouble or BackendUnavailable
    failed = trouble(meaning.detail, vendor=heard.said, after_s=_whole(heard.retry_after_s))
    failed.one_order = meaning.error is not None
    raise failed


def log_in_fault(heard: Heard) -> NotSent:
    """Why nothing could be sent, where a log-in was not answered with a token."""
    meaning = HTTP_STATUSES.get(heard.status)
    if heard.status == 401:
        detail = "NexusFS refused our log-in."
    else:
        detail = f"The log-in was not answered with a token: {heard.meaning({}).detail}"
    trouble = meaning.trouble if meaning is not None and meaning.trouble is not None else BackendUnavailable
    return NotSent(trouble, detail, said=heard.said, retry_after_s=heard.retry_after_s)


def unsent_answer(fault: NotSent, *, left_us: bool) -> Answer:
    """`left_us`: an earlier try was sent, and was refused for its token before anything was done."""
    return Answer(
        outcome=Outcome.not_applied if left_us else Outcome.not_sent,
        detail=fault.detail,
        said=fault.said,
        trouble=fault.trouble,
        retry_after_s=fault.retry_after_s,
    )


def error_answer(error: GatewayError) -> Answer:
    """The outcome of a write that we refuse ourselves, before it is sent."""
    return Answer(
        outcome=Outcome.refused, detail=error.detail, said=error.vendor, error=type(error), faults=error.faults
    )


def transport_error(fault: NotSent | Unanswered) -> VendorTrouble:
    """The error of a read that was not answered."""
    if isinstance(fault, NotSent):
        return fault.trouble(fault.detail, vendor=fault.said, after_s=_whole(fault.retry_after_s))
    return (BackendTimeout if fault.late else BackendUnavailable)(fault.detail)


def redacted(reading: Reading, secrets: tuple[str, ...]) -> Reading:
    """The same reading, its texts cut to length and without our secrets, should a vendor repeat them."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text[:MOST_TEXT]

    if not isinstance(reading, Standard):
        return reading
    return replace(
        reading,
        text=clean(reading.text),
        parameters=tuple(replace(one, path=clean(one.path), reason=clean(one.reason)) for one in reading.parameters),
    )


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds + 0.999)
