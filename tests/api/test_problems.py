"""Every error is a problem: the framework's own, ours, and the unforeseen; and every code has its page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.edge import add_edge
from app.api.faults import CODES, MAX_FAULTS, MESSAGES, invalid_request
from app.api.problem_docs import ACTIONS, ALSO_REFUSED, IN_DOUBT, OUTCOMES, facts
from app.api.problem_texts import ADVICE
from app.api.problems import FRAMEWORK, problem_response
from app.commands.reference import problems
from app.domain.errors import ERRORS, FieldFault, InvalidRequest, NextAction
from tests.api.edge_app import PUBLIC_URL, authority, bearer, edge_app, http_to
from tests.logged import logged

ORDERS = "/v1/backends/civica-cx/orders"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    auth = authority()
    async with http_to(edge_app(auth)) as client:
        client.headers.update(bearer(auth))
        yield client


def assert_is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"{PUBLIC_URL}/problems/{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert len(answer.content) <= 4096
    return problem


async def test_an_unknown_address_is_not_found(http: httpx.AsyncClient) -> None:
    problem = assert_is_problem(await http.get("/v2/nothing/h%C3%A9re?x=1"), 404, "not-found")
    assert problem == {
        "type": f"{PUBLIC_URL}/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing here, or it is not yours to see.",
        "instance": "/v2/nothing/h%C3%A9re",
        "code": "not-found",
        "outcome": "not_sent",
        "retryable": False,
        "next": {"action": "fix_request", "after_s": None},
        "request_id": problem["request_id"],
    }


async def test_an_ungranted_and_an_absent_thing_look_alike(http: httpx.AsyncClient) -> None:
    absent, ungranted = await http.get("/v1/nothing"), await http.get("/v1/backends/erp/orders")
    masked = [{**answer.json(), "request_id": "", "instance": ""} for answer in (absent, ungranted)]
    assert masked[0] == masked[1]
    kept = [
        {name: value for name, value in answer.headers.items() if name != "x-request-id" and name != "content-length"}
        for answer in (absent, ungranted)
    ]
    assert kept[0] == kept[1]


async def test_a_wrong_method_is_told_all_that_are_allowed(http: httpx.AsyncClient) -> None:
    answer = await http.put(ORDERS)
    assert_is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_options_names_the_methods_and_needs_no_token() -> None:
    async with http_to(edge_app()) as http:
        answer = await http.options(ORDERS)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, POST")
        assert (await http.options("/nothing")).status_code == 404


async def test_head_is_get_without_the_body(http: httpx.AsyncClient) -> None:
    get, head = await http.get(ORDERS), await http.head(ORDERS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    missing = await http.head("/nothing")
    assert (missing.status_code, missing.content) == (404, b"")
    assert missing.headers["content-type"] == "application/problem+json"


async def test_a_slash_too_many_is_not_found_and_not_a_redirect(http: httpx.AsyncClient) -> None:
    assert_is_problem(await http.post(f"{ORDERS}/", json={"status": "a"}), 404, "not-found")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 418, 422, 429, 431, 500, 503, 507])
async def test_what_the_framework_refuses_becomes_a_problem_without_its_text(
    http: httpx.AsyncClient, status: int
) -> None:
    answer = await http.get(f"/odd/http/{status}")
    nearest = FRAMEWORK.get(status, FRAMEWORK[400 if status < 500 else 500])
    assert_is_problem(answer, nearest[0].status, nearest[0].code)
    assert "canary" not in answer.text
    assert answer.headers["x-kept"] == "yes"


async def test_retry_after_is_a_header_too(http: httpx.AsyncClient) -> None:
    answer = await http.get("/odd/overloaded")
    problem = assert_is_problem(answer, 503, "overloaded")
    assert answer.headers["retry-after"] == "3"
    assert problem["next"] == {"action": "retry", "after_s": 3}


async def test_a_missing_token_and_a_bad_token_are_challenged() -> None:
    async with http_to(edge_app()) as http:
        none = await http.get(ORDERS)
        bad = await http.get(ORDERS, headers={"Authorization": "Bearer nonsense"})
    assert_is_problem(none, 401, "unauthenticated")
    assert_is_problem(bad, 401, "unauthenticated")
    assert none.headers["www-authenticate"] == 'Bearer realm="orderbridge"'
    assert bad.headers["www-authenticate"] == 'Bearer realm="orderbridge", error="invalid_token"'


@pytest.mark.parametrize("path", ["/odd/crash", "/odd/dependency-crash"])
async def test_an_unforeseen_error_is_logged_with_its_trace_and_not_shown(http: httpx.AsyncClient, path: str) -> None:
    with logged(secrets=["hunter2-canary"]) as written:
        answer = await http.get(path, headers={"X-Request-Id": "caller-1"})
    problem = assert_is_problem(answer, 500, "internal-error")
    assert problem["request_id"] == "caller-1"
    assert "canary" not in answer.text + written.getvalue()
    assert "Traceback" not in answer.text
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["event"], line["level"], line["request_id"]) for line in lines] == [
        ("unforeseen_error", "error", "caller-1"),
        ("request", "info", "caller-1"),
    ]
    assert "RuntimeError" in lines[0]["exception"]


class _Broken:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("canary")


async def test_an_error_in_middleware_is_a_problem_wherever_the_middleware_stands() -> None:
    inside = FastAPI()
    inside.add_middleware(_Broken)
    outside = edge_app()
    outside.add_middleware(_Broken)
    add_edge(inside, authority=authority())
    async with http_to(inside) as http:
        assert_is_problem(await http.get("/odd/answer"), 500, "internal-error")
    transport = httpx.ASGITransport(app=outside, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answer = await http.get("/odd/answer")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_validation_names_each_fault_in_our_words(http: httpx.AsyncClient) -> None:
    answer = await http.post(ORDERS, json={"count": "x", "parts": [1, "y"], "colour": 1, "b<i>": 2})
    problem = assert_is_problem(answer, 422, "invalid-request")
    whole = "Input should be a valid integer, unable to parse string as an integer"
    assert problem["errors"] == [
        {"pointer": "/status", "code": "required", "message": "This member is required."},
        {"pointer": "/count", "code": "int-parsing", "message": whole},
        {"pointer": "/parts/1", "code": "int-parsing", "message": whole},
        {"pointer": "/colour", "code": "unknown-member", "message": "There is no such member here."},
        {"pointer": "", "code": "unknown-member", "message": "There is no such member here."},
    ]
    assert problem["detail"] == "5 things are wrong with the request; `errors` lists them."


async def test_a_wrong_parameter_is_named_by_its_place(http: httpx.AsyncClient) -> None:
    problem = assert_is_problem(await http.get(f"{ORDERS}?limit=201"), 422, "invalid-request")
    message = "Input should be less than or equal to 200"
    assert problem["errors"] == [{"pointer": "/query/limit", "code": "less-than-equal", "message": message}]
    assert problem["detail"] == f"/query/limit: {message}"


def test_pydantic_labels_of_unions_are_not_part_of_a_pointer() -> None:
    entry = {"type": "int_type", "loc": ("body", "when", "int", "at"), "msg": "Input should be a valid integer"}
    error = RequestValidationError([entry], body={"when": {"at": "x"}})
    assert invalid_request(error).faults == (
        FieldFault(pointer="/when/at", code="int-type", message="Input should be a valid integer"),
    )


def test_texts_of_pydantic_that_repeat_the_input_are_replaced() -> None:
    entry = {"type": "union_tag_invalid", "loc": ("body",), "msg": "Input tag 'canary' found"}
    assert "canary" not in invalid_request(RequestValidationError([entry], body={})).detail
    assert set(CODES) <= set(MESSAGES)


def test_many_faults_are_counted_and_few_are_listed() -> None:
    entries = [{"type": "missing", "loc": ("body", f"m{n}"), "msg": ""} for n in range(500)]
    error = invalid_request(RequestValidationError(entries, body={}))
    assert error.detail == "500 things are wrong with the request; `errors` lists the first 20."
    assert len(error.faults) == MAX_FAULTS


def test_a_problem_is_cut_to_its_size_by_leaving_faults_out() -> None:
    faults = tuple(FieldFault(pointer=f"/{'x' * 40}", code="c", message="m" * 300) for _ in range(20))
    app = edge_app()
    scope = {"type": "http", "path": "/" + "p" * 5000, "headers": [], "app": app}
    body = bytes(problem_response(scope, InvalidRequest("Wrong.", faults=faults)).body)
    assert len(body) <= 4096
    assert len(json.loads(body)["errors"]) >= 5


async def test_every_code_has_a_page_and_a_json_form() -> None:
    async with http_to(edge_app()) as http:
        listed = (await http.get("/problems")).json()
        assert [item["code"] for item in listed["items"]] == [*ERRORS]
        assert listed["next"] is None
        for code, error in ERRORS.items():
            page = await http.get(f"/problems/{code}", headers={"Accept": "text/html,*/*"})
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert error.title in page.text.replace("&#x27;", "'")
            assert "default-src 'none'" in page.headers["content-security-policy"]
            described = (await http.get(f"/problems/{code}", headers={"Accept": "application/json"})).json()
            assert described == {
                "code": code,
                "status": error.status,
                "title": error.title,
                "meaning": error.help(),
                "outcome": error.outcome,
                "retryable": error.retryable,
                "next": error.action.value,
            }


async def test_the_list_of_problems_links_every_page() -> None:
    async with http_to(edge_app()) as http:
        page = (await http.get("/problems", headers={"Accept": "text/html"})).text
        assert re.findall(r'href="problems/([a-z-]+)"', page) == [*ERRORS]
        assert_is_problem(await http.get("/problems/<script>"), 404, "not-found")


def test_the_openapi_of_the_public_routes_names_their_problems() -> None:
    paths = edge_app().openapi()["paths"]
    described = {path: [*paths[path]["get"]["responses"]] for path in ("/problems", "/problems/{code}")}
    named = {path: [status for status in answers if status != "422"] for path, answers in described.items()}
    assert named == {"/problems": ["200", "400", "500"], "/problems/{code}": ["200", "400", "404", "500"]}
    assert [*paths["/oauth/token"]["post"]["responses"]] == ["200", "400", "401", "413", "429", "500", "503"]


def test_the_tables_of_the_pages_are_total() -> None:
    assert set(ACTIONS) == set(NextAction)
    assert [*ADVICE] == [*ERRORS]
    assert set(OUTCOMES) == {error.outcome for error in ERRORS.values()}


@pytest.mark.parametrize(
    "code",
    [
        "status-unchanged",
        "transition-not-allowed",
        "order-ended",
        "late-reason-required",
        "work-order-exists",
        "work-order-not-found",
    ],
)
def test_the_page_of_a_code_that_vendors_refuse_with_too_does_not_say_that_nothing_was_sent(code: str) -> None:
    told = facts(ERRORS[code])["What was sent"]
    assert told == ALSO_REFUSED + IN_DOUBT
    assert "Nothing was sent" not in problems.pages()[f"docs/problems/{code}.md"]


@pytest.mark.parametrize(("code", "says"), [("precondition-failed", True), ("scope-missing", False)])
def test_the_page_of_a_code_that_can_end_a_write_sent_again_tells_of_the_attempt_before(code: str, says: bool) -> None:
    assert facts(ERRORS[code])["What was sent"].endswith(IN_DOUBT) is says


def test_the_list_of_codes_explains_every_outcome() -> None:
    assert [word for word in OUTCOMES if f"`{word}`: " not in problems.INTRO] == []


async def test_a_request_id_goes_in_and_comes_out(http: httpx.AsyncClient) -> None:
    answer = await http.get("/odd/answer", headers={"X-Request-Id": "abc.DEF_1-2"})
    assert answer.headers["x-request-id"] == "abc.DEF_1-2"
    assert "request-id" not in answer.headers


@pytest.mark.parametrize("given", ["a b", "a" * 129, "<script>", "é", ""])
async def test_an_unfit_request_id_is_replaced(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.get("/odd/answer", headers=[(b"X-Request-Id", given.encode("latin-1"))])
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_length_and_transfer_encoding_together_are_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(ORDERS, content=b"{}", headers={"Content-Length": "2", "Transfer-Encoding": "chunked"})
    assert_is_problem(answer, 400, "malformed-request")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("headers", [{"X-Long": "x" * 17_000}, {f"X-{n}": "x" for n in range(101)}])
async def test_too_many_headers_are_refused(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.get("/odd/answer", headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (431, 431, "malformed-request")
    assert answer.headers["connection"] == "close"


async def test_one_line_is_logged_for_each_request(http: httpx.AsyncClient) -> None:
    with logged() as written:
        await http.post(ORDERS, json={"status": "a"}, headers={"X-Request-Id": "r1"})
        await http.delete("/problems")
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert {**first, "ms": 0, "timestamp": ""} == {
        "event": "request",
        "level": "info",
        "timestamp": "",
        "request_id": "r1",
        "method": "POST",
        "route": "/v1/backends/{backend}/orders",
        "status": 201,
        "ms": 0,
        "client": "sandbox",
        "code": None,
    }
    assert (second["status"], second["route"], second["code"]) == (405, "/problems", "method-not-allowed")
