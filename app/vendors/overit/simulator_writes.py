"""Steps 9 to 13 of vendor document 004: what is written, in which batches, and what falls away unsaid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.vendors.overit.simulator_configuration import address_of
from app.vendors.overit.simulator_elaboration import Elaboration
from app.vendors.overit.simulator_records import AGGREGATED, DISTINCT, ends_before_it_starts
from app.vendors.simulation import Json

# The "Input" of the three writing steps, by the request's names of what each id was found from; and `extension`, which
# any object may have. [assumed] An account and an asset are kept, though step 12 lists only the address found from them.
WRITTEN_BY_STEP_9 = frozenset({
    "typeCode", "aggregateCardinalityCode", "urgencyCode", "workCenterCode", "description", "startDate", "endDate",
    "aggregateDuration", "notes", "appointmentStartDate", "appointmentEndDate", "externalParentCode", "extension",
})  # fmt: skip
WRITTEN_BY_STEP_12 = frozenset({
    "cardinalityCode", "typeCode", "accountCode", "assetCode", "defaultDuration", "executionOrder", "description",
    "currentDuration", "code", "startDate", "endDate", "operationNote", "activityAddress", "extension",
})  # fmt: skip
WRITTEN_BY_STEP_13 = WRITTEN_BY_STEP_12 - {"accountCode", "assetCode", "code", "activityAddress"}

DATES = "endDate must not be before startDate"
ASKED_FOR = "refused as /_sim/settings asked"


def fails_once(step: int, run: Callable[[Elaboration], str | None]) -> Callable[[Elaboration], str | None]:
    """The step, but for the one failure that the setting `fail_step` asks for."""

    def run_or_fail(elaboration: Elaboration) -> str | None:
        if elaboration.settings.fail_step == step:
            elaboration.settings.fail_step = None
            return ASKED_FOR
        return run(elaboration)

    return run_or_fail


def writes_work_order(elaboration: Elaboration) -> bool:
    """Whether "every field inside workOrder is absent" is false: what only names the order is none of the fields."""
    return any(name in WRITTEN_BY_STEP_9 for name in elaboration.body.work_order)


def update_work_order(elaboration: Elaboration) -> str | None:
    """STEP 9. A DISTINCT order has no cardinality of its own: step 7 was skipped, so there is no cardinalityId."""
    order = elaboration.order
    written = {name: value for name, value in elaboration.body.work_order.items() if name in WRITTEN_BY_STEP_9}
    if ends_before_it_starts(order.members, written):
        return DATES
    if order.assignment == DISTINCT and "aggregateCardinalityCode" in written:
        del written["aggregateCardinalityCode"]
        _drop(elaboration, "workOrder.aggregateCardinalityCode", "STEP 7 is skipped: the work order is DISTINCT")
    if written:
        elaboration.write(order, "updated", written)
    return None


def find_operations(elaboration: Elaboration) -> str | None:
    """STEP 10. Both outcomes go on."""
    order = elaboration.order
    elaboration.new = [
        given for given in elaboration.body.operations if order.operation(given["executionOrder"]) is None
    ]
    return None


def create_addresses(elaboration: Elaboration) -> str | None:
    """STEP 11. The addresses stay, though the operations that they are for may fail at step 12."""
    addresses: list[Json] = []
    for given in elaboration.new:
        address = given.get("activityAddress")
        if isinstance(address, dict):
            country = address.get("countryIsoAlphaCode")
            if isinstance(country, str) and not (country.isalpha() and len(country) in (2, 3)):
                return f"countryIsoAlphaCode {country} is not an acronym of 2 or 3 letters"
            addresses.append(address)
    elaboration.write(elaboration.order, "addresses_created", {"addresses": addresses})
    return None


def create_operations(elaboration: Elaboration) -> str | None:
    """STEP 12: one batch, all or none. It ends the elaboration, so operations that exist are not updated."""
    order = elaboration.order
    codes: set[Json] = {operation.members["code"] for operation in order.operations}
    places: set[Json] = set()
    created: list[Json] = []
    address_ids: list[Json] = []
    for given in elaboration.new:
        place, code, address_id = given["executionOrder"], given.get("code"), _address_id(elaboration, given)
        if address_id is None:
            return f"operation {place} has no account, no asset and no address of its work order"
        if place in places:
            return f"executionOrder {place} is not unique"
        if code is not None and code in codes:
            return f"code {code} is not unique"
        if ends_before_it_starts({}, given):
            return DATES
        codes.add(code)
        places.add(place)
        created.append(_accepted(elaboration, given, WRITTEN_BY_STEP_12))
        address_ids.append(address_id)
    _drop_cardinalities(elaboration, elaboration.new)
    detail: dict[str, Json] = {"operations": created, "addressIds": address_ids}
    if elaboration.existing:
        detail["ignored"] = [given["executionOrder"] for given in elaboration.existing]
    elaboration.write(order, "operations_created", detail)
    return None


def update_operations(elaboration: Elaboration) -> str | None:
    """STEP 13: one batch, all or none. What is not in its input is neither written nor refused."""
    order = elaboration.order
    updated: list[Json] = []
    ignored: list[Json] = []
    for index, given in enumerate(elaboration.body.operations):
        operation = order.operation(given["executionOrder"])
        accepted = _accepted(elaboration, given, WRITTEN_BY_STEP_13)
        if operation is not None and ends_before_it_starts(operation.members, accepted):
            return DATES
        updated.append(accepted)
        ignored += [f"operations[{index}].{name}" for name in given if name not in WRITTEN_BY_STEP_13]
    _drop_cardinalities(elaboration, elaboration.body.operations)
    detail: dict[str, Json] = {"operations": updated}
    if ignored:
        detail["ignored_members"] = ignored
    elaboration.write(order, "operations_updated", detail)
    return None


def _address_id(elaboration: Elaboration, given: Mapping[str, Json]) -> int | None:
    """From the account or the asset; the work order's own where the operation has neither."""
    if "accountCode" in given:
        return address_of("Accounts", str(given["accountCode"]))
    if "assetCode" in given:
        return address_of("Assets", str(given["assetCode"]))
    return elaboration.order.address_id


def _accepted(elaboration: Elaboration, given: Mapping[str, Json], names: frozenset[str]) -> dict[str, Json]:
    left = {"cardinalityCode"} if elaboration.order.assignment == AGGREGATED else set()
    return {name: value for name, value in given.items() if name in names - left}


def _drop_cardinalities(elaboration: Elaboration, operations: Sequence[Mapping[str, Json]]) -> None:
    """An AGGREGATED order's operations have no cardinality: step 7a was skipped, so there is no cardinalityId."""
    if elaboration.order.assignment != AGGREGATED:
        return
    for index, given in enumerate(elaboration.body.operations):
        if given in operations and "cardinalityCode" in given:
            member = f"operations[{index}].cardinalityCode"
            _drop(elaboration, member, "STEP 7a is skipped: the work order is AGGREGATED")


def _drop(elaboration: Elaboration, member: str, why: str) -> None:
    elaboration.write(elaboration.order, "dropped_member", {"member": member, "why": why})
