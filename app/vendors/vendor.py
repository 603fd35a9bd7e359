"""What a vendor's folder says of itself, and the settings that every backend shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

from app.domain.json import JsonValue
from app.domain.maintenance import Window, leave_no_time, parse_window
from app.domain.ports import Capability, VendorAdapter
from app.domain.statuses import StatusCode, Workflow
from app.domain.times import utc_now
from app.vendors.tokens import fits_header

_NO_ADDRESS = "cannot be an address: look for white space, for two dots together, and for a port that is not 1 to 65535"


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port, host = parts.port, (parts.hostname or "").encode("idna")  # as whoever connects will write it
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without user, query or fragment")
    if port == 0 or not value.isprintable() or " " in value:
        raise ValueError(_NO_ADDRESS)
    return value.rstrip("/")


def _as_sent(value: str) -> str:
    """As the wire has it, and so a preview: the host in ASCII, the path with its escapes and no dots."""
    from yarl import URL  # here, because it takes a while to load

    try:
        return str(URL(value)).rstrip("/")
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None


def _token(value: SecretStr) -> SecretStr:
    if not fits_header(value.get_secret_value()):
        raise ValueError("must be visible ASCII characters without spaces, as the header carries it")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone, for example Europe/London")
    return value


def _code(value: object) -> object:
    """A vendor's code is text here; in the file it may be a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _window(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text, like 'sun 02:00-04:00'")
    return parse_window(value)


