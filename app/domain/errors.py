"""Every way in which a call can fail, drawn as a tree; the class is the code, and its docstring tells the caller what to do.

* GatewayError
  + BadRequest 400
    - IdempotencyKeyMissing · MalformedRequest
  + Unauthenticated 401
  + ScopeMissing 403
  + Missing 404
    - NotFound · WorkOrderNotFound
  + MethodNotAllowed 405
  + Conflict 409
    - StatusUnchanged · TransitionNotAllowed · OrderEnded · VendorRefused · WorkOrderExists
    - ClientReferenceUsed · OrderQueueFull · OrderBlocked
  + PreconditionFailed 412
  + BodyTooLarge 413
  + UnsupportedMediaType 415
  + Unprocessable 422
    - InvalidRequest · IdempotencyKeyReused · CapabilityMissing · StatusUnknown · StatusNotEffective
    - StatusTableMissing · VendorCodeRequired · ReasonUnknown · LateReasonRequired · VendorRejectedData
  + RateLimited 429
  + InternalError 500
  + VendorTrouble
    - BackendMisconfigured 502 · BackendUnavailable 503 · BackendTimeout 504
  + Overloaded 503
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from inspect import cleandoc
from typing import ClassVar

from app.domain.json import JsonObject, JsonValue
from app.domain.record import record


class NextAction(StrEnum):
    """What the caller should do next."""

    retry = "retry"
    fix_request = "fix_request"
    wait = "wait"
    resolve_hold = "resolve_hold"
    contact_operator = "contact_operator"
    none = "none"


@record(frozen=True, kw_only=True)
class FieldFault:
    """One fault in a request body; the pointer is a JSON Pointer in our field names."""

    pointer: str
    code: str
    message: str

    def as_json(self) -> JsonObject:
        return {"pointer": self.pointer, "code": self.code, "message": self.message}


@record(frozen=True, kw_only=True)
class VendorSaid:
    """What the vendor answered, redacted: its own code, its own text, its HTTP status."""

    code: str | None = None
    message: str | None = None
    status: int | None = None

    def as_json(self) -> JsonObject:
        return {"code": self.code, "message": self.message, "status": self.status}


class GatewayError(Exception):
    """Something went wrong."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    outcome: str = "not_sent"
    """Whether the vendor has seen the request: `not_sent`, or `refused` by the vendor itself; `unknown` after a fault of ours,
    or where an earlier attempt may have been made."""
    also_refused: ClassVar[bool] = False
    """Whether the vendor's own refusal may have this code too, beside ours that was told before anything was sent."""
    retryable: ClassVar[bool] = False
    action: ClassVar[NextAction] = NextAction.fix_request

    def __init__(
        self,
        detail: str,
        *,
        pointer: str | None = None,
        faults: tuple[FieldFault, ...] = (),
        vendor: VendorSaid | None = None,
        after_s: int | None = None,
        backend: str | None = None,
        operation_id: str | None = None,
        outcome: str | None = None,
        **members: JsonValue,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults or (
            () if pointer is None else (FieldFault(pointer=pointer, code=self.code, message=detail),)
        )
        self.vendor = vendor
        self.after_s = after_s
        self.backend = backend
        self.operation_id = operation_id
        self.outcome = outcome or type(self).outcome
        self.members: Mapping[str, JsonValue] = members

    def as_problem(self, *, public_url: str, instance: str, request_id: str) -> dict[str, JsonValue]:
        """The RFC 9457 body; members that say nothing are left out."""
        problem: dict[str, JsonValue] = {
            "type": f"{public_url}/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "outcome": self.outcome,
            "retryable": self.retryable,
            "next": {"action": self.action.value, "after_s": self.after_s},
            "request_id": request_id,
            **self.members,
        }
        if self.operation_id is not None:
            problem["operation_id"] = self.operation_id
        if self.backend is not None:
            problem["backend"] = self.backend
        if self.vendor is not None:
            problem["vendor"] = self.vendor.as_json()
        if self.faults:
            problem["errors"] = [fault.as_json() for fault in self.faults]
        return problem

    @classmethod
    def help(cls) -> str:
        """What the code means and what to do, for its page."""
        return cleandoc(cls.__doc__ or "")


class BadRequest(GatewayError):
    """The request could not be read."""

    status = 400


class IdempotencyKeyMissing(BadRequest):
    """Every POST and PATCH that changes something needs exactly one Idempotency-Key header: 16 to 255 visible ASCII characters.

    Make one per intended change (a UUID is right), keep it with the change, and send the same key whenever you repeat the
    request: however often it arrives, it takes effect once.
    """

    code = "idempotency-key-missing"
    title = "An Idempotency-Key is needed"


class MalformedRequest(BadRequest):
    """The body is not JSON that we accept, or a header, cursor or parameter cannot be read.

    We refuse what other parsers quietly change: duplicate keys, NaN and Infinity, numbers beyond 2^53, lone surrogates,
    control characters, nesting deeper than 32. Correct the request; the key, if you sent one, is still unused.
    """

    code = "malformed-request"
    title = "The request cannot be read"


class Unauthenticated(GatewayError):
    """The bearer token is missing, expired, revoked or not one of ours.

    Get a fresh one from POST /oauth/token with your client id and secret. Tokens live 15 minutes.
    """

    code = "unauthenticated"
    status = 401
    title = "A valid access token is needed"


class ScopeMissing(GatewayError):
    """Your client may not do this. The scope it lacks is named in `scope`; an operator grants it."""

    code = "scope-missing"
    status = 403
    title = "A scope is missing"
    action = NextAction.contact_operator


class Missing(GatewayError):
    """There is nothing here."""

    status = 404


class NotFound(Missing):
    """There is no such address, backend or object, or it is not yours to see; the two look alike on purpose."""

    code = "not-found"
    title = "Not found"


NOTHING_HERE = "There is nothing here, or it is not yours to see."
"""What NotFound says, whichever of the two it is."""


class WorkOrderNotFound(Missing):
    """The vendor's system shows us no such work order.

    Check the number. If it is right, the client may not have given this contractor's user the right to see the order.
    """

    code = "work-order-not-found"
    title = "No such work order"
    also_refused = True


class MethodNotAllowed(GatewayError):
    """The address exists, but not with this method; the Allow header names those that it takes."""

    code = "method-not-allowed"
    status = 405
    title = "Method not allowed"


class Conflict(GatewayError):
    """The request is sound, but the work order is not in a state that allows it."""

    status = 409


class StatusUnchanged(Conflict):
    """The order already has this status, and the vendor calls the same status again an error.

    `current` says since when, and which operation set it. Nothing is left to do.
    """

    code = "status-unchanged"
    title = "The order already has this status"
    also_refused = True
    action = NextAction.none


class TransitionNotAllowed(Conflict):
    """The vendor's workflow does not let this status follow the present one.

    `allowed` lists those that may follow. GET .../transitions explains each.
    """

    code = "transition-not-allowed"
    title = "This status may not follow the present one"
    also_refused = True


class OrderEnded(Conflict):
    """The client has cancelled or finished the order; it takes no further update.

    Stop work on it and tell whoever planned it. Updates that waited behind this one were cancelled with the same answer.
    """

    code = "order-ended"
    title = "The order has ended"
    also_refused = True
    action = NextAction.none


class VendorRefused(Conflict):
    """The vendor refused the update; its own words are in `vendor`, and `current` shows the order as it stands now.

    Correct the update and send it with a new key.
    """

    code = "vendor-refused"
    title = "The vendor refused"
    outcome = "refused"


class WorkOrderExists(Conflict):
    """An order with this number exists already; creating it again would overwrite it."""

    code = "work-order-exists"
    title = "The work order exists already"
    also_refused = True


class ClientReferenceUsed(Conflict):
    """You have already used this client_reference for another operation, which `operation_id` names."""

    code = "client-reference-used"
    title = "The client_reference was used before"


class OrderQueueFull(Conflict):
    """A hundred writes of this order are not settled yet.

    Find out why (GET /v1/operations); then repeat yours with the same key.
    """

    code = "order-queue-full"
    title = "Too many updates of this order are waiting"
    retryable = True
    action = NextAction.wait


class OrderBlocked(Conflict):
    """The order is held until a person says how it goes on, and this backend takes no writes for held orders.

    `blocked_by` names the hold, if it is yours. Read it (GET /v1/holds/{id}), look at the order in the vendor's own screens,
    and resolve it (POST /v1/holds/{id}/resolution). Then send your write again with the same key. Backends without the
    setting `on_hold = "reject"` accept the write and keep it behind the hold.
    """

    code = "order-blocked"
    title = "The order waits for proof or for a person"
    retryable = True
    action = NextAction.resolve_hold


class PreconditionFailed(GatewayError):
    """The order has changed since you read it. Read it again, then decide anew."""

    code = "precondition-failed"
    status = 412
    title = "The order has changed"


class BodyTooLarge(GatewayError):
    """The body is larger than 256 KiB."""

    code = "body-too-large"
    status = 413
    title = "The body is too large"


class UnsupportedMediaType(GatewayError):
    """Send JSON: Content-Type: application/json, in UTF-8, not compressed."""

    code = "unsupported-media-type"
    status = 415
    title = "Unsupported media type"


class Unprocessable(GatewayError):
    """The request can be read, but says something that cannot be done."""

    status = 422


class InvalidRequest(Unprocessable):
    """One or more fields are wrong; `errors` names each by a JSON Pointer.

    Correct them, and send the request with a new key: what a vendor's rules refused is kept with the old one.
    """

    code = "invalid-request"
    title = "The request is not valid"


class IdempotencyKeyReused(Unprocessable):
    """This Idempotency-Key came before with another request. Use a new key for a new change."""

    code = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


class CapabilityMissing(Unprocessable):
    """The vendor's system cannot do this; `capabilities` lists what it can."""

    code = "capability-missing"
    title = "This vendor cannot do that"
    action = NextAction.none


class StatusUnknown(Unprocessable):
    """This backend has no such status. GET .../statuses lists those that it has."""

    code = "status-unknown"
    title = "No such status in this backend"


class StatusNotEffective(Unprocessable):
    """The status exists, but not at the time at which you say it happened. GET .../statuses shows the dates."""

    code = "status-not-effective"
    title = "The status is not in effect at that time"


class StatusTableMissing(Unprocessable):
    """This vendor's status codes are the client's own, and nobody has given them to us yet.

    An operator runs `orderbridge statuses import BACKEND FILE.csv` with the client's table.
    """

    code = "status-table-missing"
    title = "The backend has no status table yet"
    action = NextAction.contact_operator


class VendorCodeRequired(Unprocessable):
    """Several vendor codes share this status. Name one of `vendor_codes` in vendor_code."""

    code = "vendor-code-required"
    title = "Name the vendor code"


class ReasonUnknown(Unprocessable):
    """The reason_code or late_reason is not one of this backend's. GET .../reasons lists them."""

    code = "reason-unknown"
    title = "No such reason in this backend"


class LateReasonRequired(Unprocessable):
    """The order is past its target date, and the vendor takes no update of it without a late reason.

    Add late_reason (GET .../reasons lists them) and send it with a new key.
    """

    code = "late-reason-required"
    title = "The order is late: give a late_reason"
    also_refused = True


class VendorRejectedData(Unprocessable):
    """The vendor read the request and found data in it wrong; `errors` and `vendor` say which."""

    code = "vendor-rejected-data"
    title = "The vendor rejected the data"
    outcome = "refused"


class RateLimited(GatewayError):
    """Too many requests. Wait as long as Retry-After says."""

    code = "rate-limited"
    status = 429
    title = "Too many requests"
    retryable = True
    action = NextAction.retry


class InternalError(GatewayError):
    """A fault of ours. Repeat the request with the same Idempotency-Key; if it stays, give the operator the request_id."""

    code = "internal-error"
    status = 500
    title = "Internal error"
    outcome = "unknown"
    retryable = True
    action = NextAction.retry


class VendorTrouble(GatewayError):
    """The vendor's system could not be asked. Writes that we accepted are kept and sent later; this is about reads."""

    retryable = True
    action = NextAction.retry
    one_order: bool = False
    """The vendor answered, but this one order of its answer cannot be read: no other order waits for that."""
    one_call: bool = False
    """This call had no answer, or one that is none (5xx, HTML, cut off): only many such say something of the vendor."""
    ours: bool = False
    """A fault of the gateway's own, with one order: it says nothing of the vendor."""

    @property
    def of_all(self) -> bool:
        """Whether it concerns every call: no connection, our log-in refused, or the vendor asks us to wait."""
        return not (self.one_order or self.one_call)


class BackendMisconfigured(VendorTrouble):
    """The vendor's system does not accept our own log-in or rights. An operator has to correct the configuration.

    Writes that were accepted wait in their queue until then; nothing is lost.
    """

    code = "backend-misconfigured"
    status = 502
    title = "The vendor does not accept our log-in"
    retryable = False
    action = NextAction.contact_operator


class BackendUnavailable(VendorTrouble):
    """The vendor's system cannot be reached, or answers with something that is not an answer. Try again later."""

    code = "backend-unavailable"
    status = 503
    title = "The vendor's system is not available"


class BackendTimeout(VendorTrouble):
    """The vendor's system did not answer in time. Try again later."""

    code = "backend-timeout"
    status = 504
    title = "The vendor's system did not answer in time"


class Overloaded(GatewayError):
    """We cannot take more work at the moment, or our own database cannot be reached. Repeat with the same key."""

    code = "overloaded"
    status = 503
    title = "Overloaded"
    retryable = True
    action = NextAction.retry


def _leaves(cls: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for child in cls.__subclasses__():
        if "code" in child.__dict__:
            yield child
        yield from _leaves(child)


ERRORS: dict[str, type[GatewayError]] = {error.code: error for error in _leaves(GatewayError)}
"""Every code, in the order of the tree."""
