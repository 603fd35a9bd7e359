"""The short way answers what the framework's own way answers, byte for byte; it takes only routes that it can serve."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.api.auth import PUBLIC
from app.api.requests import StrictRoute, strict_router
from app.api.short_way import NotPlain, ShortRoute, ShortWay, add_short_way
from app.main import SHORT
from tests.gateway import Site

UPDATES = "/113427/status-updates"
BODY = {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z", "comments": "Engineer on site"}
KEY = {"Idempotency-Key": "short-way-key-0001"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    path: str = UPDATES
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=lambda: {**KEY, **JSON})
    body: Any = None
    content: bytes | None = None
    backend: str = "civica-cx"


CASES = [
    Case(name="without a token", headers={**KEY, "Authorization": ""}, body=BODY),
    Case(name="with a bad token", headers={**KEY, "Authorization": "Bearer x.y.z"}, body=BODY),
    Case(name="without a key", headers={}, body=BODY),
    Case(name="with a key that is unfit", headers={"Idempotency-Key": "short"}, body=BODY),
    Case(name="without a body", content=b""),
    Case(name="a body that is no JSON", content=b"{"),
    Case(name="a body nested too deep", content=b"[" * 40 + b"]" * 40),
    Case(name="a body that is a list", body=[]),
    Case(name="a body that is null", content=b"null"),
    Case(name="an unknown member", body={**BODY, "colour": "red"}),
    Case(name="a member missing", body={"status": "on_site"}),
    Case(name="an unknown status", body={**BODY, "status": "flying"}),
    Case(name="three faults at once", body={"status": 7, "occurred_at": "yesterday", "colour": "red"}),
    Case(name="another media type", headers={**KEY, "Content-Type": "text/plain"}, content=b"{}"),
    Case(name="no media type", headers=KEY, content=b"{}"),
    Case(name="a coded body", headers={**KEY, **JSON, "Content-Encoding": "gzip"}, content=b"{}"),
    Case(name="a number that is too long", path=f"/{'9' * 101}/status-updates", body=BODY),
    Case(name="a number and a body that do not fit", path=f"/{'9' * 101}/status-updates", body={}),
    Case(name="a control character in the path", path="/11%013427/status-updates", body=BODY),
    Case(name="a control character in the query", path=UPDATES + "?x=%01", body=BODY),
    Case(name="a backend that is not there", backend="nowhere", body=BODY),
    Case(name="an order that is not there", path="/999999/status-updates", body=BODY),
    Case(name="a refusal of ours, and its replay", body={**BODY, "occurred_at": "1999-01-01T00:00:00Z"}),
    Case(name="another method", method="PUT", body=BODY),
    Case(name="OPTIONS", method="OPTIONS"),
    Case(name="reading an order", method="GET", path="/113427", headers={"Cache-Control": "max-stale"}),
    Case(name="HEAD of an order", method="HEAD", path="/113427", headers={"Cache-Control": "max-stale"}),
    Case(name="reading an order that is not there", method="GET", path="/999999"),
    Case(name="an address that goes on", method="GET", path="/113427/"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_both_ways_answer_alike(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    await cx_on_sqlite.api.get(cx_on_sqlite.orders("113427"))
    short = await _sent(cx_on_sqlite, case)
    with monkeypatch.context() as patching:
        patching.setattr(ShortWay, "_matched", lambda *_: None)
        long = await _sent(cx_on_sqlite, case)
    assert _shown(short) == _shown(long)


async def _sent(site: Site, case: Case) -> httpx.Response:
    return await site.api.request(
        case.method,
        f"/v1/backends/{case.backend}/work-orders{case.path}",
        headers={"X-Request-Id": "the-same", **case.headers},
        **({"content": case.content} if case.content is not None else {} if case.body is None else {"json": case.body}),
    )


def _shown(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    told = {name: value for name, value in answer.headers.items() if name != "idempotent-replayed"}
    return answer.status_code, told, answer.content


async def test_the_main_job_takes_the_short_way(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    matched = ShortWay._matched

    def watched(self: ShortWay, scope: Any) -> ShortRoute | None:
        found = matched(self, scope)
        taken.append("long" if found is None else str(found.route.operation_id))
        return found

    monkeypatch.setattr(ShortWay, "_matched", watched)
    assert (await cx_on_sqlite.api.get(cx_on_sqlite.orders("113427"))).status_code == 200
    assert (await cx_on_sqlite.update("113427", BODY)).status_code == 201
    assert (await cx_on_sqlite.api.get("/v1/operations")).status_code == 200
    assert taken == ["getWorkOrder", "createStatusUpdate", "long"]
    assert set(SHORT) == {"getWorkOrder", "createStatusUpdate"}


def test_a_route_that_takes_more_is_not_taken() -> None:
    router = strict_router()

    @router.get("/things", dependencies=[PUBLIC])
    async def things(colour: str) -> str:
        return colour

    (route,) = router.routes
    assert isinstance(route, StrictRoute)
    with pytest.raises(NotPlain, match="/things"):
        ShortRoute.of(route)


def test_a_route_that_is_not_there_stops_the_start(cx_on_sqlite: Site) -> None:
    with pytest.raises(LookupError, match="noSuchThing"):
        add_short_way(cx_on_sqlite.app, ["noSuchThing"])
