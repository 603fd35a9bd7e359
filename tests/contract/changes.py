"""Every kind of write that a vendor may be able to do, made ready on an order of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.domain.ports import Capability
from app.vendors.registry import VENDORS
from tests.contract.desk import Desk
from tests.contract.samples import samples_of

METHODS = {
    Capability.status_update: "POST",
    Capability.create: "POST",
    Capability.patch: "PATCH",
    Capability.replace: "PUT",
    Capability.delete: "DELETE",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A write that may be sent, and what it leaves."""

    capability: Capability
    number: str
    """The order; empty for a new one that the vendor is to number."""
    body: dict[str, Any]
    done: int = 200
    """The status of the answer once it is applied."""
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)

    async def send(self, desk: Desk, key: str | None = None, **headers: str) -> httpx.Response:
        """Send it, with a fresh key unless one is given; `prefer="wait=0"` becomes the header."""
        path = desk.site.orders("" if self.capability is Capability.create else self.number)
        if self.capability is Capability.status_update:
            path += "/status-updates"
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return await desk.site.api.request(
            METHODS[self.capability],
            path,
            params=self.params,
            json=None if self.capability is Capability.delete else self.body,
            headers={"Idempotency-Key": key or desk.site.fresh_key(), **self.headers, **named},
        )

    @property
    def preview(self) -> dict[str, Any]:
        """The body of the preview call for it."""
        asked: dict[str, Any] = {"kind": self.capability.value, "work_order": self.number or None, "body": self.body}
        if "replace" in self.params:
            asked["replace"] = [self.params["replace"]]
        if "If-Match" in self.headers:
            asked["if_match"] = self.headers["If-Match"]
        return asked


async def status_update(desk: Desk) -> Change:
    number = desk.plain_order()
    body = await desk.next_update(number)
    assert body is not None, "a plain order takes no update"
    return Change(capability=Capability.status_update, number=number, body=body, done=201)


async def create(desk: Desk) -> Change:
    number = desk.new_number()
    return Change(capability=Capability.create, number=number, body={**desk.samples.create, "number": number}, done=201)


async def create_numbered_by_the_vendor(desk: Desk) -> Change:
    return Change(capability=Capability.create, number="", body=dict(desk.samples.create), done=201)


async def patch(desk: Desk) -> Change:
    return Change(capability=Capability.patch, number=desk.plain_order(), body=dict(desk.samples.patch[0]))


async def patch_as_read(desk: Desk) -> Change:
    """A patch with If-Match: should it be sent again, it is checked again."""
    number = desk.plain_order()
    named = (await desk.read(number)).headers["etag"]
    return Change(
        capability=Capability.patch, number=number, body=dict(desk.samples.patch[0]), headers={"If-Match": named}
    )


async def replace_by_a_new_one(desk: Desk) -> Change:
    return Change(capability=Capability.replace, number=desk.new_number(), body=dict(desk.samples.replace), done=201)


async def replace_one_that_exists(desk: Desk) -> Change:
    return Change(capability=Capability.replace, number=desk.plain_order(), body=dict(desk.samples.replace))


async def replace_only_if_it_exists(desk: Desk) -> Change:
    return Change(
        capability=Capability.replace,
        number=desk.plain_order(),
        body=dict(desk.samples.replace),
        headers={"If-Match": "*"},
    )


async def delete(desk: Desk) -> Change:
    return Change(capability=Capability.delete, number=desk.plain_order(), body={})


Plan = Callable[[Desk], Awaitable[Change]]
PLANS: Mapping[Plan, Capability] = {
    status_update: Capability.status_update,
    create: Capability.create,
    create_numbered_by_the_vendor: Capability.create,
    patch: Capability.patch,
    patch_as_read: Capability.patch,
    replace_by_a_new_one: Capability.replace,
    replace_one_that_exists: Capability.replace,
    replace_only_if_it_exists: Capability.replace,
    delete: Capability.delete,
}


def plans_of(slug: str) -> list[Plan]:
    """The kinds of write that a vendor can do."""
    can = VENDORS[slug].capabilities
    return [
        plan
        for plan, capability in PLANS.items()
        if capability in can and (plan is not create_numbered_by_the_vendor or samples_of(slug).numbered_by_vendor)
    ]


def named_plans_of(slug: str) -> list[Plan]:
    """Those of them whose order is known by its number before it is sent."""
    return [plan for plan in plans_of(slug) if plan is not create_numbered_by_the_vendor]


def name(plan: Plan) -> str:
    return getattr(plan, "__name__", "")


def vendors_with(capability: Capability) -> pytest.MarkDecorator:
    """Runs a test for each vendor of the registry that has the capability."""
    able = sorted(slug for slug, vendor in VENDORS.items() if capability in vendor.capabilities)
    return pytest.mark.parametrize("vendor", able, indirect=True)


def shows(order: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether an order of ours has everything that a body asked for; a null asks for nothing to be there."""
    for member, value in asked.items():
        there = order.get(member)
        if isinstance(value, Mapping):
            if not shows(there if isinstance(there, Mapping) else {}, value):
                return False
        elif value != there:
            return False
    return True


async def is_done(desk: Desk, change: Change) -> bool:
    """Whether the vendor's record shows that the change took effect."""
    answer = await desk.read(change.number)
    if change.capability is Capability.delete:
        removal = desk.vendor.removal
        assert removal is not None
        if removal.effect == "deleted":
            return answer.status_code == 404
        return answer.status_code == 200 and bool(answer.json()["vendor_status"]["code"] == removal.code)
    if answer.status_code != 200:
        return False
    order = answer.json()
    if change.capability is Capability.status_update:
        return bool(order["vendor_status"]["code"] == change.body["vendor_code"])
    return shows(order, change.body)


async def on_a_good_day(desk: Desk, plan: Plan) -> list[tuple[str, str]]:
    """What the vendor does for such a change when nothing goes wrong: the measure for every other day."""
    change = await plan(desk)
    answer = await change.send(desk)
    assert answer.status_code == change.done, answer.text
    assert await is_done(desk, change)
    marks = desk.marks(change.number)
    assert marks
    return marks
