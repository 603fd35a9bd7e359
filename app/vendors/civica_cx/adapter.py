"""The Civica Cx adapter: each call of the vendor port, built, sent and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

from app.domain.errors import BackendUnavailable, CapabilityMissing, GatewayError, InvalidRequest
from app.domain.glimpses import Listed
from app.domain.ports import Answer, Finding, Kind, KnownCodes, Outcome, Proof, VendorAdapter, VendorRequest, Write
from app.domain.work_orders import Observation, OrderKey
from app.shared import Shared
from app.vendors.civica_cx.check import check
from app.vendors.civica_cx.contract import Contract, ContractFault, load
from app.vendors.civica_cx.documents import VENDORED, Documents, FolderDocuments
from app.vendors.civica_cx.envelope import NotXml
from app.vendors.civica_cx.live import live_documents
from app.vendors.civica_cx.orders import Orders
from app.vendors.civica_cx.outcomes import write_answer
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.civica_cx.soap import Soap, headers, members
from app.vendors.civica_cx.tables import CAPABILITIES, UPDATE_STATUS
from app.vendors.civica_cx.translate import as_cx_shows, has_ids, to_cx_update
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import error_answer, transport_error, unsent_answer
from app.vendors.transport import VendorHttp
from app.vendors.vendor import Connection

LISTS_TAKE = 6
"""A list of all orders may take so many times as long as one call."""
SAME_MOMENT = timedelta(seconds=1)
"""SQL Server's datetime keeps no exact milliseconds."""


class CivicaCxAdapter:
    """One Cx, seen with one contractor's API user."""

    def __init__(self, connection: Connection, settings: CivicaCxSettings, soap: Soap, http: VendorHttp) -> None:
        self._connection = connection
        self._settings = settings
        self._soap = soap
        self._orders = Orders(soap, settings)
        self._http = http

    def screen(self, write: Write) -> None:
        """Every member of a status update has its place in Cx; the reasons were looked up when the code was chosen."""
        _status_update_only(write)

    def own_number(self, operation_id: str) -> str | None:
        return None

    def requests(self, write: Write) -> Sequence[VendorRequest]:
        """The update as it would be sent, with `***` for its token. The log-in is not shown: it is shared by all calls."""
        _status_update_only(write)
        contract = self._soap.loaded
        if contract is None:
            raise BackendUnavailable("The WSDL of this backend could not be loaded yet.")
        if not has_ids(write.order):
            raise BackendUnavailable("The order's WorkOrderUid is not known yet: read the order first.")
        texts = {**to_cx_update(write, self._settings), "Token": "***"}
        operation = contract[UPDATE_STATUS]
        try:
            body = operation.envelope(members(UPDATE_STATUS, texts)).fill(texts)
        except NotXml as fault:
            raise _not_xml(fault) from fault
        except ContractFault as fault:
            raise BackendUnavailable(str(fault)) from fault
        return [VendorRequest(method="POST", url=operation.url, headers=headers(operation), body=body)]

    async def send(self, write: Write) -> Answer:
        ends = self._ends()
        try:
            _status_update_only(write)
            order = write.order if has_ids(write.order) else await self._ids(write.order.number, ends)
            named = write if order is write.order else replace(write, order=order)
            texts = to_cx_update(named, self._settings)
        except GatewayError as error:
            return error_answer(error)
        try:
            return write_answer(await self._soap.ask(UPDATE_STATUS, texts, ends=ends))
        except NotSent as fault:
            return unsent_answer(fault)
        except NotXml as fault:
            return error_answer(_not_xml(fault))
        except Unanswered as fault:
            return Answer(outcome=Outcome.unknown, detail=fault.detail)

    async def read(self, number: str) -> Observation:
        return await self._orders.read(number, self._ends())

    async def listing(self) -> AsyncGenerator[Sequence[Listed], None]:
        deadline_s = LISTS_TAKE * self._connection.deadline_s
        async with aclosing(self._orders.listing(deadline_s)) as found:
            async for batch in found:
                yield batch

    def prove(self, write: Write, seen: Observation | None) -> Proof:
        """By the code that we set and the time that we gave: Cx shows both."""
        if seen is None or write.status is None or write.occurred_at is None or seen.code is None:
            return Proof.inconclusive
        if seen.code != write.status.code:
            return Proof.not_applied if seen.code == write.previous_code else Proof.inconclusive
        if seen.status_at is None:
            return Proof.inconclusive
        apart = abs(seen.status_at - as_cx_shows(write.occurred_at, self._settings.zone))
        return Proof.applied if apart <= SAME_MOMENT else Proof.inconclusive

    def side_effect(self, write: Write, seen: Observation) -> str | None:
        return None

    async def check(self, known: KnownCodes | Finding) -> AsyncIterator[Finding]:
        async for finding in check(self._connection, self._settings, self._soap, self._http, self.listing, known):
            yield finding

    async def aclose(self) -> None:
        await self._soap.aclose()

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._connection.deadline_s

    async def _ids(self, number: str, ends: float) -> OrderKey:
        """WorkOrderId and WorkOrderUid of an order that we have not seen yet."""
        return (await self._orders.read(number, ends)).key


async def connect(connection: Connection) -> VendorAdapter:
    """An adapter whose WSDL is loaded, in a thread. With `live` a vendor that is down is asked again at the first call.

    Raises BackendMisconfigured when the WSDL files cannot be used.
    """
    settings = connection.settings
    if not isinstance(settings, CivicaCxSettings):
        raise TypeError("a civica_cx backend needs CivicaCxSettings")
    http = VendorHttp(max_connections=settings.max_connections)
    documents = _documents(connection, settings, http)

    async def load_contract() -> Contract:
        return await asyncio.to_thread(load, documents, settings.url, settings.elements)

    soap = Soap(settings, http, Shared(load_contract), deadline_s=connection.deadline_s, clock=connection.clock)
    try:
        await soap.contract()
    except NotSent as fault:
        if settings.wsdl != "live":
            await soap.aclose()
            raise transport_error(fault) from fault
    return CivicaCxAdapter(connection, settings, soap, http)


def _documents(connection: Connection, settings: CivicaCxSettings, http: VendorHttp) -> Documents:
    if settings.wsdl == "vendored":
        return FolderDocuments(VENDORED)
    if settings.wsdl == "live":
        return live_documents(settings.url, http, connection.deadline_s)
    return FolderDocuments(connection.folder / settings.wsdl)


def _status_update_only(write: Write) -> None:
    if write.kind is not Kind.status_update:
        raise CapabilityMissing(
            "Civica Cx takes status updates only.", capabilities=sorted(capability.value for capability in CAPABILITIES)
        )


def _not_xml(fault: NotXml) -> InvalidRequest:
    member = str(fault)
    pointer = "/comments" if member == "Comments" else f"/{member}"
    return InvalidRequest("The text holds a character that XML cannot carry.", pointer=pointer)
