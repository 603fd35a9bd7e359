"""Between Cx's words and ours: whole orders in, whole updates out, and the client's clock in between."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from app.domain.errors import InvalidRequest
from app.domain.json import JsonObject
from app.domain.ports import Kind, Write
from app.domain.statuses import Phase, Status, StatusCode
from app.domain.work_orders import Observation, OrderKey
from app.vendors.civica_cx.names import Names, is_number
from app.vendors.civica_cx.settings import CivicaCxSettings, sandbox_section
from app.vendors.civica_cx.tables import ORDER
from app.vendors.civica_cx.translate import (
    FaultyOrder,
    as_cx_shows,
    from_cx_order,
    from_cx_time,
    has_ids,
    to_cx_time,
    to_cx_update,
)
from tests.vendors.civica_cx.messages import sample

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
SETTINGS = CivicaCxSettings.model_validate(dict(sandbox_section("http://127.0.0.1:9101/cx")))
KEY = OrderKey(
    number="113427", reference="WO113427", vendor_ids={"work_order_uid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9"}
)


def write(body: JsonObject, at: datetime | None = datetime(2022, 10, 6, 19, 40, tzinfo=UTC)) -> Write:
    status = StatusCode(code="11", label="On Site", status=Status.on_site, phase=Phase.in_progress)
    return Write(operation_id="op_1", kind=Kind.status_update, order=KEY, body=body, status=status, occurred_at=at)


def test_the_documented_update() -> None:
    assert to_cx_update(write({"status": "on_site", "comments": "Engineer on site"}), SETTINGS) == {
        "Comments": "Engineer on site",
        "StatusCodeId": "11",
        "StatusDate": "2022-10-06T20:40:00",
        "StatusReasonId": "0",
        "WorkOrderId": "113427",
        "WorkOrderUid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9",
    }


def test_no_comments_and_empty_comments_are_left_out() -> None:
    assert [
        to_cx_update(write(body), SETTINGS).get("Comments") for body in ({}, {"comments": None}, {"comments": ""})
    ] == [None] * 3


def test_an_update_without_a_time_is_invalid() -> None:
    with pytest.raises(InvalidRequest):
        to_cx_update(write({}, at=None), SETTINGS)


@dataclass(frozen=True, kw_only=True)
class Clock:
    id: str
    at: datetime
    shown: str
    read_back: datetime | None = None


CLOCKS = [
    Clock(id="winter", at=datetime(2026, 1, 5, 9, 30, tzinfo=UTC), shown="2026-01-05T09:30:00"),
    Clock(id="summer", at=datetime(2026, 7, 5, 9, 30, tzinfo=UTC), shown="2026-07-05T10:30:00"),
    Clock(
        id="the last second before the spring night's jump",
        at=datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
        shown="2026-03-29T00:59:59",
    ),
    Clock(
        id="the first second after the spring night's jump",
        at=datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        shown="2026-03-29T02:00:00",
    ),
    Clock(
        id="the autumn night's first half past one",
        at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        shown="2026-10-25T01:30:00",
    ),
    Clock(
        id="the autumn night's second half past one looks like the first",
        at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        shown="2026-10-25T01:30:00",
        read_back=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ),
    Clock(id="the hour after", at=datetime(2026, 10, 25, 2, 0, tzinfo=UTC), shown="2026-10-25T02:00:00"),
    Clock(
        id="a fraction only where there is one",
        at=datetime(2026, 1, 5, 9, 30, 0, 250_000, tzinfo=UTC),
        shown="2026-01-05T09:30:00.250000",
    ),
]


@pytest.mark.parametrize("case", CLOCKS, ids=lambda case: case.id)
def test_a_moment_as_the_clients_clock_shows_it(case: Clock) -> None:
    assert to_cx_time(case.at, LONDON) == case.shown
    assert from_cx_time(case.shown, LONDON) == (case.read_back or case.at)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_what_is_read_back_is_what_was_sent(at: datetime) -> None:
    assert from_cx_time(to_cx_time(at, LONDON), LONDON) == as_cx_shows(at, LONDON)


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        to_cx_time(datetime(9999, 12, 31, 23, 59, tzinfo=UTC), ZoneInfo("Pacific/Auckland"))


def test_a_time_with_an_offset_and_seven_decimals_is_read() -> None:
    assert from_cx_time("2023-06-01T19:00:16.5718655+01:00", LONDON) == datetime(
        2023, 6, 1, 18, 0, 16, 571_865, tzinfo=UTC
    )


def test_a_date_alone_stays_a_date() -> None:
    assert from_cx_time("2026-11-20", LONDON) == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("body", "number"), [({}, "0"), ({"reason_code": "weather"}, "12"), ({"late_reason": "access_refused"}, "32")]
)
def test_a_reason_is_the_clients_own_number(body: JsonObject, number: str) -> None:
    assert to_cx_update(write(body), SETTINGS)["StatusReasonId"] == number


def order(message: bytes = sample("order.xml"), names: Names | None = None) -> Observation:
    element = next(etree.fromstring(message).iter("{*}WorkOrder"))
    return from_cx_order(element, names or Names(), LONDON, as_of=NOW)


def test_a_whole_order() -> None:
    seen = order()
    assert seen == Observation(
        key=KEY,
        code="3",
        status_at=datetime(2022, 10, 5, 8, 12, tzinfo=UTC),
        late=False,
        target_at=datetime(2022, 12, 24, 23, 59, 59, 999_999, tzinfo=UTC),
        fields={
            "description": "No power to kitchen sockets",
            "notes": None,
            "type": "ELEC",
            "priority": "R3",
            "dates": {"raised": "2022-10-05T07:47:13.123456Z", "target": "2022-12-24", "actual_end": None},
            "appointment": {"start": "2022-10-06T18:00:00Z", "end": "2022-10-06T20:00:00Z"},
            "location": {
                "number": "KES0014",
                "address": {
                    "line_1": "14 Kestrel Court",
                    "line_2": None,
                    "line_3": "Westbury",
                    "line_4": None,
                    "postcode": "RV4 2QT",
                },
            },
            "extensions": {
                "civica_cx": {
                    "ContractorName": "Ohm Sweet Ohm Electrics Ltd",
                    "IsLate": False,
                    "IssuedDate": "2022-10-05T08:12:00Z",
                    "RepairMasterStatusCode": "Issued",
                    "RepairStatusCode": "Issued",
                    "StatusDate": "2022-10-05T08:12:00Z",
                    "StatusReasonId": None,
                }
            },
        },
        record=seen.record,
        as_of=NOW,
    )
    assert set(seen.record) == set(ORDER)
    assert (seen.record["WorkOrderId"], seen.record["TargetDate"], seen.record["Notes"]) == (
        "113427",
        "2022-12-24",
        None,
    )


def test_a_member_that_nobody_knows_is_kept_as_the_vendor_s_own() -> None:
    tasks = b"<a:Tasks><a:Task><a:TaskId>1</a:TaskId></a:Task><a:Task><a:TaskId>2</a:TaskId></a:Task></a:Tasks>"
    extra = tasks + b"<a:Unit>East</a:Unit></a:WorkOrder>"
    seen = order(sample("order.xml").replace(b"</a:WorkOrder>", extra))
    extensions = seen.fields["extensions"]
    assert isinstance(extensions, dict)
    assert {name: extensions["civica_cx"][name] for name in ("Tasks", "Unit")} == {
        "Tasks": {"Task": [{"TaskId": "1"}, {"TaskId": "2"}]},
        "Unit": "East",
    }


def test_a_renamed_member_is_read_by_its_name_in_this_clients_cx() -> None:
    message = sample("order.xml").replace(b"RepairStatusCodeId", b"CodeId")
    assert order(message, Names(renamed={"RepairStatusCodeId": "CodeId"})).code == "3"


def test_an_order_without_a_status_has_no_code() -> None:
    seen = order(sample("order.xml").replace(b"<a:RepairStatusCodeId>3<", b'<a:RepairStatusCodeId i:nil="true"><'))
    assert seen.code is None


def test_nought_is_a_number() -> None:
    seen = order(
        sample("order.xml").replace(b'<a:StatusReasonId i:nil="true"/>', b"<a:StatusReasonId>0</a:StatusReasonId>")
    )
    assert seen.fields["extensions"]["civica_cx"]["StatusReasonId"] == 0  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("at", "late"), [(datetime(2022, 12, 24, 23, 0, tzinfo=UTC), False), (datetime(2022, 12, 25, tzinfo=UTC), True)]
)
def test_an_order_is_late_after_its_target_day(at: datetime, late: bool) -> None:
    assert replace(order(), as_of=at).is_late(None) is late


def test_an_order_that_cx_calls_late_is_late() -> None:
    seen = order(sample("order.xml").replace(b"<a:IsLate>false", b"<a:IsLate>true"))
    assert replace(seen, as_of=datetime(2000, 1, 1, tzinfo=UTC)).is_late(None)


def test_a_date_that_was_never_set_is_none() -> None:
    seen = order(sample("order.xml").replace(b">2022-12-24<", b">0001-01-01T00:00:00<"))
    assert seen.target_at is None


@pytest.mark.parametrize("never", ["9999-12-31", "9999-12-31T23:59:59.9999999-12:00"])
def test_a_date_beyond_all_time_is_none_and_the_order_is_read(never: str) -> None:
    seen = order(sample("order.xml").replace(b">2022-12-24<", f">{never}<".encode()))
    assert (seen.target_at, seen.key.number, seen.is_late(None)) == (None, "113427", False)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("WorkOrderId", ""),
        ("WorkOrderId", "WO1"),
        ("WorkOrderId", "-1"),
        ("WorkOrderUid", "0eb0a7b8"),
        ("RepairStatusCodeId", "three"),
        ("RepairStatusCodeId", "99999999999999999999"),
        ("IsLate", "maybe"),
        ("StatusDate", "yesterday"),
        ("TargetDate", "2022-13-01"),
        ("RaisedDate", "05/10/2022 08:47"),
    ],
)
def test_an_order_with_a_broken_member_is_named_and_not_half_read(member: str, text: str) -> None:
    broken = re.sub(rf"<a:{member}>[^<]*<".encode(), f"<a:{member}>{text}<".encode(), sample("order.xml"))
    with pytest.raises(FaultyOrder, match=member):
        order(broken)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("113427", True),
        ("1", True),
        ("WO113427", False),
        ("0113427", False),
        ("", False),
        ("１１", False),
        ("1" * 11, False),
    ],
)
def test_what_can_be_a_work_order_id(text: str, number: bool) -> None:
    assert is_number(text) is number


def test_an_order_can_be_named_to_cx_by_number_and_uid_only() -> None:
    known = [KEY, OrderKey(number="WO113427", vendor_ids=KEY.vendor_ids), OrderKey(number="113427")]
    assert [has_ids(key) for key in known] == [True, False, False]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"elements": {"StatusReson": "x"}}, "no such element: StatusReson"),
        ({"reference_format": "WO"}, "must hold {number} once"),
        ({"reference_format": "{number}{0}"}, "must hold {number} once"),
        ({"reference_format": "{number}{number}"}, "must hold {number} once"),
        ({"reference_format": "WO{number:d}"}, "must hold {number} once"),
        ({"reference_format": "WO{number:06}"}, "must hold {number} once"),
        ({"reference_format": "WO{number!r}"}, "must hold {number} once"),
        ({"reference_format": "{{WO}}{number}"}, "must hold {number} once"),
        ({"username": ""}, "at least 1 character"),
        ({"pasword": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(problem)):
        CivicaCxSettings.model_validate({**sandbox_section("http://127.0.0.1:9101/cx"), **change})


def test_a_password_is_not_shown_by_its_settings() -> None:
    assert "sandbox-secret" not in f"{SETTINGS!r} {SETTINGS} {SETTINGS.model_dump()}"
