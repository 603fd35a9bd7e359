"""Process-wide settings from `orderbridge.toml`; each vendor brings the model of its own `[backends.*]` section.

Any value may be `env:NAME` or `file:PATH`; `ORDERBRIDGE_<SECTION>__<KEY>` overrides it. A wrong file is one line per fault.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app import overrides
from app.auth_settings import AuthSettings
from app.named_texts import resolved_texts
from app.server_settings import ServerSettings
from app.vendors.registry import VENDORS
from app.vendors.vendor import BackendSettings, HttpAddress

DEFAULT_CONFIG = "orderbridge.toml"
PREFIX = overrides.PREFIX
BACKEND_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


class ConfigFault(Exception):
    """The configuration cannot be used; one line per fault, each with the path of its key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(_Section):
    url: str = "sqlite:///orderbridge.db"
    """`sqlite:///FILE` for one gateway, or `postgresql://USER:PASSWORD@HOST/DATABASE` for any number of them, with
    parameters if need be: `?sslmode=verify-full&sslrootcert=/etc/db-ca.pem`, `?connect_timeout=3` (10 without it)."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not re.match(r"sqlite:///.|postgresql://.", value):
            raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
        if value.startswith("sqlite:"):
            if "?" in value:
                raise ValueError("an address of SQLite takes no parameters, and no ? in its file's name")
            if "\0" in unquote(value):
                raise ValueError("no file can have this name")
        if value.startswith("postgresql:"):
            from app.ledger import addresses  # here, because SQLAlchemy takes a while to load

            wrong = addresses.fault(value)
            if wrong is not None:
                raise ValueError(wrong)
        return value


class DeliverySettings(_Section):
    wait_s: float = Field(default=8, ge=0, le=25)
    """How many seconds a write waits for the vendor before it answers 202; `Prefer: wait=N` sets it for one request."""
    deadline_s: float = Field(default=20, gt=0, le=120)
    """How many seconds one attempt at the vendor may take in all."""
    fresh_s: float = Field(default=30, ge=0, le=3600)
    """How many seconds old what we saw of an order may be and still refuse a write."""


class WebhookSettings(_Section):
    allow_loopback: bool = False
    """For development only: endpoints on this machine, by plain HTTP and on any port too."""
    allowed_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = (443,)
    """The ports that endpoints may have."""
    max_endpoints: int = Field(default=20, ge=1, le=1000)
    """How many webhooks a tenant may have."""
    keep_days: float = Field(default=30, ge=4, le=400)
    """How long the log keeps a message after it was taken or given up."""


class RetentionSettings(_Section):
    """In days, but for the last. What is not final, or what a person has to decide about, is kept in any case."""

    key_days: int = Field(default=7, ge=1, le=400)
    """How long an `Idempotency-Key` is remembered after its operation was accepted and final."""
    answer_days: int = Field(default=7, ge=1, le=400)
    """How long the text of an answer is kept for repeats; at most `key_days`."""
    reference_days: int = Field(default=400, ge=1, le=36_500)
    """How long a `client_reference` cannot be used again; at least `key_days`."""
    event_days: int = Field(default=400, ge=1, le=36_500)
    """How long events stay in the feed and in timelines."""
    keys_per_client: int = Field(default=5_000_000, ge=1000, le=20_000_000)
    """How many keys are remembered for one client; a write with another is 429 `rate-limited`. Counted every minute or so."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.answer_days > self.key_days:
            raise ValueError("answer_days must not be more than key_days: without its key no answer is asked for")
        if self.reference_days < self.key_days:
            raise ValueError("reference_days must not be less than key_days: a client_reference outlives the key")
        return self


class TelemetrySettings(_Section):
    otlp_endpoint: HttpAddress | None = None
    """Where traces are sent: an OTLP collector's address without `/v1/traces`. Or set OTEL_EXPORTER_OTLP_ENDPOINT."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What a scrape of `/metrics` has to bring as its bearer token; without it, whoever reaches the port may read them."""


