"""Anything at all as a body, an order's number, a query or a header: taken or refused, and never a fault of ours."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.api.routes.contract import Watch
from tests.api.routes.schema_values import fitting
from tests.gateway import CX, Site, simulator, site

MEMBERS = [
    "status",
    "vendor_code",
    "occurred_at",
    "comments",
    "reason_code",
    "late_reason",
    "client_reference",
    "tenant",
]

text = st.text(st.characters(), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4)
)
likely: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(["on_site", "issued", "complete", "closed", "draft"]),
    "vendor_code": st.sampled_from(["11", "12", "20", "999"]),
    "occurred_at": st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    "comments": st.text(max_size=30),
    "reason_code": st.sampled_from(["weather", "none"]),
    "late_reason": st.sampled_from(["parts_delay", "none"]),
    "client_reference": st.text(min_size=1, max_size=10),
}
bodies = (
    json_values
    | st.dictionaries(st.sampled_from(MEMBERS) | text, json_values, max_size=5)
    | st.fixed_dictionaries({}, optional={name: strategy | json_values for name, strategy in likely.items()})
    | st.fixed_dictionaries(
        {"status": likely["status"], "occurred_at": likely["occurred_at"]},
        optional={name: likely[name] for name in ("comments", "late_reason", "client_reference")},
    )
)

order_texts = {"type": "1001", "priority": "1003", "account": {"number": "1029"}, "location": {"number": "1030"}}
METHODS = ["POST", "PATCH", "PUT", "PREVIEW"]
ANSWERED = {200, 201, 400, 404, 405, 409, 412, 413, 415, 422}


class Gateway:
    """A running gateway on a loop of its own, to be called from tests without one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, made: Site) -> None:
        self._loop = loop
        self.site = made

    def request(self, method: str, path: str, **details: Any) -> httpx.Response:
        return self._loop.run_until_complete(self.site.api.request(method, path, **details))

    def change(self, method: str, number: str, **details: Any) -> httpx.Response:
        """A write of an order, good but for its details; POST and PREVIEW do not name one in the path."""
        orders = self.site.orders()
        paths = {"POST": orders, "PREVIEW": f"/v1/backends/{self.site.backend}/preview"}
        headers = {"Idempotency-Key": self.site.fresh_key(), "Content-Type": "application/json"}
        sent = {**headers, **details.pop("headers", {})}
        verb = "POST" if method == "PREVIEW" else method
        return self.request(verb, paths.get(method, f"{orders}/{number}"), headers=sent, **details)

    def update(self, number: str, raw: bytes) -> httpx.Response:
        headers = {"Idempotency-Key": self.site.fresh_key(), "Content-Type": "application/json", "Prefer": "wait=0"}
        return self.request("POST", f"{self.site.orders()}/{number}/status-updates", content=raw, headers=headers)


@contextmanager
def gateway_on(vendor: Vendor, database: str, folder: Path, **sections: dict[str, Any]) -> Iterator[Gateway]:
    loop = asyncio.new_event_loop()
    with simulator(vendor) as url:
        context = site(vendor, url, database, folder, **sections)
        made = loop.run_until_complete(context.__aenter__())
        Watch(made.app).on(made.api)
        yield Gateway(loop, made)
        loop.run_until_complete(context.__aexit__(None, None, None))
    loop.close()


