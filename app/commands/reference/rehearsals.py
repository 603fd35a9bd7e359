"""docs/cli.md: the faults that a simulator can be told to show."""

from __future__ import annotations

from app.commands.reference.markdown import table
from app.vendors.simulation_faults import MEANING


def faults() -> str:
    """One row for each kind, in the simulators' own words."""
    return table(["`kind`", "what the calls meet"], [[f"`{kind}`", meaning] for kind, meaning in MEANING.items()])
