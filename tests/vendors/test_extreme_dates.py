"""Whatever a vendor sends for a date: an order is read, or is said to be faulty, and nothing else comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import same
from app.domain.times import rfc3339
from app.domain.work_orders import Observation
from app.ledger.accept import new_order
from app.ledger.comparing import values_of
from app.ledger.orders import etag_of
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.translate import FaultyOrder, from_cx_order
from app.vendors.nexusfs.translate import from_nexus_order
from app.vendors.overit import translate as overit
from app.vendors.unit4_erpx import orders as erpx
from tests.vendors.civica_cx.messages import sample
from tests.vendors.nexusfs.simulator_requests import document
from tests.vendors.overit import documented
from tests.vendors.unit4_erpx.erpx import SAMPLE

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("Europe/London", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")]
DAYS = ("0001-01-01", "0001-01-02", "0002-01-01", "1582-10-10", "9999-12-30", "9999-12-31", "2026-W01-1", "10000-01-01")
TIMES = (
    "", "T00:00:00", "T23:59:59.9999999", "T24:00:00", "T23:59:60", "T12:00:00Z", "T23:59:59+23:59", "T23:59:59-23:59",
    "T00:00:00+14:00", "T00:00:00-12:00", "T00:00:00+24:00", "T00:00:00+00:00:00.000001",
)  # fmt: skip
TEXTS = [
    *(day + time for day in DAYS for time in TIMES),
    *(" 0001-01-01 ", " 9999-12-31", "-0001-01-01", "0000-00-00", "2026-02-30", "/Date(253402300799999)/", "\u0661-1"),
]
MEMBERS = (
    "AppointmentEnd",
    "AppointmentStart",
    "CompletedDate",
    "IssuedDate",
    "RaisedDate",
    "StatusDate",
    "TargetDate",
)
Read: TypeAlias = Callable[[JsonObject], Observation | None]
JSON: dict[str, tuple[JsonObject, Read]] = {
    "unit4_erpx": (SAMPLE, lambda record: erpx.from_erpx_order(record, "COMP1", as_of=NOW)),
    "nexusfs": (document("example_1_initial"), lambda record: from_nexus_order(record, as_of=NOW)),
    "overit": (documented.record(), lambda record: overit.from_record(record, as_of=NOW)),
}


def taken_in(seen: Observation) -> None:
    """What the ledger makes of every order, and what an answer tells."""
    values_of(new_order("", "", now=0), seen, etag_of(seen), now=0, keeps_code=False)
    assert seen.is_late(None) in (True, False)
    for moment in (seen.status_at, seen.target_at):
        assert moment is None or rfc3339(moment)


def cx_order(member: str, text: str, zone: ZoneInfo) -> None:
    element = next(etree.fromstring(sample("order.xml")).iter("{*}WorkOrder"))
    place = element.find(f"{{*}}{member}")
    assert place is not None
    place.attrib.clear()
    place.text = text
    with suppress(FaultyOrder):
        taken_in(from_cx_order(element, Names(), zone, as_of=NOW))


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("member", MEMBERS)
def test_a_date_of_cx(member: str, zone: ZoneInfo) -> None:
    for text in TEXTS:
        cx_order(member, text, zone)


CLOCKS = [
    "",
    *("T" + ":".join(clock) for clock in product(("00", "23", "24"), ("00", "59"), ("00", "60", "59.9999999"))),
]
ANY_DATE = st.builds(
    "{:04}-{:02}-{:02}{}{}".format,
    st.integers(0, 10000),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(CLOCKS),
    st.sampled_from(["", "Z", "+14:00", "-12:00", "+23:59", "-23:59"]),
)


@settings(max_examples=300)
@given(member=st.sampled_from(MEMBERS), text=ANY_DATE, zone=st.sampled_from(ZONES))
def test_any_date_of_cx(member: str, text: str, zone: ZoneInfo) -> None:
    cx_order(member, text, zone)


def with_each_text_as(value: JsonValue, text: str) -> Iterator[JsonValue]:
    """The value once for each text in it, with another in its place."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, dict):
        for name, inner in value.items():
            for changed in with_each_text_as(inner, text):
                yield {**value, name: changed}
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            for changed in with_each_text_as(inner, text):
                yield [*value[:n], changed, *value[n + 1 :]]


@pytest.mark.parametrize("vendor", JSON)
def test_a_date_of_a_vendor_with_json(vendor: str) -> None:
    record, read = JSON[vendor]
    read_at_all = 0
    for text in TEXTS[::3]:
        for changed in with_each_text_as(record, text):
            assert isinstance(changed, dict)
            seen = None
            with suppress(erpx.FaultyOrder, overit.FaultyOrder):
                seen = read(changed)
            if seen is None:
                continue
            taken_in(seen)
            read_at_all += 1
    assert read_at_all > 100


@pytest.mark.parametrize("text", TEXTS)
def test_any_two_dates_can_be_compared(text: str) -> None:
    assert same(text, text)
    for other in ("2026-11-20T20:40:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"):
        assert same(text, other) is same(other, text)
