"""The alerts and the dashboard: every expression is PromQL, names only metrics that there are, and labels that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from app.api.metrics_families import FAMILIES, OF_THE_PROCESS

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/orderbridge.json").read_text())
PAGE = (ROOT / "docs/observability.md").read_text()
ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
LABELS: dict[str, set[str]] = {
    **{family.name + ending: set(family.labels) for family in FAMILIES for ending in ENDINGS[family.kind]},
    **{name: set() for name in OF_THE_PROCESS},
    "up": set(),
}
OF_PROMETHEUS = {"job", "instance", "le"}


@dataclass(frozen=True, kw_only=True)
class Expression:
    id: str
    text: str


def panels() -> Iterator[dict[str, Any]]:
    yield from (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def expressions() -> Iterator[Expression]:
    for rule in RULES:
        yield Expression(id=rule["alert"], text=rule["expr"])
    for panel in panels():
        for target in panel["targets"]:
            yield Expression(id=f"{panel['title']} {target['refId']}", text=target["expr"])
    for annotation in DASHBOARD["annotations"]["list"]:
        yield Expression(id=annotation["name"], text=annotation["expr"])


def filled(text: str) -> str:
    """What Grafana makes of it."""
    return text.replace("$__rate_interval", "1m").replace("$backend", ".*").replace("$job", ".*")


@pytest.mark.parametrize("expression", list(expressions()), ids=lambda one: one.id)
def test_an_expression_is_promql_over_metrics_that_there_are(expression: Expression) -> None:
    text = filled(expression.text)
    promql_parser.parse(text)
    named = set(re.findall(r"\b(?:orderbridge|process)_\w+|\bup\b", text))
    assert named, text
    assert named - set(LABELS) == set()
    matched = set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", text))
    assert matched - OF_PROMETHEUS <= set().union(*(LABELS[name] for name in named))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    page, _, fragment = rule["annotations"]["runbook"].partition("#")
    assert (page, fragment) == ("docs/observability.md", rule["alert"].lower())
    assert re.search(rf"^#+ {rule['alert']}$", PAGE, re.MULTILINE), "it has no section"


def test_no_section_of_the_page_is_of_an_alert_that_is_gone() -> None:
    assert set(re.findall(r"^#+ (Orderbridge[A-Z]\w+)$", PAGE, re.MULTILINE)) == {rule["alert"] for rule in RULES}


def test_every_metric_is_seen_on_the_dashboard() -> None:
    shown = " ".join(expression.text for expression in expressions())
    unseen = {family.name for family in FAMILIES if family.name not in shown}
    assert unseen == set()


def test_the_dashboard_asks_the_data_source_that_is_chosen() -> None:
    assert DASHBOARD["templating"]["list"][0]["type"] == "datasource"
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [target["datasource"]["uid"] for target in panel["targets"]] == ["${datasource}"] * len(panel["targets"])


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
