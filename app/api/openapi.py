"""The OpenAPI document: what FastAPI makes of the routes, finished with what it cannot say itself.

FastAPI drops every `null` from an example, calls optional parameters nullable, and puts each problem under a second media
type; examples therefore stand in `examples.py` and go in here, at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app.api.component_texts import COMPONENTS, MEMBERS
from app.api.contract_texts import EXAMPLES, SECURITY
from app.api.documented import CACHE_CONTROL, PROBLEM_CODES
from app.api.examples import ANSWERS, PARAMETERS, REQUESTS, problem_example
from app.api.heads import HeadersTooLarge
from app.api.named_schemas import name_schemas, without_member_titles
from app.api.order_bodies import WorkOrderIn, WorkOrderPatch
from app.api.order_schemas import put_order_schemas, without_null_defaults
from app.api.problems import PROBLEM_JSON, kept_by_nobody
from app.domain.errors import ERRORS, MethodNotAllowed

Node = dict[str, Any]
"""An object of the document."""

JSON = "application/json"
REQUEST_ID = "X-Request-Id"
REQUEST_ID_HEADER: dict[str, Any] = {
    "description": "Names this request in our logs: the X-Request-Id that you sent, or one of our making.",
    "schema": {"type": "string"},
}

SERVERS: list[Node] = [{"url": "/", "description": "The gateway that this document comes from."}]
"""Not the public URL: the document is the same wherever it is made, and works behind a proxy that adds a path."""
INFO: Node = {
    "contact": {"name": "The operator of this gateway"},
    "license": {"name": "MIT", "identifier": "MIT"},
}

HEADERS_TOO_LARGE = "headers-too-large"
"""An example of its own: that of its code has another status."""

UNDESCRIBED = "Successful Response"
FRAMEWORK = ("HTTPValidationError", "ValidationError")

CONDITION = "If-Match"
"""The header that no example may fill in: no order has the tag of an example."""

BODIES = {
    "createWorkOrder": WorkOrderIn.__name__,
    "putWorkOrder": WorkOrderIn.__name__,
    "patchWorkOrder": WorkOrderPatch.__name__,
}
"""The bodies that a route takes as they come: what a backend cannot do at all is told before their shape is."""


class DocumentedApp(FastAPI):
    """A FastAPI app whose `openapi()` is the finished document."""

    _finished: Node | None = None

    def openapi(self) -> Node:
        document = super().openapi()
        if document is not self._finished:
            finish(document)
            # Read back as a document of its own: no object in it stands in two places, which YAML would show as an alias.
            document = json.loads(json.dumps(document))
            self._finished = self.openapi_schema = document
        return document


def finish(document: Node) -> None:
    """Complete the document in place."""
    _without_the_frameworks_own(document)
    components = document["components"]
    put_order_schemas(components["schemas"])
    without_null_defaults(components["schemas"])
    _tell(components["schemas"])
    without_member_titles(document)
    name_schemas(document)
    for scheme in components["securitySchemes"].values():
        scheme["description"] = SECURITY
    components["headers"] = {REQUEST_ID: REQUEST_ID_HEADER}
    components["examples"] = {
        code: {"summary": kind.title, "value": problem_example(kind)}
        for code, kind in ERRORS.items()
        if kind is not MethodNotAllowed  # which no operation answers: it is what all others are
    }
    too_large = {"summary": HeadersTooLarge.title, "value": problem_example(HeadersTooLarge)}
    components["examples"][HEADERS_TOO_LARGE] = too_large
    document["servers"] = SERVERS
    document["info"].update(INFO)
    for operation in _operations(document):
        name = operation["operationId"]
        operation.setdefault("security", [])
        if name in EXAMPLES:
            operation["description"] += f"\n\n{EXAMPLES[name]}"
        for parameter in operation.get("parameters", []):
            parameter["schema"] = _not_nullable(parameter["schema"])
            _exemplify(parameter, PARAMETERS.get(name, {}))
        if name in BODIES:
            for content in operation["requestBody"]["content"].values():
                content["schema"] = {"$ref": f"#/components/schemas/{BODIES[name]}"}
        if name in REQUESTS:
            for content in operation["requestBody"]["content"].values():
                content["example"] = REQUESTS[name]
        for status, answer in operation["responses"].items():
            _describe(answer, components["schemas"])
            answer.setdefault("headers", {})[REQUEST_ID] = {"$ref": f"#/components/headers/{REQUEST_ID}"}
            if PROBLEM_JSON in answer.get("content", {}) and kept_by_nobody(int(status)):
                answer["headers"].update(CACHE_CONTROL)
            _with_problems(answer)
            if (name, status) in ANSWERS:
                answer["content"][JSON]["example"] = ANSWERS[name, status]
        answers = {**operation["responses"], str(HeadersTooLarge.status): _headers_too_large()}
        operation["responses"] = {status: answers[status] for status in sorted(answers)}


def _headers_too_large() -> Node:
    """What any call may be answered before it is one."""
    return {
        "description": f"{HeadersTooLarge.code}: The headers are too many or too long",
        "headers": {REQUEST_ID: {"$ref": f"#/components/headers/{REQUEST_ID}"}},
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {HeadersTooLarge.code: {"$ref": f"#/components/examples/{HEADERS_TOO_LARGE}"}},
            }
        },
    }


def _without_the_frameworks_own(document: Node) -> None:
    """Drop the 422 that FastAPI gives to each route with a parameter that says of none itself: any text will do there."""
    for operation in _operations(document):
        answer = operation["responses"].get("422", {}).get("content", {}).get(JSON, {})
        if answer.get("schema", {}).get("$ref", "").endswith(FRAMEWORK[0]):
            del operation["responses"]["422"]
    for name in FRAMEWORK:
        document["components"]["schemas"].pop(name, None)


def _tell(schemas: Node) -> None:
    """The texts of `component_texts.py`, and for a problem's code the codes that there are today."""
    for name, text in COMPONENTS.items():
        schemas[name]["description"] = text
    for place, text in MEMBERS.items():
        name, _, member = place.partition(".")
        schemas[name]["properties"][member]["description"] = text
    code: Node = schemas["Problem"]["properties"]["code"]
    code["examples"] = code.pop("x-extensible-enum")


