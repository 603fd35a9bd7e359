"""The backends of a running gateway: each one vendor system, with its adapter, its rules and its health."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.domain.admission import Rules
from app.domain.errors import BackendMisconfigured, CapabilityMissing, GatewayError
from app.domain.health import Health
from app.domain.ports import Capability, VendorAdapter
from app.domain.statuses import StatusCode, StatusTable
from app.domain.work_orders import Observation
from app.vendors.vendor import BackendSettings, Connection, Vendor


class Backend:
    """One backend, as long as the gateway runs."""

    def __init__(self, name: str, vendor: Vendor, settings: BackendSettings, *, fresh_s: float) -> None:
        self.name = name
        self.vendor = vendor
        self.settings = settings
        self.health = Health()
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

    async def connect(self, *, deadline_s: float, folder: Path) -> None:
        """Make the adapter; contacts the vendor only where the settings ask for it."""
        link = Connection(backend=self.name, settings=self.settings, deadline_s=deadline_s, folder=folder)
        try:
            self._adapter = await self.vendor.connect(link)
        except GatewayError as error:
            error.backend = self.name
            raise

    async def read(self, name: str, *, clock: Callable[[], int]) -> Observation:
        """The order as the vendor shows it now, for a caller who waits; what comes of it is noted in `health`.

        While our log-in stands refused it is not tried again before its time: vendors lock users out. Raises
        WorkOrderNotFound or the vendor's trouble.
        """
        refused = self.health.log_in_refused(clock())
        if refused is not None:
            raise refused
        try:
            seen = await self.adapter.read(name)
        except BackendMisconfigured as error:
            self.health.trouble(BackendMisconfigured, error.detail, now=clock(), after_s=error.after_s)
            raise
        self.health.well(now=clock())
        return seen

    async def close(self) -> None:
        if self._adapter is not None:
            await self._adapter.aclose()

    def use_statuses(self, imported: tuple[StatusCode, ...]) -> None:
        """Take the imported table; without one the vendor's own holds."""
        codes = imported or self.vendor.statuses
        if codes != self.rules.table.rows:
            self.rules = self._rules_for(codes)

    def require(self, capability: Capability) -> None:
        """Raise CapabilityMissing, naming what the vendor can do, if it cannot do this."""
        if capability not in self.vendor.capabilities:
            can = sorted(one.value for one in self.vendor.capabilities)
            raise CapabilityMissing(
                f"{self.vendor.title} cannot do this: {capability.value}.", backend=self.name, capabilities=can
            )

    def _rules_for(self, codes: tuple[StatusCode, ...]) -> Rules:
        workflow = self.vendor.workflow.with_configured(self.settings.transitions)
        return Rules(
            table=StatusTable(rows=codes, workflow=workflow),
            reasons=self.settings.reasons,
            late_reasons=self.settings.late_reasons,
            fresh_s=self._fresh_s,
        )


def read_status_file(path: Path, vendor: Vendor, settings: BackendSettings) -> tuple[StatusCode, ...]:
    """A client's status table from its CSV. Raises StatusFileFault, or OSError for a file that cannot be read."""
    return vendor.read_statuses(path.read_text(encoding="utf-8-sig"), settings.zone)


def seed_statuses(vendor: Vendor, settings: BackendSettings, folder: Path) -> tuple[StatusCode, ...] | None:
    """The table that the setting `statuses` names, for a backend that has none yet; None when it names none."""
    if settings.statuses is None:
        return None
    if settings.statuses == "example" and vendor.example_statuses is not None:
        return read_status_file(vendor.example_statuses, vendor, settings)
    return read_status_file(folder / settings.statuses, vendor, settings)
