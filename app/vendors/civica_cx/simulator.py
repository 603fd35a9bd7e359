"""A simulated Civica Cx: WSTokenService and WSRepairContractorService over real SOAP, by the vendor's documents.

Sources: vendor documents 000 and 001; for what they leave open, dossier sections 1 and 5 and the assumed contract.
It follows WCF in what it publishes, accepts, drops in silence and answers. It is not idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors import simulation
from app.vendors.civica_cx.simulator_calls import Calls
from app.vendors.civica_cx.simulator_contract import CONTRACTOR_SERVICE, TOKEN_SERVICE, Service
from app.vendors.civica_cx.simulator_metadata import NOT_FOUND, page
from app.vendors.civica_cx.simulator_orders import Orders
from app.vendors.civica_cx.simulator_reader import NotAnEnvelope, operation_for, read
from app.vendors.civica_cx.simulator_users import Tokens
from app.vendors.civica_cx.simulator_values import LONDON
from app.vendors.civica_cx.simulator_workflow import CANCELLED, refusal_of_move
from app.vendors.civica_cx.simulator_writer import SoapFault
from app.vendors.simulation import (
    MEANING,
    AddedOrders,
    Answer,
    BadInput,
    Call,
    Clock,
    Effect,
    FaultKind,
    Journal,
    Json,
    Request,
    only,
    whole_number,
)

SERVICES = {f"/webservice/{service.name.lower()}": service for service in (TOKEN_SERVICE, CONTRACTOR_SERVICE)}
MOST_BYTES = 1_048_576

FAULT_KINDS: frozenset[FaultKind] = frozenset(MEANING) - {"strip_override", "rate_limited"}


class CivicaCx:
    """The vendor: its HTTP side here, its calls in simulator_calls.py."""

    fault_kinds = FAULT_KINDS

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._orders = Orders()
        self._tokens = Tokens()
        self._calls = Calls(self._orders, self._tokens, journal, clock)

    def receive(self, request: Request) -> Answer | Call:
        service = _service(request.path)
        if service is None:
            return NOT_FOUND
        if request.method in ("GET", "HEAD"):
            host = request.headers.get("host", "localhost")
            return page(service, request.query, f"{request.scheme}://{host}{request.path}")
        if request.method != "POST":
            return Answer(status=405, headers=(("allow", "GET, HEAD, POST"),))
        if not _soap_11(request.headers.get("content-type", "")):
            return Answer(status=415)
        try:
            operation = operation_for(service.operations, request.headers.get("soapaction", ""))
            reading = read(request.body, operation, service.contracts)
        except SoapFault as fault:
            return fault.answer()
        except NotAnEnvelope:
            return Answer(status=400)
        return self._calls.prepare(operation, reading)

    def replay(self, effect: Effect) -> None:
        self._calls.apply(effect)

    def expire_tokens(self) -> None:
        self._tokens.expire_all()

    def next_number(self) -> int:
        return self._orders.next_number()

    def has_order(self, number: int) -> bool:
        return self._orders.find(number) is not None

    def add_orders(self, added: AddedOrders) -> None:
        self._orders.add_plain(added)

    def record(self, number: str) -> dict[str, Json] | None:
        order = self._orders.resolve(number)
        return None if order is None else self._calls.record(order)

    def on_screen(self, action: str, number: str, body: Mapping[str, Json]) -> None:
        """`cancel`, or `status {"StatusCodeId"}`: a client's user in Cx, who is bound by the same workflow."""
        match action:
            case "cancel":
                only(body)
                self._set_on_screen("cancelled_by_client", number, CANCELLED, field="number")
            case "status":
                only(body, "StatusCodeId")
                code_id = whole_number(body, "StatusCodeId", least=1, most=2**31 - 1)
                if code_id is None:
                    raise BadInput("StatusCodeId", "is missing")
                self._set_on_screen("status_set_by_client", number, code_id, field="StatusCodeId")
            case _:
                raise BadInput("action", "must be cancel or status", status=404)

    def change_settings(self, body: Mapping[str, Json]) -> dict[str, Json]:
        only(body, "token_life_s")
        life = simulation.number(body, "token_life_s", most=86_400)
        if life is not None:
            self._tokens.life_s = life
        return {"token_life_s": self._tokens.life_s}

    def _set_on_screen(self, kind: str, number: str, code_id: int, *, field: str) -> None:
        order = self._orders.resolve(number)
        if order is None:
            raise BadInput("number", f"{number} is no order of this vendor", status=404)
        refused = refusal_of_move(order, code_id)
        if refused is not None:
            raise BadInput(field, f"cannot be set: {refused}", status=409)
        now = self._clock()
        date = now.astimezone(LONDON).replace(tzinfo=None).isoformat(timespec="seconds")
        detail: dict[str, Json] = {"StatusCodeId": code_id, "StatusDate": date}
        self._calls.apply(self._journal.append(kind, order=str(order.number), detail=detail, at=now))


create_simulator = simulation.factory(CivicaCx, most_bytes=MOST_BYTES)


def _service(path: str) -> Service | None:
    """Whatever stands before `/webservice/` is where the client's Cx is installed; case does not matter."""
    wanted = path.lower().rstrip("/")
    return next((service for end, service in SERVICES.items() if wanted.endswith(end)), None)


def _soap_11(content_type: str) -> bool:
    media_type, _, parameters = content_type.lower().partition(";")
    charset = parameters.partition("charset=")[2].split(";")[0].strip(' "')
    return media_type.strip() == "text/xml" and charset in ("", "utf-8", "utf-16", "utf-16le", "utf-16be")
