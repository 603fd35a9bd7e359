"""The document's own examples: as printed they break its table of fields; completed, they are carried out."""

from __future__ import annotations

import json

import pytest

from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import OPERATION1, ORDER, PARENT, SAMPLES, Fsm, problem

UPDATE_ONE_FIELD = (SAMPLES / "update_one_field.json").read_bytes()
UPDATE_TWO_FIELDS = (SAMPLES / "update_two_fields_of_an_operation.json").read_bytes()
ADD_AN_OPERATION = (SAMPLES / "add_an_operation.json").read_bytes()
RESPONSE = (SAMPLES / "response.json").read_bytes()

EXTENSION = {"myFieldName": "myValue"}


def completed(example: bytes) -> bytes:
    """With the externalSystemCode that the table asks for, and nothing else changed."""
    return example.replace(b'"code": "WO00', b'"externalSystemCode": "ORDERBRIDGE",\n    "code": "WO00', 1)


@pytest.mark.parametrize("example", [UPDATE_ONE_FIELD, ADD_AN_OPERATION], ids=["update_one_field", "add_an_operation"])
def test_the_example_as_printed_lacks_externalSystemCode(sim_fsm: Fsm, example: bytes) -> None:
    assert problem(sim_fsm.send(example)) == (400, "IA000_001", "workOrder.externalSystemCode must be present")
    assert sim_fsm.effects() == []


def test_the_example_update_two_fields_as_printed_is_not_even_JSON(sim_fsm: Fsm) -> None:
    status, code, detail = problem(sim_fsm.send(UPDATE_TWO_FIELDS))

    assert (status, code) == (400, "IA000_001")
    assert detail.startswith("Request body is not valid JSON: ")
    assert sim_fsm.effects() == []


def test_the_example_update_two_fields_without_its_comma_lacks_executionOrder(sim_fsm: Fsm) -> None:
    without_comma = completed(UPDATE_TWO_FIELDS).replace(b'106Z",\n    }', b'106Z"\n    }')

    answer = sim_fsm.send(without_comma)

    assert problem(answer) == (400, "IA000_001", "operations[0].executionOrder must be present")


def test_the_example_update_one_field_completed(sim_fsm: Fsm) -> None:
    before = sim_fsm.record()

    answer = sim_fsm.send(completed(UPDATE_ONE_FIELD))

    assert (answer.status_code, answer.content) == (204, b"")
    assert sim_fsm.record() == before | {"notes": "new note of the wo", "extension": EXTENSION}
    assert sim_fsm.effects() == [
        {
            "n": 1,
            "order": ORDER,
            "kind": "updated",
            "detail": {"extension": EXTENSION, "notes": "new note of the wo"},
        }
    ]


def test_the_example_update_two_fields_completed(sim_fsm: Fsm) -> None:
    ended = completed(UPDATE_TWO_FIELDS).replace(b'106Z",\n    }', b'106Z",\n      "executionOrder": 10\n    }')
    (before,) = sim_fsm.operations()

    assert sim_fsm.send(ended).status_code == 204

    dates: dict[str, Json] = {"startDate": "2023-12-20T14:44:47.106Z", "endDate": "2023-12-20T14:54:47.106Z"}
    assert sim_fsm.operations() == [before | dates | {"extension": EXTENSION}]
    assert [(effect["kind"], effect["detail"]) for effect in sim_fsm.effects()] == [
        ("updated", {"extension": EXTENSION}),
        (
            "operations_updated",
            {
                "operations": [{"extension": EXTENSION, **dates, "executionOrder": OPERATION1}],
                "ignored_members": ["operations[0].code"],
            },
        ),
    ]


@pytest.mark.parametrize("order", [ORDER, PARENT])
def test_the_example_add_an_operation_completed_adds_where_its_executionOrder_is_free(sim_fsm: Fsm, order: str) -> None:
    assert sim_fsm.send(completed(ADD_AN_OPERATION).replace(b"WO00223", order.encode())).status_code == 204

    assert sim_fsm.kinds(order) == ["updated", "operations_created"]
    assert sim_fsm.operations(order)[-1] == {
        "id": 3,
        "code": "newOperation",
        "executionOrder": 1,
        "cardinalityCode": "cardinality1",
        "typeCode": "opType1",
        "accountCode": "account_4",
        "assetCode": None,
        "defaultDuration": 60,
        "currentDuration": 10,
        "description": "description of the operation",
        "startDate": "2023-11-20T14:44:47.106Z",
        "endDate": "2023-11-20T14:54:47.106Z",
        "operationNote": "note of the operation",
        "statusCode": "OPEN",
        "activityAddress": None,
        "extension": EXTENSION,
    }


def test_the_example_add_an_operation_completed_updates_where_its_executionOrder_is_taken(sim_fsm: Fsm) -> None:
    taken = completed(ADD_AN_OPERATION).replace(b'"executionOrder": 1', b'"executionOrder": %d' % OPERATION1)

    assert sim_fsm.send(taken).status_code == 204

    (only,) = sim_fsm.operations()
    assert (only["code"], only["description"]) == ("operation1", "description of the operation")
    assert sim_fsm.kinds() == ["updated", "operations_updated"]


def test_the_response_example_member_for_member(sim_fsm: Fsm) -> None:
    answer = sim_fsm.patch({"notes": "n"}, system="string")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(answer.json().items()) == list(json.loads(RESPONSE).items())
    assert json.dumps(answer.json(), indent=2).encode() == RESPONSE
