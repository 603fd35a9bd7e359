"""What the contract says as a whole: its terms, its parts in reading order, and what its examples do in the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from app.api.contract_texts import DESCRIPTION, EXAMPLES, TAGS


def test_the_parts_come_in_the_order_of_the_main_job() -> None:
    order = [tag["name"] for tag in TAGS]
    main_job = ["auth", "backends", "work orders", "preview", "status updates", "operations", "holds"]
    assert order[: len(main_job)] == main_job


@pytest.mark.parametrize(
    "word", ["backend", "status", "phase", "operation", "Unknown", "hold", "Idempotency-Key", "202"]
)
def test_each_word_that_a_caller_has_to_know_is_explained(word: str) -> None:
    assert f"**{word}**" in DESCRIPTION


def test_what_is_said_of_an_example_is_said_at_its_operation(openapi: dict[str, Any]) -> None:
    told = {each["operationId"]: each["description"] for path in openapi["paths"].values() for each in path.values()}
    assert {name: told[name].endswith(text) for name, text in EXAMPLES.items()} == dict.fromkeys(EXAMPLES, True)


def test_whatever_stands_in_an_address_is_filled_in(openapi: dict[str, Any]) -> None:
    parameters = [
        (each["operationId"], one["name"], "example" in one)
        for path in openapi["paths"].values()
        for each in path.values()
        for one in each.get("parameters", [])
        if one["in"] == "path"
    ]
    assert len(parameters) > 20
    assert [one for one in parameters if not one[2]] == []
