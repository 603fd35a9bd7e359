"""What each answer of ERPx comes to: the golden matrix over the wire, the table as a whole, the document's texts."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx
import pytest

from app.domain.errors import GatewayError, VendorRefused, VendorRejectedData, VendorSaid
from app.domain.json import JsonObject
from app.domain.ports import Answer, Outcome, Write
from app.vendors.exchange import Reply
from app.vendors.replies import MOST_TEXT
from app.vendors.unit4_erpx.adapter import Unit4ErpxAdapter
from app.vendors.unit4_erpx.answers import read_answer
from app.vendors.unit4_erpx.outcomes import meaning_of
from app.vendors.unit4_erpx.rejections import TEMPLATES, faults_of
from app.vendors.unit4_erpx.tables import ANSWERS, CALLS, IN_DOUBT, Call, Shape
from tests.vendors.loopback import Arrived, Behaviour, loopback, reply
from tests.vendors.unit4_erpx.erpx import NOW, ORDER, SAMPLE, adapting, created, deleted, patched, status_set

HERE = Path(__file__).parent
TOKEN = reply(
    200, b'{"access_token":"t0ken-1","expires_in":3600,"token_type":"Bearer"}', Content_Type="application/json"
)
READ = reply(200, json.dumps(SAMPLE).encode(), Content_Type="application/json")
WRITES: dict[str, Write] = {
    "login": status_set("P"),
    "status_update": status_set("P"),
    "create": created({"title": "NewWorkOrder"}),
    "patch": patched({"title": "Updated Work Order Name"}, ORDER),
    "delete": deleted(),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of golden.csv."""

    call: str
    name: str
    status: int
    content_type: str
    headers: Mapping[str, str]
    body: str
    outcome: str
    code: str
    sent_again: str

    def behaviour(self) -> Behaviour:
        named = {name.replace("-", "_"): value for name, value in self.headers.items()}
        return reply(self.status, self.body.encode(), **{"Content_Type": self.content_type or "text/plain", **named})


def rows() -> Iterator[Row]:
    with (HERE / "golden.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            headers = json.loads(row["headers"] or "{}")
            yield Row(**{**row, "status": int(row["status"]), "headers": headers})


GOLDEN = list(rows())
CALLS_TOLD = json.loads((HERE / "calls.json").read_text(encoding="utf-8"))


def is_call(arrived: Arrived, call: str) -> bool:
    told = CALLS_TOLD[call]
    return (
        arrived.method == told["method"]
        and re.search(told["path"], arrived.target) is not None
        and re.search(told.get("body", ""), arrived.body.decode()) is not None
    )


async def outcome_of(adapter: Unit4ErpxAdapter, row: Row) -> tuple[str, str]:
    if row.call == "read":
        try:
            await adapter.read("123")
        except GatewayError as error:
            return "error", error.code
        return "found", ""
    answer = await adapter.send(WRITES[row.call])
    named = answer.error or answer.trouble or (VendorRefused if answer.outcome is Outcome.refused else None)
    return answer.outcome.value, "" if named is None else named.code


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row.call}: {row.status} {row.name}")
async def test_an_answer_comes_to_what_the_golden_matrix_says(row: Row) -> None:
    async with loopback() as server:

        def route(arrived: Arrived) -> Behaviour:
            if is_call(arrived, row.call):
                return row.behaviour()
            return TOKEN if is_call(arrived, "login") else READ

        server.route = route
        async with adapting(server.url) as adapter:
            assert await outcome_of(adapter, row) == (row.outcome, row.code)
        times = sum(is_call(arrived, row.call) for arrived in server.arrived)
    assert times == (2 if row.status == 401 and row.call != "login" else 1)
    assert row.sent_again == ("yes" if row.outcome in {"not_sent", "not_applied"} else "no")


def test_every_call_has_every_answer_that_any_vendor_may_give() -> None:
    needed = {401, 403, 404, 405, 409, 410, 429, 500, 502, 503}
    for call in CALLS_TOLD:
        assert needed <= {row.status for row in GOLDEN if row.call == call}, call


DOCUMENTED = [
    *(f"POST_00{n}" for n in range(1, 9)),
    *(f"GET_00{n}" for n in range(1, 6)),
    *(f"PATCH_00{n}" for n in (1, 2, 3, 4, 6)),
    *(f"DEL_00{n}" for n in range(1, 5)),
]


@pytest.mark.parametrize("scenario", DOCUMENTED)
def test_every_scenario_of_the_document_is_in_the_golden_matrix(scenario: str) -> None:
    assert any(row.name.startswith(scenario) for row in GOLDEN)


def test_only_the_documented_successes_are_successes() -> None:
    found = {
        (call, status, shape)
        for call, status, shape in product(Call, range(100, 600), Shape)
        if meaning_of(call, status, shape).outcome is Outcome.applied
    }
    assert found == {
        (Call.create, 201, Shape.order),
        (Call.read, 200, Shape.order),
        (Call.patch, 200, Shape.order),
        (Call.close, 200, Shape.empty),
        (Call.close, 204, Shape.empty),
    }


def test_only_the_vendors_own_words_refuse() -> None:
    refusing = {
        (status, shape)
        for call, status, shape in product(Call, range(100, 600), Shape)
        if meaning_of(call, status, shape).outcome is Outcome.refused
    }
    assert refusing == {
        (400, Shape.words),
        (400, Shape.no_order),
        (422, Shape.words),
        (422, Shape.no_order),
        (404, Shape.no_order),
    }


def test_what_never_reached_the_api_may_be_sent_again_and_nothing_else_may() -> None:
    again = {
        status
        for call, status, shape in product(Call, range(100, 600), Shape)
        if meaning_of(call, status, shape).outcome is Outcome.not_applied
    }
    assert again == {401, 403, 404, 405, 415, 429}


