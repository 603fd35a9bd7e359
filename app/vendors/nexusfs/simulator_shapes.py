"""The Work Order Object as the simulator knows it: its members, their forms and codes, as one table.

Sources: the examples of vendor document 003; dossier sections 3.5 and 3.6. A member that stands in neither is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.vendors.simulation import Json

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plain:
    """A value that is written and replaced as a whole. `fits`: None takes any JSON."""

    says: str
    fits: Callable[[Json], bool] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """An object. `whole` [assumed]: a PATCH replaces it and never merges into it. `open`: the sources list only some members."""

    members: Mapping[str, Shape]
    whole: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """An array of objects that a PATCH merges by `key`."""

    key: str
    of: Section


Shape: TypeAlias = "Plain | Section | Collection"


def _is_date(value: Json) -> bool:
    if not isinstance(value, str) or DATE.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _codes(*codes: str | int) -> Plain:
    def fits(value: Json) -> bool:
        return any(type(value) is type(code) and value == code for code in codes)

    return Plain(f"must be one of {', '.join(repr(code) for code in codes)}".replace("'", '"'), fits)


ANY = Plain("must be JSON")
TEXT = Plain("must be a string", lambda value: isinstance(value, str))
NAME = Plain("must be a string that is not empty", lambda value: isinstance(value, str) and value != "")
FLAG = Plain("must be true or false", lambda value: isinstance(value, bool))
NUMBER = Plain("must be a number", _is_number)
MOMENT = Plain("must be a time in UTC such as 2016-02-19T20:44:15.498Z", _is_date)
LIST = Plain("must be an array", lambda value: isinstance(value, list))
TEXTS = Plain("must be an array of strings", _are_texts)

FLEX_VIEW = Collection("ID", Section({"ID": NAME, "Title": TEXT, "Items": LIST}))

WORK_ORDER = Section({
    "Account": Section({
        "AccountNum": NAME, "AccountType": TEXT, "Addresses": LIST, "Contacts": LIST, "Name": TEXT, "Notes": TEXT,
        "TaxExempt": FLAG, "TierPricingID": TEXT, "Website": TEXT,
    }, whole=True),
    "AccountingPackage":     Section({"Extensions": ANY, "InvoiceNum": TEXT, "IsSent": FLAG, "SendDate": MOMENT}),
    "ActualEndDate":         MOMENT,
    "ActualStartDate":       MOMENT,
    "ActualTravelEndDate":   MOMENT,
    "ActualTravelStartDate": MOMENT,
    "AlertResponses":        LIST,
    "Alerts":                LIST,
    "ApptSearchRequest":     Section({}, open=True),
    "Assets": Collection("AssetNum", Section({
        "AssetNum": NAME, "Desc": TEXT, "FlexForms": LIST, "FlexView": FLEX_VIEW, "IsComponent": FLAG, "Type": TEXT,
    }, open=True)),
    "Discounts": Collection("ID", Section({
        "ID": NAME, "Desc": TEXT, "Fixed": NUMBER, "IsApplied": FLAG, "Percentage": NUMBER, "ProdTypes": TEXTS,
    })),
    "DispatchStatus":        _codes(0, 1, 2, 3),
    "DispatchUTC":           MOMENT,
    "FlexView":              FLEX_VIEW,
    "IsDelivered":           FLAG,
    "Location": Section({
        "Address": Section({
            # The documents show AddrLine1 alone; that an address may have more lines is assumed.
            "AddrLine1": TEXT, "AddrLine2": TEXT, "AddrLine3": TEXT, "AddrLine4": TEXT,
            "City": TEXT, "Country": TEXT, "Region": TEXT, "Zip": TEXT,
        }),
        "LanguageID": TEXT, "LocationNum": NAME, "Name": TEXT, "SigReq": FLAG, "WorkCenter": TEXT,
    }, whole=True),
    "OrderDate":             MOMENT,
    "OrderNum":              NAME,
    "OrderStatus":           _codes("1", "6", "7", "8", "9", "1001", "4096", "4097"),
    "OrderSubType":          TEXT,
    # [assumed] The lists of OrderType's and Priority's codes: the documents show "1001" and "1003" alone.
    "OrderType":             _codes("1001", "1002"),
    "PlannedStartDate":      MOMENT,
    "Priority":              _codes("1001", "1002", "1003"),
    "ReasonCode":            TEXT,
    "ReschedReasons":        LIST,
    "Rules": Section(dict.fromkeys((
        "CanEditAsset", "CanEditDiscounts", "CanSetChargeable", "CanSetPrice", "InWarranty", "IsOps", "StackDiscounts",
    ), FLAG)),
    "User":                  TEXT,
})  # fmt: skip

DISPATCHED = 3

MASTER_KEYS: Mapping[str, str] = {"Account": "AccountNum", "Location": "LocationNum"}
"""Sections of master data, and the member which, when alone, has the section filled in [D, "Accounts Notes"].

With any other member the section is an override: the vendor "assumes all required properties are present" and names no
error, so it is kept as it was given, gaps and all.
"""

REQUIRED = ("OrderNum", "OrderType", "OrderStatus", "Account", "Location")
"""[assumed] The list of required members is nowhere published."""


def missing(record: Mapping[str, Json]) -> list[str]:
    """Required members that are not there."""
    return [name for name in REQUIRED if name not in record]
