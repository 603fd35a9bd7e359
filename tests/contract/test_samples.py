"""A vendor brings a sample of everything that it can do; what is missing is named."""

from __future__ import annotations

from dataclasses import replace

from app.domain.ports import Capability
from app.vendors.vendor import Vendor
from tests.contract.samples import Samples, lacking, samples_of


def test_the_vendor_brings_a_sample_of_everything_it_can_do(vendor: Vendor) -> None:
    assert lacking(vendor, samples_of(vendor.slug)) == []


def test_what_a_vendor_brings_no_sample_of_is_named(vendor: Vendor) -> None:
    able = replace(vendor, capabilities=frozenset(Capability), writable=("title", "assets{}.description"))
    assert lacking(able, Samples(unknown_order="1")) == [
        "create (it can create)",
        "invalid_create (it can create)",
        "numbered_by_vendor (it can create)",
        "patch (it can patch)",
        "invalid_patch (it can patch)",
        "replace (it can replace)",
        "invalid_replace (it can replace)",
        "collections.assets (PATCH may write it)",
    ]
