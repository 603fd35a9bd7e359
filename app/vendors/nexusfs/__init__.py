"""ServiceMobility / NexusFS: work orders over its REST API `seiapi/v3` (vendor document 003), as of version 3.19."""

from __future__ import annotations

from app.domain.field_table import homes
from app.vendors.nexusfs.fields import OWN_MEMBERS, REPLACEABLE, TABLE, WRITABLE
from app.vendors.nexusfs.settings import NexusFsSettings, sandbox_section
from app.vendors.nexusfs.statuses import read_statuses
from app.vendors.nexusfs.tables import CAPABILITIES, SETTLE_S, SLUG, STATUSES, TITLE, WORKFLOW
from app.vendors.nexusfs.translate import is_number
from app.vendors.vendor import Removal, Sandbox, Vendor

VENDOR = Vendor(
    slug=SLUG,
    title=TITLE,
    capabilities=CAPABILITIES,
    settings=NexusFsSettings,
    adapter="app.vendors.nexusfs.adapter:connect",
    workflow=WORKFLOW,
    statuses=STATUSES,
    read_statuses=read_statuses,
    example_statuses=None,
    is_number=is_number,
    settle_s=SETTLE_S,
    homes=tuple(homes(TABLE.members)),
    own_members=OWN_MEMBERS,
    writable=WRITABLE,
    replaceable=REPLACEABLE,
    removal=Removal(effect="deleted"),
    kept_here=("occurred_at", "comments"),
    simulator="app.vendors.nexusfs.simulator:create_simulator",
    sandbox=Sandbox(backend="nexusfs", port_offset=2, section=sandbox_section, example_order="1214"),
)
