"""The NexusFS adapter: each call of the vendor port, built, sent and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from app.domain.errors import GatewayError, WorkOrderNotFound
from app.domain.glimpses import Listed, no_list
from app.domain.ports import Answer, Finding, Kind, KnownCodes, Outcome, Proof, VendorAdapter, VendorRequest, Write
from app.domain.work_orders import Observation
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import error_answer, transport_error, unsent_answer
from app.vendors.nexusfs.check import check
from app.vendors.nexusfs.evidence import proof_of
from app.vendors.nexusfs.outcomes import read_order, write_answer
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.side_effects import emptied, side_effect
from app.vendors.nexusfs.translate import is_number, read_request, to_nexus_request
from app.vendors.nexusfs.wire import NexusFs
from app.vendors.status_proof import prove_status
from app.vendors.transport import VendorHttp
from app.vendors.vendor import Connection


class NexusFsAdapter:
    """One customer's NexusFS."""

    def __init__(self, connection: Connection, settings: NexusFsSettings, nexus: NexusFs) -> None:
        self._connection = connection
        self._settings = settings
        self._nexus = nexus

    def screen(self, write: Write) -> None:
        to_nexus_request(write, self._settings, before=None)

    def own_number(self, operation_id: str) -> str | None:
        return None

    def requests(self, write: Write) -> Sequence[VendorRequest]:
        """The change as it would be sent, with `***` for its token."""
        request = to_nexus_request(write, self._settings, before=write.before or {})
        return [] if request is None else [request]

    async def send(self, write: Write) -> Answer:
        try:
            requests = self.requests(write)
        except GatewayError as error:
            return error_answer(error)
        if not requests:
            return Answer(outcome=Outcome.applied, detail="There was nothing to change.")
        [request] = requests
        ends = self._ends()
        try:
            answer = write_answer(await self._nexus.ask(request, ends=ends), request)
        except NotSent as fault:
            return unsent_answer(fault)
        except Unanswered as fault:
            return Answer(outcome=Outcome.unknown, detail=fault.detail)
        if self._settings.method_override and write.kind is Kind.status_update and answer.outcome is Outcome.applied:
            return await self._confirmed(answer, write, ends)
        return answer

    async def _confirmed(self, answer: Answer, write: Write, ends: float) -> Answer:
        """A yes to a POST that says it is a PATCH: NexusFS says the same when it has replaced the whole order."""
        try:
            seen = await self._read(write.order.number, ends)
        except GatewayError as error:
            detail = f"NexusFS said yes, but whether it took the POST for a PATCH could not be read: {error.detail}"
            return Answer(outcome=Outcome.unknown, detail=detail, said=answer.said)
        mishap = emptied(seen)
        if mishap is not None:
            return Answer(outcome=Outcome.unknown, detail=mishap, said=answer.said)
        return replace(answer, seen=seen)

    async def read(self, number: str) -> Observation:
        return await self._read(number, self._ends())

    async def _read(self, number: str, ends: float) -> Observation:
        if not is_number(number):
            raise WorkOrderNotFound("NexusFS cannot have an order with this number: its URL would name something else.")
        try:
            heard = await self._nexus.ask(read_request(number, self._settings), ends=ends)
        except (NotSent, Unanswered) as fault:
            raise transport_error(fault) from fault
        return read_order(heard, number)

    def listing(self) -> AsyncIterator[Sequence[Listed]]:
        return no_list()

    def prove(self, write: Write, seen: Observation | None) -> Proof:
        """A status by its code, which is all that NexusFS keeps of an update; any other write by what the order shows."""
        if write.kind is not Kind.status_update:
            return proof_of(write, seen)
        if seen is not None and self.side_effect(write, seen) is not None:
            return Proof.inconclusive
        return prove_status(write, seen)

    def side_effect(self, write: Write, seen: Observation) -> str | None:
        return side_effect(write, seen, overridden=self._settings.method_override)

    async def check(self, known: KnownCodes | Finding) -> AsyncIterator[Finding]:
        async for finding in check(self._settings, self._nexus, self.read, known):
            yield finding

    async def aclose(self) -> None:
        await self._nexus.aclose()

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._connection.deadline_s


async def connect(connection: Connection) -> VendorAdapter:
    """An adapter; nothing is sent before its first call."""
    settings = connection.settings
    if not isinstance(settings, NexusFsSettings):
        raise TypeError("a nexusfs backend needs NexusFsSettings")
    http = VendorHttp(max_connections=settings.max_connections)
    return NexusFsAdapter(
        connection, settings, NexusFs(settings, http, deadline_s=connection.deadline_s, clock=connection.clock)
    )
