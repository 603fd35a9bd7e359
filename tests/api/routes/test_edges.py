"""What no good caller sends: odd paths, odd queries, other methods. Always 4xx, always a problem, never a fault of ours."""

from __future__ import annotations

import pytest

from tests.api.routes.contract import MARKER, PROBLEM_JSON, check_problem
from tests.api.routes.scene import ON_SITE, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD_NUMBERS = [
    "%00",
    "113427%00",
    "%0A",
    "%7F",
    "%1B%5B31m",
    "9" * 100,
    "9" * 101,
    "9" * 5000,
    "-1",
    "0",
    "1e309",
    "NaN",
    "%2e%2e",
    "..%2F..%2Fetc%2Fpasswd",
    "%2F",
    "a%2Fb",
    "%F0%9F%94%A7",
    "%EF%BF%BF",
    "%EF%BF%BE",
    "%ED%A0%80",
    "%FF%FE",
    "%E2%80%AE113427",
    "%C2%A0",
    "%20",
    "WO",
    "WO%20113427%27%20OR%201=1--",
    "%3Cscript%3E",
    "%25s%25n",
    "{number}",
    "null",
    "٣",
]


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize("rest", ["", "/transitions", "/status-updates"])
async def test_an_odd_number_in_a_path(shared: Site, number: str, rest: str) -> None:
    answer = await shared.api.get(f"{shared.orders()}/{number}{rest}")
    assert answer.status_code in (400, 404, 422)
    check_problem(answer)


@pytest.mark.parametrize("number", ODD_NUMBERS)
async def test_an_odd_number_in_the_path_of_an_update(shared: Site, number: str) -> None:
    key = shared.fresh_key()
    path = f"{shared.orders()}/{number}/status-updates"
    answer = await shared.api.post(path, json=ON_SITE, headers={"Idempotency-Key": key})
    assert answer.status_code in (400, 404, 422)
    check_problem(answer)
    if answer.json()["code"] != "not-found":
        good = await shared.update(new_order(shared), ON_SITE, key=key)
        assert (good.status_code, good.headers["idempotent-replayed"]) == (201, "false")


