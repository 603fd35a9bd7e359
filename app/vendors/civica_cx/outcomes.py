"""What an answer of Cx proves: for a write an outcome, for a read an error. The tables are in `tables.py`."""

from __future__ import annotations

from datetime import datetime

from app.domain.errors import BackendMisconfigured, BackendUnavailable, VendorSaid, VendorTrouble
from app.domain.ports import Answer, Outcome
from app.domain.record import record
from app.vendors.civica_cx.answers import Fault, Nothing, Reading, Result
from app.vendors.civica_cx.tables import FAULTS, HTTP_STATUSES, INVALID_TOKEN, TOKEN_REFUSED
from app.vendors.meanings import Meaning, answer_of, lost
from app.vendors.replies import redacted, whole

FAULT_STATUS = 500
"""SOAP 1.1 over HTTP: a fault with another status is not Cx's own (dossier §5.3)."""


@record(frozen=True, kw_only=True)
class Heard:
    """One whole answer: its HTTP status, what it says, and when it was asked for. Texts in it are redacted already."""

    status: int
    reading: Reading
    asked_at: datetime
    retry_after_s: float | None = None

    @property
    def token_refused(self) -> bool:
        """Whether Cx did nothing because our token is invalid or has expired."""
        code, text = INVALID_TOKEN
        fault = self._fault
        return fault is not None and fault.code == code and text in fault.text.casefold()

    @property
    def result(self) -> Result | None:
        """The operation's own result; one that does not come with HTTP 200 is none."""
        return self.reading if isinstance(self.reading, Result) and self.status == 200 else None

    @property
    def said(self) -> VendorSaid:
        match self.reading:
            case Fault(code=code, text=text):
                return VendorSaid(code=code, message=text or None, status=self.status)
            case Result(reason=reason):
                return VendorSaid(message=reason, status=self.status)
            case Nothing():
                return VendorSaid(status=self.status)

    def meaning(self) -> Meaning:
        """What an answer without a result proves."""
        found: Meaning | None = None
        if self.token_refused:
            found = TOKEN_REFUSED
        elif self._fault is not None:
            found = FAULTS.get(self._fault.code)
        elif isinstance(self.reading, Nothing):
            found = HTTP_STATUSES.get(self.status)
        return found or Meaning(outcome=Outcome.unknown, detail=self._unclear())

    @property
    def _fault(self) -> Fault | None:
        return self.reading if isinstance(self.reading, Fault) and self.status == FAULT_STATUS else None

    def _unclear(self) -> str:
        match self.reading:
            case Fault(code=code):
                return f"Cx answered with the fault {code}, which does not say whether it did anything."
            case Result():
                return f"Cx answered with a result, but with HTTP {self.status}."
            case Nothing(why=why):
                return f"{why} (HTTP {self.status})"


def write_answer(heard: Heard) -> Answer:
    """The outcome of an UpdateRepairWorksOrderStatus."""
    result = heard.result
    if result is not None and result.valid:
        return Answer(outcome=Outcome.applied, detail="Cx accepted the update.", said=heard.said)
    if result is not None:
        return Answer(outcome=Outcome.refused, detail="Cx refused the update.", said=heard.said)
    return answer_of(heard.meaning(), heard.said, heard.retry_after_s)


def read_error(heard: Heard) -> VendorTrouble:
    """The error of a read whose answer has no result."""
    meaning = heard.meaning()
    if meaning.trouble is None and meaning.error is None:
        return lost(meaning.detail, heard.said, heard.retry_after_s)
    return trouble_of(meaning)(meaning.detail, vendor=heard.said, after_s=whole(heard.retry_after_s))


def trouble_of(meaning: Meaning) -> type[VendorTrouble]:
    """For a read or a log-in: whatever Cx cannot read in it is our configuration, as nothing of a caller's is in it."""
    return meaning.trouble or (BackendUnavailable if meaning.error is None else BackendMisconfigured)


def without_secrets(reading: Reading, secrets: tuple[str, ...]) -> Reading:
    """The same reading, its texts cut to length and without our secrets, should Cx repeat them."""
    match reading:
        case Fault(code=code, text=text):
            return Fault(code=redacted(code, secrets), text=redacted(text, secrets))
        case Result(valid=valid, reason=reason, element=element):
            reason = None if reason is None else redacted(reason, secrets)
            return Result(valid=valid, reason=reason, element=element)
        case Nothing():
            return reading
