"""A gateway in front of a vendor, and what a test asks of both, whatever the vendor."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.vendors.vendor import Vendor
from tests.contract.samples import Samples
from tests.gateway import Site

AT = "2026-11-20T20:40:00Z"
UNIQUE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIRST_PLAIN = 500_000
"""Numbers of the plain orders that a test adds to the simulator."""
FIRST_NEW = 900_000
"""Numbers of the orders that a test creates: far apart, since a vendor may number others in between."""


@dataclass(kw_only=True)
class Desk:
    """A gateway in front of the vendor, and an order of it."""

    site: Site
    vendor: Vendor
    samples: Samples
    number: str
    _plain: int = field(default=FIRST_PLAIN)
    _new: int = field(default=FIRST_NEW)

    @property
    def order(self) -> str:
        return self.site.orders(self.number)

    @property
    def backend(self) -> str:
        return f"/v1/backends/{self.site.backend}"

    def effects(self, number: str | None = None) -> list[dict[str, Any]]:
        """What the vendor really changed on an order."""
        return self.site.effects(number or self.number)

    def all_effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.site.vendor.get("/_sim/effects").json()["effects"]
        return found

    def marks(self, number: str) -> list[tuple[str, str]]:
        """The effects on an order, without what names it, so that those of two orders can be compared."""
        return [
            (one["kind"], UNIQUE_ID.sub("U", json.dumps(one["detail"], sort_keys=True)).replace(number, "N"))
            for one in self.site.effects(number)
        ]

    def plain_order(self) -> str:
        """One more open order in the vendor's system, which the gateway has not seen."""
        self._plain += 1
        answer = self.site.vendor.post("/_sim/orders", json={"count": 1, "first": self._plain})
        assert answer.status_code == 201, answer.text
        return str(self._plain)

    def new_number(self) -> str:
        """A number that the vendor has no order of."""
        self._new += 100
        return str(self._new)

    async def read(self, number: str) -> httpx.Response:
        return await self.site.api.get(self.site.orders(number))

    async def operations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.site.api.get("/v1/operations")).json()["items"]
        return found

    async def statuses(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.site.api.get(f"{self.backend}/statuses")).json()["items"]
        return found

    async def next_update(self, number: str) -> dict[str, Any] | None:
        """An update that may come next and requires nothing more, as the API tells it; None: the order takes no more.

        It counts from where the updates sent so far will leave the order, and ends it only where no other can be set.
        """
        ends = {row["vendor_code"] for row in await self.statuses() if row["terminal"] or row["phase"] == "complete"}
        onward = (await self.site.api.get(self.site.orders(number) + "/transitions")).json()
        now = onward["current"]["vendor_code"]  # some vendors take it once more, but that would show nowhere
        rows = [one for one in onward["items"] if one["allowed"] and not one["requires"] and one["vendor_code"] != now]
        rows.sort(key=lambda one: one["vendor_code"] in ends)
        if not rows:
            return None
        return {
            "status": rows[0]["status"],
            "vendor_code": rows[0]["vendor_code"],
            "occurred_at": AT,
            "comments": "by the contract",
        }

    async def body(self) -> dict[str, Any]:
        """An update of `number`, which becomes another order where this one takes no more."""
        body = await self.next_update(self.number)
        if body is None:
            self.number = self.plain_order()
            body = await self.next_update(self.number)
        assert body is not None, "a plain order takes no update"
        return body

    async def every_update_ends(self) -> bool:
        """Whether an update, whichever it is, is an order's last."""
        return all(row["terminal"] for row in await self.statuses() if row["settable"])
