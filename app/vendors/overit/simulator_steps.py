"""The 13 steps of vendor document 004 as a table, with their skip rules; the first that fails is the answer.

Each is a call to a private API and nothing is taken back: what an earlier step wrote stays. The cancellation is here
too: it has the PATCH's first two steps (dossier 4.4).
"""

from __future__ import annotations

from collections.abc import Callable

from app.vendors.overit.simulator_configuration import address_of, exists
from app.vendors.overit.simulator_elaboration import Elaboration, OneOperation, Step, never, run_steps
from app.vendors.overit.simulator_problems import Refused
from app.vendors.overit.simulator_records import AGGREGATED, CANCELLED, DISTINCT
from app.vendors.overit.simulator_writes import (
    create_addresses,
    create_operations,
    fails_once,
    find_operations,
    update_operations,
    update_work_order,
    writes_work_order,
)
from app.vendors.simulation import Json

CANCELLABLE = frozenset({
    "OPEN", "RELEASED", "LOCKED", "PROPOSAL", "TO_RESCHEDULE", "PARTIALLY_ACCOUNTED", "IN_CHARGE", "SUBMITTED",
    "PLANNED", "DRAFT",
})  # fmt: skip
STATUSES = CANCELLABLE | {"TECHNICALLY_CLOSED", "CLOSED", CANCELLED}


def _absent(name: str) -> Callable[[Elaboration], bool]:
    """Null is nothing to look up either: it clears."""
    return lambda elaboration: elaboration.body.work_order.get(name) is None


def _absent_here(name: str) -> Callable[[OneOperation], bool]:
    return lambda one: one.given.get(name) is None


def _look_up(resource: str, name: str, *, active: bool) -> Callable[[Elaboration], str | None]:
    return lambda elaboration: _unknown(resource, elaboration.body.work_order[name], active=active)


def _look_up_here(resource: str, name: str, *, active: bool) -> Callable[[OneOperation], str | None]:
    return lambda one: _unknown(resource, one.given[name], active=active)


def _address_here(resource: str, name: str) -> Callable[[OneOperation], str | None]:
    def run(one: OneOperation) -> str | None:
        code = str(one.given[name])
        return code if address_of(resource, code) is None else None

    return run


def _unknown(resource: str, code: Json, *, active: bool) -> str | None:
    return None if exists(resource, str(code), active=active) else str(code)


def _find_order(elaboration: Elaboration) -> str | None:
    """`code` has precedence over `externalCode`, which is the external system's own."""
    named = elaboration.body.work_order
    if "code" in named:
        elaboration.found = elaboration.orders.find(str(named["code"]))
    else:
        elaboration.found = elaboration.orders.find_external(named["externalSystemCode"], named["externalCode"])
    return str(named.get("code", named.get("externalCode"))) if elaboration.found is None else None


def _find_parent(elaboration: Elaboration) -> str | None:
    named = elaboration.body.work_order
    parent = elaboration.orders.find_external(named["externalSystemCode"], named["externalParentCode"])
    return str(named["externalParentCode"]) if parent is None else None


def _cardinality_skipped(elaboration: Elaboration) -> bool:
    return elaboration.order.assignment == DISTINCT or _absent("aggregateCardinalityCode")(elaboration)


def _operation_cardinality_skipped(one: OneOperation) -> bool:
    return one.elaboration.order.assignment == AGGREGATED or _absent_here("cardinalityCode")(one)


def _each_operation(elaboration: Elaboration) -> str | None:
    for given in elaboration.body.operations:
        run_steps(OPERATION_STEPS, OneOperation(elaboration=elaboration, given=given))
    return None


def _no_operations(elaboration: Elaboration) -> bool:
    return not elaboration.body.operations


def _no_new_address(elaboration: Elaboration) -> bool:
    return not any(isinstance(given.get("activityAddress"), dict) for given in elaboration.new)


def _nothing_new(elaboration: Elaboration) -> bool:
    return not elaboration.new


def _nothing_to_update(elaboration: Elaboration) -> bool:
    """Also where something is new: step 12 has ended the elaboration then."""
    return bool(elaboration.new) or not elaboration.body.operations


