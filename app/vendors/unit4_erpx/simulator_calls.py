"""What each of the simulator's four calls does: create, read, patch, close."""

from __future__ import annotations

import json
from collections.abc import Callable

from app.vendors.simulation import Answer, Call, Clock, Journal, Json, Request
from app.vendors.simulation_messages import json_answer
from app.vendors.unit4_erpx import simulator_answers as text
from app.vendors.unit4_erpx.simulator_answers import NOTHING, Refused, invalid, malformed, unknown
from app.vendors.unit4_erpx.simulator_changes import apply
from app.vendors.unit4_erpx.simulator_fields import COMPANIES, RELATED, faults
from app.vendors.unit4_erpx.simulator_orders import Orders, name_of
from app.vendors.unit4_erpx.simulator_patch import BadOperation, patched
from app.vendors.unit4_erpx.simulator_record import Record, dropped, tidy, with_defaults
from app.vendors.unit4_erpx.simulator_users import Tokens

JSON_TYPES = frozenset({"application/json", "text/json"})
PATCH_TYPES = frozenset({"application/json-patch+json", "application/json"})

REFUSED_DATA = invalid([text.ILLEGAL.format("status")])
"""A business refusal of a POST or PATCH, in the words of POST_006."""


class Calls:
    """Nothing has happened before a call runs; a token, then rights and company, then the body are looked at."""

    def __init__(self, orders: Orders, tokens: Tokens, journal: Journal, clock: Clock) -> None:
        self.patch_answers = True
        self.series_relation: str | None = None
        """A relation that a POST must carry a value for when the vendor is to number the order."""
        self._orders = orders
        self._tokens = tokens
        self._journal = journal
        self._clock = clock

    def create(self, request: Request) -> Call:
        """The order's name comes from the body, where it can be read and names one."""
        body = _body(request, JSON_TYPES)
        order: str | None = None
        match body:
            case {"companyId": str(company), "workOrderId": str(number)}:
                order = name_of(company, number)
        return self._write(request, order, lambda: self._create(request, body), REFUSED_DATA)

    def read(self, request: Request, company: str, number: str) -> Call:
        def run() -> Answer:
            self._admit(request, company)
            return json_answer(200, self._existing(text.GET_UNKNOWN, company, number))

        missing = unknown(text.GET_UNKNOWN, company, number)
        return Call(
            on="read",
            order=name_of(company, number),
            run=lambda: _answer(run),
            refuse=lambda: missing,
            crash=lambda: text.INTERNAL,
            throttle=text.too_many,
        )

    def patch(self, request: Request, company: str, number: str) -> Call:
        body = _body(request, PATCH_TYPES)
        order = name_of(company, number)
        return self._write(request, order, lambda: self._patch(request, body, company, number), REFUSED_DATA)

    def close(self, request: Request, company: str, number: str) -> Call:
        """Vendor document 002, DELETE: the status becomes Closed, the order stays."""

        def run() -> Answer:
            self._admit(request, company)
            self._existing(text.DELETE_UNKNOWN, company, number)
            self.record("closed", company, number, {"status": "C"})
            return NOTHING

        return self._write(request, name_of(company, number), run, unknown(text.DELETE_UNKNOWN, company, number))

    def record(self, kind: str, company: str, number: str, detail: Record) -> None:
        """One change: first on the disk, then in the order."""
        keyed: Record = {"companyId": company, "workOrderId": number, **detail}
        effect = self._journal.append(kind, order=name_of(company, number), detail=keyed, at=self._clock())
        apply(effect, self._orders)

    def _write(self, request: Request, order: str | None, run: Callable[[], Answer], refusal: Answer) -> Call:
        return Call(
            on="write",
            order=order,
            run=lambda: _answer(run),
            refuse=lambda: refusal,
            crash=lambda: text.INTERNAL,
            throttle=text.too_many,
        )

    def _admit(self, request: Request, company: str | None) -> None:
        """An unknown company is answered as a missing right (GET_002); None where a POST names no company."""
        user = self._tokens.bearer(request, self._clock())
        if user is None:
            raise Refused(text.INVALID_JWT)
        if request.method not in user.methods or (company is not None and company not in COMPANIES):
            raise Refused(text.NOT_AUTHORISED)

    def _create(self, request: Request, body: Json | Refused) -> Answer:
        company = body.get("companyId") if isinstance(body, dict) else None
        self._admit(request, company if isinstance(company, str) and company else None)
        if isinstance(body, Refused):
            raise body
        if not isinstance(body, dict):
            raise Refused(invalid([text.NOT_CONVERTED.format(json.dumps(body), "WorkOrder", "")]))
        record = tidy(body)
        messages = faults(with_defaults(record)) or self._faults_of_number(record)
        if messages:
            raise Refused(invalid(messages))
        company = str(record["companyId"])
        number = str(record.get("workOrderId", self._orders.next_number(company)))
        self._note_dropped("POST", company, number, list(dropped(body)))
        self.record("created", company, number, record)
        return json_answer(201, self._orders.find(company, number))

    def _faults_of_number(self, record: Record) -> list[str]:
        number, company, rows = record.get("workOrderId"), str(record["companyId"]), record.get(RELATED, [])
        if number is not None:
            return [] if self._orders.find(company, str(number)) is None else [text.EXISTS]
        related = {row.get("relationId") for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
        if self.series_relation is None or self.series_relation in related:
            return []
        return [text.SERIES_NEEDS_RELATION.format(self.series_relation)]

    def _patch(self, request: Request, body: Json | Refused, company: str, number: str) -> Answer:
        self._admit(request, company)
        record = self._existing(text.PATCH_UNKNOWN, company, number)
        if isinstance(body, Refused):
            raise body
        if not isinstance(body, list):
            raise Refused(invalid([text.NOT_CONVERTED.format(json.dumps(body), "Operation[]", "")]))
        try:
            after = patched(record, body)
        except BadOperation as fault:
            raise Refused(invalid([str(fault)])) from fault
        messages = faults(after.record)
        if messages:
            raise Refused(invalid(messages))
        if body:
            self._note_dropped("PATCH", company, number, after.dropped)
            status: Record = {"status": after.record["status"]} if "status" in after.wrote else {}
            self.record("status_change" if status else "updated", company, number, {**status, "operations": body})
        return json_answer(200, self._orders.find(company, number)) if self.patch_answers else NOTHING

    def _existing(self, missing: str, company: str, number: str) -> Record:
        record = self._orders.find(company, number)
        if record is None:
            raise Refused(unknown(missing, company, number))
        return record

    def _note_dropped(self, operation: str, company: str, number: str, members: list[str]) -> None:
        for member in members:
            detail: Record = {"companyId": company, "member": member, "operation": operation}
            self._journal.append("dropped_member", order=name_of(company, number), detail=detail, at=self._clock())


def _answer(run: Callable[[], Answer]) -> Answer:
    try:
        return run()
    except Refused as refused:
        return refused.answer


def _body(request: Request, media_types: frozenset[str]) -> Json | Refused:
    """The body, or why it cannot be read: that is told only to a caller who may call."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in media_types:
        return Refused(text.NO_MEDIA_TYPE)
    if not request.body.strip():
        return Refused(malformed("A non-empty request body is required."))
    try:
        body: Json = json.loads(request.body, parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return Refused(malformed("The request body is not valid JSON."))
    return body


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
