"""What an answer of Cx proves: for a write an outcome, for a read an error. The tables are in `tables.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
    VendorSaid,
    VendorTrouble,
)
from app.domain.ports import Answer, Outcome
from app.vendors.civica_cx.answers import MOST_TEXT, Fault, Nothing, Reading, Result
from app.vendors.civica_cx.tables import FAULTS, HTTP_STATUSES, INVALID_TOKEN, Meaning
from app.vendors.transport import NotSent, Unanswered


@dataclass(frozen=True, kw_only=True)
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
        return isinstance(self.reading, Fault) and self.reading.code == code and text in self.reading.text.casefold()

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
        elif isinstance(self.reading, Fault):
            found = FAULTS.get(self.reading.code)
        elif isinstance(self.reading, Nothing):
            found = HTTP_STATUSES.get(self.status)
        return found or Meaning(outcome=Outcome.unknown, detail=self._unclear())

    def _unclear(self) -> str:
        match self.reading:
            case Fault(code=code):
                return f"Cx answered with the fault {code}, which does not say whether it did anything."
            case Result():
                return f"Cx answered with a result, but with HTTP {self.status}."
            case Nothing(why=why):
                return f"{why} (HTTP {self.status})"


TOKEN_REFUSED = Meaning(
    outcome=Outcome.not_applied,
    trouble=BackendMisconfigured,
    detail="Cx calls a token invalid that it has just given us.",
)


def write_answer(heard: Heard) -> Answer:
    """The outcome of an UpdateRepairWorksOrderStatus."""
    result = heard.result
    if result is not None and result.valid:
        return Answer(outcome=Outcome.applied, detail="Cx accepted the update.", said=heard.said)
    if result is not None:
        return Answer(outcome=Outcome.refused, detail="Cx refused the update.", said=heard.said)
    meaning = heard.meaning()
    return Answer(
        outcome=meaning.outcome,
        detail=meaning.detail,
        said=heard.said,
        error=meaning.error,
        trouble=meaning.trouble,
        retry_after_s=heard.retry_after_s,
    )


def unsent_answer(fault: NotSent, *, left_us: bool) -> Answer:
    """`left_us`: an earlier try was sent, and was refused for its token before anything was done."""
    return Answer(
        outcome=Outcome.not_applied if left_us else Outcome.not_sent,
        detail=fault.detail,
        said=fault.said,
        trouble=fault.trouble,
        retry_after_s=fault.retry_after_s,
    )


def read_error(heard: Heard) -> VendorTrouble:
    """The error of a read whose answer has no result."""
    meaning = heard.meaning()
    trouble = meaning.trouble or (BackendMisconfigured if meaning.error is not None else BackendUnavailable)
    return trouble(meaning.detail, vendor=heard.said, after_s=_whole(heard.retry_after_s))


def transport_error(fault: NotSent | Unanswered) -> VendorTrouble:
    """The error of a read that was not answered."""
    if isinstance(fault, NotSent):
        return fault.trouble(fault.detail, vendor=fault.said, after_s=_whole(fault.retry_after_s))
    return (BackendTimeout if fault.late else BackendUnavailable)(fault.detail)


def error_answer(error: GatewayError) -> Answer:
    """The outcome of a write that failed before it was sent."""
    if isinstance(error, VendorTrouble):
        return Answer(
            outcome=Outcome.not_sent,
            detail=error.detail,
            said=error.vendor,
            trouble=None if error.one_order else type(error),
            retry_after_s=error.after_s,
        )
    return Answer(outcome=Outcome.refused, detail=error.detail, said=error.vendor, error=type(error))


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


def redacted(reading: Reading, secrets: tuple[str, ...]) -> Reading:
    """The same reading, its texts cut to length and without our secrets, should a vendor repeat them."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text[:MOST_TEXT]

    match reading:
        case Fault(code=code, text=text):
            return Fault(code=clean(code), text=clean(text))
        case Result(valid=valid, reason=reason, element=element):
            return Result(valid=valid, reason=None if reason is None else clean(reason), element=element)
        case Nothing():
            return reading


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds + 0.999)