def _list(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError('must be a list, like ["sun 02:00-04:00"]')
    return value


def _some_time(value: tuple[Window, ...]) -> tuple[Window, ...]:
    if leave_no_time(value):
        raise ValueError("leaves no time in the week in which anything could be sent")
    return value


ReasonCode = Annotated[str, BeforeValidator(_code), StringConstraints(min_length=1, max_length=100)]
HttpAddress = Annotated[str, AfterValidator(_http_url)]
VendorAddress = Annotated[HttpAddress, AfterValidator(_as_sent)]
HeaderToken = Annotated[SecretStr, AfterValidator(_token)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
MaintenanceWindow = Annotated[Window, BeforeValidator(_window)]
MaintenanceWindows = Annotated[
    tuple[MaintenanceWindow, ...], Field(max_length=100), AfterValidator(_some_time), BeforeValidator(_list)
]


class BackendSettings(BaseModel):
    """The part of a `[backends.NAME]` section that every vendor has; a vendor's own model adds to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str
    """Which vendor's system it is."""
    title: str = Field(default="", max_length=200)
    """How people call it; without one, the backend's name."""
    url: VendorAddress
    """The address of the client's system; the vendor's page says which part of it."""
    time_zone: TimeZone = "UTC"
    """In which the client's system keeps its dates, and in which `maintenance` is written."""
    statuses: str | None = None
    """A CSV file of status codes; for Civica Cx also "example", the codes of its simulator. It is taken in when the gateway first
    starts with it, if no table was imported before. Later changes: `orderbridge statuses import`."""
    reasons: dict[str, ReasonCode] = Field(default_factory=dict)
    """Our `reason_code` -> the vendor's own code."""
    late_reasons: dict[str, ReasonCode] = Field(default_factory=dict)
    """Our `late_reason` -> the vendor's own code."""
    transitions: dict[str, list[str]] = Field(default_factory=dict)
    """The client's own onward moves, by workflow step; they replace ours for that step and count as configured."""
    poll_s: float = Field(default=60, ge=1, le=86_400)
    """How many seconds lie between two looks at its orders."""
    max_connections: int = Field(default=16, ge=1, le=256)
    """How many connections to it one gateway may have at once."""
    maintenance: MaintenanceWindows = ()
    """When nothing is sent, in the time zone above: `sun 02:00-04:00`, `daily 03:00-03:30`, or from one date to another."""
    on_hold: Literal["accept", "reject"] = "accept"
    """What becomes of a write for an order that is held: kept behind the hold, or refused (409 order-blocked)."""
    settle_s: float | None = Field(default=None, ge=0, le=3600)
    """How long after an attempt's deadline this system may still apply it; without it, as the vendor's page assumes."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def places(self) -> int:
        """How many connections writes may hold at once: a sixteenth is kept for callers' reads, and one for the poller's list."""
        return self._all_but(16)

    @property
    def read_places(self) -> int:
        """How many connections callers' reads may hold at once: a quarter is kept for writes, and one for the poller's list."""
        return self._all_but(4)

    def _all_but(self, part: int) -> int:
        return max(1, self.max_connections - max(1, self.max_connections // part) - 1)


class StatusFileFault(Exception):
    """A status table that cannot be taken; one sentence per fault, each with its line number."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What an adapter is made from: its backend's name and settings, the deadline of one attempt, where files are found."""

    backend: str
    settings: BackendSettings
    deadline_s: float
    folder: Path
    """Relative paths in the configuration start here."""
    clock: Callable[[], datetime] = utc_now
    """The gateway's clock, by which what a vendor shows is dated."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """How the sandbox runs this vendor: the backend's name, its port after the first, and the section for a URL."""

    backend: str
    port_offset: int
    section: Callable[[str], Mapping[str, JsonValue]]
    example_order: str


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What DELETE of an order does at this vendor: it is `closed`, and has `code` then; or it is `deleted` for good."""

    effect: Literal["closed", "deleted"]
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One vendor, as the registry lists it."""

    slug: str
    title: str
    capabilities: frozenset[Capability]
    settings: type[BackendSettings]
    adapter: str
    """`module:function` that connects, `Connection -> VendorAdapter`; imported only for a backend of this vendor, since the
    protocol libraries take a while."""
    workflow: Workflow
    statuses: tuple[StatusCode, ...]
    """The vendor's own table; empty where the codes are each client's own."""
    read_statuses: Callable[[str, ZoneInfo], tuple[StatusCode, ...]]
    """Reads the text of a status CSV; raises StatusFileFault."""
    example_statuses: Path | None
    is_number: Callable[[str], bool]
    """Whether a text is an order's number as we write it, and cannot be one of its other names."""
    settle_s: float
    """How long after an attempt's deadline the vendor may still apply it, where the settings say nothing else."""
    homes: tuple[tuple[str, str], ...]
    """Every documented member of the vendor's order, and its place in ours, as `field_table.homes` lists them."""
    own_members: tuple[str, ...] = field(default=())
    """Documented members of the vendor's order that have no name of ours: they stand in `extensions.<slug>`."""
    writable: tuple[str, ...] = field(default=())
    """Members of a work order of ours that PATCH may change."""
    replaceable: tuple[str, ...] = field(default=())
    """Collections that `PATCH ?replace=` may replace whole."""
    removal: Removal | None = None
    kept_here: tuple[str, ...] = field(default=())
    """Members of a status update that the vendor's system has no place for: they stand in our record alone."""
    reads_first: bool = False
    """Whether the order is read before each status update: for a vendor that would take one for an order that has ended."""
    simulator: str
    """`module:function` of the simulator's app factory, imported only when it is run."""
    sandbox: Sandbox

    async def connect(self, connection: Connection) -> VendorAdapter:
        module, _, function = self.adapter.partition(":")
        connect: Callable[[Connection], Awaitable[VendorAdapter]] = getattr(import_module(module), function)
        return await connect(connection)

    @property
    def delete_effect(self) -> Literal["closed", "deleted"] | None:
        """What DELETE does to an order; None: this vendor has none."""
        return None if self.removal is None else self.removal.effect

    @property
    def removes(self) -> bool:
        """Whether an order that DELETE was applied to is there no more, and known no more."""
        return self.delete_effect == "deleted"

    @property
    def closed_code(self) -> str | None:
        """The code of an order that DELETE only closes."""
        return None if self.removal is None else self.removal.code
