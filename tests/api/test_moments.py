"""The members that hold a time are known to whoever compares orders: there, and nowhere else, two spellings are one moment."""

from __future__ import annotations

from app.api import order_parts
from app.api.bodies import Input
from app.domain.merge_patch import MOMENTS

PARTS = [part for part in vars(order_parts).values() if isinstance(part, type) and issubclass(part, Input)]


def test_the_members_that_hold_a_time_are_those_that_callers_write_as_one() -> None:
    written = {
        name
        for part in PARTS
        for name, field in part.model_fields.items()
        if "_date_or_time" in f"{field.annotation} {field.metadata}"
    }
    assert written == MOMENTS
