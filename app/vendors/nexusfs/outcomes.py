"""What an answer of NexusFS proves: for a write an outcome, for a read an order or an error. The tables are in `tables.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.errors import BackendUnavailable, VendorSaid
from app.domain.ports import Answer, Outcome, VendorRequest
from app.domain.work_orders import Observation
from app.vendors.exchange import NotSent
from app.vendors.meanings import Meaning, answer_of, read_error, unreadable
from app.vendors.nexusfs.answers import Nothing, Object, Reading, Standard, faults
from app.vendors.nexusfs.tables import HTTP_STATUSES, STANDARD, STANDARD_TO_PUT
from app.vendors.nexusfs.translate import from_nexus_order
from app.vendors.replies import MOST_TEXT, redacted

SUCCESS = frozenset({200, 201})
NO_OUTCOME = "It does not say whether anything was done."


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

    def meaning(self, standard: Mapping[int, Meaning] = STANDARD, *, lacks: str = NO_OUTCOME) -> Meaning:
        """What an answer proves that is not the one which was hoped for; one of no table `lacks` what was asked for."""
        found = None
        if isinstance(self.reading, Standard) and self.reading.failed:
            found = standard.get(self.status)
        found = found or HTTP_STATUSES.get(self.status)
        return found or Meaning(outcome=Outcome.unknown, detail=self._unclear(lacks))

    def _unclear(self, lacks: str) -> str:
        why = self.reading.why if isinstance(self.reading, Nothing) else lacks
        return f"{why} (HTTP {self.status})"


def write_answer(heard: Heard, request: VendorRequest) -> Answer:
    """The outcome of a write; a yes is HTTP 200 or 201 with the same status, and nothing else, in its standard response."""
    reading = heard.reading
    if heard.status in SUCCESS and isinstance(reading, Standard) and not reading.failed:
        return Answer(outcome=Outcome.applied, detail="NexusFS accepted the change.", said=heard.said)
    meaning = heard.meaning(STANDARD_TO_PUT if request.method == "PUT" else STANDARD)
    sent = json.loads(request.body) if request.body else {}
    wrong = faults(reading, sent) if isinstance(reading, Standard) and meaning.error is not None else ()
    return answer_of(meaning, heard.said, heard.retry_after_s, wrong)


def read_order(heard: Heard, number: str) -> Observation:
    """The order that a GET asked for. Raises WorkOrderNotFound or the vendor's trouble."""
    if heard.status == 200 and isinstance(heard.reading, Object):
        seen = from_nexus_order(heard.reading.members, as_of=heard.asked_at)
        if seen is not None and seen.key.number == number:
            return seen
        raise unreadable("NexusFS answered with something else than the order.")
    raise read_error(heard.meaning(lacks="It does not show the order."), heard.said, heard.retry_after_s)


def log_in_fault(heard: Heard) -> NotSent:
    """Why nothing could be sent, where a log-in was not answered with a token."""
    meaning = HTTP_STATUSES.get(heard.status)
    if heard.status == 401:
        detail = "NexusFS refused our log-in."
    else:
        detail = f"The log-in was not answered with a token: {heard.meaning({}, lacks='It does not say why.').detail}"
    trouble = meaning.trouble if meaning is not None and meaning.trouble is not None else BackendUnavailable
    return NotSent(trouble, detail, said=heard.said, retry_after_s=heard.retry_after_s)


def without_secrets(reading: Reading, secrets: tuple[str, ...]) -> Reading:
    """The same reading, its texts cut to length and without our secrets, should NexusFS repeat them."""
    if not isinstance(reading, Standard):
        return reading
    return replace(
        reading,
        text=redacted(reading.text, secrets),
        parameters=tuple(
            replace(one, path=redacted(one.path, secrets), reason=redacted(one.reason, secrets))
            for one in reading.parameters
        ),
    )
