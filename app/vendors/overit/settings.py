"""The `[backends.*]` section of an OverIT backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from app.domain.json import JsonValue
from app.vendors.overit.tables import SLUG
from app.vendors.vendor import BackendSettings, HeaderToken


def _path(value: str) -> str:
    if not value.startswith("/") or value.endswith("/") or not value.isascii() or any(c in value for c in "?# \t\r\n"):
        raise ValueError(
            "must be a path such as /work-orders/r1/work-orders, without query, fragment or a slash at its end"
        )
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


ApiPath = Annotated[str, AfterValidator(_path)]


class OverItSettings(BackendSettings):
    """One company's NextGen FSM, seen with one personal access token."""

    access_token: HeaderToken
    """A personal access token of the company's."""
    external_system_code: Annotated[str, AfterValidator(_not_blank)]
    """Under which external system the company has us; every write names it (step 1)."""
    work_orders_path: ApiPath = "/integration/work-orders/r1/work-orders"
    """Below `url`: where work orders are written."""
    cancellation_path: ApiPath | None = None
    """Where it is not `/cancellation` below `work_orders_path`."""
    read_path: ApiPath = "/work-orders/r1/work-orders"
    """Assumed: no integration API for reading is documented, so this is the private one."""

    @property
    def work_orders_url(self) -> str:
        return self.url + self.work_orders_path

    @property
    def cancellation_url(self) -> str:
        return self.url + (self.cancellation_path or f"{self.work_orders_path}/cancellation")

    @property
    def read_url(self) -> str:
        return self.url + self.read_path


def sandbox_section(url: str) -> Mapping[str, JsonValue]:
    """The section with which the sandbox reaches the simulator at `url`."""
    return {
        "vendor": SLUG,
        "title": "OverIT NextGen FSM (simulated)",
        "url": url,
        "access_token": "sandbox-token",
        "external_system_code": "ORDERBRIDGE",
        "poll_s": 5,
    }
