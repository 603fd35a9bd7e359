"""The simulator's standard response object, for success and for every error (dossier 3.3), and its HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from app.vendors.simulation import Answer, Json

NOT_FOUND = Answer(
    status=404,
    body=b"<!DOCTYPE html>\n<html>\n<head><title>404 - Not Found</title></head>\n"
    b"<body><h1>404 - Not Found</h1><p>The URL is incorrect.</p></body>\n</html>\n",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidParam:
    """One member at fault: `path` as in `Assets[0].AssetNum`; `value` as it was sent, "" where it was not."""

    name: str
    reason: str
    path: str
    value: str

    def as_json(self) -> dict[str, Json]:
        return {"name": self.name, "reason": self.reason, "path": self.path, "value": self.value}


def invalid(path: str, reason: str, value: Json = "") -> InvalidParam:
    name = path.rpartition(".")[2].partition("[")[0]
    text = value if isinstance(value, str) else json.dumps(value)
    return InvalidParam(name=name, reason=reason, path=path, value=text)


class Refused(Exception):
    """The vendor answers with an error; nothing has been changed."""

    def __init__(
        self,
        status: int,
        detail: str,
        params: Sequence[InvalidParam] = (),
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.params = params
        self.headers = headers

    def answer(self) -> Answer:
        body: dict[str, Json] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self),
        }
        if self.params:
            body["invalidParams"] = [param.as_json() for param in self.params]
        return json_object(self.status, body, headers=self.headers)


def done(status: int = 200, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Success of a write: only `status` is there."""
    return json_object(status, {"status": status}, headers=headers)


def json_object(status: int, value: dict[str, Json], *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status=status, body=body, media_type="application/json", headers=headers)