@pytest.mark.parametrize("path", ["/v1/operations", "/livez", "/oauth/token"])
async def test_headers_that_are_too_long_are_refused_as_the_contract_says(shared: Site, path: str) -> None:
    method = "POST" if path == "/oauth/token" else "GET"
    answer = await shared.api.request(method, path, headers={"X-Long": "x" * 17_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "malformed-request")


@pytest.mark.parametrize("slash", ["%2F", "%2f"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("rest", ["timeline", "transitions", "status-updates"])
async def test_a_slash_in_a_name_makes_no_other_call_of_it(shared: Site, method: str, slash: str, rest: str) -> None:
    headers = {"Idempotency-Key": shared.fresh_key()}
    answer = await shared.api.request(method, f"{shared.orders()}/113427{slash}{rest}", headers=headers)
    assert answer.status_code == 404
    assert method == "HEAD" or answer.json()["code"] == "not-found"
    check_problem(answer)


@pytest.mark.parametrize("name", ["0113427", "WO0113427", "113427%20", "%20113427", "%20WO113427"])
async def test_a_name_that_the_vendor_only_understands_is_the_name_of_no_order(shared: Site, name: str) -> None:
    """Cx trims spaces and zeros and finds 113427, which has neither."""
    for rest in ("", "/transitions", "/status-updates"):
        answer = await shared.api.get(f"{shared.orders()}/{name}{rest}")
        assert (answer.status_code, answer.json()["code"]) == (404, "work-order-not-found"), rest
    key = {"Idempotency-Key": shared.fresh_key()}
    written = await shared.api.post(f"{shared.orders()}/{name}/status-updates", json=ON_SITE, headers=key)
    assert (written.status_code, written.json()["code"]) == (404, "work-order-not-found")


@pytest.mark.parametrize(
    "name", ["%00", "..", "%2e%2e", "civica-cx%00", "CIVICA-CX", "civica-cx%20", "9" * 5000, "%FF", "*"]
)
async def test_an_odd_backend(shared: Site, name: str) -> None:
    for path in (f"/v1/backends/{name}", f"/v1/backends/{name}/work-orders/113427"):
        answer = await shared.api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("operation_id", ["op_", "x" * 3000, "..", "%2e%2e", "op_01'--", "%FF", "null"])
async def test_an_odd_operation(shared: Site, operation_id: str) -> None:
    answer = await shared.api.get(f"/v1/operations/{operation_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


LISTS = [
    "/v1/operations",
    "/v1/backends/civica-cx/work-orders",
    "/v1/backends/civica-cx/work-orders/113427/status-updates",
]
ODD_QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=201",
    "limit=1e9",
    "limit=1000000000000000000000000",
    "limit=" + "9" * 5000,
    "limit=ten",
    "limit=1.5",
    "limit=1.0",
    "limit=1_0",
    "limit=01",
    "limit=%201",
    "limit=1%20",
    "limit=%2B1",
    "limit=%D9%A1",
    "limit=",
    "limit=1&limit=2",
    "cursor=",
    "cursor=junk",
    "cursor=" + "A" * 1024,
    "cursor=" + "A" * 1025,
    "cursor=%F0%9F%94%A7",
    "cursor=..%2F..",
    "cursor=a&cursor=a",
]


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("path", LISTS)
async def test_an_odd_query_of_any_list(shared: Site, path: str, query: str) -> None:
    answer = await shared.api.get(f"{path}?{query}")
    assert answer.status_code in (400, 422)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/" + query.partition("=")[0]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (LISTS[0], f"state={MARKER}"),
        (LISTS[0], "state="),
        (LISTS[0], "state=applied&state=refused"),
        (LISTS[0], "backend=" + "x" * 65),
        (LISTS[0], "work_order=" + "9" * 101),
        (LISTS[1], f"status={MARKER}"),
        (LISTS[1], "phase=Open"),
        (LISTS[1], "phase=open&phase=ended"),
        (LISTS[1], f"updated_since={MARKER}"),
        (LISTS[1], "updated_since=2026-11-20"),
        (LISTS[1], "updated_since=2026-11-20T20:40:00"),
        (LISTS[1], "updated_since=2026-11-20T20:40:00+01:00"),  # the plus is a space in a query
        (LISTS[1], "updated_since=1763671200"),
        (LISTS[1], "updated_since=0001-01-01T00:00:00Z"),
        (LISTS[1], "updated_since=9999-12-31T23:59:59Z"),
    ],
)
async def test_an_odd_filter(shared: Site, path: str, query: str) -> None:
    answer = await shared.api.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/" + query.partition("=")[0]]


@pytest.mark.parametrize("character", ["%00", "%1B", "%EF%BF%BF"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/operations/op_{}",
        "/v1/operations?backend={}",
        "/v1/operations?work_order={}",
        "/v1/operations?limit={}",
        "/v1/operations?{}=1",
        "/v1/backends/civica-cx/work-orders?cursor={}",
        "/v1/backends/civica-cx/work-orders/WO{}/status-updates",
        "/problems/{}",
    ],
)
async def test_a_control_character_in_an_address(shared: Site, path: str, character: str) -> None:
    answer = await shared.api.get(path.format(character))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v2/backends",
        "/v1/backends/",
        "/v1/backends/civica-cx/",
        "/v1/backends/civica-cx/work-orders/",
        "/v1/backends/civica-cx/work-orders/113427/",
        "/v1/backends/civica-cx/work-orders/113427/status-updates/",
        "/v1/backends//work-orders",
        "//v1/backends",
        "/v1/operations/",
        "/V1/backends",
        "/v1/backends/civica-cx/work-orders/113427/%2e%2e",
    ],
)
async def test_an_unknown_address_is_404_and_never_a_redirect(shared: Site, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await shared.api.request(method, f"http://gateway{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM_JSON)
        assert answer.json()["code"] == "not-found"
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/backends", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/backends/civica-cx/work-orders", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/backends/civica-cx/work-orders/113427", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("PATCH", "/v1/backends/civica-cx/work-orders/113427/status-updates", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/v1/backends/civica-cx/preview", "OPTIONS, POST"),
        ("POST", "/v1/operations/op_1", "GET, HEAD, OPTIONS"),
        ("TRACE", "/v1/operations", "GET, HEAD, OPTIONS"),
        ("SEARCH", "/livez", "GET, HEAD, OPTIONS"),
    ],
)
async def test_another_method_is_405_and_names_those_that_there_are(
    shared: Site, method: str, path: str, allow: str
) -> None:
    answer = await shared.api.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method-not-allowed", allow)
    options = await shared.api.request("OPTIONS", path)
    assert (options.status_code, options.content, options.headers["allow"]) == (204, b"", allow)


@pytest.mark.parametrize(
    "path", ["/v1/backends", "/v1/backends/civica-cx/work-orders/113427", "/v1/operations/op_1", "/livez", "/readyz"]
)
async def test_head_is_get_without_the_body(shared: Site, path: str) -> None:
    get, head = await shared.api.get(path), await shared.api.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers.get("etag") == get.headers.get("etag")


async def test_a_request_id_comes_back_and_a_bad_one_is_replaced(shared: Site) -> None:
    good = await shared.api.get("/v1/backends/none", headers={"X-Request-Id": "visit-4711.a_b"})
    bad = await shared.api.get("/livez")
    assert (good.headers["x-request-id"], good.json()["request_id"]) == ("visit-4711.a_b", "visit-4711.a_b")
    assert bad.headers["x-request-id"].startswith("req_")


async def test_nothing_that_was_sent_comes_back_in_a_refusal(shared: Site) -> None:
    # The watch on this client asserts it for each of these answers.
    bodies = [
        {**ON_SITE, name: MARKER} for name in (*ON_SITE, "vendor_code", "reason_code", "late_reason", f"<{MARKER}>")
    ]
    bodies += [{**ON_SITE, "comments": {MARKER: [MARKER]}}, {"status": [MARKER], "occurred_at": {MARKER: MARKER}}]
    for body in bodies:
        answer = await shared.update("113427", body)
        assert answer.status_code == 422
    raw = ('{"' + MARKER + '": 1, "' + MARKER + '": 2}').encode()
    headers = {"Idempotency-Key": shared.fresh_key(), "Content-Type": "application/json"}
    answer = await shared.api.post(shared.orders("113427") + "/status-updates", content=raw, headers=headers)
    assert answer.status_code == 400
    assert shared.effects("113427") == []


async def test_ten_thousand_faults_are_still_a_short_answer(shared: Site) -> None:
    answer = await shared.update("113427", {**ON_SITE, **{f"member_{n}": MARKER for n in range(4_000)}})
    assert answer.status_code == 422
    assert len(answer.content) <= 4096
