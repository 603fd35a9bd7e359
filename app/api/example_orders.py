"""The work orders of the OpenAPI examples: as the sandbox answers them to the examples' own requests."""

from __future__ import annotations

from app.domain.json import JsonObject

AS_OF = "2026-11-20T20:41:07.302118Z"
_SETTLED: JsonObject = {"state": "settled", "pending": 0, "hold_id": None}

CX_ORDER: JsonObject = {
    "backend": "civica-cx",
    "number": "113427",
    "external_reference": "WO113427",
    "description": "No power to kitchen sockets; ring main trips when reset",
    "notes": "Tenant is home after 15:00. Dog on the premises.",
    "type": "ELEC",
    "priority": "R3",
    "dates": {"raised": "2022-10-05T07:47:13Z", "target": "2049-12-31T17:00:00Z", "actual_end": None},
    "appointment": {"start": "2022-10-06T18:00:00Z", "end": "2022-10-06T20:00:00Z"},
    "location": {
        "number": "KES0014",
        "address": {
            "line_1": "14 Kestrel Court",
            "line_2": "Heron Road",
            "line_3": "Westbury",
            "line_4": "Riverside",
            "postcode": "RV4 2QT",
        },
    },
    "extensions": {
        "civica_cx": {
            "ContractorName": "Ohm Sweet Ohm Electrics Ltd",
            "IsLate": False,
            "IssuedDate": "2022-10-05T08:12:00Z",
            "RepairMasterStatusCode": "Issued",
            "RepairStatusCode": "Issued",
            "StatusDate": "2022-10-05T08:12:00Z",
            "StatusReasonId": None,
        }
    },
    "status": "issued",
    "phase": "open",
    "vendor_status": {"code": "3", "label": "Issued", "master": "Issued"},
    "delivery": _SETTLED,
    "as_of": AS_OF,
    "vendor_ids": {"work_order_uid": "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9"},
}
UNIT4_NEW: JsonObject = {
    "title": "Boiler service",
    "dates": {"planned_start": "2026-12-01"},
    "project": {"number": "ProId1"},
    "related_values": {"C1~2026-12-01": {"value": "100"}},
}
UNIT4_ORDER: JsonObject = {
    "backend": "unit4-erpx",
    "number": "124",
    "external_reference": None,
    "title": "Boiler service",
    "dates": {"planned_start": "2026-12-01", "planned_end": "2099-12-31"},
    "project": {"number": "ProId1"},
    "related_values": {
        "C1~2026-12-01": {
            "relation_id": "C1",
            "value": "100",
            "date_from": "2026-12-01",
            "date_to": "2099-12-31",
        },
        "B0~1900-01-01": {
            "relation_id": "B0",
            "value": "ProId1",
            "date_from": "1900-01-01",
            "date_to": "2099-12-31",
        },
    },
    "extensions": {
        "unit4_erpx": {
            "periodFrom": 202612,
            "periodTo": 209912,
            "serviceOrder": False,
            "customerInformation": {"invoiceSeparately": False, "invoiceStatus": "T"},
        }
    },
    "status": "issued",
    "phase": "open",
    "vendor_status": {"code": "N", "label": "Active", "master": None},
    "delivery": _SETTLED,
    "as_of": AS_OF,
    "vendor_ids": {"company_id": "COMP1"},
}
_BUCKHEAD: JsonObject = {
    "account": {"number": "1029", "type": "1001", "name": "Buckhead Inc."},
    "location": {
        "number": "1030",
        "name": "Buckhead Station",
        "work_center": "Default",
        "address": {
            "line_1": "1 Buckhead Loop Northeast",
            "city": "Atlanta",
            "region": "Georgia",
            "postcode": "30326",
            "country": "United States",
        },
        "extensions": {"nexusfs": {"LanguageID": "en", "SigReq": False}},
    },
}
NEXUSFS_PATCH: JsonObject = {
    "priority": "1002",
    "assets": {"3182": {"type": "1001", "description": "Dishwasher", "is_component": False}},
    "rules": None,
}
NEXUSFS_PATCHED: JsonObject = {
    "backend": "nexusfs",
    "number": "1214",
    "external_reference": None,
    "type": "1001",
    "priority": "1002",
    "dates": {"raised": "2016-02-19T20:44:15.498Z"},
    **_BUCKHEAD,
    "assets": {"3182": {"number": "3182", "type": "1001", "description": "Dishwasher", "is_component": False}},
    "extensions": {"nexusfs": {"DispatchStatus": 3, "DispatchUTC": "2016-02-19T20:44:15.498Z"}},
    "status": "scheduled",
    "phase": "open",
    "vendor_status": {"code": "1/3", "label": "Dispatched", "master": None},
    "delivery": _SETTLED,
    "as_of": AS_OF,
    "vendor_ids": {},
}
NEXUSFS_NEW: JsonObject = {
    "type": "1001",
    "priority": "1003",
    "dates": {"planned_start": "2026-12-01T08:00:00Z"},
    "account": {"number": "1029"},
    "location": {"number": "1030"},
}
NEXUSFS_ORDER: JsonObject = {
    **{name: value for name, value in NEXUSFS_PATCHED.items() if name != "assets"},
    "number": "9001",
    "priority": "1003",
    "dates": {"planned_start": "2026-12-01T08:00:00Z"},
    "extensions": {"nexusfs": {"DispatchStatus": 0}},
    "status": "issued",
    "vendor_status": {"code": "1/0", "label": "New", "master": None},
}
