"""Anything at all as a webhook: taken or refused, and never a fault of ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.routes.test_fuzz import Gateway, gateway_on, json_values, text
from tests.gateway import CX

MEMBERS = ["url", "backends", "types", "description", "enabled", "secret", "id"]
ANSWERED = {200, 201, 204, 400, 404, 405, 422}
urls = st.sampled_from(["http://127.0.0.1:9/", "https://localhost/", "http://[::1]/a"]) | st.builds(
    "https://{}/{}".format, st.text(st.characters(exclude_characters="."), max_size=20), text
)
bodies = json_values | st.dictionaries(st.sampled_from(MEMBERS) | text, json_values, max_size=5)
likely = st.fixed_dictionaries(
    {"url": urls},
    optional={
        "backends": st.none() | st.lists(st.sampled_from(["civica-cx", "erp"]) | text, max_size=3),
        "types": st.none() | st.lists(st.sampled_from(["operation.*", "work_order.changed"]) | text, max_size=3),
        "description": st.none() | st.text(max_size=600),
        "enabled": st.booleans(),
    },
)


@pytest.fixture
def gateway(tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    shutil.copy(sqlite_template, tmp_path / "ledger.db")
    settings_of = {"allow_loopback": True, "max_endpoints": 1000}
    with gateway_on(CX, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, webhooks=settings_of) as made:
        yield made


one_gateway_for_all = settings(
    max_examples=150,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def send(gateway: Gateway, method: str, path: str, body: Any) -> int:
    headers = {"Idempotency-Key": gateway.site.fresh_key(), "Content-Type": "application/json"}
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    return gateway.request(method, "/v1/webhooks" + path, content=content, headers=headers).status_code


@one_gateway_for_all
@given(body=bodies | likely)
def test_any_registration_is_taken_or_refused(gateway: Gateway, body: Any) -> None:
    assert send(gateway, "POST", "", body) in {201, 400, 422}


@one_gateway_for_all
@given(body=bodies | likely)
def test_any_change_is_made_or_refused(gateway: Gateway, body: Any) -> None:
    if not (known := gateway.request("GET", "/v1/webhooks").json()["items"]):
        assert send(gateway, "POST", "", {"url": "http://127.0.0.1:9/", "types": ["nothing"]}) == 201
        known = gateway.request("GET", "/v1/webhooks").json()["items"]
    assert send(gateway, "PATCH", f"/{known[0]['id']}", body) in {200, 400, 422}


@one_gateway_for_all
@given(
    name=st.text(min_size=1, max_size=30),
    value=text,
    method=st.sampled_from(["GET", "PATCH", "DELETE", "POST", "PUT"]),
    tail=st.sampled_from(["", "/deliveries", "/test", "/rotate-secret", "/deliveries/{}/replay"]),
)
def test_any_address_is_answered(gateway: Gateway, name: str, value: str, method: str, tail: str) -> None:
    place = quote(name.encode("utf-8", "surrogatepass"), safe="")
    asked = quote(value.encode("utf-8", "surrogatepass"), safe="")
    assert send(gateway, method, f"/{place}{tail.format(place)}?limit={asked}&cursor={asked}", {}) in ANSWERED
