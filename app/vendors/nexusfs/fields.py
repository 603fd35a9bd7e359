"""Where each member of NexusFS's Work Order Object stands in ours (vendor document 003; dossier 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.field_table import MOMENT, PLAIN, FieldTable, Keyed, Member, Nested, Rows, Shape, by_one, homes, one_id
from app.vendors.nexusfs.tables import SLUG


def _m(theirs: str, ours: str, shape: Shape = PLAIN) -> Member:
    return Member(theirs=theirs, ours=ours, shape=shape)


def _keyed(key: str, *members: Member) -> Keyed:
    return Keyed(members=members, key=by_one(key), ids=one_id(key))


TABLE = FieldTable(
    vendor=SLUG,
    members=(
        _m("OrderNum", "number"),
        _m("OrderStatus", "vendor_status.code"),
        _m("OrderType", "type"),
        _m("Priority", "priority"),
        _m("OrderDate", "dates.raised", MOMENT),
        _m("PlannedStartDate", "dates.planned_start", MOMENT),
        _m("ActualStartDate", "dates.actual_start", MOMENT),
        _m("ActualEndDate", "dates.actual_end", MOMENT),
        _m(
            "Account",
            "account",
            Nested(members=(_m("AccountNum", "number"), _m("AccountType", "type"), _m("Name", "name"))),
        ),
        _m(
            "Location",
            "location",
            Nested(
                members=(
                    _m("LocationNum", "number"),
                    _m("Name", "name"),
                    _m("WorkCenter", "work_center"),
                    _m(
                        "Address",
                        "address",
                        Nested(
                            members=(
                                _m("AddrLine1", "line_1"),
                                _m("AddrLine2", "line_2"),
                                _m("AddrLine3", "line_3"),
                                _m("AddrLine4", "line_4"),
                                _m("City", "city"),
                                _m("Region", "region"),
                                _m("Zip", "postcode"),
                                _m("Country", "country"),
                            )
                        ),
                    ),
                )
            ),
        ),
        _m(
            "Assets",
            "assets",
            _keyed(
                "AssetNum",
                _m("AssetNum", "number"),
                _m("Type", "type"),
                _m("Desc", "description"),
                _m("IsComponent", "is_component"),
            ),
        ),
        _m(
            "Discounts",
            "discounts",
            _keyed(
                "ID",
                _m("ID", "id"),
                _m("Desc", "description"),
                _m("Percentage", "percentage"),
                _m("Fixed", "fixed"),
                _m("IsApplied", "is_applied"),
                _m("ProdTypes", "product_types"),
            ),
        ),
        _m(
            "FlexView",
            "info_panels",
            _keyed(
                "ID",
                _m("ID", "id"),
                _m("Title", "title"),
                _m("Items", "items", Rows(members=(_m("Label", "label"), _m("Value", "value")))),
            ),
        ),
        _m(
            "Rules",
            "rules",
            Nested(
                members=(
                    _m("CanEditAsset", "can_edit_asset"),
                    _m("CanEditDiscounts", "can_edit_discounts"),
                    _m("CanSetChargeable", "can_set_chargeable"),
                    _m("CanSetPrice", "can_set_price"),
                    _m("InWarranty", "in_warranty"),
                    _m("IsOps", "is_ops"),
                    _m("StackDiscounts", "stack_discounts"),
                )
            ),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Collection:
    """An array that a PATCH merges by its elements' `key`, which here is `id` (dossier 3.7)."""

    theirs: str
    key: str
    id: str


COLLECTIONS: Mapping[str, Collection] = {
    "assets":      Collection(theirs="Assets", key="AssetNum", id="number"),
    "discounts":   Collection(theirs="Discounts", key="ID", id="id"),
    "info_panels": Collection(theirs="FlexView", key="ID", id="id"),
}  # fmt: skip


def _writable() -> tuple[str, ...]:
    """Our paths of what a PATCH may change, to the last member: neither the order's own number and status, nor the ids of
    elements. Lines of a panel are replaced together."""
    paths = [ours for _, ours in homes(TABLE.members) if "[]" not in ours]
    ids = {f"{name}{{}}.{one.id}" for name, one in COLLECTIONS.items()}
    objects = {path[:at] for path in paths for at, sign in enumerate(path) if sign in ".{"}
    return (
        *(path for path in paths if path not in {"number", "vendor_status.code", *ids, *objects}),
        f"extensions.{SLUG}",
    )


WRITABLE = _writable()
REPLACEABLE = tuple(COLLECTIONS)

OWN_MEMBERS = (
    "DispatchStatus", "DispatchUTC", "Location.LanguageID", "Location.SigReq",  # vendor document 003
    "AccountingPackage", "ActualTravelEndDate", "ActualTravelStartDate", "AlertResponses", "Alerts", "ApptSearchRequest",
    "IsDelivered", "OrderSubType", "ReasonCode", "ReschedReasons", "User",  # this and what follows: dossier 3.6
    "Account.Addresses", "Account.Contacts", "Account.Notes", "Account.TaxExempt", "Account.TierPricingID",
    "Account.Website", "Assets[].FlexForms", "Assets[].FlexView",
)  # fmt: skip
"""The known members that have no name of ours."""

DISPATCH_STATUS = "DispatchStatus"
DERIVED = frozenset({DISPATCH_STATUS, "DispatchUTC"})
"""Members that NexusFS itself keeps, from the user and the planned start (dossier 3.4 and 3.5)."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of an order that comes from master data: its number alone, which NexusFS expands, or the whole of it.

    `needed` must be there in the second case, which the vendor calls an override; which they are it does not say: assumed.
    """

    theirs: str
    number: str
    needed: tuple[str, ...]


SECTIONS: Mapping[str, Section] = {
    "account":  Section(theirs="Account", number="AccountNum", needed=("number", "type", "name")),
    "location": Section(theirs="Location", number="LocationNum", needed=("number", "name", "address")),
}  # fmt: skip
