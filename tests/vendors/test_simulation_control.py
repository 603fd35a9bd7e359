"""The calls under `/_sim`, which every simulator has alike: what a caller sends wrong is an answer."""

from __future__ import annotations

import httpx
import pytest

from app.vendors.registry import VENDORS
from tests.gateway import simulator


@pytest.mark.parametrize("slug", sorted(VENDORS))
@pytest.mark.parametrize("path", ["/_sim/faults", "/_sim/orders", "/_sim/settings"])
def test_a_body_that_is_nested_too_deeply_is_a_bad_request(slug: str, path: str) -> None:
    with simulator(VENDORS[slug]) as url:
        answer = httpx.post(f"{url}{path}", content="[" * 100_000, trust_env=False)
    assert (answer.status_code, answer.json()["field"]) == (400, "body")
