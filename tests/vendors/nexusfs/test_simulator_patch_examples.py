"""Vendor document 003, "PATCH Request Examples": each initial order, request and result as the document prints them."""

from __future__ import annotations

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import Nexus, document, documented, exactly, ok


def leaves_the_printed_result(nexus: Nexus, example: int) -> None:
    ok(nexus.send("PUT", "1214", documented(f"example_{example}_initial")))
    assert nexus.shown() == exactly(document(f"example_{example}_initial"))

    ok(nexus.send("PATCH", "1214", documented(f"example_{example}_request")))

    assert nexus.shown() == exactly(document(f"example_{example}_result"))
    effects: list[Json] = [
        {"n": 1, "order": "1214", "kind": "replaced", "detail": document(f"example_{example}_initial")},
        {"n": 2, "order": "1214", "kind": "updated", "detail": document(f"example_{example}_request")},
    ]
    assert exactly([*nexus.effects()]) == exactly(effects)


def test_Example_1_add_an_asset(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 1)


def test_Example_2_replace_assets(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 2)


def test_Example_3_remove_rules(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 3)


def test_Example_4_empty_rules(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 4)


def test_Example_5_remove_a_flex_view_with_a_specific_id(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 5)


def test_Example_6_remove_a_flex_view_with_a_specific_id_alternative_approach(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 6)


def test_Example_7_add_fixed_to_a_discount_and_update_its_percentage(sim_nexus: Nexus) -> None:
    leaves_the_printed_result(sim_nexus, 7)


def test_the_order_that_is_there_from_the_start_is_Example_1s(sim_nexus: Nexus) -> None:
    assert sim_nexus.shown() == exactly(document("example_1_initial"))
