"""The OpenAPI document: whole, true to its own examples, and telling everything that a caller has to know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api.order_schemas import FIRST, LAST
from app.domain.clients import SCOPES
from app.domain.errors import ERRORS
from app.domain.work_orders import MEMBERS
from app.main import create_app
from app.settings import configured
from tests.api.routes.contract import PROBLEM_JSON, examples_of
from tests.api.routes.document_schema import faults, resolved
from tests.gateway import CX

Document = dict[str, Any]
Operation = dict[str, Any]

PUBLIC = {"createToken", "getJwks", "listProblems", "getProblem", "getLiveness", "getReadiness"}
OTHER_FAILURES = {
    ("createToken", "400"): ["application/json", PROBLEM_JSON],  # RFC 6749's own shape, unless it cannot be read at all
    ("createToken", "401"): ["application/json"],
    ("getReadiness", "503"): ["application/json"],
}
WRITES = {"createWorkOrder", "patchWorkOrder", "putWorkOrder", "deleteWorkOrder", "createStatusUpdate"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    section = {**CX.sandbox.section("http://127.0.0.1:9"), "wsdl": "vendored"}
    settings = {
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "database": {"url": "sqlite:///unused.db"},
        "backends": {"civica-cx": section},
    }
    return create_app(configured(settings, folder=tmp_path_factory.mktemp("unused"))).openapi()


def operations(document: Document) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(inner)


def test_it_is_openapi_3_1_with_a_title_a_version_and_nothing_unknown_at_the_top(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document.keys() <= {"openapi", "info", "servers", "paths", "components", "security", "tags"}
    assert document["info"].keys() >= {"title", "version", "description"}


def test_every_reference_leads_somewhere(document: Document) -> None:
    references = [
        node["$ref"] for node in nodes(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)
    ]
    assert references
    for reference in references:
        assert resolved(reference, document)


def test_every_component_is_used(document: Document) -> None:
    used = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    made = {
        f"#/components/{kind}/{name}"
        for kind, components in document["components"].items()
        for name in components
        if kind not in ("securitySchemes", "examples")
    }
    assert made - used == set()


def test_every_operation_has_an_id_of_its_own_in_camel_case(document: Document) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert [each for each in ids if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", each)] == []
    assert len(set(ids)) == len(ids)


def test_every_operation_says_what_it_is_for(document: Document) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert len(operation["description"]) > 20, (method, path)
        assert len(operation["tags"]) == 1, (method, path)
        assert set(operation["tags"]) <= tags, (method, path)


def test_every_tag_is_used_and_described(document: Document) -> None:
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])


def test_every_request_body_and_every_success_has_an_example(document: Document) -> None:
    without: list[str] = []
    for _, _, operation in operations(document):
        answers = {
            status: answer for status, answer in operation["responses"].items() if status in ("200", "201", "202")
        }
        bodies = [("request", operation["requestBody"])] if "requestBody" in operation else []
        for where, body in [*bodies, *answers.items()]:
            contents = [content for media, content in body["content"].items() if media != "text/html"]
            without += [f"{operation['operationId']} {where}" for content in contents if "example" not in content]
    assert without == []


def test_every_example_fits_its_schema(document: Document) -> None:
    examples = examples_of(document)
    assert len(examples) > 100
    assert {
        place: list(found) for place, value, schema in examples if (found := list(faults(value, schema, document)))
    } == {}


def test_every_parameter_is_described_or_named_by_its_values(document: Document) -> None:
    for _, path, operation in operations(document):
        for parameter in operation.get("parameters", []):
            told = "description" in parameter or "$ref" in parameter["schema"]
            assert told or parameter["name"] == "code", (path, parameter["name"])
            assert "anyOf" not in parameter["schema"], (path, parameter["name"])


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_write_declares_its_headers(document: Document, name: str) -> None:
    method, operation = next((m, each) for m, _, each in operations(document) if each["operationId"] == name)
    required = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "header"}
    conditional = {} if method == "post" else {"If-Match": False}
    if method == "put":
        conditional["If-None-Match"] = False
    assert required == {"Idempotency-Key": method in ("post", "patch"), "Prefer": False, **conditional}
    headers = {"Operation-Id", "Location", "Idempotent-Replayed", "Preference-Applied", "X-Request-Id"}
    for status, answer in operation["responses"].items():
        if status in ("200", "201", "202", "409", "422"):
            assert answer["headers"].keys() >= headers, status
    assert "Retry-After" in operation["responses"]["202"]["headers"]


def test_a_write_says_where_the_order_is_that_it_made_and_else_where_its_operation_is(document: Document) -> None:
    told = {
        (operation["operationId"], status): answer["headers"]["Location"]["description"]
        for _, _, operation in operations(document)
        if operation["operationId"] in WRITES
        for status, answer in operation["responses"].items()
        if status in ("200", "201", "202")
    }
    making = {("createWorkOrder", "201"), ("putWorkOrder", "201")}
    assert {place for place, text in told.items() if text == "Where the order can be read."} == making
    assert {text for place, text in told.items() if place not in making} == {"Where the operation can be read."}


def test_reading_an_order_declares_its_tag_and_that_it_may_be_unchanged(document: Document) -> None:
    operation = document["paths"]["/v1/backends/{backend}/work-orders/{number}"]["get"]
    assert {p["name"] for p in operation["parameters"] if p["in"] == "header"} == {"Cache-Control", "If-None-Match"}
    assert "ETag" in operation["responses"]["200"]["headers"]
    assert "ETag" in operation["responses"]["304"]["headers"]
    assert "content" not in operation["responses"]["304"]


def test_whatever_is_not_public_asks_for_one_scope(document: Document) -> None:
    scopes = {operation["operationId"]: operation.get("security", []) for _, _, operation in operations(document)}
    assert {name for name, security in scopes.items() if not security} == PUBLIC
    asked = [security for name, security in scopes.items() if name not in PUBLIC]
    assert all(len(security) == 1 and len(security[0]["oauth2"]) == 1 for security in asked)
    assert {security[0]["oauth2"][0] for security in asked} <= set(SCOPES)
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert (flow["tokenUrl"], flow["scopes"]) == ("/oauth/token", SCOPES)


def test_every_failure_is_a_typed_problem_and_never_the_frameworks_own(document: Document) -> None:
    assert {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys() == set()
    for _, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "23":
                continue
            assert list(answer["content"]) == OTHER_FAILURES.get((operation["operationId"], status), [PROBLEM_JSON])
            if PROBLEM_JSON in answer["content"]:
                assert answer["content"][PROBLEM_JSON]["schema"] == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_code_is_in_the_document(document: Document, code: str) -> None:
    known = document["components"]["schemas"]["Problem"]["properties"]["code"]["examples"]
    assert code in known
    if code != "method-not-allowed":  # what no operation answers
        assert document["components"]["examples"][code]["value"]["code"] == code


def test_every_answer_carries_the_request_id(document: Document) -> None:
    answers = [answer for _, _, operation in operations(document) for answer in operation["responses"].values()]
    assert all("X-Request-Id" in answer["headers"] for answer in answers)


def test_any_call_may_be_told_that_its_headers_are_too_large(document: Document) -> None:
    for _, _, operation in operations(document):
        [content] = operation["responses"]["431"]["content"].values()
        [example] = [resolved(each["$ref"], document)["value"] for each in content["examples"].values()]
        assert (example["status"], example["code"]) == (431, "malformed-request")


def test_a_body_that_we_read_refuses_members_that_it_does_not_know(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["StatusUpdateIn"]["additionalProperties"] is False
    assert schemas["PreviewIn"]["additionalProperties"] is False
    assert schemas["StatusUpdateIn"]["required"] == ["occurred_at"]


def test_every_component_and_each_of_its_members_is_described(document: Document) -> None:
    # A member that is nothing but a reference is described where that leads.
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if "description" not in schema] == []
    assert [
        f"{name}.{member}"
        for name, schema in schemas.items()
        for member, kind in schema.get("properties", {}).items()
        if "description" not in kind and "$ref" not in kind
    ] == []


def test_no_description_names_a_paper_that_callers_do_not_have(document: Document) -> None:
    told = [node["description"] for node in nodes(document) if isinstance(node, dict) and "description" in node]
    assert [text for text in told if isinstance(text, str) and re.search(r"\w\.md\b|§", text)] == []


def test_an_order_shows_every_canonical_member(document: Document) -> None:
    order = document["components"]["schemas"]["WorkOrder"]["properties"]
    assert list(order) == [*FIRST, *MEMBERS, *LAST]
    assert set(document["components"]["schemas"]["WorkOrderIn"]["properties"]) == {*order, "vendor_code"}
    assert set(document["components"]["schemas"]["WorkOrderPatch"]["properties"]) == {*order, "number"} - {
        *LAST,
        "backend",
    }


def test_a_generated_client_is_not_led_to_send_null_for_what_it_leaves_out(document: Document) -> None:
    members = [node for node in nodes(document["components"]["schemas"]) if isinstance(node, dict)]
    assert [node for node in members if "default" in node and node["default"] is None] == []


def test_every_schema_has_a_type(document: Document) -> None:
    schemas = [
        kind
        for schema in document["components"]["schemas"].values()
        for kind in [schema, *schema.get("properties", {}).values()]
    ]
    assert [kind for kind in schemas if not kind.keys() & {"type", "anyOf", "$ref"}] == []
    contents = [
        content["schema"]
        for _, _, operation in operations(document)
        for body in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in body.get("content", {}).values()
    ]
    assert [schema for schema in contents if not schema.keys() & {"type", "anyOf", "$ref"}] == []


def test_there_are_no_extensions_of_openapi_and_no_example_of_a_condition(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert [name for node in nodes(schemas) if isinstance(node, dict) for name in node if name.startswith("x-")] == []
    for _, _, operation in operations(document):
        assert [name for name in operation if name.startswith("x-")] == []
        assert [p for p in operation.get("parameters", []) if p["name"] == "If-Match" and "example" in p] == []


def test_no_object_stands_in_two_places(document: Document) -> None:
    places = [id(node) for node in nodes(document) if isinstance(node, dict | list) and node]
    assert len(places) == len(set(places))


def test_it_does_not_depend_on_the_machine_or_the_folder(document: Document, tmp_path: Path) -> None:
    assert str(tmp_path.parent) not in str(document)
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_whatever_a_generated_client_has_a_class_for_has_a_name_of_ours(document: Document) -> None:
    contents = [
        (f"{operation['operationId']} {media}", content["schema"])
        for _, _, operation in operations(document)
        for body in (operation.get("requestBody", {}), *operation["responses"].values())
        for media, content in body.get("content", {}).items()
    ]
    assert {place for place, schema in contents if "$ref" not in schema} == {
        "getProblem text/html",
        "listProblems text/html",
        "streamEvents text/event-stream",
    }
    members = {
        f"{name}.{member}": kind
        for name, schema in document["components"]["schemas"].items()
        for member, kind in schema.get("properties", {}).items()
    }
    parts = [
        (place, part)
        for place, kind in members.items()
        for part in (kind, kind.get("items", {}), *kind.get("anyOf", ()))
    ]
    assert [place for place, part in parts if part.get("type") == "object"] == ["VendorRequest.headers"]
    assert [place for place, part in parts if "enum" in part and "anyOf" in members[place]] == []
    assert [place for place, kind in members.items() if "title" in kind] == []
    unions = [
        place for place, kind in members.items() if len([a for a in kind.get("anyOf", ()) if a != {"type": "null"}]) > 1
    ]
    assert unions == []
