"""What each of the simulator's three calls does: the token and its rights first, then the body, then the steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from app.vendors.overit.simulator_body import Body, check_cancellation, check_update, read_json
from app.vendors.overit.simulator_configuration import CONFIGURATION, EDIT, TECHNICAL_OBJECT, TOKENS, VIEW
from app.vendors.overit.simulator_elaboration import Elaboration, Settings
from app.vendors.overit.simulator_orders import Orders
from app.vendors.overit.simulator_problems import Refused, problem
from app.vendors.overit.simulator_records import WorkOrder
from app.vendors.overit.simulator_steps import cancel, update
from app.vendors.overit.simulator_writes import ASKED_FOR, WRITTEN_BY_STEP_9
from app.vendors.simulation import Answer, Call, Clock, Journal, Json, On, Request
from app.vendors.simulation_messages import json_answer

WORK_ORDERS = "/integration/work-orders/r1/work-orders"
CANCELLATION = f"{WORK_ORDERS}/cancellation"
PRIVATE_WORK_ORDERS = "/work-orders/r1/work-orders"
METHODS = {WORK_ORDERS: "PATCH", CANCELLATION: "POST", PRIVATE_WORK_ORDERS: "GET"}
RIGHTS: Mapping[str, tuple[str, ...]] = {
    WORK_ORDERS:         (EDIT, CONFIGURATION, TECHNICAL_OBJECT),  # vendor document 004, "Permissions required"
    CANCELLATION:        (EDIT,),                                  # dossier 4.4
    PRIVATE_WORK_ORDERS: (VIEW,),                                  # [assumed] its page is not among our sources
}  # fmt: skip
QUERY = ("code", "externalCode", "externalSystemCode")


class Calls:
    """The vendor behind its paths."""

    def __init__(self, orders: Orders, journal: Journal, clock: Clock) -> None:
        self._orders = orders
        self._journal = journal
        self._clock = clock
        self.settings = Settings()
        self.expired = False
        """Whether the next call finds its token expired."""

    def prepare(self, request: Request) -> Call:
        """The call, ready to run; nothing has happened before it runs. Raises Refused for what is no call."""
        method = METHODS.get(request.path)
        if method is None:
            raise Refused("path", request.path)
        if request.method != method:
            raise Refused("method", request.method)
        return self._reading(request) if method == "GET" else self._writing(request)

    def write(self, order: WorkOrder, kind: str, detail: dict[str, Json]) -> None:
        self._orders.apply(self._journal.append(kind, order=order.code, detail=detail, at=self._clock()))

    def _writing(self, request: Request) -> Call:
        try:
            given = _json_object(request)
        except Refused:
            self._permit(request)
            raise
        named = given.get("workOrder")
        members = named if isinstance(named, dict) else {}
        order = self._named(members)

        def run() -> Answer:
            self._permit(request)
            if request.path == CANCELLATION:
                cancel(self._elaboration(check_cancellation(given)))
            else:
                update(self._elaboration(check_update(given, double_location=self.settings.double_location)))
            return json_answer(200, {}) if self.settings.success == 200 else Answer(status=204)

        if request.path == CANCELLATION:
            refusal = Refused("cancel", "CLOSED")
        else:
            refusal = Refused("STEP 9" if WRITTEN_BY_STEP_9 & members.keys() else "STEP 13", ASKED_FOR)
        return _call("write", order, run, refusal, request)

    def _reading(self, request: Request) -> Call:
        """[assumed] The private API, by `code`, or by `externalCode` with `externalSystemCode`."""
        query = {name: values[-1] for name, values in parse_qs(request.query, keep_blank_values=True).items()}

        def run() -> Answer:
            self._permit(request)
            _check_query(query)
            found = self._named(query)
            content: list[Json] = [] if found is None else [found.record()]
            return json_answer(200, {"content": content, "_page": {"num": 0, "hasMore": False}})

        return _call("read", self._named(query), run, Refused("unexpected", "Unexpected error"), request)

    def _permit(self, request: Request) -> None:
        """No good token, or one without a permission: one code, and "400, not 401 or 403" (dossier 4.5)."""
        expired, self.expired = self.expired, False
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        permissions = TOKENS.get(token.strip()) if scheme.lower() == "bearer" else None
        if expired:
            raise Refused("token", "Access token has expired")
        if permissions is None:
            raise Refused("token", "Access token is absent or not valid")
        for permission in RIGHTS[request.path]:
            if permission not in permissions:
                raise Refused("rights", permission)

    def _named(self, names: Mapping[str, Json] | Mapping[str, str]) -> WorkOrder | None:
        """`code` has precedence over `externalCode`."""
        match names:
            case {"code": code}:
                return self._orders.find(str(code))
            case {"externalCode": str(external_code), "externalSystemCode": str(system)}:
                return self._orders.find_external(system, external_code)
        return None

    def _elaboration(self, body: Body) -> Elaboration:
        return Elaboration(body=body, orders=self._orders, settings=self.settings, write=self.write)


def refused_answer(refused: Refused, request: Request) -> Answer:
    headers = (("allow", METHODS[request.path]),) if refused.error == "method" else ()
    return problem(refused.error, refused.subject, instance=request.path, headers=headers)


def _call(on: On, order: WorkOrder | None, run: Callable[[], Answer], refusal: Refused, request: Request) -> Call:
    def run_or_refuse() -> Answer:
        try:
            return run()
        except Refused as refused:
            return refused_answer(refused, request)

    return Call(
        on=on,
        order=None if order is None else order.code,
        run=run_or_refuse,
        refuse=lambda: refused_answer(refusal, request),
        crash=lambda: refused_answer(Refused("private", "Private API failed"), request),
    )


def _json_object(request: Request) -> dict[str, Json]:
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused("media type", media_type or "(none)")
    return read_json(request.body)


def _check_query(query: Mapping[str, str]) -> None:
    for name in query:
        if name not in QUERY:
            raise Refused("body", f"Query parameter {name} is not known")
    if "code" not in query and not {"externalCode", "externalSystemCode"} <= query.keys():
        raise Refused("body", "Query parameter code, or externalCode and externalSystemCode, must be present")
