"""What each call of the simulator's Work Order API does; vendor document 003, "API Specifics"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from app.vendors.nexusfs.simulator_answers import InvalidParam, Refused, done, invalid, json_object
from app.vendors.nexusfs.simulator_orders import Orders, Record, filled, section_faults, shown
from app.vendors.nexusfs.simulator_patch import patched, word_faults
from app.vendors.nexusfs.simulator_reader import PATCH_WORDS, faults, json_body, without_patch_words
from app.vendors.nexusfs.simulator_shapes import DISPATCHED, missing
from app.vendors.nexusfs.simulator_users import Tokens
from app.vendors.simulation import Answer, Call, Clock, Effect, Journal, Json, On, Request

WORK_ORDERS = "/seiapi/v3/trans/WorkOrder/"
ABSENT = "The specified object does not exists."
INTERNAL = Refused(500, "An internal error occurred.")
REFUSED = {
    "GET":    Refused(400, "The request could not be completed."),
    "PUT":    Refused(409, "The specified object can not be replaced."),
    "POST":   Refused(409, "The specified object can not be replaced."),
    "PATCH":  Refused(409, "The specified object can not be updated."),
    "DELETE": Refused(409, "The specified object can not be deleted."),
}  # fmt: skip


class Calls:
    """Nothing but `apply` alters an order, at first or on replay; the effect is in the journal before it does."""

    def __init__(self, orders: Orders, tokens: Tokens, journal: Journal, clock: Clock) -> None:
        self.absent_status = 404
        self._orders = orders
        self._tokens = tokens
        self._journal = journal
        self._clock = clock
        self._steps: Mapping[str, Callable[[str, Request], Answer]] = {
            "GET": self._get,
            "PUT": self._put,
            "POST": self._post,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    def login(self, request: Request) -> Call:
        def run() -> Answer:
            body = json_body(request)
            token = self._tokens.give(body.get("username"), body.get("password"), self._clock())
            if token is None:
                raise Refused(401, "Invalid Logon.")
            return json_object(200, {"token": token})

        return _call("login", None, run, Refused(401, "Invalid Logon."))

    def work_order(self, method: str, number: str, request: Request) -> Call:
        """`method` is the one that counts, after any override."""

        def run() -> Answer:
            user = self._tokens.user(request.headers.get("x-access-token"), self._clock())
            if user is None:
                raise Refused(401, "The access token is missing, not valid or expired.")
            if method != "GET" and not user.may_write:
                raise Refused(403, f"User {user.name} has no permission to change work orders.")
            return self._steps[method](number, request)

        return _call("read" if method == "GET" else "write", number, run, REFUSED[method])

    def apply(self, effect: Effect) -> None:
        number, sent = effect.order or "", dict(effect.detail)
        record = self._orders.find(number)
        match effect.kind, record:
            case "dropped_member", _:
                pass
            case "created", None:
                self._orders.put(number, filled(sent))
            case "replaced", dict():
                self._orders.put(number, filled(sent))
            case "updated" | "status_change", dict():
                self._orders.put(number, patched(record, filled(sent)))
            case "status_set_by_client" | "edited_by_client", dict():
                self._orders.put(number, record | filled(sent))
            case "deleted" | "cancelled_by_client", dict():
                self._orders.remove(number)
            case _:
                raise ValueError(f"effect {effect.n} does not fit this simulator's orders")

    def make(self, kind: str, number: str, detail: Mapping[str, Json]) -> None:
        """Puts the effect into the journal, then makes it."""
        self.apply(self._journal.append(kind, order=number, detail=detail, at=self._clock()))

    def remove(self, kind: str, number: str, record: Record) -> None:
        """Dossier 3.4: the technician to whom the order was dispatched is told, and it leaves the device."""
        dispatch = record.get("DispatchStatus")
        self.make(kind, number, {"DispatchStatus": dispatch, "notified": dispatch == DISPATCHED})

    def _get(self, number: str, _: Request) -> Answer:
        record = shown(self._existing(number))
        return json_object(200, record if isinstance(record, dict) else {})

    def _put(self, number: str, request: Request) -> Answer:
        body, dropped = without_patch_words(_of_order(number, request))
        _refuse(faults(body))
        _refuse([*(invalid(name, "is required") for name in missing(body)), *section_faults(body)])
        if self._orders.find(number) is not None:
            return self._replace(number, body, dropped, request)
        self._drop(number, dropped, request)
        self.make("created", number, body)
        url = f"{request.scheme}://{request.headers.get('host', 'localhost')}{WORK_ORDERS}{quote(number, safe='')}"
        return done(201, headers=(("location", url),))

    def _post(self, number: str, request: Request) -> Answer:
        """Replaces the whole order. What a PUT requires may be absent here: a PATCH that lost its override header is
        such a request, and the vendor's document says that a POST then keeps nothing that it does not name."""
        body, dropped = without_patch_words(_of_order(number, request))
        self._existing(number)
        _refuse(faults(body))
        _refuse(section_faults(body))
        return self._replace(number, body, dropped, request)

    def _patch(self, number: str, request: Request) -> Answer:
        body = _of_order(number, request)
        before = self._existing(number)
        order = {name: value for name, value in body.items() if name not in PATCH_WORDS}
        _refuse([*faults(order, patch=True), *word_faults(body)])
        _refuse(section_faults({name: value for name, value in order.items() if value != {}}))
        after = patched(before, filled(body))
        _refuse(invalid(name, "is required") for name in missing(after) if name not in missing(before))
        self.make("status_change" if "OrderStatus" in order else "updated", number, body)
        return done()

    def _delete(self, number: str, _: Request) -> Answer:
        self.remove("deleted", number, self._existing(number))
        return done()

    def _replace(self, number: str, body: Record, dropped: list[str], request: Request) -> Answer:
        self._drop(number, dropped, request)
        self.make("replaced", number, body)
        return done()

    def _drop(self, number: str, dropped: list[str], request: Request) -> None:
        for member in dropped:
            why = "has a meaning in a PATCH only"
            self.make("dropped_member", number, {"member": member, "operation": request.method, "why": why})

    def _existing(self, number: str) -> Record:
        record = self._orders.find(number)
        if record is None:
            raise Refused(self.absent_status, ABSENT)
        return record


def _call(on: On, number: str | None, run: Callable[[], Answer], refused: Refused) -> Call:
    def answered() -> Answer:
        try:
            return run()
        except Refused as no:
            return no.answer()

    return Call(on=on, order=number, run=answered, refuse=refused.answer, crash=INTERNAL.answer)


def _of_order(number: str, request: Request) -> Record:
    """The body, which names the order of the URL."""
    body = json_body(request)
    if "OrderNum" not in body:
        _refuse([invalid("OrderNum", "is required")])
    elif body["OrderNum"] != number:
        _refuse([invalid("OrderNum", "must be the number in the URL", body["OrderNum"])])
    return body


def _refuse(found: Iterable[InvalidParam]) -> None:
    params = list(found)
    if params:
        raise Refused(400, "The work order is not valid.", params)
