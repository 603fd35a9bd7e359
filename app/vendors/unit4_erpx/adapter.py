"""The Unit4 ERPx adapter: each call of the vendor port, built, sent and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from app.domain.errors import CapabilityMissing, GatewayError, InvalidRequest, WorkOrderNotFound
from app.domain.glimpses import Listed, no_list
from app.domain.ports import Answer, Finding, Kind, KnownCodes, Outcome, Proof, VendorAdapter, VendorRequest, Write
from app.domain.work_orders import Observation
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import error_answer, transport_error, unreadable, unsent_answer
from app.vendors.transport import VendorHttp
from app.vendors.unit4_erpx import evidence, outcomes, translate
from app.vendors.unit4_erpx.answers import Heard
from app.vendors.unit4_erpx.check import check
from app.vendors.unit4_erpx.deprecation import Deprecations
from app.vendors.unit4_erpx.orders import FaultyOrder, from_erpx_order, is_number, own_number
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings
from app.vendors.unit4_erpx.tables import CLOSED, IN_DOUBT, Call
from app.vendors.unit4_erpx.wire import Wire
from app.vendors.vendor import Connection


class Unit4ErpxAdapter:
    """One company in one ERPx, seen with one API client."""

    def __init__(self, connection: Connection, settings: Unit4ErpxSettings, wire: Wire, seen: Deprecations) -> None:
        self._connection = connection
        self._settings = settings
        self._wire = wire
        self._deprecations = seen
        self._codes: set[str] = set()

    @property
    def deprecations(self) -> Mapping[str, int]:
        """The deprecation alerts seen, each with the number of answers that carried it."""
        return self._deprecations.seen

    def screen(self, write: Write) -> None:
        translate.check(write)
        translate.check_company(write, self._settings.company_id)

    def own_number(self, operation_id: str) -> str | None:
        prefix = self._settings.number_prefix
        return own_number(prefix, operation_id) if prefix else None

    def requests(self, write: Write) -> Sequence[VendorRequest]:
        """One request, or none. The log-in is not shown: it is shared by all calls."""
        translate.check(write)
        call, number = _call(write), write.order.number
        match write.kind:
            case Kind.create:
                return [self._wire.request(call, body=translate.to_erpx_create(write, self._settings.company_id))]
            case Kind.patch:
                operations = translate.to_erpx_patch(write)
                return [self._wire.request(call, number, operations)] if operations else []
            case Kind.status_update if write.status is not None and call is Call.patch:
                return [self._wire.request(call, number, translate.to_erpx_status(write.status.code))]
        return [self._wire.request(call, number)]

    async def send(self, write: Write) -> Answer:
        ends = self._ends()
        try:
            requests = self.requests(write)
        except GatewayError as error:
            return error_answer(error)
        if not requests:
            return Answer(outcome=Outcome.applied, detail="The order was so already; nothing was sent.")
        call = _call(write)
        try:
            heard = await self._wire.ask(requests[0], ends=ends)
        except NotSent as fault:
            return unsent_answer(fault)
        except Unanswered as fault:
            return Answer(outcome=Outcome.unknown, detail=fault.detail)
        answer = outcomes.write_answer(write.kind, call, heard, self._settings)
        if outcomes.meaning_of(call, heard.status, heard.shape) is IN_DOUBT:
            return await self._confirmed(write, answer, ends)
        return self._with_record(write, answer, heard) if answer.outcome is Outcome.applied else answer

    async def read(self, number: str) -> Observation:
        return await self._read(number, self._ends())

    def listing(self) -> AsyncIterator[Sequence[Listed]]:
        return no_list()

    def prove(self, write: Write, seen: Observation | None) -> Proof:
        return evidence.proof_of(write, seen)

    def side_effect(self, write: Write, seen: Observation) -> str | None:
        return evidence.done_besides(write, seen)

    async def check(self, known: KnownCodes | Finding) -> AsyncIterator[Finding]:
        async for finding in check(self._settings, self._wire, self, known):
            yield finding

    @property
    def codes(self) -> frozenset[str]:
        """The status codes seen so far."""
        return frozenset(self._codes)

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._connection.deadline_s

    async def _read(self, number: str, ends: float) -> Observation:
        if not is_number(number):
            raise WorkOrderNotFound("ERPx cannot have a work order with this number.")
        try:
            heard = await self._wire.ask(self._wire.request(Call.read, number), ends=ends)
        except (NotSent, Unanswered) as fault:
            raise transport_error(fault) from fault
        if outcomes.meaning_of(Call.read, heard.status, heard.shape).outcome is not Outcome.applied:
            raise outcomes.read_error(heard, self._settings)
        try:
            seen = self._order(heard)
        except FaultyOrder as fault:
            raise unreadable(f"ERPx sent an order that cannot be read: {fault}.") from fault
        if seen.key.number.casefold() != number.casefold():
            raise unreadable("ERPx answered with another order than the one that was asked for.")
        if seen.code is not None:
            self._codes.add(seen.code)
        return seen

    def _order(self, heard: Heard) -> Observation:
        assert heard.order is not None
        return from_erpx_order(heard.order, self._settings.company_id, as_of=heard.asked_at)

    def _with_record(self, write: Write, answer: Answer, heard: Heard) -> Answer:
        if heard.order is None:
            return answer
        try:
            return evidence.with_record(write, answer, self._order(heard))
        except FaultyOrder as fault:
            return replace(
                answer, outcome=Outcome.unknown, detail=f"ERPx answered with an order that is none: {fault}."
            )

    async def _confirmed(self, write: Write, answer: Answer, ends: float) -> Answer:
        if not write.order.number:
            return answer
        try:
            return evidence.confirmed(write, answer, await self._read(write.order.number, ends))
        except GatewayError as error:
            return replace(answer, detail=f"{answer.detail} It could not be read: {error.detail}")


def _call(write: Write) -> Call:
    """Closed goes out as DELETE: "Use PATCH for status updates other than Closed"."""
    match write.kind:
        case Kind.create:
            return Call.create
        case Kind.delete:
            return Call.close
        case Kind.patch:
            return Call.patch
        case Kind.status_update:
            if write.status is None:
                raise InvalidRequest("A status update needs a status.", pointer="/status")
            return Call.close if write.status.code == CLOSED else Call.patch
    raise CapabilityMissing("Unit4 ERPx cannot do this.")


async def connect(connection: Connection) -> VendorAdapter:
    """An adapter; contacts nobody yet."""
    settings = connection.settings
    if not isinstance(settings, Unit4ErpxSettings):
        raise TypeError("a unit4_erpx backend needs Unit4ErpxSettings")
    http = VendorHttp(max_connections=settings.max_connections)
    seen = Deprecations(connection.backend)
    wire = Wire(settings, http, seen, deadline_s=connection.deadline_s, clock=connection.clock)
    return Unit4ErpxAdapter(connection, settings, wire, seen)
