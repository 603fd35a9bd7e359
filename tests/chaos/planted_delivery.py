"""Planted bugs in what is concluded from a vendor's answer, from the lack of one, and from what the vendor shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import httpx

from app import failpoints
from app.delivery import readback, send, settling, worker
from app.delivery import webhooks as webhook_calls
from app.delivery.desk import Desk
from app.delivery.settling import settle_answer
from app.delivery.webhooks import Answered, WebhookSender
from app.delivery.worker import BackendWorker
from app.domain.admission import OrderView
from app.domain.operations import Operation, State
from app.domain.ports import Answer, Outcome, Proof, Write
from app.domain.statuses import StatusCode
from app.domain.work_orders import Observation
from app.ledger import lanes
from app.ledger.records import AttemptEnd, Claim, Settled
from app.vendors.civica_cx import adapter
from app.vendors.civica_cx.adapter import CivicaCxAdapter
from app.vendors.civica_cx.answers import Fault, Nothing
from app.vendors.civica_cx.outcomes import Heard
from tests.chaos.patching import holds, put, taken


def _restart_queues_again() -> None:
    """What a killed process had begun to send goes back into the queue, instead of being asked after."""

    async def not_sent(desk: Desk, claim: Claim, operation: Operation) -> Settled:
        end = AttemptEnd(n=operation.attempts, outcome="not_sent", detail="planted")
        return await desk.settle(claim, operation, State.queued, attempt=end, ready_at=desk.clock())

    put(worker, "interrupted", not_sent)


def _intent_after_send() -> None:
    """The call is made first, and the intent stored when it is over."""
    holds(send.deliver_status, "await _begin(", "return await attempt(")
    holds(send._begin, "desk.store.write(", "lanes.begin(")

    async def call_first(desk: Desk, claim: Claim, operation: Operation, code: StatusCode, view: OrderView) -> Settled:
        answer = await desk.backend.adapter.send(send.write_of(desk, replace(operation, target_code=code.code), view))
        failpoints.reach("F9")
        intent = lanes.begin(
            claim, operation, target_code=code.code, previous_code=view.code, lease=desk.lease(), now=desk.clock()
        )
        return await settle_answer(desk, claim, await desk.store.write(intent), answer)

    async def no_place(worker: BackendWorker, *, patient: bool) -> None:
        return None

    put(BackendWorker, "place", no_place)
    put(send, "deliver_status", call_first)


def _no_settle_time() -> None:
    """That a write was not applied counts as proved before the vendor must have applied or dropped it."""

    async def at_once(desk: Desk, operation: Operation) -> int:
        return 0

    put(readback, "may_have_settled", at_once)
    put(settling, "FIRST_PROBE_S", 0.0)
    put(readback, "APART_S", 0.0)


def _whatever_it_shows() -> None:
    """A read-back proves every status update applied, whatever the order shows."""

    def applied(self: CivicaCxAdapter, write: Write, seen: Observation | None) -> Proof:
        return Proof.applied

    put(CivicaCxAdapter, "prove", applied)


def _code_alone() -> None:
    """That the order shows the code is proof enough, whoever set it and when."""

    def by_code(self: CivicaCxAdapter, write: Write, seen: Observation | None) -> Proof:
        if seen is None or write.status is None:
            return Proof.inconclusive
        return Proof.applied if seen.code == write.status.code else Proof.not_applied

    put(CivicaCxAdapter, "prove", by_code)


def _answers(changed: Callable[[Heard, Answer], Answer]) -> None:
    as_ever = taken(adapter, "write_answer")
    put(adapter, "write_answer", lambda heard: changed(heard, as_ever(heard)))


def _fault_is_refusal() -> None:
    """Any SOAP fault is taken for the vendor's refusal."""

    def refused(heard: Heard, answer: Answer) -> Answer:
        return replace(answer, outcome=Outcome.refused) if isinstance(heard.reading, Fault) else answer

    _answers(refused)


def _nothing_is_success() -> None:
    """An empty answer with HTTP 2xx is taken for the vendor's yes."""

    def applied(heard: Heard, answer: Answer) -> Answer:
        empty = isinstance(heard.reading, Nothing) and heard.status < 300
        return replace(answer, outcome=Outcome.applied) if empty else answer

    _answers(applied)


def _bad_gateway_is_sent_again() -> None:
    """HTTP 502 is taken to say that the vendor did not get it."""

    def not_applied(heard: Heard, answer: Answer) -> Answer:
        return replace(answer, outcome=Outcome.not_applied) if heard.status == 502 else answer

    _answers(not_applied)


def _except_is_success() -> None:
    """Whatever goes wrong while the answer is awaited or read, the write counts as applied."""
    as_ever = CivicaCxAdapter.send

    async def applied(self: CivicaCxAdapter, write: Write) -> Answer:
        answer = await as_ever(self, write)
        return replace(answer, outcome=Outcome.applied) if answer.outcome is Outcome.unknown else answer

    put(CivicaCxAdapter, "send", applied)


def _redirect_followed() -> None:
    """A webhook goes wherever the endpoint's answer points to."""
    holds(webhook_calls.WebhookSender._exchange, "handle_async_request")

    async def exchange(
        self: WebhookSender,
        of: object,
        address: object,
        body: bytes,
        headers: Mapping[str, str],
        heard: list[Answered],
    ) -> None:
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
            url = of.at(address)  # type: ignore[attr-defined]
            found = await client.post(url, content=body, headers={"Content-Type": "application/json", **headers})
        heard.append(Answered(status=found.status_code, error=None, headers=dict(found.headers)))

    put(WebhookSender, "_exchange", exchange)


BUGS: Mapping[str, Callable[[], None]] = {
    "restart-queues-again": _restart_queues_again,
    "intent-after-send": _intent_after_send,
    "no-settle-time": _no_settle_time,
    "every-proof-is-applied": _whatever_it_shows,
    "code-alone-proves": _code_alone,
    "fault-is-refusal": _fault_is_refusal,
    "empty-answer-is-success": _nothing_is_success,
    "bad-gateway-is-sent-again": _bad_gateway_is_sent_again,
    "except-is-success": _except_is_success,
    "webhook-redirect-followed": _redirect_followed,
}
