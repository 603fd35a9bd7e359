"""A work order as our API shows it, and when the vendor counts it as late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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


def test_an_order_is_late_after_its_target_or_where_the_vendor_says_so() -> None:
    target = AT + timedelta(hours=1)
    assert [
        seen(target_at=target).is_late(target),
        seen(target_at=target).is_late(target + timedelta(microseconds=1)),
        seen(late=True).is_late(AT),
        seen().is_late(AT),
    ] == [False, True, True, False]
