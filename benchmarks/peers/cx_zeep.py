"""Civica Cx through zeep's async client, as zeep's own documentation shows it; the two peers in Python share it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from zeep import AsyncClient, xsd
from zeep.exceptions import Fault
from zeep.proxy import AsyncServiceProxy
from zeep.transports import AsyncTransport

HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "app" / "vendors" / "civica_cx" / "wsdl"
SETTINGS = json.loads((HERE / "cx.json").read_text())
"""What every peer knows of its Cx: credentials, time zone, status codes and reasons. The sandbox has the same."""
ZONE = ZoneInfo(SETTINGS["time_zone"])
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=60)
TIMEOUT_S = 20
NO_UID = "00000000-0000-0000-0000-000000000000"
UNDER_WAY = ("Issued", "Work In Progress")

if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # httpcore looks for it at every lock: a twelfth of the time


class Refused(Exception):
    """Cx answered, and the answer is no (`IsValid` false); the text is its InvalidReason."""


@dataclass(kw_only=True)
class Order:
    """A work order as Cx last showed it, or as our own update left it."""

    number: int
    uid: str
    code: str
    movable: bool
    """Whether a contractor may still move it without giving a late reason."""


class Cx:
    """One Cx: a pool of connections, one log-in that is kept until Cx calls its token invalid, and the orders' ids."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(limits=LIMITS, timeout=TIMEOUT_S)
        with httpx.Client() as for_documents:
            transport = AsyncTransport(client=self._http, wsdl_client=for_documents)
            self._security = _service(transport, "WSTokenService", url)
            self._repairs = _service(transport, "WSRepairContractorService", url)
        self._token = ""
        self._logging_in = asyncio.Lock()
        self.orders: dict[str, Order] = {}

    async def __aenter__(self) -> Cx:
        await self._log_in(instead_of="")
        listed = await self._call("GetRepairWorkOrders", FromDate=xsd.Nil)
        for record in (listed.WorkOrders and listed.WorkOrders.RepairWorkOrder) or []:
            self._keep(record)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def order(self, number: str) -> Order:
        """The order, read from Cx when it is a new one. Raises Refused when there is none."""
        if number not in self.orders:
            answer = await self._call(
                "GetRepairWorkOrderDetails", WorkOrderReference=f"WO{number}", WorkOrderUid=NO_UID
            )
            self._keep(answer.WorkOrder)
        return self.orders[number]

    async def update(
        self, order: Order, *, code: str, occurred_at: datetime, reason: int = 0, comments: str | None = None
    ) -> None:
        """Set the status. Raises Refused, zeep's Fault, or httpx.HTTPError."""
        status = {
            "StatusCodeId": code,
            "StatusDate": occurred_at.astimezone(ZONE).replace(tzinfo=None),
            "StatusReasonId": reason,
            "StatusSetByUserId": 0,
            "StatusSetDate": xsd.Nil,
        }
        if comments:
            status["Comments"] = comments
        await self._call(
            "UpdateRepairWorksOrderStatus", NewStatus=status, WorkOrderId=order.number, WorkOrderUid=order.uid
        )
        order.code = code

    async def _call(self, operation: str, **members: Any) -> Any:
        """A call with the token, and once more with a new one when Cx calls it invalid: nothing was done then."""
        ask = self._repairs[operation]
        token = self._token
        try:
            answer = await ask(request={"Token": token, **members})
        except Fault as fault:
            if "invalid token" not in str(fault).casefold():
                raise
            await self._log_in(instead_of=token)
            answer = await ask(request={"Token": self._token, **members})
        if not answer.IsValid:
            raise Refused(answer.InvalidReason)
        return answer

    async def _log_in(self, *, instead_of: str) -> None:
        async with self._logging_in:
            if self._token != instead_of:
                return  # somebody else was faster
            answer = await self._security.GetUserWSToken(
                request={"UserName": SETTINGS["username"], "Password": SETTINGS["password"]}
            )
            if not answer.IsValid:
                raise Refused(answer.InvalidReason)
            self._token = answer.Token

    def _keep(self, record: Any) -> None:
        self.orders[str(record.WorkOrderId)] = Order(
            number=record.WorkOrderId,
            uid=record.WorkOrderUid,
            code=str(record.RepairStatusCodeId),
            movable=record.RepairMasterStatusCode in UNDER_WAY and not record.IsLate,
        )


def _service(transport: AsyncTransport, name: str, url: str) -> Any:
    client = AsyncClient(str(WSDL / f"{name}.wsdl"), transport=transport)
    (binding,) = client.wsdl.bindings.values()
    for operation in binding.all().values():
        operation.abstract.wsa_action = None  # Cx wants no WS-Addressing, and it would cost time at every call
    return AsyncServiceProxy(client, binding, address=f"{url}/webservice/{name}")  # create_service's is not async