def test_every_row_of_the_table_says_what_its_outcome_needs() -> None:
    for row in ANSWERS:
        meaning = row.meaning
        assert row.calls <= CALLS
        assert (meaning.error is not None) == (meaning.outcome is Outcome.refused)
        assert (meaning.trouble is not None) == (meaning.outcome is Outcome.not_applied)
        assert (meaning is IN_DOUBT) is (meaning.outcome is Outcome.unknown)


def heard(
    body: bytes, *, status: int = 422, media_type: str = "application/json", secrets: tuple[str, ...] = ()
) -> Answer:
    """Only to show what is kept: the shape in `detail`, the words in `said`."""
    answer = Reply(status=status, headers=httpx.Headers({"content-type": media_type}), body=body)
    read = read_answer(answer, asked_at=NOW, now=NOW, secrets=secrets)
    return Answer(outcome=Outcome.unknown, detail=read.shape.name, said=read.said)


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b"", Shape.empty),
        (b" \r\n", Shape.empty),
        (b"[]", Shape.other),
        (b"{}", Shape.other),
        (b"[{}]", Shape.other),
        (b"null", Shape.other),
        (b'"x"', Shape.other),
        (b"[1]", Shape.other),
        (b'{"message":NaN}', Shape.other),
        (b'{"workOrderId":"1"', Shape.other),
        (b'\xef\xbb\xbf{"workOrderId":"1"}', Shape.order),
        (b'{"workOrderId":""}', Shape.words),
        (b'{"workOrderId":"1","statusCode":404}', Shape.gateway),
        (b'[{"statusCode":404,"message":"Resource not found"}]', Shape.gateway),
        (b'{"message":"WorkOrder with Id 1 was not found within company C"}', Shape.no_order),
        (b'{"code":"1040"}', Shape.no_order),
        (b'{"title":"Unprocessable"}', Shape.words),
    ],
)
def test_a_body_is_taken_for_what_it_is(body: bytes, shape: Shape) -> None:
    assert heard(body).detail == shape.name


@pytest.mark.parametrize(
    ("media_type", "shape"),
    [
        ("application/json; charset=utf-8", Shape.order),
        ("TEXT/JSON", Shape.order),
        ("application/vnd.unit4+json", Shape.order),
        ("text/html", Shape.other),
        ("", Shape.other),
    ],
)
def test_only_what_says_that_it_is_json_is_read_as_json(media_type: str, shape: Shape) -> None:
    assert heard(b'{"workOrderId":"1"}', media_type=media_type).detail == shape.name


def test_the_vendors_words_are_kept_without_our_secrets() -> None:
    body = json.dumps([{"code": 1020, "message": "hush is wrong"}, {"code": 7, "message": "x" * 600}]).encode()
    said = heard(body, secrets=("hush",)).said
    assert said == VendorSaid(code="1020", message=("*** is wrong " + "x" * 600)[:MOST_TEXT], status=422)
    unknown = heard(b'{"title":"hush","errors":{"a":["b"]}}', secrets=("hush",)).said
    assert unknown == VendorSaid(code=None, message='{"title": "***", "errors": {"a": ["b"]}}', status=422)


@pytest.mark.parametrize(
    ("message", "pointer", "code"),
    [
        ("The workOrderName field is required.", "/title", "required"),
        ("The status field is required.", "/status", "required"),
        ("The customerInformation.currencyCode field is required.",
         "/extensions/unit4_erpx/customerInformation/currencyCode", "required"),
        ("Illegal value entered", "", "invalid"),
        ("A value must be entered for customerId.", "/account/number", "required"),
        ("A value must be entered for B0.", "", "required"),
        ("This number series requires a relation value for C1. Please enter the relation value.", "", "required"),
        ("Invalid date time format: x is not a date", "", "invalid"),
        ("Invalid date time format. Path 'dateFrom', line 1, position 20.", "/dates/planned_start", "invalid"),
        ("Error converting value \"x\" to type 'System.Int32'. Path 'periodFrom', line 1.",
         "/extensions/unit4_erpx/periodFrom", "invalid"),
        ("Error converting value {null} to type 'System.DateTime'.", "", "invalid"),
        ("Error converting value 7 to type 'System.String'. Path 'relatedValues[0].relatedValue'.",
         "/related_values", "invalid"),
        ("The field probability must be between 0 and 100.", "/extensions/unit4_erpx/probability", "out-of-range"),
        ("The field workOrderId must be a string with max length 25", "/number", "too-long"),
        ("dateFrom must be equal or earlier than dateTo", "/dates/planned_start", "out-of-range"),
        ("The date must be between 1900-01-01 and 2099-12-31", "", "out-of-range"),
        ("ProId9 is not a legal projectId", "/project/number", "invalid"),
        ("Illegal project manager id", "/project/manager", "invalid"),
        ("Illegal frobnication", "", "invalid"),
        ("The work order is locked by another user.", "", "vendor-rejected-data"),
    ],
)  # fmt: skip
def test_a_rejection_names_the_member_in_our_words(message: str, pointer: str, code: str) -> None:
    [fault] = faults_of((message,))
    assert (fault.pointer, fault.code, fault.message) == (pointer, code, message)


@pytest.mark.parametrize("row", [row for row in GOLDEN if row.code == VendorRejectedData.code and ": " in row.name])
def test_every_rejection_of_the_document_has_its_template(row: Row) -> None:
    answer: list[JsonObject] = json.loads(row.body)
    message = str(answer[0]["message"])
    assert any(template.pattern.fullmatch(message) for template in TEMPLATES)
