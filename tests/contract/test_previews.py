"""A preview shows the bytes that the vendor then receives, for every kind of write; and nothing is sent for it."""

from __future__ import annotations

from typing import Any

from app.domain.ports import Capability
from app.vendors.vendor import Vendor
from tests.contract.changes import Change, plans_of, vendors_with
from tests.contract.conftest import OpenDesk
from tests.contract.desk import Desk
from tests.delivery.bench import Simulated
from tests.delivery.recording import Glass, glass
from tests.vendors.loopback import Arrived


async def test_a_preview_shows_the_bytes_that_the_vendor_then_receives(
    vendor: Vendor, open_desk: OpenDesk, simulated: Simulated
) -> None:
    async with glass(simulated.url) as pane, open_desk(url=pane.url) as desk:
        for plan in plans_of(vendor.slug):
            await compared(desk, pane, await plan(desk))


@vendors_with(Capability.patch)
async def test_every_sample_patch_is_previewed_to_the_byte(
    vendor: Vendor, open_desk: OpenDesk, simulated: Simulated
) -> None:
    async with glass(simulated.url) as pane, open_desk(url=pane.url) as desk:
        number = desk.plain_order()
        for body in desk.samples.patch:
            await compared(desk, pane, Change(capability=Capability.patch, number=number, body=body))
        for collection, sample in desk.samples.collections.items():
            number = desk.plain_order()
            bodies: list[dict[str, Any]] = [{sample.key: sample.element}, {sample.key: sample.change}]
            bodies += [{sample.key: None}] if sample.removable else []
            for elements in bodies:
                body = {collection: elements}
                await compared(desk, pane, Change(capability=Capability.patch, number=number, body=body))
            if collection in vendor.replaceable:
                await compared(
                    desk,
                    pane,
                    Change(
                        capability=Capability.patch,
                        number=number,
                        body={collection: {sample.key: sample.element}},
                        params={"replace": collection},
                    ),
                )


async def compared(desk: Desk, pane: Glass, change: Change) -> None:
    """Preview the change, make it, and hold what the vendor received against the preview."""
    begun = len(pane.passed)
    await desk.read(desk.number)
    await desk.read(change.number or desk.number)
    reading = {call(one.request) for one in pane.passed[begun:]}
    effects, operations = desk.all_effects(), await desk.operations()
    shown = await desk.site.api.post(f"{desk.backend}/preview", json=change.preview)
    assert shown.status_code == 200, shown.text
    previews = shown.json()["requests"]
    assert previews
    assert (desk.all_effects(), await desk.operations()) == (effects, operations)
    before = len(pane.passed)
    answer = await change.send(desk)
    assert answer.status_code == change.done, answer.text
    # What else it received are reads: the calls known from reading, and GETs, which change nothing.
    received = [one.request for one in pane.passed[before:]]
    wrote = [one for one in received if call(one) not in reading and one.method != "GET"]
    assert [(one.method, pane.url + one.target) for one in wrote] == [
        (preview["method"], preview["url"]) for preview in previews
    ]
    for preview, request in zip(previews, wrote, strict=True):
        assert equal_but_for_secrets(preview["body"], request.body.decode()), (preview["body"], request.body)
        headers = {name.lower(): value for name, value in preview["headers"].items()}
        differing = {
            name: (value, request.headers.get(name))
            for name, value in headers.items()
            if not equal_but_for_secrets(value, request.headers.get(name, ""))
        }
        assert differing == {}
        assert set(request.headers) - set(headers) - {"host", "content-length"} == set()


def call(request: Arrived) -> tuple[str, str, str]:
    """What was called: a SOAP request says so in a header, any other in its method and address."""
    return request.method, request.target, request.headers.get("soapaction", "")


def equal_but_for_secrets(preview: str, sent: str) -> bool:
    """Whether what was sent is the preview, with something in the place of each `***`."""
    pieces = preview.split("***")
    if len(pieces) == 1:
        return preview == sent
    if not (sent.startswith(pieces[0]) and sent.endswith(pieces[-1])):
        return False
    position = len(pieces[0])
    for piece in pieces[1:-1]:
        position = sent.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return position <= len(sent) - len(pieces[-1])
