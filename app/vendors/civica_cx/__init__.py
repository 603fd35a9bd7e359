"""Civica Cx, a housing system: repair works orders over SOAP 1.1 (WCF), as of Cx 23.1.

The vendor's documents: `UpdateRepairWorksOrderStatus` and `GetUserWSToken`, of the iStride series "Cx Web Services".
"""

from __future__ import annotations

from app.vendors.civica_cx.names import is_number
from app.vendors.civica_cx.settings import CivicaCxSettings, sandbox_section
from app.vendors.civica_cx.statuses import EXAMPLE_STATUSES, read_statuses
from app.vendors.civica_cx.tables import CAPABILITIES, HOMES, OWN_MEMBERS, SETTLE_S, SLUG, TITLE, WORKFLOW
from app.vendors.vendor import Sandbox, Vendor

VENDOR = Vendor(
    slug=SLUG,
    title=TITLE,
    capabilities=CAPABILITIES,
    settings=CivicaCxSettings,
    adapter="app.vendors.civica_cx.adapter:connect",
    workflow=WORKFLOW,
    statuses=(),
    read_statuses=read_statuses,
    example_statuses=EXAMPLE_STATUSES,
    is_number=is_number,
    settle_s=SETTLE_S,
    homes=HOMES,
    own_members=OWN_MEMBERS,
    simulator="app.vendors.civica_cx.simulator:create_simulator",
    sandbox=Sandbox(backend="civica-cx", port_offset=0, section=sandbox_section, example_order="113427"),
)
