"""What one read-back of a lost answer leaves for the next, as the ledger keeps it in one text."""

from __future__ import annotations

from app.domain.record import record
from app.domain.times import SECOND

FAILED = "failed"
OTHER = "other"
SHOWN = "shown"


@record(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What the readings since the attempt left: from when on the next one counts, and what the last of them showed (None: it
    failed, or proved nothing).

    `other`: one of them showed neither what was there before nor what we sent. From then on that the order shows what was
    there before proves nothing: ours may have been there in between.
    """

    counts_from: int
    shown: str | None = None
    other: bool = False

    @property
    def only_failed(self) -> bool:
        return self.shown is None and not self.other

    def is_too_early(self, at: int, *, pause_s: float) -> bool:
        """Whether a reading at this time came before its own, as somebody asked; not where the clock was set back instead."""
        return at < self.counts_from <= at + round(pause_s * SECOND)

    def text(self) -> str:
        if self.other:
            return f"{self.counts_from} {OTHER}"
        return f"{self.counts_from} {FAILED if self.shown is None else f'{SHOWN} {self.shown}'}"


def earlier(evidence: str | None) -> Earlier | None:
    """`Earlier.text` read back; None where there is none of this form."""
    at, _, rest = (evidence or "").partition(" ")
    kind, _, shown = rest.partition(" ")
    if not at.isdigit() or kind not in (FAILED, OTHER, SHOWN):
        return None
    return Earlier(counts_from=int(at), shown=shown if kind == SHOWN else None, other=kind == OTHER)
