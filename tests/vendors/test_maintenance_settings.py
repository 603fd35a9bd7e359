"""The setting `maintenance` of a backend: one line for each fault of it, with its place, and the gateway does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.maintenance import Recurring
from app.settings import ConfigFault, configured
from tests.gateway import CX


def document(maintenance: object) -> dict[str, Any]:
    section = {**CX.sandbox.section("http://127.0.0.1:1"), "maintenance": maintenance}
    return {"auth": {"signing_key": "0123456789abcdef" * 4}, "backends": {"cx": section}}


def test_windows_are_read_in_the_order_written() -> None:
    found = configured(document(["sun 02:00-04:00", "daily 23:30-00:30"]), folder=Path())
    assert found.backends["cx"].maintenance == (
        Recurring(weekday=6, starts=120, ends=240),
        Recurring(weekday=None, starts=1410, ends=1470),
    )


LIKE = "must be like 'sun 02:00-04:00', 'daily 03:00-03:30' or '2026-12-24 22:00 - 2026-12-25 06:00'"
DAY = "has no such time of day: they run from 00:00 to 23:59, and 24:00 may end a window"


@pytest.mark.parametrize(
    ("maintenance", "faults"),
    [
        (
            ["sun 02:00-04:00", "sunday night", "mon 25:00-26:00", 7],
            [
                f"backends.cx.maintenance.1: {LIKE}",
                f"backends.cx.maintenance.2: {DAY}",
                "backends.cx.maintenance.3: must be text, like 'sun 02:00-04:00'",
            ],
        ),
        (
            ["daily 00:00-24:00"],
            ["backends.cx.maintenance: leaves no time in the week in which anything could be sent"],
        ),
        ("sun 02:00-04:00", ['backends.cx.maintenance: must be a list, like ["sun 02:00-04:00"]']),
    ],
    ids=["each fault has its line", "no time is left", "no list"],
)
def test_faults_are_told_line_by_line(maintenance: object, faults: list[str]) -> None:
    with pytest.raises(ConfigFault) as raised:
        configured(document(maintenance), folder=Path())
    assert raised.value.faults == faults
