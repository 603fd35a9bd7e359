"""GET_001 to GET_005 of vendor document 002, and the paths, by raw requests."""

from __future__ import annotations

import pytest

from app.vendors.simulation import Json
from tests.vendors.unit4_erpx.simulator_requests import (
    MINIMUM,
    NOT_AUTHORISED,
    PATHS,
    RECORD_123,
    Erp,
    answered,
)

SAMPLE_TARGET = "/v1/projects/work-orders/123?companyId=COMP1"
NOT_FOUND = "The entity of the following parameters [Company: {}, Work order: {}] was not found."


def test_GET_001_user_is_not_authorised(sim_erp: Erp) -> None:
    assert answered(sim_erp.call("GET", SAMPLE_TARGET, client="nobody")) == NOT_AUTHORISED


def test_GET_002_unknown_company_id(sim_erp: Erp) -> None:
    assert answered(sim_erp.call("GET", "/v1/work-orders/123?companyId=COMP9")) == NOT_AUTHORISED


@pytest.mark.parametrize("target", [*PATHS, *(f"{path}/" for path in PATHS), f"{PATHS[0]}?companyId=COMP1"])
def test_GET_003_missing_mandatory_fields(sim_erp: Erp, target: str) -> None:
    answer = sim_erp.call("GET", target)

    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "POST")


@pytest.mark.parametrize(
    ("target", "company", "number"),
    [
        ("/v1/work-orders/999?companyId=COMP1", "COMP1", "999"),
        ("/v1/work-orders/999", "COMP1", "999"),
        ("/v1/work-orders/123?companyId=COMP2", "COMP2", "123"),
        ("/v1/work-orders/a%20b%7Bc%7D", "COMP1", "a b{c}"),
    ],
)
def test_GET_004_work_order_id_does_not_exist(sim_erp: Erp, target: str, company: str, number: str) -> None:
    expected: Json = {"code": 1040, "message": NOT_FOUND.format(company, number)}

    assert answered(sim_erp.call("GET", target)) == (404, expected)


@pytest.mark.parametrize("client", ["sandbox", "readonly"])
@pytest.mark.parametrize(
    "target",
    [SAMPLE_TARGET, "/v1/work-orders/123?companyId=COMP1", "/v1/work-orders/123", "/v1/work-orders/123?companyId="],
)
def test_GET_005_work_order_exists(sim_erp: Erp, target: str, client: str) -> None:
    answer = sim_erp.call("GET", target, client=client)

    assert answered(answer) == (200, RECORD_123)
    assert answer.headers["content-type"] == "application/json"


def test_each_company_has_its_own_work_orders(sim_erp: Erp) -> None:
    sim_erp.post(MINIMUM | {"companyId": "COMP2", "workOrderId": "G1"}).raise_for_status()

    assert sim_erp.call("GET", "/v1/work-orders/G1?companyId=COMP2").json()["companyId"] == "COMP2"
    assert sim_erp.call("GET", "/v1/work-orders/G1?companyId=COMP1").status_code == 404


@pytest.mark.parametrize(
    "target", ["/", "/v1", "/v1/work-order/123", "/v1/projects/123", "/v1/work-orders/1/2", "/v2/work-orders/123"]
)
def test_a_path_that_the_api_lacks_is_not_an_unknown_work_order(sim_erp: Erp, target: str) -> None:
    assert answered(sim_erp.call("GET", target)) == (404, {"statusCode": 404, "message": "Resource not found"})


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_method_that_the_path_lacks_is_a_405_without_a_message(sim_erp: Erp, method: str) -> None:
    answer = sim_erp.call(method, "/v1/work-orders/123", {})

    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "GET, PATCH, DELETE")
