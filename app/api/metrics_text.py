"""Samples as Prometheus reads them, written by prometheus-client; imported at the first scrape, since it takes a while."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.api.metrics_families import FAMILIES, Family
from app.api.metrics_values import Sample, Times, Values

AnyFamily = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class _Values(Collector):
    """The values of one scrape, as prometheus-client asks for them."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterator[AnyFamily]:
        for family in FAMILIES:
            if family in self._values:
                yield _written(family, self._values[family])


def written(values: Values, *, accept: str) -> tuple[bytes, str]:
    """The body in the format that the Accept header asks for (OpenMetrics or text), and its Content-Type."""
    registry = CollectorRegistry()
    registry.register(_Values(values))
    ProcessCollector(registry=registry)
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def _written(family: Family, samples: list[Sample]) -> AnyFamily:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for sample in samples:
            assert isinstance(sample.value, Times)
            histogram.add_metric(sample.labels, list(sample.value.buckets), sample.value.total_s)
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    plain: CounterMetricFamily | GaugeMetricFamily = kind(family.name, family.help, labels=family.labels)
    for sample in samples:
        assert not isinstance(sample.value, Times)
        plain.add_metric(sample.labels, sample.value)
    return plain
