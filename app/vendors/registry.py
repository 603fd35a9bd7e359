"""Every vendor there is, by its slug."""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors import civica_cx, nexusfs, overit, unit4_erpx
from app.vendors.vendor import Vendor

VENDORS: Mapping[str, Vendor] = {
    civica_cx.VENDOR.slug: civica_cx.VENDOR,
    unit4_erpx.VENDOR.slug: unit4_erpx.VENDOR,
    nexusfs.VENDOR.slug: nexusfs.VENDOR,
    overit.VENDOR.slug: overit.VENDOR,
}
