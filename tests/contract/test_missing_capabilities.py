"""What a vendor cannot do is said so, whatever the request carries, and kept with its key; what it can do is listed."""

from __future__ import annotations

from typing import Any

from app.domain.ports import Capability
from tests.contract.changes import Change
from tests.contract.desk import Desk

WRITES = (Capability.create, Capability.patch, Capability.replace, Capability.delete)
BODIES: list[dict[str, Any]] = [
    {},
    {"title": "Tap"},
    {"number": "a number of another order"},
    {"no_such_member": [1, 2]},
    {"status": "no-such-status", "dates": "soon", "assets": None},
]


def lacking(desk: Desk) -> list[Capability]:
    return [one for one in WRITES if one not in desk.vendor.capabilities]


async def test_what_the_vendor_can_do_is_listed(desk: Desk) -> None:
    shown = (await desk.site.api.get(desk.backend)).json()
    assert shown["capabilities"] == sorted(one.value for one in desk.vendor.capabilities)
    assert shown["writable_fields"] == list(desk.vendor.writable)
    assert shown["replaceable_fields"] == list(desk.vendor.replaceable)
    removal = desk.vendor.removal
    assert shown["delete_effect"] == (None if removal is None else removal.effect)
    assert (Capability.delete in desk.vendor.capabilities) == (removal is not None)


async def test_what_the_vendor_cannot_do_is_said_so_whatever_the_request_carries(desk: Desk) -> None:
    can = sorted(one.value for one in desk.vendor.capabilities)
    for capability in lacking(desk):
        for n, body in enumerate(BODIES):
            key = f"the-key-of-{capability.value}-{n}"
            change = Change(capability=capability, number=desk.number, body=body)
            first = await change.send(desk, key)
            problem = first.json()
            told = (first.status_code, problem["code"], problem["outcome"])
            assert told == (422, "capability-missing", "not_sent"), (capability, body)
            assert problem["capabilities"] == can
            again = await change.send(desk, key)
            assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (desk.all_effects(), await desk.operations()) == ([], [])


async def test_a_preview_of_what_the_vendor_cannot_do_says_the_same(desk: Desk) -> None:
    can = sorted(one.value for one in desk.vendor.capabilities)
    for capability in lacking(desk):
        for body in BODIES:
            asked = {"kind": capability.value, "work_order": desk.number, "body": body}
            answer = await desk.site.api.post(f"{desk.backend}/preview", json=asked)
            problem = answer.json()
            told = (answer.status_code, problem["code"], problem["capabilities"])
            assert told == (422, "capability-missing", can), (capability, body)
    assert desk.all_effects() == []
