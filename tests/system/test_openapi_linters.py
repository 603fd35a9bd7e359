"""openapi.yaml as Spectral and Redocly see it: by their recommended rules and by those of ours, each of which bites."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cli.processes import LONG_S
from tests.system.documented_commands import NODE_TOOLS, ROOT

Document = dict[str, Any]
CONTRACT = ROOT / "openapi.yaml"
ORDER = "/v1/backends/{backend}/work-orders/{number}"


def lint(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    program = [str(NODE_TOOLS / ".bin" / command[0]), *command[1:]]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2 * LONG_S)


def spectral(path: Path) -> list[tuple[str, str]]:
    """The rules that are broken, each with the operation's method where it is about one."""
    done = lint("spectral", "lint", "--ruleset", ".spectral.yaml", "--fail-severity", "hint", "-f", "json", str(path))
    assert done.stdout, done.stderr
    results, _ = json.JSONDecoder().raw_decode(done.stdout)  # a sentence follows
    return [(found["code"], "/".join(map(str, found["path"][1:3]))) for found in results]


def test_spectral_finds_nothing() -> None:
    assert spectral(CONTRACT) == []


def test_redocly_finds_nothing() -> None:
    done = lint("redocly", "lint", "--config", "redocly.yaml", "--format", "json", str(CONTRACT))
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert (done.returncode, report["totals"], report["problems"]) == (
        0,
        {"errors": 0, "warnings": 0, "ignored": 0},
        [],
    )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that a rule of ours is there to find."""

    rule: str
    place: str
    plant: Callable[[Document], object]


def _answer(document: Document, path: str, method: str, status: str) -> Document:
    found: Document = document["paths"][path][method]["responses"][status]
    return found


FAULTS = (
    Fault(
        rule="orderbridge-operation-id-camel-case",
        place="/v1/holds/get",
        plant=lambda document: document["paths"]["/v1/holds"]["get"].update(operationId="holds_list_get"),
    ),
    Fault(
        rule="operation-operationId",
        place="/v1/backends/get",
        plant=lambda document: document["paths"]["/v1/backends"]["get"].pop("operationId"),
    ),
    Fault(
        rule="orderbridge-typed-problem",
        place=f"{ORDER}/get",
        plant=lambda document: _answer(document, ORDER, "get", "504").pop("content"),
    ),
    Fault(
        rule="orderbridge-typed-problem",
        place=f"{ORDER}/put",
        plant=lambda document: _answer(document, ORDER, "put", "412")["content"]["application/problem+json"].update(
            schema={"$ref": "#/components/schemas/Blocked"}
        ),
    ),
    Fault(
        rule="orderbridge-typed-problem",
        place="/oauth/token/post",
        plant=lambda document: _answer(document, "/oauth/token", "post", "429").pop("content"),
    ),
    Fault(
        rule="orderbridge-typed-problem",
        place="/readyz/get",
        plant=lambda document: _answer(document, "/readyz", "get", "500").pop("content"),
    ),
    Fault(
        rule="orderbridge-problem-example",
        place="/v1/operations/get",
        plant=lambda document: _answer(document, "/v1/operations", "get", "503")["content"][
            "application/problem+json"
        ].pop("examples"),
    ),
    Fault(
        rule="orderbridge-answer-example",
        place="/v1/webhooks/post",
        plant=lambda document: _answer(document, "/v1/webhooks", "post", "201")["content"]["application/json"].pop(
            "example"
        ),
    ),
    Fault(
        rule="orderbridge-request-example",
        place=f"{ORDER}/patch",
        plant=lambda document: document["paths"][ORDER]["patch"]["requestBody"]["content"]["application/json"].pop(
            "example"
        ),
    ),
    Fault(
        rule="orderbridge-named-schema",
        place="/livez/get",
        plant=lambda document: _answer(document, "/livez", "get", "200")["content"]["application/json"].update(
            schema={"type": "object"}
        ),
    ),
)


def test_each_rule_of_ours_finds_what_is_planted_for_it(tmp_path: Path) -> None:
    document = yaml.safe_load(CONTRACT.read_text())
    for fault in FAULTS:
        fault.plant(document)
    planted = tmp_path / "planted.json"
    planted.write_text(json.dumps(document))
    found = spectral(planted)
    assert [(fault.rule, fault.place) for fault in FAULTS if (fault.rule, fault.place) not in found] == []
    ours = {rule for rule in yaml.safe_load((ROOT / ".spectral.yaml").read_text())["rules"] if "orderbridge" in rule}
    assert ours == {fault.rule for fault in FAULTS if "orderbridge" in fault.rule}
