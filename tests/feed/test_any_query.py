"""Anything at all as a cursor, a filter or a Last-Event-ID: answered or refused, and never a fault of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.routes.test_fuzz import Gateway, gateway_on, one_gateway_for_all
from tests.gateway import CX

NAMES = ["after", "limit", "backend", "work_order", "type", "cursor", "format", "colour"]
values = st.text(max_size=30) | st.sampled_from(["now", "1", "evidence", "json", "civica-cx", "113427"])


@pytest.fixture(params=["sqlite", "postgres"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    if request.param == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "ledger.db")
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        url = request.getfixturevalue("postgres_database")
    with gateway_on(CX, url, tmp_path) as made:
        yield made


@one_gateway_for_all
@given(query=st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=3), last=st.none() | st.text(max_size=20))
def test_any_query_is_answered(gateway: Gateway, query: list[tuple[str, str]], last: str | None) -> None:
    asked = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}" for name, value in query)
    story = gateway.site.orders("113427") + "/timeline"
    for method, path in (("GET", "/v1/events"), ("HEAD", "/v1/events/stream"), ("GET", story)):
        headers = {} if last is None else {"Last-Event-ID": last.encode("utf-8", "surrogatepass")}
        answer = gateway.request(method, f"{path}?{asked}", headers=headers)
        assert answer.status_code in (200, 400, 422), answer.text