class Settings(BaseSettings):
    """The sections of the file; `backends` are read further by their vendors."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter=overrides.WITHIN
    )

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    auth: AuthSettings
    delivery: DeliverySettings = DeliverySettings()
    webhooks: WebhookSettings = WebhookSettings()
    retention: RetentionSettings = RetentionSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    backends: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has merged the environment in already, to look `env:` and `file:` up."""
        return (init_settings,)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The whole configuration: the sections, each backend by its vendor's model, and where relative paths start."""

    server: ServerSettings
    database: DatabaseSettings
    auth: AuthSettings
    delivery: DeliverySettings
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    backends: Mapping[str, BackendSettings]
    folder: Path
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)

    def secrets(self) -> list[str]:
        """Every secret value, so that logs can strike it out."""
        found = [self.auth.signing_key.get_secret_value()]
        if self.telemetry.metrics_token is not None:
            found.append(self.telemetry.metrics_token.get_secret_value())
        written = (r"^postgresql://[^:/@]*:(.+)@", r"[?&](?:ssl)?password=([^&]+)")
        for password in chain.from_iterable(re.findall(one, self.database.url) for one in written):
            found += [password, unquote(password)]
        for backend in self.backends.values():
            values = [getattr(backend, name) for name in type(backend).model_fields]
            found += [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return found


def config_path(given: Path | None) -> Path:
    """The file that holds the configuration: as given, else as ORDERBRIDGE_CONFIG says, else orderbridge.toml here."""
    return given or Path(os.environ.get(PREFIX + "CONFIG") or DEFAULT_CONFIG)


def load(path: Path) -> Configuration:
    """Read the file and the environment. Raises ConfigFault with every fault in them."""
    try:
        return configured(_parsed(path), folder=path.resolve().parent)
    except RecursionError:
        raise ConfigFault([f"{path}: it is nested too deeply"]) from None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigFault([f"{path}: there is no such file; name one with --config or ORDERBRIDGE_CONFIG"]) from None
    except OSError as error:
        raise ConfigFault([f"{path}: {error.strerror}"]) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigFault([f"{path}: {error}"]) from None
    except ValueError:
        raise ConfigFault([f"{path}: it holds a number of too many digits"]) from None


def configured(document: Mapping[str, Any], *, folder: Path) -> Configuration:
    """A configuration from its parsed file, with the environment's overrides. Raises ConfigFault."""
    faults: list[str] = overrides.unknown(Settings.model_fields)
    overridden = overrides.overridden(document, Settings, partial(_model_of, folder=folder), faults)
    unread: list[str] = []
    resolved = resolved_texts(overridden, folder=folder, path=(), faults=unread)
    assert isinstance(resolved, dict)
    sections: Settings | None = None
    found: list[str] = []
    try:
        sections = Settings(**resolved)
    except ValidationError as error:
        found += _lines(error, prefix=())
    backends = resolved.get("backends", {})
    read = _read_backends(backends if isinstance(backends, dict) else {}, found)
    named = {line.partition(": ")[0] for line in unread}
    faults += unread + [
        line for line in found if line.partition(": ")[0] not in named
    ]  # of what was not read, no more is known
    if faults or sections is None:
        raise ConfigFault(faults)
    return Configuration(
        server=sections.server,
        database=sections.database,
        auth=sections.auth,
        delivery=sections.delivery,
        webhooks=sections.webhooks,
        backends=read,
        folder=folder,
        retention=sections.retention,
        telemetry=sections.telemetry,
    )


def _model_of(section: Mapping[str, Any], folder: Path) -> type[BackendSettings] | None:
    """The model that the section's vendor brings; its name may be `env:NAME` too."""
    vendor = VENDORS.get(str(resolved_texts(section.get("vendor"), folder=folder, path=(), faults=[])))
    return None if vendor is None else vendor.settings


def _read_backends(sections: Mapping[str, Any], faults: list[str]) -> dict[str, BackendSettings]:
    read: dict[str, BackendSettings] = {}
    for name, section in sections.items():
        place = ("backends", name)
        if not re.fullmatch(BACKEND_NAME, name):
            faults.append(f"{'.'.join(place)}: a backend's name is lower-case letters, digits and dashes, at most 63")
        if not isinstance(section, Mapping):
            continue
        vendor = VENDORS.get(str(section.get("vendor")))
        if vendor is None:
            faults.append(f"{'.'.join(place)}.vendor: must be one of {', '.join(sorted(VENDORS))}")
            continue
        try:
            read[name] = vendor.settings.model_validate(section)
        except ValidationError as error:
            faults += _lines(error, prefix=place)
    return read


def _said(fault: ErrorDetails) -> str:
    if (
        fault["type"] == "too_short" and fault["ctx"].get("field_type") == "Value"
    ):  # pydantic's word for a secret's length
        return f"needs at least {fault['ctx']['min_length']} characters"
    return fault["msg"].removeprefix("Value error, ")


def _lines(error: ValidationError, *, prefix: tuple[str, ...]) -> list[str]:
    """One line per fault: the key's path and what is wrong, never the value, which may be a secret."""
    return [
        f"{'.'.join(str(part) for part in (*prefix, *fault['loc']))}: {_said(fault)}"
        for fault in error.errors(include_input=False, include_url=False)
    ]
