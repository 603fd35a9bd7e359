"""A person says what became of a held change: with `orderbridge operations resolve`, or by an action that its hold offers."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from app.commands import operations as command
from app.ledger import orders
from app.ledger.sql import Unit
from app.settings import configured
from app.vendors.registry import VENDORS
from tests.delivery.bench import events, operation
from tests.delivery.changing import ERPX_ORDER, NEXUS_ORDER, Place, place
from tests.gateway import add_client
from tests.vendors.loopback import hang_up

pytestmark = pytest.mark.usefixtures("hurried_changes")


async def resolve(at: Place, operation_id: str, *, applied: bool) -> str:
    """What the command does once it has its database and its configuration; gives what it says."""
    gateway = at.site.app.state.gateway
    vendor = gateway.backends[at.site.backend].vendor
    document = {
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "backends": {at.site.backend: vendor.sandbox.section(at.glass.url)},
    }
    settings = configured(document, folder=Path())
    return await command._resolve(gateway.store, settings, operation_id, applied=applied, reason="seen on the screen")


async def held_patch(at: Place) -> str:
    """Not applied, and somebody has changed the order meanwhile."""
    at.glass.instead("PATCH", hang_up)
    at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
    return await held(at, await at.sent_async(at.patch, {"type": "1002"}))


async def held_delete(at: Place, *, gone: bool) -> str:
    """Somebody has set another status meanwhile; `gone`: and then deleted the order."""
    at.glass.instead("DELETE", hang_up)
    at.at("DELETE", lambda _: at.on_screen("status", OrderStatus="7"))
    sent = await held(at, await at.sent_async(at.delete))
    if gone:
        at.on_screen("cancel")
    return sent


async def held_create(at: Place, *, made: bool) -> str:
    """Only the vendor knows its number."""
    if made:
        at.glass.around("POST", lambda answer: hang_up)
    else:
        at.glass.instead("POST", hang_up)
    return await held(at, await at.sent_async(at.create, ERPX_ORDER))


async def held(at: Place, operation_id: str) -> str:
    found = await at.end_of(operation_id)
    assert found["state"] == "held", found
    return operation_id


async def test_a_held_patch_that_a_person_calls_applied_ends_so_and_the_order_goes_on(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_patch(at)
        assert "is applied, on your word" in await resolve(at, sent, applied=True)
        found = await operation(at.site, sent)
        assert (found["state"], found["problem"]) == ("applied", None)
        assert (await at.read()).json()["delivery"]["state"] == "settled"
        assert (await at.patch({"type": "1002"})).status_code == 200
        assert at.sent == ["PATCH", "PATCH"]


async def test_a_held_patch_that_a_person_calls_not_applied_is_sent_again_as_the_order_is_now(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_patch(at)
        assert "a running gateway sends it again" in await resolve(at, sent, applied=False)
        found = await at.end_of(sent)
        assert (found["state"], found["attempts"], found["result"]["type"]) == ("applied", 2, "1002")
        assert (found["result"]["priority"], at.effects()) == ("1001", ["edited_by_client", "updated"])


async def test_a_held_delete_that_a_person_calls_applied_answers_with_its_effect(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_delete(at, gone=True)
        await resolve(at, sent, applied=True)
        found = await operation(at.site, sent)
        assert (found["state"], found["result"]) == ("applied", {"effect": "deleted"})
        assert at.sent == ["DELETE"]


async def test_an_order_whose_delete_a_person_calls_applied_is_listed_no_more(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        sent = await held_delete(at, gone=True)
        await resolve(at, sent, applied=True)
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []
        assert "work_order.deleted" in [type_ for type_, _ in await events(at.site, at.number)]


async def test_a_process_that_ends_before_the_order_is_forgotten_leaves_the_delete_held(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be applied, and its order listed for ever."""

    def ends(*_: object, **__: object) -> Unit[None]:
        raise RuntimeError("the process ends here")
        yield

    async with place("nexusfs", sqlite_database, tmp_path) as at:
        sent = await held_delete(at, gone=True)
        with monkeypatch.context() as ending:
            ending.setattr(orders, "forget", ends)
            with pytest.raises(RuntimeError, match="ends here"):
                await resolve(at, sent, applied=True)
        assert (await operation(at.site, sent))["state"] == "held"
        await resolve(at, sent, applied=True)
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []


