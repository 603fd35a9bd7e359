"""Every documented member of ERPx's work order, and its place in ours."""

from __future__ import annotations

from app.domain.field_table import FieldTable, Keyed, Member, Spread, homes
from app.domain.json import JsonObject
from app.vendors.unit4_erpx.tables import SLUG

CUSTOMER, RELATED = "customerInformation", "relatedValues"

# Vendor document 002: the POST sample, "Default Values", the PATCH sample. `description`: dossier 2.5.
DOCUMENTED = (
    "companyId", "dateFrom", "dateTo", "costCentre", "workOrderName", "periodFrom", "periodTo", "projectId",
    "projectManagerId", "status", "workOrderId", "serviceOrder", "probability", CUSTOMER, RELATED,
)  # fmt: skip
DOCUMENTED_CUSTOMER = ("customerId", "reference", "currencyCode", "invoiceSeparately", "invoiceStatus")
DOCUMENTED_RELATED = ("relationId", "relatedValue", "description", "dateFrom", "dateTo")


def related_key(element: JsonObject) -> str | None:
    """`relationId~dateFrom`: a relation may have one value after another."""
    relation, begins = element.get("relationId"), element.get("dateFrom")
    if not isinstance(relation, str) or not isinstance(begins, str) or not relation or not begins or "~" in begins:
        return None
    return f"{relation}~{begins}"


def related_ids(key: str) -> JsonObject | None:
    relation, _, begins = key.rpartition("~")
    return {"relationId": relation, "dateFrom": begins} if relation and begins else None


TABLE = FieldTable(
    vendor=SLUG,
    members=(
        Member(theirs="companyId", ours="vendor_ids.company_id"),
        Member(theirs="workOrderId", ours="number"),
        Member(theirs="workOrderName", ours="title"),
        Member(theirs="status", ours="vendor_status.code"),
        Member(theirs="dateFrom", ours="dates.planned_start"),
        Member(theirs="dateTo", ours="dates.planned_end"),
        Member(theirs="projectId", ours="project.number"),
        Member(theirs="projectManagerId", ours="project.manager"),
        Member(
            theirs=CUSTOMER,
            shape=Spread(
                members=(
                    Member(theirs="customerId", ours="account.number"),
                    Member(theirs="reference", ours="account.reference"),
                )
            ),
        ),
        Member(
            theirs=RELATED,
            ours="related_values",
            shape=Keyed(
                members=(
                    Member(theirs="relationId", ours="relation_id"),
                    Member(theirs="relatedValue", ours="value"),
                    Member(theirs="description", ours="description"),
                    Member(theirs="dateFrom", ours="date_from"),
                    Member(theirs="dateTo", ours="date_to"),
                ),
                key=related_key,
                ids=related_ids,
            ),
        ),
    ),
)
HOMES = tuple(homes(TABLE.members))
_PLACED = {theirs for theirs, _ in HOMES}
OWN_MEMBERS = (
    *(name for name in DOCUMENTED if name not in _PLACED and name != CUSTOMER),
    *(f"{CUSTOMER}.{name}" for name in DOCUMENTED_CUSTOMER if f"{CUSTOMER}.{name}" not in _PLACED),
)
COMPLETED = frozenset(
    {
        "dates.planned_end",
        "account.reference",
        "related_values{}.date_to",
        *(f"extensions.{SLUG}.{name}" for name in ("serviceOrder", "periodFrom", "periodTo")),
        *(f"extensions.{SLUG}.{CUSTOMER}.{name}" for name in ("invoiceSeparately", "invoiceStatus")),
    }
)
"""Members that ERPx fills in where they are empty (vendor document 002, "Default Values"; the last days are assumed)."""
OWN_RELATIONS = ("B0", "C0")
"""Relations that it adds where they are not: the project, and its manager."""
WRITABLE = (
    "title",
    "dates.planned_start",
    "dates.planned_end",
    "project.number",
    "project.manager",
    "account.number",
    "account.reference",
    "related_values",
    f"extensions.{SLUG}",
)
