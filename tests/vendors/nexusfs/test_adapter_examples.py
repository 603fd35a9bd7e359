"""The seven PATCH examples of vendor document 003: our merge patch leaves the very order that the document shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from app.domain.json import JsonValue
from app.domain.ports import Answer, Kind, Outcome, VendorAdapter
from app.domain.terms import Terms
from tests.vendors.nexusfs.adapters import a_write, adapting, patched, starts_from
from tests.vendors.nexusfs.simulator_requests import Nexus, document, documented, exactly


@pytest.fixture
async def adapter(sim_nexus: Nexus) -> AsyncIterator[VendorAdapter]:
    async with adapting(sim_nexus.url) as made:
        yield made


Patch = Mapping[str, JsonValue]
DISHWASHER: Patch = {"assets": {"3182": {"description": "Dishwasher", "is_component": False, "type": "1001"}}}
VENDING_MACHINE: Patch = {
    "assets": {"310067": {"description": "Vending Machine", "is_component": False, "type": "1001"}}
}
NO_RULES: Patch = {"rules": None}
NO_PANEL: Patch = {"info_panels": {"1001": None}}
DISCOUNT: Patch = {"discounts": {"1": {"fixed": 4.0, "percentage": 5.2}}}


async def leaves_the_documented_order(
    nexus: Nexus, adapter: VendorAdapter, example: int, patch: Patch, *replaced: str
) -> None:
    starts_from(nexus, documented(f"example_{example}_initial"))
    answer = await patched(adapter, patch, *replaced)
    assert (answer.outcome, answer.detail) == (Outcome.applied, "NexusFS accepted the change.")
    assert nexus.shown() == exactly(document(f"example_{example}_result"))


def sends_the_documented_request(adapter: VendorAdapter, example: int, patch: Patch, *replaced: str) -> None:
    [request] = adapter.requests(a_write(Kind.patch, patch, before={}, terms=Terms(replace=replaced)))
    assert request.method == "PATCH"
    assert exactly(json.loads(request.body)) == exactly(document(f"example_{example}_request"))


async def test_Example_1_add_an_asset(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 1, DISHWASHER)
    sends_the_documented_request(adapter, 1, DISHWASHER)


async def test_Example_2_replace_assets(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 2, VENDING_MACHINE, "assets")
    sends_the_documented_request(adapter, 2, VENDING_MACHINE, "assets")


async def test_Example_3_remove_rules(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 3, NO_RULES)
    sends_the_documented_request(adapter, 3, NO_RULES)


async def test_Example_4_empty_rules_is_our_null_and_goes_out_as_Example_3(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 4, NO_RULES)
    assert document("example_4_result") == document("example_3_result")


async def test_Example_4_an_empty_object_of_ours_changes_nothing_and_sends_nothing(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    starts_from(sim_nexus, documented("example_4_initial"))
    before = sim_nexus.kinds()
    assert await patched(adapter, {"rules": {}}) == Answer(outcome=Outcome.applied, detail="nothing to change")
    assert (sim_nexus.shown(), sim_nexus.kinds()) == (exactly(document("example_4_initial")), before)


async def test_Example_5_remove_a_panel_which_we_do_as_in_Example_6(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 5, NO_PANEL)


async def test_Example_6_remove_a_panel_by_its_key(sim_nexus: Nexus, adapter: VendorAdapter) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 6, NO_PANEL)
    sends_the_documented_request(adapter, 6, NO_PANEL)


async def test_Example_7_add_a_member_to_a_discount_and_change_another(
    sim_nexus: Nexus, adapter: VendorAdapter
) -> None:
    await leaves_the_documented_order(sim_nexus, adapter, 7, DISCOUNT)
    sends_the_documented_request(adapter, 7, DISCOUNT)
