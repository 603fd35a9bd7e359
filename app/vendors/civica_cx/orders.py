"""Finds orders in Cx: one by its number or reference, or all that the list shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from app.domain.errors import BackendUnavailable, VendorSaid, WorkOrderNotFound
from app.domain.glimpses import Listed, number_of, read
from app.domain.work_orders import Observation
from app.vendors.civica_cx.answers import child, is_soap, read_answer
from app.vendors.civica_cx.envelope import NotXml
from app.vendors.civica_cx.listing import OrderFeed, Unreadable, batches
from app.vendors.civica_cx.names import is_number, only_written_otherwise
from app.vendors.civica_cx.outcomes import Heard, read_error
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.civica_cx.slices import Remembered
from app.vendors.civica_cx.soap import Soap
from app.vendors.civica_cx.tables import LIST_ORDERS, READ_ORDER
from app.vendors.civica_cx.translate import FaultyOrder, from_cx_order
from app.vendors.exchange import NotSent, Reply, Unanswered
from app.vendors.meanings import lost, transport_error, unreadable

NO_ORDER = "Cx shows us no such order. If the number is right, this user's role may not let us see it."


class ListRefused(Exception):
    """Cx answered the list with a refusal; `said` has its words."""

    def __init__(self, said: VendorSaid | None) -> None:
        super().__init__("Cx refused to list orders")
        self.said = said


class Orders:
    """Every call raises WorkOrderNotFound, BackendMisconfigured, BackendUnavailable or BackendTimeout."""

    def __init__(self, soap: Soap, settings: CivicaCxSettings) -> None:
        self._soap = soap
        self._settings = settings
        self._zone = settings.zone
        self._remembered = Remembered()

    async def read(self, number: str, ends: float) -> Observation:
        """By reference; a number that is no part of its order's reference is looked for in the list."""
        if not is_number(number):
            found = await self._details(number, ends, given=True)
            if isinstance(found, Observation):
                return found
            raise WorkOrderNotFound(NO_ORDER, vendor=found.said)
        found = await self._details(self._settings.reference_format.format(number=number), ends)
        if isinstance(found, Observation) and found.key.number == number:
            return found
        left_s = ends - asyncio.get_running_loop().time()
        # A role may show orders one by one and no list: then nothing more can be found out here.
        with suppress(ListRefused):
            async with aclosing(self._listed(left_s)) as listed:
                async for batch in listed:
                    for order in batch:
                        if number_of(order) == number and (seen := read(order)) is not None:
                            return seen
        raise WorkOrderNotFound(NO_ORDER, vendor=found.said if isinstance(found, Heard) else None)

    async def _details(self, reference: str, ends: float, *, given: bool = False) -> Observation | Heard:
        """The order with that reference, or Cx's no; one that was `given` to us may be written as Cx never writes it."""
        try:
            heard = await self._soap.ask(READ_ORDER, {"WorkOrderReference": reference}, ends=ends)
            contract = await self._soap.contract()
        except (NotSent, Unanswered) as fault:
            raise transport_error(fault) from fault
        except NotXml as fault:
            raise WorkOrderNotFound(NO_ORDER) from fault
        result = heard.result
        if result is None:
            raise read_error(heard)
        if not result.valid:
            return heard
        element = child(result.element, contract.names.of("WorkOrder"))
        if element is None or len(element) == 0:
            return heard
        try:
            seen = from_cx_order(element, contract.names, self._zone, as_of=heard.asked_at)
        except FaultyOrder as fault:
            raise unreadable(f"Cx sent an order that cannot be read: {fault}.") from fault
        if (seen.key.reference or reference).casefold() != reference.casefold():
            if given and only_written_otherwise(reference, seen.key):
                raise WorkOrderNotFound(NO_ORDER)
            raise unreadable("Cx answered with another order than the one that was asked for.")
        return seen

    async def listing(self, deadline_s: float) -> AsyncGenerator[list[Listed], None]:
        """A refused list is no BackendMisconfigured: the same user may read and update all the same, so no write waits."""
        try:
            async with aclosing(self._listed(deadline_s)) as listed:
                async for batch in listed:
                    yield batch
        except ListRefused as refusal:
            raise BackendUnavailable("Cx does not let this user list orders.", vendor=refusal.said) from refusal

    async def _listed(self, deadline_s: float) -> AsyncGenerator[list[Listed], None]:
        try:
            for again in (True, False):
                contract = await self._soap.contract()
                token = await self._soap.token()
                asked_at = self._soap.now()
                operation = contract[LIST_ORDERS]
                async with self._soap.listen(LIST_ORDERS, {}, token=token, deadline_s=deadline_s) as answer:
                    if answer.status == 200 and is_soap(answer.headers):
                        feed = OrderFeed(
                            operation.name, contract.names, self._zone, as_of=asked_at, remembered=self._remembered
                        )
                        async for batch in batches(answer, feed):
                            yield batch
                        reading = feed.finish()
                    else:
                        body = b"".join([chunk async for chunk in answer.chunks()])
                        reply = Reply(status=answer.status, headers=answer.headers, body=body)
                        reading = read_answer(reply, operation.name, contract.names)
                    heard = self._soap.heard(answer, reading, asked_at, token)
                if heard.result is not None and heard.result.valid:
                    return
                if heard.result is not None:
                    raise ListRefused(heard.said)
                if not heard.token_refused or not again:
                    raise read_error(heard)
                self._soap.refused(token)
        except (NotSent, Unanswered) as fault:
            raise transport_error(fault) from fault
        except Unreadable as fault:
            raise lost(str(fault)) from fault
