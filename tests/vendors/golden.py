"""The golden error matrix: what each vendor may answer to each call, and what that must come to, as data in its folder.

`golden.csv` has one answer a row: the vendor's call, its status, headers and body, and beside it our outcome, our code and
whether it may be sent again. A read has no outcome, or `error`, whose code alone tells whether it may be repeated. A log-in
with an outcome is that before a status update, one without is that before a read. `calls.json` says which HTTP request a
call is, `golden_writes.json` what is written.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from app.domain.errors import ERRORS, GatewayError
from app.domain.ports import Answer, Outcome
from tests.vendors.canned_proxy import Canned, Pattern

HERE = Path(__file__).parent
COLUMNS = ["call", "name", "status", "content_type", "headers", "body", "outcome", "code", "sent_again"]
CALLS = ("login", "read", "list", "status_update", "create", "patch", "replace", "delete")
STATUSES = frozenset({401, 403, 404, 405, 409, 410, 429, 500, 502, 503})
"""What any web server may answer to anything; every call has a row for each."""
TRUNCATED = "truncated"
SENT_AGAIN = frozenset({Outcome.not_sent, Outcome.not_applied})
TRUTH = {"true": True, "yes": True, "false": False, "no": False}
FOUND, ERROR = "found", "error"
"""What the matrix may say of a read where it says more than the code."""


@dataclass(frozen=True, kw_only=True)
class CameTo:
    """What an answer came to. A read has no outcome: `code` is the error that it raised, empty for none."""

    outcome: str
    code: str
    sent_again: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the matrix. `after_s`: what its Retry-After asks for, where the write or the read may be sent again."""

    slug: str
    line: int
    call: str
    name: str
    canned: Canned
    came_to: CameTo
    after_s: float | None

    @property
    def is_write(self) -> bool:
        """Whether the call is made by sending a write."""
        return self.came_to.outcome != ""

    @property
    def id(self) -> str:
        return f"{self.slug}:{self.line} {self.call}: {self.name}"

    @property
    def is_page(self) -> bool:
        """Whether it is a web page with 200."""
        return self.canned.status == 200 and self.canned.headers.get("Content-Type", "").startswith("text/html")


class GoldenWrite(BaseModel):
    """A write, or the order that is read; without a number it is the sandbox's example order."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = None
    code: str | None = None
    occurred_at: datetime | None = None
    body: dict[str, Any] = {}


def rows(slug: str) -> list[Row]:
    """The vendor's matrix; empty where it has no file yet."""
    path = HERE / slug / "golden.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        assert reader.fieldnames == COLUMNS
        return [_row(slug, reader.line_num, texts) for texts in reader]


def _row(slug: str, line: int, texts: Mapping[str, str]) -> Row:
    assert texts["call"] in CALLS
    named: dict[str, str] = json.loads(texts["headers"] or "{}")
    given = {"Content-Type": texts["content_type"]} if texts["content_type"] else {}
    came_to = _came_to(texts["outcome"], texts["code"], sent_again=TRUTH[texts["sent_again"]])
    wait = next((value for name, value in named.items() if name.lower() == "retry-after"), "")
    return Row(
        slug=slug,
        line=line,
        call=texts["call"],
        name=texts["name"],
        canned=Canned(
            status=int(texts["status"]),
            headers={**given, **named},
            body=texts["body"].encode(),
            cut_off=texts["name"].startswith(TRUNCATED),
        ),
        came_to=came_to,
        after_s=float(wait) if came_to.sent_again and wait.isdigit() else None,
    )


def _came_to(outcome: str, code: str, *, sent_again: bool) -> CameTo:
    if outcome in (FOUND, ERROR):
        return CameTo(outcome="", code=code, sent_again=outcome == ERROR and ERRORS[code].retryable)
    return CameTo(outcome=outcome, code=code, sent_again=sent_again)


def calls(slug: str) -> dict[str, Pattern]:
    return TypeAdapter(dict[str, Pattern]).validate_json((HERE / slug / "calls.json").read_bytes())


def writes(slug: str) -> dict[str, GoldenWrite]:
    return TypeAdapter(dict[str, GoldenWrite]).validate_json((HERE / slug / "golden_writes.json").read_bytes())


def missing(of_call: list[Row]) -> list[str]:
    """Which of the answers that every call needs are not among one call's rows."""
    found = {
        **{f"HTTP {status}": any(row.canned.status == status for row in of_call) for status in sorted(STATUSES)},
        "a web page with 200": any(row.is_page and row.canned.body for row in of_call),
        "an empty 200": any(row.canned.status == 200 and not row.canned.body for row in of_call),
        "a truncated answer": any(row.canned.cut_off for row in of_call),
    }
    return [name for name, there in found.items() if not there]


def written(answer: Answer) -> CameTo:
    """A write's answer in the matrix's words."""
    again = answer.outcome in SENT_AGAIN
    code = ""
    if answer.outcome is Outcome.refused:
        code = "vendor-refused" if answer.error is None else answer.error.code
    elif again and answer.trouble is not None:
        code = answer.trouble.code
    return CameTo(outcome=answer.outcome.value, code=code, sent_again=again)


def was_read(error: GatewayError | None) -> CameTo:
    """What a read came to, in the matrix's words; None: an order."""
    if error is None:
        return CameTo(outcome="", code="", sent_again=False)
    return CameTo(outcome="", code=error.code, sent_again=error.retryable)
