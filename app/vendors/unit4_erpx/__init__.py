"""Unit4 ERPx, an ERP suite: work orders over its REST API with JSON Patch, version v1.

The vendor's document: "Work Orders" (`/reference/project_management/workorder`) of the ERPx developer portal.
"""

from __future__ import annotations

from app.vendors.status_csv import read_statuses
from app.vendors.unit4_erpx.fields import HOMES, OWN_MEMBERS, WRITABLE
from app.vendors.unit4_erpx.orders import is_number
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings, sandbox_section
from app.vendors.unit4_erpx.tables import (
    CAPABILITIES,
    KEPT_HERE,
    REMOVAL,
    SETTLE_S,
    SLUG,
    STATUSES,
    TITLE,
    WORKFLOW,
)
from app.vendors.vendor import Sandbox, Vendor

VENDOR = Vendor(
    slug=SLUG,
    title=TITLE,
    capabilities=CAPABILITIES,
    settings=Unit4ErpxSettings,
    adapter="app.vendors.unit4_erpx.adapter:connect",
    workflow=WORKFLOW,
    statuses=STATUSES,
    read_statuses=read_statuses,
    example_statuses=None,
    is_number=is_number,
    settle_s=SETTLE_S,
    homes=HOMES,
    own_members=OWN_MEMBERS,
    writable=WRITABLE,
    removal=REMOVAL,
    reads_first=True,
    kept_here=KEPT_HERE,
    simulator="app.vendors.unit4_erpx.simulator:create_simulator",
    sandbox=Sandbox(backend="unit4-erpx", port_offset=1, section=sandbox_section, example_order="123"),
)
