"""The values of every metric at one moment: samples by family, from the tallies, the backends and the ledger's gauges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.api import metrics_families as families
from app.api.metrics_families import Family
from app.domain.errors import BackendMisconfigured
from app.domain.holds import Cause
from app.domain.operations import FINAL, State
from app.domain.times import SECOND
from app.ledger.gauges import NOTHING, Amount, Gauges
from app.telemetry.tallies import Histogram, Tallies
from app.vendors.backends import Backend

OPEN = tuple(state.value for state in State if state not in FINAL)
ENDS = tuple(state.value for state in State if state in FINAL)
CAUSES = tuple(cause.value for cause in Cause)
GONE = "none"
"""The vendor of a backend that is in the ledger and no longer configured."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """What a histogram holds: how many took at most so long, for each bound, and all of them together."""

    buckets: tuple[tuple[str, float], ...]
    total_s: float


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One value, with its labels in the family's order."""

    labels: tuple[str, ...]
    value: float | Times


Values = Mapping[Family, list[Sample]]


def of_tallies(tallies: Tallies, vendors: Mapping[str, str]) -> dict[Family, list[Sample]]:
    """What this process has counted; `vendors` tells each backend's."""

    def named(backend: str) -> tuple[str, str]:
        return backend, vendors.get(backend, GONE)

    ended = {(backend, state): 0 for backend in vendors for state in ENDS} | tallies.ended
    return {
        families.REQUESTS: [
            Sample(labels=(method, route, str(status)), value=count)
            for (method, route, status), count in tallies.requests.items()
        ],
        families.REQUEST_S: [Sample(labels=place, value=_times(one)) for place, one in tallies.request_s.items()],
        families.OPERATIONS_ENDED: [
            Sample(labels=(*named(backend), state), value=count) for (backend, state), count in ended.items()
        ],
        families.CALLS: [
            Sample(labels=(*named(backend), call, outcome), value=count)
            for (backend, call, outcome), count in tallies.calls.items()
        ],
        families.CALL_S: [
            Sample(labels=(*named(backend), call), value=_times(one)) for (backend, call), one in tallies.call_s.items()
        ],
        families.CALLS_RUNNING: [
            Sample(labels=named(backend), value=tallies.running.get(backend, 0)) for backend in vendors
        ],
    }


def of_backends(backends: Iterable[Backend], *, now: int) -> dict[Family, list[Sample]]:
    """How this process sees its backends."""
    values: dict[Family, list[Sample]] = {
        families.PAUSED: [],
        families.POLL_INTERVAL: [],
        families.CONNECTIONS: [],
    }
    for backend in backends:
        labels = (backend.name, backend.vendor.slug)
        values[families.CONNECTIONS].append(Sample(labels=labels, value=backend.settings.max_connections))
        values[families.POLL_INTERVAL].append(Sample(labels=labels, value=backend.settings.poll_s))
        values[families.PAUSED] += [
            Sample(labels=(*labels, reason), value=float(is_so)) for reason, is_so in _pauses(backend, now)
        ]
    return values


def of_ledger(gauges: Gauges, backends: Mapping[str, Backend], *, now: int) -> dict[Family, list[Sample]]:
    """What stands in the database. A backend that has nothing open is told with zeros, so that nothing is missed."""
    places = {name: (name, one.vendor.slug) for name, one in backends.items()}
    left = {name for name, _ in (*gauges.operations, *gauges.holds)} - set(places)
    places |= {name: (name, GONE) for name in sorted(left)}
    return {
        families.OPERATIONS_OPEN: [
            Sample(labels=(*labels, state), value=gauges.operations.get((name, state), NOTHING).count)
            for name, labels in places.items()
            for state in OPEN
        ],
        families.OPERATION_OLDEST: [
            Sample(labels=(*labels, state), value=_age(gauges.operations.get((name, state), NOTHING), now))
            for name, labels in places.items()
            for state in OPEN
        ],
        families.HOLDS_OPEN: [
            Sample(labels=(*labels, cause), value=gauges.holds.get((name, cause), NOTHING).count)
            for name, labels in places.items()
            for cause in CAUSES
        ],
        families.HOLD_OLDEST: [
            Sample(
                labels=labels,
                value=max(_age(gauges.holds.get((name, cause), NOTHING), now) for cause in CAUSES),
            )
            for name, labels in places.items()
        ],
        families.POLL_LAG: [
            Sample(labels=places[name], value=_lag(gauges.polled_at.get(name), now)) for name in backends
        ],
        families.MESSAGES: [Sample(labels=(), value=gauges.messages.count)],
        families.MESSAGE_OLDEST: [Sample(labels=(), value=_age(gauges.messages, now))],
        families.WEBHOOKS_DISABLED: [Sample(labels=(), value=gauges.webhooks_disabled)],
    }


def _pauses(backend: Backend, now: int) -> Iterator[tuple[str, bool]]:
    health = backend.health
    maintenance = health.maintenance.at(now) is not None
    misconfigured = health.code == BackendMisconfigured.code
    yield "maintenance", maintenance
    yield "breaker", health.open
    yield "misconfigured", misconfigured
    yield "unavailable", health.paused and not health.open and not misconfigured


def _age(amount: Amount, now: int) -> float:
    return 0.0 if amount.oldest_at is None else max(0, now - amount.oldest_at) / SECOND


def _lag(polled_at: int | None, now: int) -> float:
    return math.inf if polled_at is None else max(0, now - polled_at) / SECOND


def _times(histogram: Histogram) -> Times:
    reached, buckets = 0, []
    for bound, count in zip((*histogram.bounds, math.inf), histogram.counts, strict=True):
        reached += count
        buckets.append(("+Inf" if math.isinf(bound) else repr(bound), float(reached)))
    return Times(buckets=tuple(buckets), total_s=histogram.total_s)
