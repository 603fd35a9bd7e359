"""`GET /metrics`: what Prometheus scrapes. For inside: a balancer does not pass it on, and it may ask for a token.

What stands in the database is read at the scrape, at most every FRESH_S, so it is the same from every gateway on that
database; what is counted is this process's own.
"""

from __future__ import annotations

import asyncio
import hmac
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI, Request, Response

from app.api.auth import PUBLIC
from app.api.metrics_families import BUILD, DISK_FREE, DISK_SIZE, LEDGER_UP, Family
from app.api.metrics_values import Sample, Values, of_backends, of_ledger, of_tallies
from app.api.requests import strict_router
from app.domain.errors import Unauthenticated
from app.domain.times import SECOND
from app.ledger.gauges import Gauges, look
from app.ledger.store import Store, StoreUnavailable
from app.telemetry.tallies import Tallies
from app.vendors.backends import Backend

FRESH_S = 5

router = strict_router(tags=["health"])


@dataclass(kw_only=True)
class Metrics:
    """One per gateway, on `app.state.metrics`."""

    tallies: Tallies
    store: Store
    backends: Mapping[str, Backend]
    version: str
    token: str | None = field(default=None, repr=False)
    """What a scrape has to bring as `Authorization: Bearer`; None: nothing."""
    disk: Path | None = None
    """Where the database's file is, if it is one."""
    _seen: Gauges | None = field(default=None, init=False)
    _seen_at: int = field(default=0, init=False)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def values(self) -> Values:
        """Every metric as it is now. Without the database, those that are read from it are left out."""
        gauges = await self._gauges()
        now = self.store.now()
        vendors = {name: one.vendor.slug for name, one in self.backends.items()}
        values: dict[Family, list[Sample]] = {
            **of_tallies(self.tallies, vendors),
            **of_backends(self.backends.values(), now=now),
            **(of_ledger(gauges, self.backends, now=now) if gauges is not None else {}),
            LEDGER_UP: [Sample(labels=(), value=float(gauges is not None))],
            BUILD: [Sample(labels=(self.version,), value=1)],
        }
        if self.disk is not None:
            disk = await asyncio.to_thread(shutil.disk_usage, self.disk)
            values[DISK_FREE] = [Sample(labels=(), value=disk.free)]
            values[DISK_SIZE] = [Sample(labels=(), value=disk.total)]
        return values

    async def _gauges(self) -> Gauges | None:
        async with self._looking:  # of several scrapes at once, one asks the database
            if self._seen is None or not 0 <= self.store.now() - self._seen_at < FRESH_S * SECOND:
                try:
                    self._seen = await self.store.read(look())
                except StoreUnavailable:
                    self._seen = None
                self._seen_at = self.store.now()
            return self._seen

    def admit(self, authorization: str) -> None:
        """Raises Unauthenticated."""
        if self.token is None:
            return
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self.token.encode()):
            raise Unauthenticated("The metrics need the token of [telemetry] metrics_token.")


def add_metrics(app: FastAPI, metrics: Metrics) -> None:
    app.state.metrics = metrics
    app.include_router(router)


@router.get("/metrics", include_in_schema=False, dependencies=[PUBLIC], response_class=Response)
async def get_metrics(request: Request) -> Response:
    """For Prometheus, in the text format or, if it asks for it, OpenMetrics."""
    from app.api.metrics_text import written

    metrics: Metrics = request.app.state.metrics
    metrics.admit(request.headers.get("authorization", ""))
    values = await metrics.values()
    body, content_type = await asyncio.to_thread(written, values, accept=request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
