"""When each error code happens and what to do about it: the text of `/problems/{code}` and of docs/problems/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What happened to bring the code about, one case each; and the steps to take, in their order. `code` in backticks."""

    when: tuple[str, ...]
    do: tuple[str, ...]


_SAME_KEY = "Send the same request again, with the same `Idempotency-Key`, after `Retry-After` seconds."
_NEW_KEY = "Correct the request and send it with a new `Idempotency-Key`: the old one is kept with this refusal."
_KEY_UNUSED = "Correct the request and send it again. The `Idempotency-Key` is still unused: you may keep it."
_MAYBE_KEPT = "Correct the request and send it with a new `Idempotency-Key`: the old one may be kept with this refusal."

ADVICE: Mapping[str, Advice] = {
    "idempotency-key-missing": Advice(
        when=("A `POST` or `PATCH` that changes something has no `Idempotency-Key`, or an empty one.",),
        do=(
            "Make a key for the change, for example a UUID.",
            "Store it beside the change, then send the request again.",
        ),
    ),
    "malformed-request": Advice(
        when=(
            "The body is not JSON, or is empty, or has what our reader refuses: a duplicate member, NaN, a number beyond 2^53.",
            "A `cursor` belongs to another list, or a header comes twice that may come once.",
            "The `Idempotency-Key` is shorter than 16 or longer than 255 characters, or has a space or one outside ASCII.",
            "The headers are too many or too long; the status is then 431.",
            "Servers on the way could read the head otherwise than we do: two `Host` headers or none, a header's name with an "
            "underscore, a `Transfer-Encoding` other than `chunked`, another HTTP than 1.1 or 1.0. The connection is closed.",
        ),
        do=("`detail` says what could not be read.", _KEY_UNUSED),
    ),
    "unauthenticated": Advice(
        when=(
            "There is no `Authorization: Bearer` header, or the token has ended: it lives 15 minutes.",
            "The client was revoked, or the gateway's signing key was changed.",
        ),
        do=("Get a fresh token from `POST /oauth/token`.", "Send the same request with it; a key is still unused."),
    ),
    "scope-missing": Advice(
        when=(
            "The call needs a scope that your client, or this token, does not have.",
            "A `PUT` names a status that is neither the one last seen nor named as read, by `vendor_status` or `If-Match`: that "
            "takes `status:write`, unless it can only make a new order.",
        ),
        do=(
            "If you asked for a token with fewer scopes, ask for one with `scope`.",
            "Otherwise ask the operator for a client that has it: `orderbridge client create`.",
        ),
    ),
    "not-found": Advice(
        when=(
            "The address is wrong, or has a slash at its end.",
            "The backend does not exist, or your client has not been granted it.",
            "The operation or hold does not exist, or is another tenant's; the webhook does not exist, or is another client's.",
        ),
        do=("Look at the address.", "`GET /v1/backends` lists the backends that you may use."),
    ),
    "work-order-not-found": Advice(
        when=(
            "The number is wrong, or belongs to another backend.",
            "The order exists, but the vendor does not show it to the user with which this gateway logs in.",
        ),
        do=(
            "Check the number; for Civica Cx both `113427` and `WO113427` will do.",
            "If it is right, ask the client to let our user see the order. `vendor` holds their system's own words.",
        ),
    ),
    "method-not-allowed": Advice(
        when=("For example `PUT` on an address that only takes `GET` and `POST`.",),
        do=("Use a method that the `Allow` header names.",),
    ),
    "status-unchanged": Advice(
        when=(
            "Another person or program has set this status already; `current` says since when.",
            "You sent an update a second time, but with a new `Idempotency-Key`.",
        ),
        do=(
            "Mostly nothing: the order is as you wanted it.",
            "Repeat a request with the key that it had at first, and you get its first answer instead of this one.",
        ),
    ),
    "transition-not-allowed": Advice(
        when=("The vendor's workflow has no step from the order's present status to this one.",),
        do=(
            "Choose one of `allowed`, or read `GET .../transitions`, which says what each needs and why others are blocked.",
            _NEW_KEY,
        ),
    ),
    "order-ended": Advice(
        when=(
            "The client cancelled the order in their own system, or finished it, before your update arrived.",
            "Your update waited in the queue, and the order ended meanwhile.",
        ),
        do=("Stop work on the order, and tell whoever planned it.", "Nothing is left to send."),
    ),
    "vendor-refused": Advice(
        when=(
            "The vendor answered with a refusal, and the order as read afterwards does not explain it more precisely.",
        ),
        do=(
            "Read `vendor.message`, the vendor's own words, and `current`, the order as it stands now.",
            "If writes were queued behind this one, a hold stops them: resolve it (`GET /v1/holds`).",
            _NEW_KEY,
        ),
    ),
    "work-order-exists": Advice(
        when=("A `POST` names a number that an order in the vendor's system has already.",),
        do=("Change that order with `PATCH`, or create yours under another number.", _NEW_KEY),
    ),
    "client-reference-used": Advice(
        when=("Two writes of yours have the same `client_reference`, whatever their keys.",),
        do=(
            "Read the operation that `operation_id` names: it may be the very change that you wanted.",
            "If this is another change, give it another reference and a new key.",
        ),
    ),
    "order-queue-full": Advice(
        when=("The order waits for its vendor, for proof or for a person, and a hundred writes stand in its queue.",),
        do=(
            "Look at what the first of them waits for: `GET /v1/operations?work_order=...`.",
            "When the queue moves again, send your write with the same key, which is still unused.",
        ),
    ),
    "order-blocked": Advice(
        when=('The order has an open hold, and the backend is configured with `on_hold = "reject"`.',),
        do=(
            "Read the hold (`GET /v1/holds/{id}`), look at the order in the vendor's own screens, and resolve the hold.",
            "Then send your write with the same key, which is still unused.",
        ),
    ),
    "precondition-failed": Advice(
        when=(
            "`If-Match` names an older state of the order or of the hold than the present one.",
            "`If-None-Match: *` asked for a new order, and the vendor has one of this number.",
            "Another write of yours was queued ahead and changed the order.",
            "A `PUT` names the status that the order had; the vendor shows another by now, or no order, and you lack "
            "`status:write`.",
            "A hold was resolved by somebody else before your word came.",
        ),
        do=(
            "Read it again, and look at what is different.",
            "Decide anew, and send the change with the new `ETag` and a new `Idempotency-Key`: with the old key the 412 is "
            "repeated. Only that of a hold's resolution is still unused.",
        ),
    ),
    "body-too-large": Advice(
        when=("The body has more than 262,144 bytes.",),
        do=("Send less in one request. Photographs and documents have no place here.",),
    ),
    "unsupported-media-type": Advice(
        when=(
            "`Content-Type` is missing or is not JSON, names a charset other than UTF-8, or the body is compressed.",
        ),
        do=("Send `Content-Type: application/json`, or for a `PATCH` of an order `application/merge-patch+json`.",),
    ),
    "invalid-request": Advice(
        when=(
            "A member is missing, unknown, of the wrong type or out of its range.",
            "A parameter of the address is: one that the call does not take is never passed over.",
        ),
        do=(
            "Correct each place that `errors` names; `pointer` is a JSON Pointer into your body, or `/query/` and a parameter.",
            _MAYBE_KEPT,
        ),
    ),
    "idempotency-key-reused": Advice(
        when=(
            "The key was sent before with another address, query or body. The order of members does not count.",
            "A program makes one key for several changes, or changes a body and keeps its key.",
        ),
        do=(
            "For the change that you sent first: repeat exactly that request, and read its answer.",
            "For another change: make a new key.",
        ),
    ),
    "capability-missing": Advice(
        when=(
            "The vendor has no such call: Civica Cx, for one, takes status updates only.",
            "A member has no place in the vendor's order, or its status cannot be set there. Nothing is dropped in silence.",
        ),
        do=(
            "Read what the backend can do: `GET /v1/backends/{backend}` and `GET .../statuses` (`settable`).",
            "What it cannot do is done in the vendor's own screens.",
            "What remains without the members that `errors` names is another request, with a key of its own.",
        ),
    ),
    "status-unknown": Advice(
        when=("`status` or `vendor_code` is not in the backend's status table.",),
        do=("Choose one that `GET .../statuses` lists.", _NEW_KEY),
    ),
    "status-not-effective": Advice(
        when=("`occurred_at` lies before or after the time for which the client's table has this code.",),
        do=(
            "Check `occurred_at`.",
            "If it is right, choose a code that was in effect then (`GET .../statuses`).",
            _NEW_KEY,
        ),
    ),
    "status-table-missing": Advice(
        when=("The backend is new, and nobody has imported its status codes.",),
        do=(
            "The operator imports them: `orderbridge statuses import BACKEND FILE.csv`.",
            "Then send the update with a new key. A running gateway knows the table within 5 seconds.",
        ),
    ),
    "vendor-code-required": Advice(
        when=("The client has several codes for one status of ours, and none of them is marked as the default.",),
        do=(
            "Send `vendor_code` with one of `vendor_codes`, in place of `status`.",
            "Or the operator marks one in the table (`DefaultForMaster`).",
            _NEW_KEY,
        ),
    ),
    "reason-unknown": Advice(
        when=("The word is not in `reasons` or `late_reasons` of the backend's configuration.",),
        do=("Choose one that `GET .../reasons` lists, or have the operator add it.", _NEW_KEY),
    ),
    "late-reason-required": Advice(
        when=("The target date has passed, and your update has neither a `late_reason` nor a `reason_code`.",),
        do=(
            "Add `late_reason`; `late_reasons` lists the words that this backend knows.",
            "If it lists none, the operator adds them (`late_reasons` of the backend's section).",
            "Send it with a new key.",
        ),
    ),
    "vendor-rejected-data": Advice(
        when=(
            "A value has the right shape, but the vendor does not take it: a code it does not know, a text too long.",
        ),
        do=("Read `vendor` and, where there is one, the `pointer` in `errors`.", _NEW_KEY),
    ),
    "rate-limited": Advice(
        when=(
            "Too many wrong secrets were sent for a client from one address, or from all together, so its log-ins have to wait.",
            "Your client has five event streams open on this gateway already.",
            "As many idempotency keys of your client are remembered as `[retention] keys_per_client` allows.",
        ),
        do=(
            "Wait as long as `Retry-After` says, then send the request again, with the same `Idempotency-Key`.",
            "Close streams that nobody reads. If a client has more to do in a week, have the operator raise its limit.",
        ),
    ),
    "internal-error": Advice(
        when=(
            "A fault in the gateway itself.",
            "A gateway took the request, and its answer did not reach the balancer.",
        ),
        do=(
            "Send the request again with the same `Idempotency-Key`: if the write was accepted, you get its answer.",
            "If it stays, tell the operator the `request_id`; the gateway's log has the details under it.",
        ),
    ),
    "backend-misconfigured": Advice(
        when=(
            "The vendor refuses our user name or password, or the user may not do this there.",
            "A path, a company or a contract in the configuration is not the vendor's.",
        ),
        do=(
            "The operator runs `orderbridge check BACKEND`, which names what is wrong, and corrects it.",
            "Writes are accepted meanwhile: 202, and sent when the vendor lets us in.",
        ),
    ),
    "backend-unavailable": Advice(
        when=(
            "There is no connection to the vendor, or it answers with an error page.",
            "The backend is in a maintenance window, or the vendor asked us to wait.",
        ),
        do=(
            "For a read: try again after `Retry-After` seconds, or take our last copy with `Cache-Control: max-stale=600`.",
            "A write that was accepted needs nothing: it is 202 and is sent when the vendor is back.",
        ),
    ),
    "backend-timeout": Advice(
        when=("The vendor did not answer a read within `deadline_s`.",),
        do=("Try again after `Retry-After` seconds, or take our last copy with `Cache-Control: max-stale=600`.",),
    ),
    "overloaded": Advice(
        when=(
            "The gateway's database cannot be reached, or takes no write.",
            "The gateway stops, or has as many streams as it can carry.",
        ),
        do=(_SAME_KEY, "An operator looks at `/readyz`, which says what is missing."),
    ),
}
"""By code."""
