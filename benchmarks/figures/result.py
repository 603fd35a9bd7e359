"""A figure and what was measured of it: one row of the table, one entry of `results/latest.json`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.domain.json import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One figure. `target` is its text; `at_most` and `at_least` are its bounds, where it is a matter of one number."""

    name: str
    """Its name on the command line and in charts, like `status-update-fastapi`."""
    title: str
    """What is measured, as a reader of the table sees it."""
    target: str
    unit: str = ""
    """Of what is measured: `x` (a ratio), `ms`, `s`, `/s`, `MiB`, `µs`; or none."""
    at_most: float | None = None
    at_least: float | None = None
    stores: frozenset[str] = frozenset()
    """The databases that it is of, where it is not of whichever there is: a run without one of them leaves it out."""

    def is_of(self, stores: Collection[str]) -> bool:
        """Whether a run on these databases is to measure it."""
        return self.stores <= set(stores)

    def result(self, measured: float, *, holds: bool | None = None, detail: JsonObject | None = None) -> Result:
        """What was measured. It holds within the bounds, and where `holds` does not say otherwise.

        What has no bounds needs `holds`; what is not a number never holds.
        """
        assert holds is not None or self.at_most is not None or self.at_least is not None, f"{self.name} has no bounds"
        within = (
            math.isfinite(measured)
            and (self.at_most is None or measured <= self.at_most)
            and (self.at_least is None or measured >= self.at_least)
        )
        return Result(
            spec=self,
            measured=measured if math.isfinite(measured) else None,
            holds=within and holds is not False,
            detail=detail or {},
        )

    def failed(self, why: str) -> Result:
        """Nothing could be measured."""
        return Result(spec=self, measured=None, holds=False, detail={"fault": why})


@dataclass(frozen=True, kw_only=True)
class Result:
    """`measured` in the unit of its figure; None where nothing could be measured."""

    spec: Spec
    measured: float | None
    holds: bool
    detail: JsonObject = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """`measured` for people, with its unit."""
        return shown(self.measured, self.spec.unit)

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "figure": self.spec.name,
            "title": self.spec.title,
            "target": self.spec.target,
            "measured": self.measured,
            "unit": self.spec.unit,
            "at_most": self.spec.at_most,
            "at_least": self.spec.at_least,
            "holds": self.holds,
            "detail": self.detail,
        }


def shown(measured: JsonValue, unit: JsonValue) -> str:
    """A measured number in three figures, with its unit."""
    if not isinstance(measured, int | float):
        return "not measured"
    digits = 0 if abs(measured) >= 100 else 1 if abs(measured) >= 10 else 2 if abs(measured) >= 1 else 3
    return f"{measured:,.{digits}f}{'' if str(unit).startswith('/') else ' '}{unit}".rstrip()


def rounds(values: Mapping[str, list[float]]) -> JsonObject:
    """What each contestant had in each round, for `detail`."""
    return {name: [round(value, 3) for value in of] for name, of in values.items()}