def _exemplify(parameter: Node, examples: Node) -> None:
    """The example that goes with the operation's others. Swagger UI fills it in and sends it, as a person would have.

    So what narrows a list or loosens a read keeps its examples in the schema, where they are shown and not filled in.
    """
    name, schema = parameter["name"], parameter["schema"]
    if name in examples:
        schema.pop("examples", None)
        parameter["example"] = examples[name]
    elif parameter["in"] == "path" and "examples" in schema:
        parameter["example"] = schema.pop("examples")[0]
    elif name == CONDITION:
        parameter.pop("example", None)


def _operations(document: Node) -> Iterator[Node]:
    for path in document["paths"].values():
        yield from path.values()


def _describe(answer: Node, schemas: Node) -> None:
    """What is answered, in the words of its schema, where the route says no more of it than FastAPI does for all."""
    if answer["description"] != UNDESCRIBED:
        return
    name = answer["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
    answer["description"] = schemas[name]["description"].partition("\n")[0]


def _with_problems(answer: Node) -> None:
    """An example for each code that this answer may carry, and no other media type than that of problems."""
    content = answer.get("content", {})
    if PROBLEM_JSON not in content:
        return
    problem = content[PROBLEM_JSON]
    if content.get(JSON, {}).get("schema") == problem["schema"]:
        del content[JSON]
    example = problem.pop("example", None)
    codes: list[str] = answer.pop(PROBLEM_CODES, [example["code"]] if example else [])
    if codes:
        problem["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}


def _not_nullable(schema: Node) -> Node:
    """A parameter is there or not: it cannot be null."""
    arms = [arm for arm in schema.get("anyOf", []) if arm != {"type": "null"}]
    if len(arms) != 1:
        return schema
    return {**arms[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