# The sub-steps of step 8. The document prints the first of them as 7a.
OPERATION_STEPS: tuple[Step[OneOperation], ...] = (
    Step(name="STEP 7a", title="Team Cardinality Validation", skipped=_operation_cardinality_skipped,
         run=_look_up_here("Cardinalities", "cardinalityCode", active=False)),
    Step(name="STEP 8b", title="Account Validation", skipped=_absent_here("accountCode"),
         run=_look_up_here("Accounts", "accountCode", active=False)),
    Step(name="STEP 8c", title="Address Validation (from Account)", skipped=_absent_here("accountCode"),
         run=_address_here("Accounts", "accountCode")),
    Step(name="STEP 8d", title="Operation Type Validation", skipped=_absent_here("typeCode"),
         run=_look_up_here("Operation types", "typeCode", active=True)),
    Step(name="STEP 8e", title="Asset Validation", skipped=_absent_here("assetCode"),
         run=_look_up_here("Assets", "assetCode", active=False)),
    Step(name="STEP 8f", title="Address Validation (from Asset)", skipped=_absent_here("assetCode"),
         run=_address_here("Assets", "assetCode")),
)  # fmt: skip

# [assumed] Steps 4 and 7 are skipped where their code is absent: the table allows that, the steps do not say it.
STEPS: tuple[Step[Elaboration], ...] = (
    Step(name="STEP 1", title="External System Validation", skipped=never,
         run=_look_up("External Systems", "externalSystemCode", active=True)),
    Step(name="STEP 2", title="Work Order Existence", skipped=never, run=_find_order),
    Step(name="STEP 3", title="Parent Work Order Existence", skipped=_absent("externalParentCode"), run=_find_parent),
    Step(name="STEP 4", title="Work Order Type Validation", skipped=_absent("typeCode"),
         run=_look_up("Work Order Types", "typeCode", active=True)),
    Step(name="STEP 5", title="Urgency Type Validation", skipped=_absent("urgencyCode"),
         run=_look_up("Urgencies", "urgencyCode", active=True)),
    Step(name="STEP 6", title="Work Center Validation", skipped=_absent("workCenterCode"),
         run=_look_up("Work Centers", "workCenterCode", active=True)),
    Step(name="STEP 7", title="Team Cardinality Validation", skipped=_cardinality_skipped,
         run=_look_up("Cardinalities", "aggregateCardinalityCode", active=False)),
    Step(name="STEP 8", title="Work Order Operations Validation", skipped=_no_operations, run=_each_operation),
    Step(name="STEP 9", title="Work Order Update", skipped=lambda elaboration: not writes_work_order(elaboration),
         run=fails_once(9, update_work_order)),
    Step(name="STEP 10", title="Work Order Operation Existence", skipped=_no_operations, run=find_operations),
    Step(name="STEP 11", title="Activity Address Creation", skipped=_no_new_address,
         run=fails_once(11, create_addresses)),
    Step(name="STEP 12", title="Work Order Operations Creation", skipped=_nothing_new,
         run=fails_once(12, create_operations)),
    Step(name="STEP 13", title="Work Order Operations Update", skipped=_nothing_to_update,
         run=fails_once(13, update_operations)),
)  # fmt: skip


def update(elaboration: Elaboration) -> None:
    """The PATCH. Raises Refused; what was written before that stays."""
    run_steps(STEPS, elaboration)


def cancel(elaboration: Elaboration) -> None:
    """With operations it cancels those, all of them resolved first; otherwise the order with all its operations."""
    run_steps(STEPS[:2], elaboration)
    order, write = elaboration.order, elaboration.write
    if order.status not in CANCELLABLE:
        raise Refused("cancel", order.status)
    codes: list[Json] = [given["code"] for given in elaboration.body.operations]
    for code in codes:
        if order.operation_named(code) is None:
            raise Refused("operation", str(code))
    if codes:
        write(order, "operations_cancelled", {"operations": codes, "statusCode": CANCELLED})
    else:
        write(order, "status_change", {"statusCode": CANCELLED})
