"""Scrapes of /metrics as tests read them: every sample by its name and labels."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

Scrape = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Scrape:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(api: httpx.AsyncClient, **headers: str) -> Scrape:
    answer = await api.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def value(of: Scrape, name: str, **labels: str) -> float:
    """The one sample with exactly these labels."""
    return of[name, frozenset(labels.items())]