async def test_a_held_delete_that_a_person_calls_not_applied_is_sent_again(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        sent = await held_delete(at, gone=False)
        await resolve(at, sent, applied=False)
        found = await at.end_of(sent)
        assert (found["state"], found["result"], at.sent) == ("applied", {"effect": "deleted"}, ["DELETE", "DELETE"])
        assert at.effects() == ["status_set_by_client", "deleted"]


async def test_a_closing_that_a_person_calls_applied_is_the_order_s_status_from_then_on(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        at.glass.instead("DELETE", hang_up)
        at.at("DELETE", lambda _: at.on_screen("status", status="P"))
        sent = await held(at, await at.sent_async(at.delete))
        at.on_screen("status", status="C")
        await resolve(at, sent, applied=True)
        assert (await operation(at.site, sent))["result"] == {"effect": "closed"}
        refused = await at.status("on_hold")
        assert (refused.status_code, refused.json()["code"]) == (409, "order-ended")


async def test_a_held_create_that_a_person_calls_applied_ends_without_a_number(database: str, tmp_path: Path) -> None:
    async with place("unit4_erpx", database, tmp_path) as at:
        sent = await held_create(at, made=True)
        await resolve(at, sent, applied=True)
        found = await operation(at.site, sent)
        assert (found["state"], found["work_order"], found["result"]) == ("applied", None, None)
        assert (at.sent, at.effects("124")) == (["POST"], ["created"])
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []


async def test_a_held_create_that_a_person_calls_not_applied_is_sent_again_and_numbered(
    database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", database, tmp_path) as at:
        sent = await held_create(at, made=False)
        await resolve(at, sent, applied=False)
        found = await at.end_of(sent)
        assert (found["state"], found["work_order"], found["result"]["number"]) == ("applied", "124", "124")
        assert (at.sent, at.effects("124")) == (["POST", "POST"], ["created"])


async def test_the_words_of_the_command_name_no_number_that_the_order_does_not_have(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        sent = await held_create(at, made=True)
        assert f"order {sent}" not in await resolve(at, sent, applied=True)


def test_every_vendor_that_removes_orders_is_tried_here() -> None:
    assert {slug for slug, vendor in VENDORS.items() if vendor.removal is not None} == {"nexusfs", "unit4_erpx"}


async def the_hold(at: Place) -> dict[str, Any]:
    """The one that is open, as the list shows it and as it is shown alone."""
    [listed] = (await at.site.api.get("/v1/holds", params={"state": "open"})).json()["items"]
    assert (await at.site.api.get(f"/v1/holds/{listed['hold_id']}")).json() == listed
    return dict(listed)


async def word(at: Place, found: dict[str, Any], action: str, **more: Any) -> httpx.Response:
    return await at.site.api.post(
        f"/v1/holds/{found['hold_id']}/resolution",
        headers={"Idempotency-Key": at.site.fresh_key()},
        json={"action": action, "reason": "seen on the screen", **more},
    )


@pytest.mark.parametrize("write", ["a delete", "a create that only the vendor can number"])
async def test_a_hold_offers_no_replacement_for_what_cannot_be_replaced(
    write: str, database: str, tmp_path: Path
) -> None:
    async with place("nexusfs" if write == "a delete" else "unit4_erpx", database, tmp_path) as at:
        await (held_delete(at, gone=False) if write == "a delete" else held_create(at, made=False))
        found = await the_hold(at)
        assert found["actions"] == ["retry", "skip", "mark_applied", "cancel"]
        refused = await word(at, found, "replace", body={"type": "1002"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/action")


async def test_a_hold_offers_a_replacement_for_a_patch(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        await held_patch(at)
        assert "replace" in (await the_hold(at))["actions"]


async def test_a_held_put_is_replaced_within_the_scopes_of_who_replaces_it(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        scopes = frozenset({"orders:write", "operations:read", "holds:resolve"})
        backends = frozenset({at.site.backend})
        writer = await add_client(at.site.app, "writer", tenant="acme", scopes=scopes, backends=backends)
        at.glass.instead("PUT", hang_up)
        at.at("PUT", lambda _: at.on_screen("edit", Priority="1001"))
        sent = await writer.put(at.site.orders(at.number), json=NEXUS_ORDER, headers={"Prefer": "respond-async"})
        await held(at, str(sent.json()["operation_id"]))
        found = await the_hold(at)
        body = {**NEXUS_ORDER, "status": "on_site"}
        refused = await writer.post(
            f"/v1/holds/{found['hold_id']}/resolution",
            headers={"Idempotency-Key": at.site.fresh_key()},
            json={"action": "replace", "reason": "seen on the screen", "body": body},
        )
        assert (refused.status_code, refused.json()["scope"]) == (403, "status:write")
        taken = await word(at, found, "replace", body=body)
        assert (await at.end_of(taken.json()["made_operation"]))["state"] == "applied"
        assert at.record()["OrderStatus"] == "7"
        await writer.aclose()


async def test_a_held_change_is_called_applied_after_its_backend_was_taken_out(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_patch(at)
        found = await the_hold(at)
        object.__setattr__(at.site.app.state.gateway, "backends", MappingProxyType({}))
        answer = await word(at, found, "mark_applied", evidence="The order shows it.")
        assert (answer.status_code, answer.json()["resolution"]) == (200, "mark_applied"), answer.text
        assert (await operation(at.site, sent))["state"] == "applied"
