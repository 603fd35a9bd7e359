"""Anything at all as the body of a status update, an order's number or a query: 4xx or accepted, and never a fault of ours."""

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

from tests.api.routes.contract import Watch
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


class Gateway:
    """A running gateway on a loop of its own, to be called from tests without one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, made: Site) -> None:
        self._loop = loop
        self.site = made

    def request(self, method: str, path: str, **details: Any) -> httpx.Response:
        return self._loop.run_until_complete(self.site.api.request(method, path, **details))

    def update(self, number: str, raw: bytes) -> httpx.Response:
        headers = {"Idempotency-Key": self.site.fresh_key(), "Content-Type": "application/json", "Prefer": "wait=0"}
        return self.request("POST", f"{self.site.orders()}/{number}/status-updates", content=raw, headers=headers)


@contextmanager
def gateway_on(database: str, folder: Path) -> Iterator[Gateway]:
    loop = asyncio.new_event_loop()
    with simulator(CX) as url:
        context = site(CX, url, database, folder)
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
    with gateway_on(url, tmp_path) as made:
        yield made


one_gateway_for_all = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
