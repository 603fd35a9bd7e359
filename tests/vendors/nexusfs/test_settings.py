"""The section of a NexusFS backend: one way in, and a table of one's own that an order can match."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from app.domain.statuses import Status
from app.vendors.nexusfs.settings import NexusFsSettings, sandbox_section
from app.vendors.nexusfs.statuses import read_statuses
from app.vendors.vendor import StatusFileFault
from tests.vendors.nexusfs.adapters import settings_of

UTC = ZoneInfo("UTC")


def test_the_section_of_the_sandbox_is_taken() -> None:
    section = NexusFsSettings.model_validate(sandbox_section("http://127.0.0.1:9103"))
    assert (section.title, section.username, section.method_override) == ("NexusFS (simulated)", "sandbox", False)
    assert section.reasons == {"no_parts": "1001", "skills": "1002", "refused_access": "1003", "not_required": "1004"}
    assert section.secrets == ("sandbox-secret",)


def test_a_fixed_token_takes_the_place_of_the_log_in() -> None:
    fixed = settings_of(username=None, password=None, access_token="a-token")
    assert fixed.secrets == ("a-token",)
    assert "a-token" not in repr(fixed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"access_token": "t"}, "not both"),
        ({"access_token": "t", "username": None}, "not both"),
        ({"access_token": "t", "password": None}, "not both"),
        ({"username": None, "password": None}, "needs username and password, or access_token"),
        ({"username": None}, "needs username and password, or access_token"),
        ({"password": None}, "needs username and password, or access_token"),
        ({"password": ""}, "at least 1"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_there_is_exactly_one_way_in(changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings_of("http://nexus.example", **changes)


@pytest.mark.parametrize("token", ["", "abc\n", "two words", "päss", "a\x00b"])
def test_a_fixed_token_is_one_that_a_header_can_carry(token: str) -> None:
    with pytest.raises(ValidationError, match="visible ASCII"):
        settings_of(username=None, password=None, access_token=token)


def test_a_table_of_ones_own_holds_codes_that_an_order_can_have() -> None:
    rows = read_statuses("Code,Label,Status\n1/3,Sent out,accepted\n5001,Waiting,on_hold\n", UTC)
    assert {row.code: row.status for row in rows} == {"1/3": Status.accepted, "5001": Status.on_hold}


def test_a_code_that_no_order_can_have_is_a_fault_of_the_file() -> None:
    with pytest.raises(StatusFileFault) as caught:
        read_statuses("Code,Label,Status\n1,New,issued\n1/x,Odd,\n7/1,Odd too,\n6,En route,en_route\n", UTC)
    assert caught.value.faults == [
        f"Code {code} is neither an OrderStatus other than 1, nor 1/ with a DispatchStatus"
        for code in ("'1'", "'1/x'", "'7/1'")
    ]
