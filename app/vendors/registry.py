"""Every vendor there is, by its slug."""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors import civica_cx
from app.vendors.vendor import Vendor

VENDORS: Mapping[str, Vendor] = {
    civica_cx.VENDOR.slug: civica_cx.VENDOR,
}
