"""The simulated company: its configuration, accounts and assets, by the resource names of vendor document 004."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`address_id`: where the account or asset is; None where it has no address, and for what is nowhere."""

    active: bool = True
    address_id: int | None = None


ACTIVE, INACTIVE = Entry(), Entry(active=False)

RESOURCES: Mapping[str, Mapping[str, Entry]] = {
    "External Systems":   {"ORDERBRIDGE": ACTIVE, "OLDSYS": INACTIVE},
    "Work Order Types":   {"WOT1": ACTIVE, "WOT2": ACTIVE, "WOT_OLD": INACTIVE},
    "Urgencies":          {"U1": ACTIVE, "U2": ACTIVE, "U_OLD": INACTIVE},
    "Work Centers":       {"WC1": ACTIVE, "WC2": ACTIVE, "WC_OLD": INACTIVE},
    "Cardinalities":      {"cardinality1": ACTIVE, "cardinality2": ACTIVE},
    "Operation types":    {"opType1": ACTIVE, "opType2": ACTIVE, "opType_old": INACTIVE},
    "Accounts":           {"account_4": Entry(address_id=504), "account_noaddr": ACTIVE},
    "Assets":             {"asset_7": Entry(address_id=507), "asset_noaddr": ACTIVE},
}  # fmt: skip

EDIT = "fsm.core.workorder.edit"
VIEW = "fsm.core.workorder.view"
CONFIGURATION = "fsm.core.workorder.configuration.view"
TECHNICAL_OBJECT = "fsm.core.technicalobject.facility.view"

TOKENS: Mapping[str, frozenset[str]] = {
    "sandbox-token": frozenset({EDIT, VIEW, CONFIGURATION, TECHNICAL_OBJECT}),
    "readonly-token": frozenset({VIEW, CONFIGURATION, TECHNICAL_OBJECT}),
    "no-configuration-token": frozenset({EDIT, VIEW, TECHNICAL_OBJECT}),
    "no-technical-object-token": frozenset({EDIT, VIEW, CONFIGURATION}),
}
"""Personal access tokens and the permissions of their users; each but the first lacks one of those that a PATCH needs."""


def exists(resource: str, code: str, *, active: bool) -> bool:
    """GET on a resource: whether the code is there, and active where the step asks for that."""
    entry = RESOURCES[resource].get(code)
    return entry is not None and (entry.active or not active)


def address_of(resource: str, code: str) -> int | None:
    """GET Address with `targetId` of an account or asset that exists."""
    return RESOURCES[resource][code].address_id
