"""The backends of a running gateway: each one vendor system, with its adapter, its rules and its health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from app.domain.admission import Rules
from app.domain.errors import (
    BackendMisconfigured,
    BackendUnavailable,
    CapabilityMissing,
    GatewayError,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.health import Health, seconds_until
from app.domain.maintenance import Maintenance
from app.domain.ports import Capability, VendorAdapter
from app.domain.setbacks import Setbacks
from app.domain.statuses import StatusCode, StatusTable
from app.domain.times import utc_now
from app.domain.work_orders import Observation
from app.telemetry.tallies import Tallies
from app.telemetry.vendor_calls import WatchedAdapter
from app.vendors.vendor import BackendSettings, Connection, StatusFileFault, Vendor

PLACE_WITHIN_S = 5.0
"""How long a read waits for a connection while all that reads may have are busy."""


class Backend:
    """One backend, as long as the gateway runs."""

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        settings: BackendSettings,
        *,
        fresh_s: float,
        tallies: Tallies | None = None,
    ) -> None:
        self.name = name
        self._tallies = tallies
        self.vendor = vendor
        self.settings = settings
        self.health = Health(Maintenance(settings.maintenance, settings.zone))
        self.setbacks = Setbacks()
        """The orders whose own calls fail."""
        self._readers = asyncio.Semaphore(settings.read_places)
        self._fresh_s = fresh_s
        self._adapter: VendorAdapter | None = None
        self.rules = self._rules_for(vendor.statuses)

    @property
    def title(self) -> str:
        return self.settings.title or self.name

    @property
    def settle_s(self) -> float:
        """How long after an attempt's deadline the vendor may still apply it."""
        return self.vendor.settle_s if self.settings.settle_s is None else self.settings.settle_s

    @property
    def adapter(self) -> VendorAdapter:
        assert self._adapter is not None, "connect() comes first"
        return self._adapter

    async def connect(self, *, deadline_s: float, folder: Path, clock: Callable[[], datetime] = utc_now) -> None:
        """Make the adapter; contacts the vendor only where the settings ask for it."""
        link = Connection(backend=self.name, settings=self.settings, deadline_s=deadline_s, folder=folder, clock=clock)
        if _speaks_tls(self.settings):
            from app.vendors.transport_wire import trust  # here, because only a backend needs its libraries

            await asyncio.to_thread(trust)
        try:
            adapter = await self.vendor.connect(link)
        except GatewayError as error:
            error.backend = self.name
            raise
        if self._tallies is not None:
            adapter = WatchedAdapter(adapter, self._tallies, backend=self.name, vendor=self.vendor.slug)
        self._adapter = adapter

    async def read(self, name: str, *, clock: Callable[[], int], dispensable: bool = False) -> Observation:
        """The order as the vendor shows it now, for a caller who waits; what comes of it is noted in `health`.

        A backend that only pauses is asked all the same: the time is the caller's own, and an answer ends the pause. Not
        asked is one in maintenance, nor while our log-in stands refused, before its time: vendors lock users out; nor, for
        a read that is `dispensable`, one whose calls fail too often. Raises WorkOrderNotFound or the vendor's trouble.
        """
        now = clock()
        why_not = self._not_now(now) or self.health.log_in_refused(now)
        if why_not is None and dispensable and self.health.open:
            why_not = BackendUnavailable(self.health.detail, after_s=seconds_until(self.health.next_try, now))
        if why_not is not None:
            raise why_not
        async with self.reading():
            try:
                seen = await self.adapter.read(name)
            except WorkOrderNotFound:
                self.health.well(now=clock())
                raise
            except VendorTrouble as error:
                self.note_read(error, name, now=clock())
                raise
        self.health.well(now=clock())
        return seen

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """A place for a read that is no part of a write. Raises BackendUnavailable."""
        try:
            async with asyncio.timeout(PLACE_WITHIN_S):
                await self._readers.acquire()
        except TimeoutError:
            raise BackendUnavailable("Every connection that reads may have is busy.") from None
        try:
            yield
        finally:
            self._readers.release()

    def shown(self, *, now: int) -> None:
        """Note that an order was read for a write. That ends no pause: the vendor may show orders and still take no writes."""
        if not self.health.paused:
            self.health.well(now=now)

    def note(self, error: VendorTrouble, order: str, *, now: int) -> bool:
        """Note what a call about an order, made for a write, met with. True: it concerns the whole backend, which pauses."""
        if error.of_all:
            self.health.trouble(type(error), error.detail, now=now, after_s=error.after_s)
        elif error.one_call:
            self.health.failed(error.detail, now=now, order=order)
        elif not error.ours:
            self.health.well(now=now)  # it answered
        return error.of_all

    def note_read(self, error: VendorTrouble, order: str, *, now: int) -> None:
        """The same for a caller's read: by itself it pauses a backend only if our log-in is refused or we are asked to wait."""
        if error.of_all and error.after_s is None and not isinstance(error, BackendMisconfigured):
            self.health.failed(error.detail, now=now, order=order)
        else:
            self.note(error, order, now=now)

    def _not_now(self, now: int) -> BackendUnavailable | None:
        window = self.health.maintenance.at(now)
        if window is None:
            return None
        return BackendUnavailable(
            self.health.maintenance.in_words(window, now), after_s=seconds_until(window.ends, now)
        )

    async def close(self) -> None:
        if self._adapter is not None:
            await self._adapter.aclose()

    def use_statuses(self, imported: tuple[StatusCode, ...]) -> None:
        """Take the imported table; without one the vendor's own holds."""
        codes = imported or self.vendor.statuses
        if codes != self.rules.table.rows:
            self.rules = self._rules_for(codes)

    @property
    def can(self) -> list[str]:
        """What the vendor can do, as an answer lists it."""
        return sorted(one.value for one in self.vendor.capabilities)

    def require(self, capability: Capability) -> None:
        """Raise CapabilityMissing, naming what the vendor can do, if it cannot do this."""
        if capability not in self.vendor.capabilities:
            raise CapabilityMissing(
                f"{self.vendor.title} cannot do this: {capability.value}.", backend=self.name, capabilities=self.can
            )

    def _rules_for(self, codes: tuple[StatusCode, ...]) -> Rules:
        workflow = self.vendor.workflow.with_configured(self.settings.transitions)
        return Rules(
            table=StatusTable(rows=codes, workflow=workflow),
            reasons=self.settings.reasons,
            late_reasons=self.settings.late_reasons,
            fresh_s=self._fresh_s,
            rejects_on_hold=self.settings.on_hold == "reject",
            capabilities=tuple(self.can),
        )


def _speaks_tls(settings: BackendSettings) -> bool:
    """Whether any address in the section is an https one: the system's own, or the one that gives tokens."""
    return any(isinstance(value, str) and value.lower().startswith("https:") for _, value in settings)


def read_status_file(path: Path, vendor: Vendor, settings: BackendSettings) -> tuple[StatusCode, ...]:
    """A client's status table from its CSV. Raises StatusFileFault, or OSError for a file that cannot be read."""
    return vendor.read_statuses(path.read_text(encoding="utf-8-sig"), settings.zone)


def seed_statuses(vendor: Vendor, settings: BackendSettings, folder: Path) -> tuple[StatusCode, ...] | None:
    """The table that the setting `statuses` names, for a backend that has none yet; None when it names none."""
    if settings.statuses is None:
        return None
    if settings.statuses == "example" and vendor.example_statuses is not None:
        return read_status_file(vendor.example_statuses, vendor, settings)
    if settings.statuses == "example" and not (folder / settings.statuses).exists():
        raise StatusFileFault([f"there is no such file, and {vendor.title} has no example table"])
    return read_status_file(folder / settings.statuses, vendor, settings)
