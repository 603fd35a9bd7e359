"""Bodies that are no request of the document: what is said of them, and that nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.vendors.overit.simulator_requests import CANCELLATION, PATH, Fsm, problem

NAMED = b'"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223"}'
NO_JSON = "Request body is not valid JSON: "


@dataclass(frozen=True, kw_only=True)
class Bad:
    id: str
    body: bytes
    says: str
    """What the detail begins with."""


BAD = [
    Bad(id="empty", body=b"", says=NO_JSON),
    Bad(id="cut", body=b'{"workOrder": {', says=NO_JSON),
    Bad(id="latin", body=b'{"workOrder": {"code": "\xe9"}}', says=NO_JSON),
    Bad(id="NaN", body=b'{"workOrder": NaN}', says=NO_JSON),
    Bad(id="half-a-surrogate", body=b'{"workOrder": {"notes": "\\ud800"}}', says=NO_JSON),
    Bad(id="deep", body=b"[" * 100_000, says=NO_JSON),
    Bad(id="list", body=b"[]", says="Request body must be a JSON object"),
    Bad(id="null", body=b"null", says="Request body must be a JSON object"),
    Bad(id="no-workOrder", body=b"{}", says="workOrder must be an object"),
    Bad(id="workOrder-list", body=b'{"workOrder": []}', says="workOrder must be an object"),
    Bad(id="operations-object", body=b'{%s, "operations": {}}' % NAMED, says="operations must be a list"),
    Bad(id="operations-null", body=b'{%s, "operations": null}' % NAMED, says="operations must be a list"),
    Bad(id="operation-text", body=b'{%s, "operations": ["1"]}' % NAMED, says="operations[0] must be an object"),
    Bad(id="unknown", body=b'{%s, "operation": []}' % NAMED, says="operation is not known"),
    Bad(
        id="unknown-of-workOrder",
        body=b'{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223", "statusCode": "CLOSED"}}',
        says="workOrder.statusCode is not known",
    ),
    Bad(
        id="flat-extension",
        body=b'{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223", "extension.a": 1}}',
        says="workOrder.extension.a is not known",
    ),
    Bad(
        id="extension-null",
        body=b'{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223", "extension": null}}',
        says="workOrder.extension must be an object",
    ),
    Bad(
        id="unknown-of-operation",
        body=b'{%s, "operations": [{"executionOrder": 1}, {"executionOrder": 1, "status": 1}]}' % NAMED,
        says="operations[1].status is not known",
    ),
    Bad(
        id="33-bits",
        body=b'{%s, "operations": [{"executionOrder": 2147483648}]}' % NAMED,
        says="operations[0].executionOrder must be a number of 32 bits",
    ),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_a_body_that_is_no_request_is_refused_and_named(sim_shared_fsm: Fsm, case: Bad) -> None:
    status, code, detail = problem(sim_shared_fsm.send(case.body))

    assert (status, code) == (400, "IA000_001")
    assert detail.startswith(case.says)
    assert sim_shared_fsm.effects() == []


def test_a_body_of_more_than_a_megabyte_is_not_read(sim_shared_fsm: Fsm) -> None:
    assert sim_shared_fsm.send(b" " * 1_048_577).status_code == 413


@pytest.mark.parametrize("media_type", ["text/json", "application/merge-patch+json", ""])
def test_another_media_type_is_415(sim_shared_fsm: Fsm, media_type: str) -> None:
    answer = sim_shared_fsm.send(b"{%s}" % NAMED, Content_Type=media_type)

    assert problem(answer) == (415, "IA000_003", f"Content type {media_type or '(none)'} is not supported")


def test_a_charset_beside_the_media_type_is_taken(sim_shared_fsm: Fsm) -> None:
    assert sim_shared_fsm.send(b"{%s}" % NAMED, Content_Type="Application/JSON; charset=utf-8").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/integration/work-orders/r1/work-orders", "PATCH"),
        ("GET", "/integration/work-orders/r1/work-orders", "PATCH"),
        ("PATCH", "/integration/work-orders/r1/work-orders/cancellation", "POST"),
        ("PATCH", "/work-orders/r1/work-orders", "GET"),
    ],
)
def test_another_method_is_405_and_says_which_is_allowed(
    sim_shared_fsm: Fsm, method: str, path: str, allowed: str
) -> None:
    answer = sim_shared_fsm.send(b"{}", path=path, method=method)

    assert problem(answer) == (405, "IA000_003", f"Method {method} is not supported")
    assert answer.headers["allow"] == allowed


def test_another_path_is_404(sim_shared_fsm: Fsm) -> None:
    answer = sim_shared_fsm.send(b"{}", path="/integration/work-orders/r2/work-orders")

    assert problem(answer) == (404, "IA000_003", "No resource at /integration/work-orders/r2/work-orders")
    assert answer.json()["instance"] == "/integration/work-orders/r2/work-orders"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer other-token", "Basic sandbox-token", "sandbox-token", "Bearer sandbox-token x"]
)
@pytest.mark.parametrize("body", [b"{%s}" % NAMED, b"{", b""], ids=["good", "bad", "empty"])
def test_a_token_that_is_absent_or_wrong_is_400_before_anything_else(
    sim_shared_fsm: Fsm, header: str, body: bytes
) -> None:
    """ "400, not 401 or 403" (dossier 4.5)."""
    answer = sim_shared_fsm.send(body, Authorization=header)

    assert problem(answer) == (400, "IA000_002", "Access token is absent or not valid")


@pytest.mark.parametrize(
    ("method", "path", "token", "missing"),
    [
        ("PATCH", PATH, "readonly-token", "fsm.core.workorder.edit"),
        ("PATCH", PATH, "no-configuration-token", "fsm.core.workorder.configuration.view"),
        ("PATCH", PATH, "no-technical-object-token", "fsm.core.technicalobject.facility.view"),
        ("POST", CANCELLATION, "readonly-token", "fsm.core.workorder.edit"),
    ],
)
@pytest.mark.parametrize("body", [b"{%s}" % NAMED, b"{"], ids=["good", "bad"])
def test_a_token_without_a_permission_is_400_before_the_body_is_looked_at(
    sim_shared_fsm: Fsm, method: str, path: str, token: str, missing: str, body: bytes
) -> None:
    answer = sim_shared_fsm.send(body, path=path, method=method, Authorization=f"Bearer {token}")

    assert problem(answer) == (400, "IA000_002", f"Missing permission {missing}")
    assert sim_shared_fsm.effects() == []


@pytest.mark.parametrize("token", ["no-configuration-token", "no-technical-object-token"])
def test_a_cancellation_needs_the_permission_to_edit_alone(sim_fsm: Fsm, token: str) -> None:
    answer = sim_fsm.send(b"{%s}" % NAMED, path=CANCELLATION, method="POST", Authorization=f"Bearer {token}")

    assert (answer.status_code, sim_fsm.kinds()) == (204, ["status_change"])
