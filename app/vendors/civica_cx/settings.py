"""The `[backends.*]` section of a Civica Cx backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator

from app.domain.json import JsonValue
from app.vendors.civica_cx.statuses import MASTERS
from app.vendors.civica_cx.tables import ELEMENTS, SLUG
from app.vendors.status_csv import plain
from app.vendors.vendor import BackendSettings


def _master(value: str) -> str:
    master = MASTERS.get(plain(value))  # an environment variable's name has no capitals to keep
    if master is None:
        raise ValueError(f"is none of {', '.join(MASTERS.values())}")
    return master


Master = Annotated[str, AfterValidator(_master)]


class CivicaCxSettings(BackendSettings):
    """One client's Cx, seen with one contractor's API user."""

    username: str = Field(min_length=1)
    """A Cx security user with the API tick and a role."""
    password: SecretStr
    """Its password."""
    wsdl: str = "vendored"
    """`vendored`, `live` (the client's own `?wsdl`), or a folder that holds the client's own WSDL files."""
    elements: dict[str, str] = Field(default_factory=dict)
    """Our name of an element -> its name in this client's Cx; `Parent.Member` renames it in one place only."""
    reference_format: str = "WO{number}"
    """How the client's Cx makes a WorkOrderReference from a WorkOrderId."""
    transitions: dict[Master, list[Master]] = Field(default_factory=dict)
    """By master: one that Cx does not have would refuse every move that it was meant to allow."""

    @field_validator("transitions", mode="before")
    @classmethod
    def _one_spelling(cls, value: object) -> object:
        """Of two spellings the later one would win in silence. It may where it is what a variable's name gives."""
        written: dict[str, list[str]] = {}
        for name in value if isinstance(value, Mapping) else ():
            master = plain(name)
            if name != master or master not in written:
                written.setdefault(master, []).append(repr(name))
        twice = [" and ".join(names) for names in written.values() if len(names) > 1]
        if twice:
            raise ValueError(f"this is one master in two spellings: {'; '.join(twice)}")
        return value

    @field_validator("reasons", "late_reasons")
    @classmethod
    def _whole_numbers(cls, value: dict[str, str]) -> dict[str, str]:
        for word, code in value.items():
            if not (code.isascii() and code.isdigit()):
                raise ValueError(f"{word}: a StatusReasonId is a whole number")
        return value

    @field_validator("elements")
    @classmethod
    def _known_elements(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(name for name in value if name.rpartition(".")[2] not in ELEMENTS)
        if unknown:
            raise ValueError(f"no such element: {', '.join(unknown)}")
        return value

    @field_validator("reference_format")
    @classmethod
    def _one_number(cls, value: str) -> str:
        around = value.replace("{number}", "", 1)
        if around == value or {"{", "}"} & {*around}:  # a number is a text: {number:06} would pad it on its right
            raise ValueError("must hold {number} once, as it stands here, and no other braces")
        return value


def sandbox_section(url: str) -> Mapping[str, JsonValue]:
    """The section with which the sandbox reaches the simulator at `url`."""
    return {
        "vendor": SLUG,
        "title": "Riverside Homes (simulated)",
        "url": url,
        "username": "sandbox",
        "password": "sandbox-secret",
        "time_zone": "Europe/London",
        "statuses": "example",
        "reasons": {"weather": "12", "no_parts": "13"},
        "late_reasons": {"parts_delay": "31", "access_refused": "32"},
        "poll_s": 5,
    }
