"""Debian's Prometheus with the configuration and the rules that we ship; only addresses and intervals are changed."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cli.processes import LONG_S, free_ports
from tests.running.gateways import Gateway

SHIPPED = Path(__file__).parents[2] / "deploy/prometheus"


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """A running one."""

    url: str

    def asked(self, query: str) -> list[dict[str, Any]]:
        """The result of a query: each series with its labels and value. Fails where Prometheus takes the query for wrong."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, trust_env=False)
        assert answer.json()["status"] == "success", answer.text
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def number(self, query: str) -> float | None:
        """The only value of a query, if there is one."""
        found = self.asked(query)
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def alerts(self) -> dict[str, str]:
        """The health of each alert's rule, by its name."""
        answer = httpx.get(f"{self.url}/api/v1/rules", params={"type": "alert"}, trust_env=False).json()
        return {rule["name"]: rule["health"] for group in answer["data"]["groups"] for rule in group["rules"]}


@contextmanager
def prometheus(folder: Path, watched: Sequence[Gateway]) -> Iterator[Prometheus]:
    """It scrapes these gateways every second; it ends with the block."""
    found = shutil.which("prometheus")
    assert found is not None, "these tests need prometheus: run `make test-system`, or `apt-get install prometheus`"
    (port,) = free_ports(1)
    text = (SHIPPED / "prometheus.yml").read_text()
    for old, new in (
        (r"_interval: 15s", "_interval: 1s"),
        (r"/etc/prometheus/alerts\.yaml", str(SHIPPED / "alerts.yaml")),
        (r"targets: \[.*\]", f"targets: [{', '.join(f'127.0.0.1:{one.port}' for one in watched)}]"),
    ):
        text, changed = re.subn(old, new, text)
        assert changed, old
    path = folder / "prometheus.yml"
    path.write_text(text)
    options = [
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([found, *options], stderr=log, stdout=log)
    try:
        one = Prometheus(url=f"http://127.0.0.1:{port}")
        _wait_until_it_is_ready(one)
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LONG_S)


def _wait_until_it_is_ready(one: Prometheus) -> None:
    ends = time.monotonic() + LONG_S
    while True:
        try:
            if httpx.get(f"{one.url}/-/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < ends
        time.sleep(0.1)
