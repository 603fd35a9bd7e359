"""The table of everything that `GET /metrics` tells, for docs/observability.md."""

from __future__ import annotations

from collections.abc import Iterator

from app.api.metrics_families import FAMILIES, OF_THE_PROCESS, Family, Whose
from app.commands.reference.markdown import table


def all_metrics() -> str:
    """One row for each metric, by its full name as a query has it."""
    return table(["metric", "labels", "whose", "what it tells"], _rows())


def _rows() -> Iterator[list[str]]:
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield [f"`{_queried(family)}`", labels, family.whose.value, family.help]
    for name, told in OF_THE_PROCESS.items():
        yield [f"`{name}`", "", Whose.process.value, told]


def _queried(family: Family) -> str:
    ending = {"counter": "_total", "gauge": "", "histogram": "_bucket"}[family.kind]
    return family.name + ending
