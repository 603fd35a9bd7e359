"""docs/api.md: every call with its purpose, its scope, its parameters and its answers, from the committed openapi.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.commands.reference.markdown import block, table
from app.domain.errors import ERRORS

CONTRACT = Path(__file__).parent.parent.parent.parent / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
EVERYWHERE = frozenset(
    {"unauthenticated", "scope-missing", "not-found", "malformed-request", "internal-error", "overloaded"}
)
"""Codes that the page tells of once, for all calls."""

Node = Mapping[str, Any]


def overview() -> str:
    """One table: every call, in the order of the tags."""
    rows = [
        [f"[`{method.upper()} {path}`](#{_anchor(call)})", call["summary"], _scope(call), ", ".join(_successes(call))]
        for _, method, path, call in _calls()
    ]
    return table(["call", "purpose", "scope", "success"], rows)


def calls() -> str:
    """A part for each tag, and in it one for each call."""
    parts, tag = [], ""
    for told, method, path, call in _calls():
        if told["name"] != tag:
            tag = told["name"]
            parts.append(f"## {tag.capitalize()}\n\n{_lines(told['description'])}")
        parts.append("\n\n".join(_part(method, path, call)))
    return "\n\n".join(parts)


@cache
def _document() -> Node:
    document: Node = yaml.load(CONTRACT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return document


def _calls() -> Iterator[tuple[Node, str, str, Node]]:
    """Tag, method, path and call, in the order of the tags and then of the document."""
    for tag in _document()["tags"]:
        for path, item in _document()["paths"].items():
            for method in METHODS:
                if tag["name"] in item.get(method, {}).get("tags", []):
                    yield tag, method, path, item[method]


def _part(method: str, path: str, call: Node) -> Iterator[str]:
    yield f"### {call['summary']}"
    yield f"`{method.upper()} {path}` · scope: {_scope(call)} · operationId `{call['operationId']}`"
    yield _lines(call.get("description", ""))
    rows = [_parameter(_resolved(one)) for one in call.get("parameters", [])]
    if rows:
        yield table(["parameter", "in", "", "what it is"], rows)
    body = _example(_resolved(call.get("requestBody", {})))
    if body is not None:
        yield "Body, for example:\n\n" + block(json.dumps(body, indent=2, ensure_ascii=False), language="json")
    answers = [(status, _answer(status, _resolved(one))) for status, one in sorted(call["responses"].items())]
    yield table(["answer", "what it means"], [[status, told] for status, told in answers if told])


def _parameter(one: Node) -> list[str]:
    needed = "needed" if one.get("required") else ""
    return [f"`{one['name']}`", one["in"], needed, one.get("description", "")]


def _answer(status: str, one: Node) -> str:
    """What a status means: for problems their codes, but for those that every call has. Empty if it has no others."""
    codes = [
        code for content in one.get("content", {}).values() for code in content.get("examples", {}) if code in ERRORS
    ]
    if status == "default" or not codes:
        return str(one["description"]) if status != "default" else ""
    return ", ".join(f"[`{code}`](problems/{code}.md)" for code in codes if code not in EVERYWHERE)


def _example(body: Node) -> object:
    for content in body.get("content", {}).values():
        if "example" in content:
            return content["example"]
        for one in content.get("examples", {}).values():
            return _resolved(one).get("value")
    return None


def _resolved(node: Node) -> Node:
    """The object itself, where a reference stands."""
    if "$ref" in node:
        found = _document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found
    return node


def _scope(call: Node) -> str:
    scopes = [scope for one in call.get("security", []) for wanted in one.values() for scope in wanted]
    return ", ".join(f"`{scope}`" for scope in dict.fromkeys(scopes)) or "none"


def _successes(call: Node) -> Iterator[str]:
    return (status for status in call["responses"] if status[0] in "23")


def _anchor(call: Node) -> str:
    """The fragment of a call's heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", call["summary"].lower()).replace(" ", "-")


def _lines(text: str) -> str:
    """The text with no line beginning by a heading's mark, so that it stays below its own."""
    return re.sub(r"^#+ (.+)$", r"**\1**", text.strip(), flags=re.MULTILINE)
