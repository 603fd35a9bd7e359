"""A Cx on loopback that answers in either WSDL set's namespaces, and the adapter that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest

from app.domain.ports import VendorAdapter
from app.vendors.civica_cx.adapter import connect
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.vendor import Connection
from tests.vendors.civica_cx.messages import SETS, WsdlSet, sample, token_given
from tests.vendors.loopback import Arrived, Behaviour, Loopback, loopback, reply

DEADLINE_S = 1.0
NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)

Adapting: TypeAlias = Callable[..., Awaitable[VendorAdapter]]


class Cx:
    """The server, scripted by operation. What is not scripted succeeds; a scripted list is used up in order."""

    def __init__(self, server: Loopback, wsdl: WsdlSet) -> None:
        self.server = server
        self.wsdl = wsdl
        self.url = f"{server.url}/cx"
        self._script: dict[str, list[Behaviour]] = {}
        self._usual = {
            "GetUserWSToken": token_given(),
            "UpdateRepairWorksOrderStatus": sample("update_accepted.xml"),
            "GetRepairWorkOrderDetails": sample("order.xml"),
            "GetRepairWorkOrders": sample("orders.xml"),
        }
        server.route = self._route

    def will(self, operation: str, *answers: bytes | Behaviour, status: int = 200) -> None:
        """What the next calls of `operation` meet; bytes are an answer in our namespaces."""
        self._script.setdefault(operation, []).extend(
            reply(status, self.wsdl.words(answer)) if isinstance(answer, bytes) else answer for answer in answers
        )

    def asked(self, operation: str) -> list[Arrived]:
        """The calls of `operation` that arrived."""
        return [arrived for arrived in self.server.arrived if _operation(arrived) == operation]

    def _route(self, arrived: Arrived) -> Behaviour:
        if arrived.method == "GET":
            return self._page(arrived.target)
        operation = _operation(arrived)
        script = self._script.get(operation)
        return script.pop(0) if script else reply(200, self.wsdl.words(self._usual[operation]))

    def _page(self, target: str) -> Behaviour:
        path, _, query = target.partition("?")
        name = path.rpartition("/")[2]
        file = self.wsdl.folder / (f"{name}.wsdl" if query == "wsdl" else name)
        if query == "" and not file.exists():
            return reply(200, b"<html>Service</html>", Content_Type="text/html")
        return reply(200, file.read_bytes()) if file.exists() else reply(404, b"<html>404</html>")


def _operation(arrived: Arrived) -> str:
    return arrived.headers.get("soapaction", "").strip('"').rpartition("/")[2]


@pytest.fixture(params=SETS, ids=lambda wsdl: wsdl.id)
def wsdl(request: pytest.FixtureRequest) -> WsdlSet:
    """Everything that uses it runs with our WSDL and with another client's."""
    chosen = request.param
    assert isinstance(chosen, WsdlSet)
    return chosen


@pytest.fixture
async def cx(wsdl: WsdlSet) -> AsyncIterator[Cx]:
    async with loopback() as server:
        yield Cx(server, wsdl)


@pytest.fixture
async def adapting(cx: Cx) -> AsyncIterator[Adapting]:
    """Makes adapters for that Cx; keyword arguments are settings."""
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> VendorAdapter:
            section = {
                "vendor": "civica_cx",
                "url": cx.url,
                "username": "api.contractor",
                "password": "HappyB!rthday",
                "time_zone": "Europe/London",
                "wsdl": cx.wsdl.setting,
                "reasons": {"weather": 12},
                "late_reasons": {"parts_delay": 31},
                **settings,
            }
            connection = Connection(
                backend="riverside",
                settings=CivicaCxSettings.model_validate(section),
                deadline_s=DEADLINE_S,
                folder=Path(__file__).parent,
            )
            adapter = await connect(replace(connection, clock=lambda: NOW))
            stack.push_async_callback(adapter.aclose)
            return adapter

        yield make


@pytest.fixture
async def adapter(adapting: Adapting) -> VendorAdapter:
    return await adapting()
