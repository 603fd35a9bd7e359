"""The OverIT adapter: each call of the vendor port, built, sent and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from app.domain.errors import GatewayError, VendorTrouble, WorkOrderNotFound
from app.domain.glimpses import Listed, no_list
from app.domain.merge_patch import missing
from app.domain.ports import Answer, Finding, Kind, KnownCodes, Outcome, Proof, VendorAdapter, VendorRequest, Write
from app.domain.work_orders import Observation
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import error_answer, unsent_answer
from app.vendors.overit.check import check
from app.vendors.overit.clearing import shows_all
from app.vendors.overit.evidence import proof_of
from app.vendors.overit.orders import Orders
from app.vendors.overit.outcomes import says_too_little, write_answer
from app.vendors.overit.patch import naming, payload
from app.vendors.overit.settings import OverItSettings
from app.vendors.overit.steps import CANCEL, PATCH, VendorCall
from app.vendors.overit.tables import CANCELLED
from app.vendors.overit.translate import asked_of, incapable, lacking, to_record
from app.vendors.overit.wire import Wire, cancel_request, patch_request
from app.vendors.status_proof import prove_status
from app.vendors.transport import VendorHttp
from app.vendors.vendor import Connection


class OverItAdapter:
    """One company's NextGen FSM, seen with one personal access token."""

    def __init__(self, connection: Connection, settings: OverItSettings, wire: Wire) -> None:
        self._connection = connection
        self._settings = settings
        self._wire = wire
        self._orders = Orders(wire, settings)

    def screen(self, write: Write) -> None:
        """What vendor document 004's request table forbids, and what a cancellation cannot say."""
        if _is_cancellation(write):
            return
        to_record(write.body)

    def own_number(self, operation_id: str) -> str | None:
        return None

    def requests(self, write: Write) -> Sequence[VendorRequest]:
        """The one request of a write, with `***` for the token; none where the order shows already what is asked."""
        if _is_cancellation(write):
            body = naming(write.order, self._settings.external_system_code)
            return [cancel_request(self._settings, body)]
        changes = payload(write, self._settings.external_system_code)
        return [] if changes is None else [patch_request(self._settings, changes)]

    async def send(self, write: Write) -> Answer:
        ends = self._ends()
        try:
            requests = self.requests(write)
        except GatewayError as error:
            return error_answer(error)
        if not requests:
            return Answer(outcome=Outcome.applied, detail="There was nothing to change.")
        try:
            heard = await self._wire.ask(requests[0], ends=ends)
        except NotSent as fault:
            return unsent_answer(fault)
        except Unanswered as fault:
            return Answer(outcome=Outcome.unknown, detail=fault.detail)
        answer = write_answer(heard, _call(write), write.body)
        return await self._confirmed(write, answer, ends) if says_too_little(heard) else answer

    async def read(self, number: str) -> Observation:
        return await self._orders.read(number, ends=self._ends())

    def listing(self) -> AsyncIterator[Sequence[Listed]]:
        return no_list()

    def prove(self, write: Write, seen: Observation | None) -> Proof:
        """By the order as it shows: a PATCH that stopped half way proves neither."""
        if write.kind is not Kind.status_update:
            return proof_of(write, seen)
        return prove_status(write, seen)

    def side_effect(self, write: Write, seen: Observation) -> str | None:
        """What was accepted, and does not show: the vendor ignores some members without a word."""
        if write.kind is Kind.status_update:
            if seen.code == CANCELLED:
                return None
            return f"NextGen FSM accepted the cancellation, and shows the order as {seen.code}."
        lost = missing(seen.fields, asked_of(write.body))
        return f"NextGen FSM accepted the change, and does not show: {', '.join(lost)}." if lost else None

    def check(self, known: KnownCodes | Finding) -> AsyncIterator[Finding]:
        return check(self._settings, self._wire, self._orders, self._ends, known)

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._connection.deadline_s

    async def _confirmed(self, write: Write, answer: Answer, ends: float) -> Answer:
        """A success without a word: applied if the order shows what was asked."""
        try:
            seen = await self._orders.read(write.order.number, ends=ends)
        except (VendorTrouble, WorkOrderNotFound):
            return answer
        if not _shows(seen, write):
            return answer
        return replace(answer, outcome=Outcome.applied, detail="The order shows what was asked.", seen=seen)


async def connect(connection: Connection) -> VendorAdapter:
    """An adapter; nothing is sent yet."""
    settings = connection.settings
    if not isinstance(settings, OverItSettings):
        raise TypeError("an overit backend needs OverItSettings")
    http = VendorHttp(max_connections=settings.max_connections)
    return OverItAdapter(connection, settings, Wire(settings, http, clock=connection.clock))


def _is_cancellation(write: Write) -> bool:
    """Whether it is that, and not a PATCH; raises CapabilityMissing for what is neither."""
    match write.kind:
        case Kind.status_update:
            if write.status is not None and write.status.code != CANCELLED:
                raise incapable(
                    f"NextGen FSM takes no status but {CANCELLED} from us; the others it sets itself.",
                    lacking("/status", "Only cancelled can be set."),
                )
            return True
        case Kind.patch:
            if write.terms.replace:
                raise incapable("NextGen FSM can change members of a collection, not replace it whole.")
            return False
        case Kind.create | Kind.replace | Kind.delete:
            raise incapable(f"NextGen FSM cannot do this through its documented API: {write.kind.value}.")


def _call(write: Write) -> VendorCall:
    return CANCEL if write.kind is Kind.status_update else PATCH


def _shows(seen: Observation, write: Write) -> bool:
    if write.kind is Kind.status_update:
        return seen.code == CANCELLED
    return shows_all(seen, write)
