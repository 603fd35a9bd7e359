"""The section of an OverIT backend: what it takes, what it refuses, and the sandbox's."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.vendors.overit import VENDOR
from app.vendors.overit.settings import OverItSettings, sandbox_section

SECTION = sandbox_section("https://fsm.example/base/")


def test_the_sandboxs_section_is_one() -> None:
    settings = OverItSettings.model_validate(SECTION)
    assert (settings.work_orders_url, settings.cancellation_url, settings.read_url) == (
        "https://fsm.example/base/integration/work-orders/r1/work-orders",
        "https://fsm.example/base/integration/work-orders/r1/work-orders/cancellation",
        "https://fsm.example/base/work-orders/r1/work-orders",
    )
    assert settings.title == "OverIT NextGen FSM (simulated)"
    assert "sandbox-token" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", ""),
        ("access_token", "two words"),
        ("access_token", "line\nbreak"),
        ("access_token", "pässword"),
        ("external_system_code", " "),
        ("work_orders_path", "integration"),
        ("read_path", "/orders?x=1"),
        ("read_path", "/orders/"),
        ("cancellation_path", "/a b"),
        ("username", "sandbox"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        OverItSettings.model_validate({**SECTION, name: value})


def test_the_vendor_says_what_it_can() -> None:
    assert sorted(one.value for one in VENDOR.capabilities) == ["patch", "read", "status_update"]
    assert (VENDOR.sandbox.backend, VENDOR.sandbox.port_offset, VENDOR.sandbox.example_order) == (
        "overit",
        3,
        "WO00223",
    )
    assert ("operations[].activityAddress.apartament", "operations{}.address.apartment") in VENDOR.homes
    assert "operations{}.address.apartment" in VENDOR.writable
    assert "external_reference" not in VENDOR.writable
