"""What a process counts: by labels that no caller can invent, and so cheaply that nobody notices."""

from __future__ import annotations

import gc
import time

from app.telemetry.tallies import NO_ROUTE, OTHER_METHOD, Tallies

ROUTE = "/v1/backends/{backend}/work-orders/{number}/status-updates"
AT_MOST_US = 5.0


def test_requests_are_counted_by_method_route_and_status_and_timed_by_method_and_route() -> None:
    tallies = Tallies()
    for status, seconds in ((201, 0.004), (201, 0.030), (409, 0.2), (503, 31.0)):
        tallies.request("POST", ROUTE, status, seconds)
    assert tallies.requests == {("POST", ROUTE, 201): 2, ("POST", ROUTE, 409): 1, ("POST", ROUTE, 503): 1}
    (latency,) = tallies.request_s.values()
    assert latency.counts == [1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert round(latency.total_s, 3) == 31.234


def test_what_takes_exactly_as_long_as_a_bound_is_within_it() -> None:
    tallies = Tallies()
    tallies.call("cx", "send", "applied", 0.01)
    assert tallies.call_s["cx", "send"].counts[0] == 1


def test_a_thousand_invented_methods_and_addresses_are_one_label_each() -> None:
    tallies = Tallies()
    for n in range(1000):
        tallies.request(f"M{n}", None, 405, 0.001)
    assert tallies.requests == {(OTHER_METHOD, NO_ROUTE, 405): 1000}


def test_counting_a_request_takes_less_than_five_microseconds() -> None:
    tallies = Tallies()
    best = float("inf")
    gc.disable()
    try:
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(1000):
                tallies.request("POST", ROUTE, 201, 0.0123)
            best = min(best, (time.perf_counter() - began) * 1000)  # microseconds for each
    finally:
        gc.enable()
    assert best < AT_MOST_US