@pytest.fixture(params=["sqlite", "postgres"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    if request.param == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "ledger.db")
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        url = request.getfixturevalue("postgres_database")
    with gateway_on(CX, url, tmp_path) as made:
        yield made


@pytest.fixture(params=["unit4_erpx", "nexusfs", "overit"])
def changing(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    """A gateway in front of a vendor whose orders can be changed by more than a status update."""
    shutil.copy(sqlite_template, tmp_path / "ledger.db")
    with gateway_on(VENDORS[request.param], f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as made:
        yield made


one_gateway_for_all = settings(
    max_examples=200,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@one_gateway_for_all
@given(body=bodies)
def test_any_json_is_accepted_or_refused(gateway: Gateway, body: Any) -> None:
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = gateway.update("113427", raw)
    assert answer.status_code in (201, 202, 400, 409, 422)


@one_gateway_for_all
@given(raw=st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE+-\\u tfn', max_size=80).map(str.encode))
def test_any_bytes_are_refused(gateway: Gateway, raw: bytes) -> None:
    assert gateway.update("113427", raw).status_code in (400, 422)


@one_gateway_for_all
@given(
    number=st.text(min_size=1, max_size=30),
    value=st.text(max_size=30),
    name=st.sampled_from(["limit", "cursor", "work_order"]),
)
def test_any_text_in_an_address_is_answered(gateway: Gateway, number: str, value: str, name: str) -> None:
    place = quote(number.encode("utf-8", "surrogatepass"), safe="")
    looked_up = gateway.request("GET", f"{gateway.site.orders()}/{place}")
    assert looked_up.status_code in (200, 400, 404, 422)
    listed = gateway.request("GET", f"/v1/operations?{name}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}")
    assert listed.status_code in (200, 400, 422)


@one_gateway_for_all
@given(data=st.data(), method=st.sampled_from(METHODS), whole=st.booleans())
def test_any_order_that_fits_its_schema_is_taken_or_refused(
    changing: Gateway, openapi: dict[str, Any], data: st.DataObject, method: str, whole: bool
) -> None:
    model = "WorkOrderPatch" if method in ("PATCH", "PREVIEW") else "WorkOrderIn"
    body = data.draw(fitting(openapi["components"]["schemas"][model], openapi))
    number = changing.site.app.state.gateway.backends[changing.site.backend].vendor.sandbox.example_order
    if method in ("PATCH", "PUT", "PREVIEW"):
        body.pop("number", None)
    if whole and method in ("POST", "PUT"):
        body = {**order_texts, **({"number": "B1"} if method == "POST" else {}), **body}
    if method == "PREVIEW":
        body = {"kind": "patch", "work_order": number, "body": body}
    answer = changing.change(method, number, content=json.dumps(body).encode())
    assert answer.status_code in ANSWERED - {400}, answer.text


@one_gateway_for_all
@given(body=json_values, method=st.sampled_from(METHODS))
def test_any_json_is_an_order_or_refused(changing: Gateway, body: Any, method: str) -> None:
    answer = changing.change(method, "1", content=json.dumps(body).encode("utf-8", "surrogatepass"))
    assert answer.status_code in ANSWERED, answer.text


@one_gateway_for_all
@given(
    body=json_values
    | st.dictionaries(st.sampled_from(["kind", "work_order", "body", "replace", "if_match"]), json_values)
)
def test_any_preview_is_given_or_refused(changing: Gateway, body: Any) -> None:
    answer = changing.change("PREVIEW", "", content=json.dumps(body).encode("utf-8", "surrogatepass"))
    assert answer.status_code in ANSWERED, answer.text


@one_gateway_for_all
@given(
    method=st.sampled_from(["PATCH", "PUT", "DELETE"]),
    number=st.text(min_size=1, max_size=30),
    query=st.dictionaries(st.sampled_from(["replace", "expect", "colour"]), text, max_size=2),
    condition=st.none() | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
    prefer=st.none() | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
)
def test_any_address_and_any_header_is_answered(
    changing: Gateway, method: str, number: str, query: dict[str, str], condition: str | None, prefer: str | None
) -> None:
    place = quote(number.encode("utf-8", "surrogatepass"), safe="")
    asked = "&".join(f"{name}={quote(word.encode('utf-8', 'surrogatepass'), safe='')}" for name, word in query.items())
    headers = {"If-Match": condition, "Prefer": prefer}
    given_headers = {name: value.encode("latin-1") for name, value in headers.items() if value is not None}
    body = b"" if method == "DELETE" else json.dumps(order_texts if method == "PUT" else {}).encode()
    answer = changing.change(method, f"{place}?{asked}", content=body, headers=given_headers)
    assert answer.status_code in ANSWERED, answer.text
