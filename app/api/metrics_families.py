"""Every metric of `GET /metrics`, as a table: its name, its kind, its labels, what it tells, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Whose(Enum):
    """Where a metric's values come from, and so how those of several gateways go together."""

    ledger = "the ledger"
    """Read from the database at the scrape: the same from each gateway that shares it, so take the largest."""
    process = "this process"
    """What one process counted or sees since it started: counters add up over gateways."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One metric. A counter's samples end in `_total`, a histogram's in `_bucket`, `_sum` and `_count`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    whose: Whose
    labels: tuple[str, ...] = ()


def _ledger(name: str, *labels: str, help: str) -> Family:
    return Family(name=name, kind="gauge", labels=labels, whose=Whose.ledger, help=help)


def _gauge(name: str, *labels: str, help: str) -> Family:
    return Family(name=name, kind="gauge", labels=labels, whose=Whose.process, help=help)


def _counter(name: str, *labels: str, help: str) -> Family:
    return Family(name=name, kind="counter", labels=labels, whose=Whose.process, help=help)


def _histogram(name: str, *labels: str, help: str) -> Family:
    return Family(name=name, kind="histogram", labels=labels, whose=Whose.process, help=help)


BACKEND = ("backend", "vendor")

REQUESTS = _counter(
    "orderbridge_http_requests",
    *("method", "route", "status"),
    help="Requests by declared route (none: no route matched) and status (0: the caller was gone before the answer).",
)
REQUEST_S = _histogram(
    "orderbridge_http_request_duration_seconds",
    *("method", "route"),
    help="From the whole header of a request to the end of its answer; that of a stream is its life.",
)
OPERATIONS_OPEN = _ledger(
    "orderbridge_operations_open", *BACKEND, "state", help="Accepted writes that are not final, by state."
)
OPERATION_OLDEST = _ledger(
    "orderbridge_operation_oldest_age_seconds",
    *(*BACKEND, "state"),
    help="Age of the oldest open write: queued and not behind a hold, since it was accepted; else since its last attempt"
    " began; 0 for none.",
)
OPERATIONS_ENDED = _counter(
    "orderbridge_operations_finished", *BACKEND, "state", help="Writes that this process brought to their final state."
)
HOLDS_OPEN = _ledger("orderbridge_holds_open", *BACKEND, "cause", help="Orders that wait for a person, by cause.")
HOLD_OLDEST = _ledger("orderbridge_hold_oldest_age_seconds", *BACKEND, help="Age of the oldest open hold; 0 for none.")
POLL_LAG = _ledger(
    "orderbridge_poll_lag_seconds",
    *BACKEND,
    help="Since the last round of polling ended that saw every order; +Inf before the first.",
)
POLL_INTERVAL = _gauge(
    "orderbridge_poll_interval_seconds", *BACKEND, help="The setting poll_s, to compare the lag with."
)
MESSAGES = _ledger(
    "orderbridge_webhook_messages_waiting",
    help="Messages that are not delivered yet, to webhooks that are switched on.",
)
MESSAGE_OLDEST = _ledger("orderbridge_webhook_oldest_age_seconds", help="Age of the oldest of them; 0 for none.")
WEBHOOKS_DISABLED = _ledger("orderbridge_webhooks_disabled", help="Webhook endpoints that are switched off.")
CALLS = _counter(
    "orderbridge_vendor_calls",
    *(*BACKEND, "call", "outcome"),
    help="Calls to vendors: send, read or list. Of a send the outcome is the attempt's, of the others ok or a problem code.",
)
CALL_S = _histogram(
    "orderbridge_vendor_call_duration_seconds",
    *(*BACKEND, "call"),
    help="How long calls to vendors took, a log-in and the wait for a connection included.",
)
CALLS_RUNNING = _gauge("orderbridge_vendor_calls_running", *BACKEND, help="Calls to a vendor that are under way.")
CONNECTIONS = _gauge(
    "orderbridge_vendor_connections_max", *BACKEND, help="The setting max_connections, which one gateway never exceeds."
)
PAUSED = _gauge(
    "orderbridge_backend_paused",
    *(*BACKEND, "reason"),
    help="1 while this process sends nothing to a backend: maintenance, breaker, unavailable or misconfigured; else 0.",
)
LEDGER_UP = _gauge(
    "orderbridge_ledger_up", help="1 if the database answered this scrape; if 0, what is read from it is left out."
)
DISK_FREE = _gauge("orderbridge_disk_free_bytes", help="Free where the SQLite file is; absent on PostgreSQL.")
DISK_SIZE = _gauge("orderbridge_disk_size_bytes", help="The size of that file system; absent on PostgreSQL.")
BUILD = _gauge("orderbridge_build_info", "version", help="1, with the version of this gateway.")

FAMILIES = (
    REQUESTS,
    REQUEST_S,
    OPERATIONS_OPEN,
    OPERATION_OLDEST,
    OPERATIONS_ENDED,
    HOLDS_OPEN,
    HOLD_OLDEST,
    CALLS,
    CALL_S,
    CALLS_RUNNING,
    CONNECTIONS,
    PAUSED,
    POLL_LAG,
    POLL_INTERVAL,
    MESSAGES,
    MESSAGE_OLDEST,
    WEBHOOKS_DISABLED,
    LEDGER_UP,
    DISK_FREE,
    DISK_SIZE,
    BUILD,
)
OF_THE_PROCESS = {
    "process_cpu_seconds_total": "CPU time of this process.",
    "process_resident_memory_bytes": "Its memory.",
    "process_virtual_memory_bytes": "Its address space.",
    "process_start_time_seconds": "When it was started, in Unix time.",
    "process_open_fds": "Its open files and connections.",
    "process_max_fds": "How many it may have.",
}
"""What prometheus-client tells of any process, on Linux."""
