"""Each vendor of the registry: its simulator over real HTTP, and a gateway in front of it with its sandbox section.

Nothing here names a vendor: what a test needs to know comes from the registry, the sandbox's section, the API itself, or
the samples that the vendor brings (tests/contract/samples.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.contract.desk import Desk
from tests.contract.samples import samples_of
from tests.delivery.bench import Simulated, hurry
from tests.gateway import site

SETTLE_S = 1.0
DEADLINE_S = 2.0


@pytest.fixture(params=sorted(VENDORS))
def vendor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """One vendor of the registry; its lost answers are read back sooner than in earnest."""
    return hurry(monkeypatch, vendor=VENDORS[request.param], settle_s=SETTLE_S)


@pytest.fixture
def simulated(vendor: Vendor, tmp_path: Path) -> Iterator[Simulated]:
    """The vendor's simulator. Whatever the test does, nothing that we send may be dropped in silence."""
    made = Simulated(vendor=vendor, data=tmp_path / "vendor")
    made.start()
    yield made
    made.stop()
    made.start()
    effects = httpx.get(f"{made.url}/_sim/effects", trust_env=False, verify=False).json()["effects"]
    made.stop()
    assert [effect for effect in effects if effect["kind"] == "dropped_member"] == []


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_desk(vendor: Vendor, simulated: Simulated, sqlite_database: str, tmp_path: Path) -> OpenDesk:
    """Opens a gateway in front of the simulator, or of `url` if something stands between."""

    @asynccontextmanager
    async def opened(*, url: str = "", **sections: dict[str, Any]) -> AsyncIterator[Desk]:
        delivery = {"wait_s": 8, "deadline_s": DEADLINE_S, "fresh_s": 30}
        async with site(
            vendor, url or simulated.url, sqlite_database, tmp_path, **{"delivery": delivery, **sections}
        ) as made:
            made.vendor.close()
            made.vendor = httpx.Client(base_url=simulated.url, trust_env=False, verify=False)
            try:
                yield Desk(
                    site=made, vendor=vendor, samples=samples_of(vendor.slug), number=vendor.sandbox.example_order
                )
            finally:
                made.vendor.close()

    return opened


@pytest.fixture
async def desk(open_desk: OpenDesk) -> AsyncIterator[Desk]:
    """A gateway in front of the vendor."""
    async with open_desk() as made:
        yield made


def wrong_secrets(vendor: Vendor) -> dict[str, str]:
    """The sandbox section's secrets, each replaced by one that the vendor does not accept."""
    section = vendor.sandbox.section("http://127.0.0.1:1")
    settings = vendor.settings.model_validate(section)
    return {name: "wrong" for name in section if isinstance(getattr(settings, name, None), SecretStr)}
