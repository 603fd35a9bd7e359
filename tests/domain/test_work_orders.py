"""A work order as our API shows it, and when it is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.statuses import Phase, Status, StatusCode
from app.domain.work_orders import Observation, OrderKey, vendor_status, work_order

AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
ROW = StatusCode(code="11", label="On Site", status=Status.on_site, phase=Phase.in_progress, master="Work In Progress")


def seen(*, code: str | None = "11", late: bool = False, target_at: datetime | None = None) -> Observation:
    return Observation(
        key=OrderKey(number="113427", reference="WO113427", vendor_ids={"uid": "0eb0"}),
        code=code,
        status_at=AT,
        late=late,
        target_at=target_at,
        fields={"title": "Boiler", "dates": {"target": "2026-11-21"}},
        record={"Secret": "of the vendor's record"},
        as_of=AT,
    )


def test_an_order_shows_its_names_its_status_and_the_vendor_s_own_word() -> None:
    assert work_order(seen(), backend="civica-cx", row=ROW, delivery={"state": "idle"}) == {
        "backend": "civica-cx",
        "number": "113427",
        "external_reference": "WO113427",
        "title": "Boiler",
        "dates": {"target": "2026-11-21"},
        "status": "on_site",
        "phase": "in_progress",
        "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"},
        "delivery": {"state": "idle"},
        "as_of": "2026-11-20T20:40:00Z",
        "vendor_ids": {"uid": "0eb0"},
    }


def test_an_unknown_code_keeps_its_raw_word_and_gets_no_guess() -> None:
    shown = work_order(seen(code="77"), backend="civica-cx", row=None, delivery={})
    assert (shown["status"], shown["phase"], shown["vendor_status"]) == (
        None,
        None,
        {"code": "77", "label": None, "master": None},
    )


def test_an_order_without_a_code_has_no_vendor_status() -> None:
    assert vendor_status(None, None) is None


BEFORE, AFTER = AT - timedelta(microseconds=1), AT + timedelta(microseconds=1)
DONE = StatusCode(code="17", label="Complete", status=Status.complete, phase=Phase.complete)


@pytest.mark.parametrize(
    ("order", "row", "occurred_at", "late"),
    [
        pytest.param(seen(late=True), ROW, None, True, id="the vendor says so"),
        pytest.param(seen(late=True), DONE, BEFORE, True, id="the vendor says so of a complete one"),
        pytest.param(seen(), ROW, AFTER, False, id="without a target"),
        pytest.param(seen(target_at=AT), ROW, None, False, id="read on its target"),
        pytest.param(seen(target_at=BEFORE), ROW, None, True, id="read past its target"),
        pytest.param(seen(target_at=AT), ROW, AT, False, id="updated on its target"),
        pytest.param(seen(target_at=AT), ROW, AFTER, True, id="updated past its target"),
        pytest.param(seen(target_at=BEFORE), ROW, BEFORE, True, id="updated in time, told past its target"),
        pytest.param(seen(target_at=BEFORE), None, None, True, id="past its target, of a status that we do not know"),
        pytest.param(seen(target_at=BEFORE), DONE, AFTER, False, id="complete past its target"),
    ],
)
def test_an_order_is_late_past_its_target_unless_it_is_complete_or_where_the_vendor_says_so(
    order: Observation, row: StatusCode | None, occurred_at: datetime | None, late: bool
) -> None:
    assert order.is_late(row, occurred_at=occurred_at) is late
