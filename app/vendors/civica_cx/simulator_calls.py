"""What each of the simulator's four operations does, once its request has been read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.vendors.civica_cx.simulator_contract import CONTRACTOR_SERVICE, Contract, Operation
from app.vendors.civica_cx.simulator_orders import Order, Orders
from app.vendors.civica_cx.simulator_reader import Members, Reading, Value
from app.vendors.civica_cx.simulator_users import Tokens, User
from app.vendors.civica_cx.simulator_values import EMPTY_GUID, LONDON, local_time
from app.vendors.civica_cx.simulator_workflow import CODES, COMPLETE, refusal_of_update
from app.vendors.civica_cx.simulator_writer import INTERNAL, INVALID_TOKEN, SoapFault, element, members_xml, result
from app.vendors.simulation import Answer, Call, Clock, Effect, Journal, Json, On

STATUS_CHANGES = frozenset({"status_change", "cancelled_by_client", "status_set_by_client"})
WRITTEN = ("Comments", "StatusCodeId", "StatusDate", "StatusReasonId", "StatusSetByUserId", "StatusSetDate")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How one operation is called: what faults see of it, how its order is found, and what it does."""

    on: On
    order: Callable[[Members], Order | None]
    run: Callable[[Operation, Members, User], Answer]


class Calls:
    """The vendor behind its two services."""

    def __init__(self, orders: Orders, tokens: Tokens, journal: Journal, clock: Clock) -> None:
        self._orders = orders
        self._tokens = tokens
        self._journal = journal
        self._clock = clock
        self._order_contract = _contract("RepairWorkOrder")
        self._steps = {
            "UpdateRepairWorksOrderStatus": Step(on="write", order=self._by_id, run=self._update),
            "GetRepairWorkOrderDetails": Step(on="read", order=self._by_reference, run=self._details),
            "GetRepairWorkOrders": Step(on="read", order=lambda _: None, run=self._list),
        }

    def prepare(self, operation: Operation, reading: Reading) -> Call:
        """The call, ready to run; nothing has happened before it runs."""
        members = reading.members or {}
        step = self._steps.get(operation.name)
        order = None if step is None else step.order(members)
        number = None if order is None else str(order.number)

        def run() -> Answer:
            for dropped in reading.dropped:
                detail: dict[str, Json] = {"member": dropped.member, "operation": operation.name, "why": dropped.why}
                self._journal.append("dropped_member", order=number, detail=detail, at=self._clock())
            if reading.members is None:
                return SoapFault(*INTERNAL).answer()
            if step is None:
                return self._login(operation, members)
            user = self._tokens.user(_text(members["Token"]), self._clock())
            return SoapFault(*INVALID_TOKEN).answer() if user is None else step.run(operation, members, user)

        return Call(
            on="login" if step is None else step.on,
            order=number,
            run=run,
            refuse=lambda: result(operation, refused="The request could not be completed.", own=_nothing(operation)),
            crash=lambda: SoapFault(*INTERNAL).answer(),
        )

    def apply(self, effect: Effect) -> None:
        """Brings the order to where the effect leaves it; nothing else changes an order, at first or on replay."""
        if effect.kind not in STATUS_CHANGES or effect.order is None:
            return
        order = self._orders.resolve(effect.order)
        match order, effect.detail:
            case Order(), {"StatusCodeId": int(code_id), "StatusDate": str(date), **others}:
                reason = others.get("StatusReasonId")
                order.set_status(
                    code_id,
                    date=_written_date(date),
                    reason_id=reason if isinstance(reason, int) else 0,
                    completes=CODES[code_id].master == COMPLETE,
                    at=effect.at,
                )
            case _:
                raise ValueError(f"effect {effect.n} does not fit this simulator's orders")

    def record(self, order: Order) -> dict[str, Json]:
        """The RepairWorkOrder as its reader sees it now."""
        code = CODES[order.status_code_id]
        return {
            **order.fixed,
            "CompletedDate": order.completed,
            "IsLate": order.shown_late(self._uk_now()),
            "RepairMasterStatusCode": code.master,
            "RepairStatusCode": code.name,
            "RepairStatusCodeId": code.id,
            "StatusDate": order.status_date,
            "StatusReasonId": order.status_reason_id,
            "WorkOrderId": order.number,
            "WorkOrderReference": order.reference,
            "WorkOrderUid": order.uid,
        }

    def _login(self, operation: Operation, members: Members) -> Answer:
        """Vendor document 001: both answers are normal ones; a wrong login leaves Token and TokenExpiry nil."""
        given = self._tokens.give(_text(members["UserName"]), _text(members["Password"]), self._clock())
        if given is None:
            return result(operation, refused="Invalid login. Please try again.", own=_nothing(operation))
        token, expiry = given
        return result(operation, own=element("Token", [token]) + element("TokenExpiry", [_with_offset(expiry)]))

    def _update(self, operation: Operation, members: Members, user: User) -> Answer:
        new = members["NewStatus"]
        if not isinstance(new, dict):
            return SoapFault(*INTERNAL).answer()
        refused = self._refusal(members, new, user)
        if refused is not None:
            return result(operation, refused=refused)
        detail: dict[str, Json] = {name: _scalar(new[name]) for name in WRITTEN}
        detail |= {name: _scalar(members[name]) for name in ("WorkOrderId", "WorkOrderUid")}
        number = str(members["WorkOrderId"])
        self.apply(self._journal.append("status_change", order=number, detail=detail, at=self._clock()))
        return result(operation)

    def _refusal(self, members: Members, new: Members, user: User) -> str | None:
        order = self._by_id(members)
        if not user.may_update:
            return "You do not have permission to update works orders."
        if order is None or order.unit not in user.units:
            return f"Works order {members['WorkOrderId']} could not be found."
        if members["WorkOrderUid"] != order.uid:
            return "The works order id and the works order uid do not belong to the same works order."
        return refusal_of_update(
            order,
            _int(new["StatusCodeId"]),
            at=local_time(str(new["StatusDate"])),
            now=self._uk_now(),
            reason_id=_int(new["StatusReasonId"]),
        )

    def _details(self, operation: Operation, members: Members, user: User) -> Answer:
        """The reference wins over the uid; what the user may not see is not told apart from what does not exist."""
        order = self._by_reference(members)
        if order is None or order.unit not in user.units:
            named = _text(members["WorkOrderReference"]) or members["WorkOrderUid"]
            return result(operation, refused=f"Works order {named} could not be found.", own=_nothing(operation))
        return result(operation, own=element("WorkOrder", [members_xml(self._order_contract, self.record(order))]))

    def _list(self, operation: Operation, members: Members, user: User) -> Answer:
        """The orders of the user's units, of any status, changed at or after FromDate (UK time; nil: all)."""
        since = _text(members["FromDate"])
        earliest = None if since is None else local_time(since).replace(tzinfo=LONDON)
        found = (
            element("RepairWorkOrder", [members_xml(self._order_contract, self.record(order))])
            for order in self._orders
            if order.unit in user.units and (earliest is None or order.changed_at >= earliest)
        )
        return result(operation, own=element("WorkOrders", found))

    def _by_id(self, members: Members) -> Order | None:
        return self._orders.find(_int(members.get("WorkOrderId", 0)))

    def _by_reference(self, members: Members) -> Order | None:
        reference, uid = _text(members.get("WorkOrderReference")), _text(members.get("WorkOrderUid"))
        if reference is not None and reference.strip():
            return self._orders.resolve(reference)
        return None if uid in (None, EMPTY_GUID) else self._orders.with_uid(str(uid))

    def _uk_now(self) -> datetime:
        return self._clock().astimezone(LONDON).replace(tzinfo=None)


def _contract(name: str) -> Contract:
    return next(contract for contract in CONTRACTOR_SERVICE.contracts.values() if contract.name == name)


def _nothing(operation: Operation) -> str:
    """The result's own members, all nil."""
    return "".join(
        element(member.name, None)
        for member in operation.result.members
        if member.name not in ("InvalidReason", "IsValid")
    )


def _with_offset(when: datetime) -> str:
    """A local DateTime as vendor document 001 shows it: 2023-06-01T19:00:16.5718655+01:00."""
    local = when.astimezone(LONDON)
    offset = local.strftime("%z")
    # The seventh digit is WCF's 100 ns; a trailing zero would not be written.
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06}5{offset[:3]}:{offset[3:]}"


def _written_date(lexical: str) -> str:
    """The record's StatusDate: UK time without an offset, fraction only where there is one."""
    return local_time(lexical).isoformat()


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _scalar(value: Value) -> bool | int | str | None:
    return None if isinstance(value, dict) else value
