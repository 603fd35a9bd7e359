"""OverIT NextGen FSM: work orders over its JSON integration APIs, revision r1.

The vendor's document: `PATCH /integration/work-orders/r1/work-orders`, of the series "NextGen APIs".
"""

from __future__ import annotations

from app.domain.field_table import homes
from app.vendors.overit.constraints import WRITABLE
from app.vendors.overit.fields import ORDER, OWN_MEMBERS
from app.vendors.overit.settings import OverItSettings, sandbox_section
from app.vendors.overit.tables import CAPABILITIES, KEPT_HERE, SETTLE_S, SLUG, STATUSES, TITLE, WORKFLOW
from app.vendors.overit.translate import is_number
from app.vendors.status_csv import read_statuses
from app.vendors.vendor import Sandbox, Vendor

VENDOR = Vendor(
    slug=SLUG,
    title=TITLE,
    capabilities=CAPABILITIES,
    settings=OverItSettings,
    adapter="app.vendors.overit.adapter:connect",
    workflow=WORKFLOW,
    statuses=STATUSES,
    read_statuses=read_statuses,
    example_statuses=None,
    is_number=is_number,
    settle_s=SETTLE_S,
    homes=tuple(homes(ORDER.members)),
    own_members=OWN_MEMBERS,
    writable=WRITABLE,
    kept_here=KEPT_HERE,
    simulator="app.vendors.overit.simulator:create_simulator",
    sandbox=Sandbox(backend="overit", port_offset=3, section=sandbox_section, example_order="WO00223"),
)
