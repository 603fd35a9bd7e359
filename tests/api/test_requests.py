"""How a route meets its request: caller first, then media type, size and strict JSON, then the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Route

from app.api.auth import PUBLIC, Caller, requires
from app.api.requests import MAX_BODY, UndeclaredRoute, assert_every_route_declares, strict_router
from tests.api.edge_app import authority, bearer, edge_app, http_to

ORDERS = "/v1/backends/civica-cx/orders"
JSON = {"Content-Type": "application/json"}
CANARY = "zQ7canary"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    auth = authority()
    async with http_to(edge_app(auth)) as client:
        client.headers.update(bearer(auth))
        yield client


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    status: int
    code: str
    headers: dict[str, str] = field(default_factory=lambda: JSON)


CASES = [
    Case("nan", b'{"status":NaN}', 400, "malformed-request"),
    Case("duplicate", b'{"status":"a","status":"b"}', 400, "malformed-request"),
    Case("deep", b"[" * 100_000, 400, "malformed-request"),
    Case("huge-integer", b'{"count":' + b"9" * 5000 + b"}", 400, "malformed-request"),
    Case("surrogate", b'{"status":"\\ud800"}', 400, "malformed-request"),
    Case("empty", b"", 400, "malformed-request"),
    Case("array", b"[]", 422, "invalid-request"),
    Case("null", b"null", 422, "invalid-request"),
    Case("unknown-member", b'{"status":"a","tenant":1}', 422, "invalid-request"),
    Case("no-media-type", b'{"status":"a"}', 415, "unsupported-media-type", {}),
    Case("text", b'{"status":"a"}', 415, "unsupported-media-type", {"Content-Type": "text/plain"}),
    Case("xml", b"<a/>", 415, "unsupported-media-type", {"Content-Type": "application/xml"}),
    Case("form", b"status=a", 415, "unsupported-media-type", {"Content-Type": "application/x-www-form-urlencoded"}),
    Case("other-json", b"{}", 415, "unsupported-media-type", {"Content-Type": "application/problem+json"}),
    Case("patch-here", b"{}", 415, "unsupported-media-type", {"Content-Type": "application/merge-patch+json"}),
    Case("garbage-type", b"{}", 415, "unsupported-media-type", {"Content-Type": ";;=,"}),
    Case("latin-1", b"{}", 415, "unsupported-media-type", {"Content-Type": "application/json; charset=latin-1"}),
    Case("gzip", b"\x1f\x8b", 415, "unsupported-media-type", {**JSON, "Content-Encoding": "gzip"}),
    Case("two-encodings", b"{}", 415, "unsupported-media-type", {**JSON, "Content-Encoding": "identity, br"}),
    Case("too-large", b'"' + b"x" * MAX_BODY + b'"', 413, "body-too-large"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_an_unfit_body_is_a_problem_and_not_a_crash(http: httpx.AsyncClient, case: Case) -> None:
    answer = await http.post(ORDERS, content=case.body, headers=case.headers)
    assert (answer.status_code, answer.json()["code"]) == (case.status, case.code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) <= 4096


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": 'Application/JSON; Charset="UTF-8"'},
        {**JSON, "Content-Encoding": "identity"},
    ],
)
async def test_a_good_body_reaches_the_model_and_is_kept_as_received(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await http.post(ORDERS, content=b'{"status": "on_site", "count": 2}', headers=headers)
    assert (answer.status_code, answer.json()) == (
        201,
        {"received": {"status": "on_site", "count": 2}, "media_type": "application/json", "count": 2},
    )


async def test_defaults_of_the_model_are_not_part_of_what_was_received(http: httpx.AsyncClient) -> None:
    answer = await http.post(ORDERS, json={"status": "on_site"})
    assert answer.json()["received"] == {"status": "on_site"}
    assert answer.json()["count"] == 1


async def test_a_route_may_take_merge_patches_too(http: httpx.AsyncClient) -> None:
    for media_type in ("application/merge-patch+json", "application/json"):
        answer = await http.patch(f"{ORDERS}/1", content=b'{"status":"a"}', headers={"Content-Type": media_type})
        assert (answer.status_code, answer.json()) == (200, {"media_type": media_type})


async def test_a_body_of_the_largest_size_is_taken(http: httpx.AsyncClient) -> None:
    body = b'{"status":"a"' + b" " * (MAX_BODY - 14) + b"}"
    assert len(body) == MAX_BODY
    assert (await http.post(ORDERS, content=body, headers=JSON)).status_code == 201


async def test_a_chunked_body_is_cut_off_at_the_limit(http: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 16_384

    answer = await http.post(ORDERS, content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert sent == 17


@pytest.mark.parametrize("length", ["262145", "00262145", "9" * 400])
async def test_a_declared_length_is_enough_to_refuse(length: str) -> None:
    auth = authority()
    app = edge_app(auth)
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body must not be read")

    async def send(message: Any) -> None:
        messages.append(message)

    token = bearer(auth)["Authorization"].encode()
    headers = [(b"host", b"gateway"), (b"authorization", token), (b"content-type", b"application/json")]
    headers.append((b"content-length", length.encode()))
    scope = {"type": "http", "method": "POST", "path": ORDERS, "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "client": ("192.0.2.1", 1)}, receive, send)
    assert messages[0]["status"] == 413


async def test_a_caller_that_hangs_up_in_the_body_is_no_fault_of_ours() -> None:
    auth = authority()
    app = edge_app(auth)
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)

    token = bearer(auth)["Authorization"].encode()
    headers = [(b"host", b"gateway"), (b"authorization", token), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": ORDERS, "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "client": None}, receive, send)
    assert messages[0]["status"] == 400


async def test_a_body_that_nobody_asked_for_is_ignored(http: httpx.AsyncClient) -> None:
    unwanted = {"content": b"\xff{{{", "headers": {"Content-Type": "application/xml", "Content-Encoding": "gzip"}}
    assert (await http.request("DELETE", f"{ORDERS}/1", **unwanted)).json() == {"effect": "deleted"}  # type: ignore[arg-type]
    assert (await http.request("GET", ORDERS, **unwanted)).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["%00", "a%00b", "%1b%5b31m", "%0b", "%EF%BF%BE", "%EF%BF%BF"])
async def test_a_control_character_in_path_or_query_goes_no_further(http: httpx.AsyncClient, text: str) -> None:
    for url in (f"{ORDERS}/{text}", f"{ORDERS}/1?x={text}", f"{ORDERS}/1?{text}=x"):
        answer = await http.delete(url)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
    assert (await http.get(f"/v1/backends/{text}/orders")).status_code == 404


async def test_a_body_that_may_be_left_out_may_be_left_out(http: httpx.AsyncClient) -> None:
    assert (await http.post("/odd/optional")).json() == {"given": False}
    assert (await http.post("/odd/optional", json={"status": "a"})).json() == {"given": True}
    assert (await http.post("/odd/optional", content=b"{", headers=JSON)).status_code == 400


async def test_nobody_without_a_token_gets_a_body_read() -> None:
    async with http_to(edge_app()) as http:
        for body in (b"{}", b"{{{", b"x" * 300_000):
            assert (await http.post(ORDERS, content=body, headers=JSON)).status_code == 401


async def test_a_backend_that_is_not_granted_is_absent_whatever_the_body_is(http: httpx.AsyncClient) -> None:
    for body in (b'{"status":"a"}', b"{{{", b'{"x":1}'):
        answer = await http.post("/v1/backends/erp/orders", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {"status": CANARY * 10},
        {"status": {CANARY: CANARY}},
        {"status": "a", f"{CANARY} <b>": 1},
        {"status": "a", "count": CANARY},
        {"status": "a", "parts": [CANARY] * 500},
        [CANARY],
        CANARY,
    ],
)
async def test_a_refusal_neither_repeats_what_was_sent_nor_grows_with_it(http: httpx.AsyncClient, body: object) -> None:
    answer = await http.post(ORDERS, json=body)
    assert answer.status_code == 422
    assert CANARY not in answer.text
    assert len(answer.content) <= 4096


async def test_the_openapi_shows_body_and_scope_as_for_any_route() -> None:
    described = edge_app().openapi()["paths"]["/v1/backends/{backend}/orders/{number}"]["patch"]
    assert set(described["requestBody"]["content"]) == {"application/json", "application/merge-patch+json"}
    assert described["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Update"}
    assert described["security"] == [{"oauth2": ["orders:write"]}]


async def _nothing() -> None: ...


@dataclass(frozen=True)
class Undeclared:
    id: str
    router: APIRouter
    why: str
    include: dict[str, Any] = field(default_factory=dict)


UNDECLARED = [
    Undeclared("neither", strict_router(), "must declare a scope or be PUBLIC"),
    Undeclared("plain-route", APIRouter(dependencies=[PUBLIC]), "must be a StrictRoute"),
    Undeclared("both", strict_router(dependencies=[PUBLIC, requires("orders:read")]), "and not both"),
    Undeclared("by-include", strict_router(), "on the route", {"dependencies": [requires("orders:read")]}),
    Undeclared("other-dependency", strict_router(dependencies=[Depends(_nothing)]), "must declare"),
]


@pytest.mark.parametrize("case", UNDECLARED, ids=lambda case: case.id)
def test_a_route_that_does_not_say_who_may_call_it_stops_the_start(case: Undeclared) -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    case.router.add_api_route("/orders", _nothing)
    app.include_router(case.router, **case.include)
    with pytest.raises(UndeclaredRoute, match=case.why):
        assert_every_route_declares(app)


def test_a_plain_route_is_public_only_by_name() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.append(Route("/static", _nothing))
    with pytest.raises(UndeclaredRoute, match="/static"):
        assert_every_route_declares(app)
    assert_every_route_declares(app, public=frozenset({"/static"}))


async def _order(caller: Annotated[Caller, requires("orders:read")]) -> str:
    return caller.client_id


async def _read(found: Annotated[str, Depends(_order)]) -> None: ...


def test_a_scope_asked_for_by_a_dependency_counts() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    router = strict_router()
    router.add_api_route("/orders", _read)
    app.include_router(router)
    assert_every_route_declares(app)


def test_the_edge_itself_and_its_test_routes_are_all_declared() -> None:
    assert_every_route_declares(edge_app(), public=frozenset({"/openapi.json"}))


def test_a_scope_that_does_not_exist_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="no such scope"):
        requires("orders:reed")
