"""Steps 9, 10 and 11 of vendor document 004: what each writes, what fails it, and when it is skipped."""

from __future__ import annotations

import pytest

from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import (
    ADDRESS,
    AGGREGATED_ORDER,
    BACKWARDS,
    OPERATION1,
    ORDER,
    Fsm,
    new,
    problem,
)


def test_STEP_9_work_order_update_writes_every_field_of_its_input(sim_fsm: Fsm) -> None:
    written: dict[str, Json] = {
        "externalParentCode": "EXT-100",
        "typeCode": "WOT2",
        "urgencyCode": "U2",
        "workCenterCode": "WC2",
        "aggregateCardinalityCode": "cardinality2",
        "startDate": "2023-11-21T08:00:00.000Z",
        "endDate": "2023-12-30T17:00:00.000Z",
        "description": "Renew both risers",
        "aggregateDuration": 240,
        "notes": "Key at the office",
        "appointmentStartDate": "2023-11-22T08:00:00.000Z",
        "appointmentEndDate": "2023-11-22T10:00:00.000Z",
        "extension": {"myFieldName": "myValue"},
    }
    before = sim_fsm.record(AGGREGATED_ORDER)

    assert sim_fsm.patch(written, order=AGGREGATED_ORDER).status_code == 204

    assert sim_fsm.effects() == [{"n": 1, "order": AGGREGATED_ORDER, "kind": "updated", "detail": written}]
    assert sim_fsm.record(AGGREGATED_ORDER) == before | written


def test_STEP_9_fails_where_the_order_would_end_before_it_starts(sim_fsm: Fsm) -> None:
    expected = (400, "IA005_015", "Work order could not be updated: endDate must not be before startDate")

    assert problem(sim_fsm.patch(BACKWARDS)) == expected
    assert problem(sim_fsm.patch({"endDate": "2023-11-20T09:00:00.000+02:00"})) == expected
    assert sim_fsm.effects() == []


def test_STEP_9_takes_an_order_that_ends_when_it_starts(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch({"endDate": "2023-11-20T10:00:00.000+02:00"}).status_code == 204
    assert sim_fsm.record()["endDate"] == "2023-11-20T08:00:00.000Z"


def test_STEP_9_is_skipped_if_every_field_inside_workOrder_is_absent(sim_fsm: Fsm) -> None:
    sim_fsm.set(fail_step=9)

    assert sim_fsm.patch(operations=[new(OPERATION1, description="d")]).status_code == 204
    assert sim_fsm.patch({"externalCode": "EXT-223"}).status_code == 204

    assert sim_fsm.kinds() == ["operations_updated"]


def test_STEP_10_work_order_operation_existence_decides_between_creation_and_update(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch(operations=[new(OPERATION1, description="d")]).status_code == 204
    assert sim_fsm.patch(operations=[new(2, description="d")]).status_code == 204

    assert sim_fsm.kinds() == ["operations_updated", "operations_created"]


def test_STEP_10_of_a_mix_the_new_are_created_and_the_others_ignored(sim_fsm: Fsm) -> None:
    """Step 12 ends the elaboration: the update of the operation that exists is not made, and nobody says so."""
    before = sim_fsm.operations()

    assert (
        sim_fsm.patch(operations=[new(OPERATION1, description="ignored"), new(2, description="made")]).status_code
        == 204
    )

    assert sim_fsm.effects() == [
        {
            "n": 1,
            "order": ORDER,
            "kind": "operations_created",
            "detail": {
                "operations": [{"executionOrder": 2, "description": "made"}],
                "addressIds": [500],
                "ignored": [OPERATION1],
            },
        }
    ]
    assert sim_fsm.operations()[:1] == before


def test_STEP_11_activity_address_creation(sim_fsm: Fsm) -> None:
    address: dict[str, Json] = {**ADDRESS, "countryIsoAlphaCode": "IT", "extension": {"gate": "green"}}

    assert sim_fsm.patch(operations=[new(2, activityAddress=address), new(3)]).status_code == 204

    assert sim_fsm.kinds() == ["addresses_created", "operations_created"]
    assert sim_fsm.details()[0] == {"addresses": [address]}
    assert [one["activityAddress"] for one in sim_fsm.operations()] == [None, address, None]


@pytest.mark.parametrize("country", ["I", "ITAL", "I7", ""])
def test_STEP_11_fails_for_a_country_of_other_than_2_or_3_letters(sim_fsm: Fsm, country: str) -> None:
    answer = sim_fsm.patch({"notes": "n"}, [new(2, activityAddress={"countryIsoAlphaCode": country})])

    assert problem(answer) == (
        400,
        "IA002_005",
        f"Activity address could not be created: countryIsoAlphaCode {country} is not an acronym of 2 or 3 letters",
    )
    assert sim_fsm.kinds() == ["updated"]


@pytest.mark.parametrize("members", [{}, {"activityAddress": None}])
def test_STEP_11_is_skipped_if_activityAddress_is_absent(sim_fsm: Fsm, members: dict[str, Json]) -> None:
    sim_fsm.set(fail_step=11)

    assert sim_fsm.patch(operations=[new(2, **members)]).status_code == 204

    assert sim_fsm.kinds() == ["operations_created"]
