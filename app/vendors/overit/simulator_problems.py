"""How the simulated OverIT says no: RFC 9457 problems, with the error code of the step that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from app.vendors.simulation import Answer, Json

PROBLEM = "application/problem+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """`detail` takes what was asked for (a code), or what is wrong (a sentence)."""

    status: int
    code: str
    detail: str


def _error(status: int, code: str, detail: str) -> Error:
    return Error(status=status, code=code, detail=detail)


# IA000_*, IA001_001, ODL017 and "odd = does not exist": the vendor's page of error codes (dossier 4.4 and 4.5). The
# numbers after IA002 to IA005 are [assumed]: vendor document 004 leaves "Response error codes" empty.
ERRORS: Mapping[str, Error] = {
    "token":      _error(400, "IA000_002", "{}"),
    "rights":     _error(400, "IA000_002", "Missing permission {}"),
    "body":       _error(400, "IA000_001", "{}"),
    "path":       _error(404, "IA000_003", "No resource at {}"),
    "method":     _error(405, "IA000_003", "Method {} is not supported"),
    "media type": _error(415, "IA000_003", "Content type {} is not supported"),
    "unexpected": _error(400, "IA000_003", "{}"),
    "private":    _error(500, "IA000_004", "{}"),
    "STEP 1":     _error(404, "IA001_001", "External system {} does not exist"),
    "STEP 2":     _error(404, "IA005_001", "Work order {} does not exist"),
    "STEP 3":     _error(404, "IA005_003", "Parent work order {} does not exist"),
    "STEP 4":     _error(404, "IA005_005", "Work order type {} does not exist"),
    "STEP 5":     _error(404, "IA005_007", "Urgency {} does not exist"),
    "STEP 6":     _error(404, "IA003_001", "Work center {} does not exist"),
    "STEP 7":     _error(404, "IA005_009", "Cardinality {} does not exist"),
    "STEP 7a":    _error(404, "IA005_011", "Operation cardinality {} does not exist"),
    "STEP 8b":    _error(404, "IA004_001", "Account {} does not exist"),
    "STEP 8c":    _error(404, "IA002_001", "Address of account {} does not exist"),
    "STEP 8d":    _error(404, "IA005_013", "Operation type {} does not exist"),
    "STEP 8e":    _error(404, "IA004_003", "Asset {} does not exist"),
    "STEP 8f":    _error(404, "IA002_003", "Address of asset {} does not exist"),
    "STEP 9":     _error(400, "IA005_015", "Work order could not be updated: {}"),
    "STEP 11":    _error(400, "IA002_005", "Activity address could not be created: {}"),
    "STEP 12":    _error(400, "IA005_017", "Operation could not be created: {}"),
    "STEP 13":    _error(400, "IA005_019", "Operation could not be updated: {}"),
    "operation":  _error(404, "IA005_021", "Operation {} does not exist"),
    "cancel":     _error(400, "ODL017", "Work order in status {} cannot be cancelled"),
}  # fmt: skip


class Refused(Exception):
    """The elaboration is stopped: with this entry of ERRORS, about this subject."""

    def __init__(self, error: str, subject: str) -> None:
        super().__init__(f"{error}: {subject}")
        self.error = error
        self.subject = subject


def problem(error: str, subject: str, *, instance: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The members and their order are those of the document's response example; `instance` is the path."""
    given = ERRORS[error]
    body: dict[str, Json] = {
        "type": "about:blank",
        "title": HTTPStatus(given.status).phrase,
        "status": given.status,
        # Not str.format's business: the subject may hold braces of its own.
        "detail": given.detail.replace("{}", subject, 1),
        "instance": instance,
        "code": given.code,
    }
    return Answer(status=given.status, body=json.dumps(body).encode(), media_type=PROBLEM, headers=headers)
