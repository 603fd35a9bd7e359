"""What an answer proves: the tables are total over what the vendor document lists, and nothing else is ever a yes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import FieldFault, VendorRejectedData, VendorSaid
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Answer, Outcome, VendorRequest
from app.vendors.exchange import NotSent, Reply
from app.vendors.nexusfs.answers import Nothing, Object, Parameter, Reading, Standard, read_answer
from app.vendors.nexusfs.outcomes import Heard, log_in_fault, without_secrets, write_answer
from app.vendors.nexusfs.pointers import pointer_in
from app.vendors.nexusfs.tables import HTTP_STATUSES, STANDARD, STANDARD_TO_PUT

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
JSON = "application/json"
DOCUMENTED = (200, 201, 400, 401, 404, 405, 409, 410, 500)
"""The statuses of dossier 3.3, and 201 of 3.2."""


def reading(status: int, body: bytes, content_type: str = JSON) -> Reading:
    return read_answer(Reply(status=status, headers=httpx.Headers({"content-type": content_type}), body=body))


def answer(
    status: int, body: bytes, *, content_type: str = JSON, method: str = "PATCH", sent: JsonObject | None = None
) -> Answer:
    heard = Heard(status=status, reading=reading(status, body, content_type), asked_at=NOW)
    request = VendorRequest(method=method, url="", headers={}, body=b"" if sent is None else json.dumps(sent).encode())
    return write_answer(heard, request)


def standard(status: int, **more: JsonValue) -> bytes:
    body = {"type": "about:blank", "title": "No", "status": status, "detail": "It cannot be.", **more}
    return json.dumps(body).encode()


def test_every_documented_status_has_its_meaning() -> None:
    met = {status: answer(status, standard(status)).outcome for status in DOCUMENTED if status not in (200, 201)}
    assert met == {
        400: Outcome.refused,
        401: Outcome.not_applied,
        404: Outcome.refused,
        405: Outcome.not_applied,
        409: Outcome.refused,
        410: Outcome.refused,
        500: Outcome.unknown,
    }
    for status in (200, 201):
        assert answer(status, json.dumps({"status": status}).encode()).outcome is Outcome.applied


def test_a_meaning_says_what_follows_from_it() -> None:
    for meanings in (STANDARD, STANDARD_TO_PUT, HTTP_STATUSES):
        for meaning in meanings.values():
            assert (meaning.error is None) is (meaning.outcome is not Outcome.refused)
            assert (meaning.trouble is None) is (meaning.outcome is not Outcome.not_applied)
            assert meaning.detail


BODIES = (
    b"",
    b"{}",
    b"null",
    b'{"status":200}',
    b'{"status":201}',
    standard(200),
    standard(400),
    standard(404),
    b'{"code":404,"detail":{"message":"URL is incorrect"}}',
    b'{"code":409,"detail":{}}',
    b'{"code":410,"detail":{"message":"The specified object does not exists."}}',
    b'{"code":true,"detail":{}}',
    b'{"code":410,"detail":"The specified object does not exists."}',
    b"<html></html>",
    b'{"status":2',
    b"\xff",
)
MEDIA_TYPES = ("", "text/html", "text/plain", JSON, f"{JSON}; charset=utf-8")


@settings(deadline=None, max_examples=500)
@given(
    status=st.integers(200, 599),
    body=st.sampled_from(BODIES) | st.binary(max_size=20),
    content_type=st.sampled_from(MEDIA_TYPES),
    method=st.sampled_from(["PUT", "POST", "PATCH", "DELETE"]),
)
def test_yes_is_only_the_standard_response_that_says_so_and_no_only_one_that_fails(
    status: int, body: bytes, content_type: str, method: str
) -> None:
    met = answer(status, body, content_type=content_type, method=method).outcome
    text = body.decode(errors="replace").replace(" ", "")
    own_words = (
        content_type.startswith(JSON)
        and body in BODIES
        and (f'"status":{status}' in text or f'"code":{status},"detail":{{' in text)
    )
    if met is Outcome.applied:
        assert own_words
        assert status in (200, 201)
        assert body == f'{{"status":{status}}}'.encode()
    if met is Outcome.refused:
        assert own_words
        assert status in STANDARD
    if met is Outcome.not_applied:
        assert status in HTTP_STATUSES


@settings(deadline=None)
@given(body=st.binary(max_size=200), status=st.integers(200, 599))
def test_no_answer_breaks_the_reading_and_what_is_no_json_object_says_nothing(body: bytes, status: int) -> None:
    met = reading(status, body)
    assert isinstance(met, Nothing) or isinstance(json.loads(body), dict)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
"""NUL is no JSON to us: no database takes it (tests/vendors/test_json_bodies.py)."""
NUMBERS = st.sampled_from([*DOCUMENTED, True, 200.0, "200", None])
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "status": NUMBERS,
        "code": NUMBERS,
        "title": WORDS,
        "detail": st.sampled_from(["It cannot be.", {}, {"message": "No"}, None]),
        "invalidParams": st.sampled_from([[], [{"path": "a", "reason": "b"}], ["a"], None]),
        "OrderNum": WORDS,
    },
)


@settings(deadline=None)
@given(members=OBJECTS, status=st.sampled_from(DOCUMENTED))
def test_an_object_is_what_its_own_status_says(members: dict[str, JsonValue], status: int) -> None:
    met = reading(status, json.dumps(members).encode())
    says = members.get("status") if type(members.get("status")) is int else None
    is_old = type(members.get("code")) is int and members["code"] == status and isinstance(members.get("detail"), dict)
    if (is_old and status != 404) or says == status:
        assert isinstance(met, Standard)
    elif says is None:
        assert met == Object(members=members)
    else:
        assert met == Nothing(why=f"The answer says status {says}.")


def test_json_that_is_no_object_is_nothing() -> None:
    for body in (b'{"a":NaN}', b'["status"]', b"7", b"null"):
        assert isinstance(reading(200, body), Nothing)
    assert reading(200, '{"a":"☂\\u2602"}'.encode()) == Object(members={"a": "☂☂"})


# --- what is wrong, in our names

SENT: JsonObject = {
    "Account": {"AccountNum": "1"},
    "Assets": [{"AssetNum": "a/b", "Desc": "Oven"}, {"AssetNum": "7"}],
    "FlexView": [{"ID": "1001", "Items": [{"Label": "Gate"}]}],
    "OrderNum": "1214",
    "_fields": ["Rules", "User"],
    "_paths": ["$.Rules.IsOps"],
}


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("OrderType", "/type"),
        ("OrderNum", "/number"),
        ("OrderStatus", "/status"),
        ("OrderDate", "/dates/raised"),
        ("Account.AccountNum", "/account/number"),
        ("Account", "/account"),
        ("Account.TaxExempt", "/account/extensions/nexusfs/TaxExempt"),
        ("$.Account.AccountNum", "/account/number"),
        ("Location.Address.Zip", "/location/address/postcode"),
        ("Location.SigReq", "/location/extensions/nexusfs/SigReq"),
        ("Assets[0].Desc", "/assets/a~1b/description"),
        ("Assets[1]", "/assets/7"),
        ("Assets[9].Desc", "/assets/9/description"),
        ("Assets[0].FlexForms[0].ID", "/assets/a~1b/extensions/nexusfs/FlexForms/0/ID"),
        ("FlexView[0].Items[0].Label", "/info_panels/1001/items/0/label"),
        ("Discounts[0].ProdTypes[2]", "/discounts/0/product_types/2"),
        ("DispatchStatus", "/extensions/nexusfs/DispatchStatus"),
        ("Alerts[0].AlertID", "/extensions/nexusfs/Alerts/0/AlertID"),
        ("_fields[0]", "/rules"),
        ("_fields[1]", "/extensions/nexusfs/User"),
        ("_fields[7]", ""),
        ("_paths[0]", ""),
        ("", ""),
        ("$", ""),
        ("a..b", ""),
        ("a[", ""),
    ],
)
def test_a_path_of_the_vendors_is_a_pointer_of_ours(path: str, pointer: str) -> None:
    assert pointer_in(path, SENT) == pointer


@settings(deadline=None)
@given(path=st.text(st.sampled_from("ab.[]0$_A")) | st.text(max_size=10))
def test_no_path_breaks_the_pointer(path: str) -> None:
    pointer = pointer_in(path, SENT)
    assert pointer == "" or pointer.startswith("/")


def test_a_refusal_names_each_member_and_keeps_the_vendors_words() -> None:
    params: list[JsonValue] = [
        {"name": "AccountNum", "reason": "is unknown", "path": "Account.AccountNum", "value": "1"},
        {"name": "Priority", "reason": "must be one of 1001"},
        {"reason": 5},
        "odd",
    ]
    assert answer(400, standard(400, invalidParams=params), sent=SENT) == Answer(
        outcome=Outcome.refused,
        detail="NexusFS found the data wrong.",
        said=VendorSaid(
            message="It cannot be. Account.AccountNum: is unknown; Priority: must be one of 1001; invalid", status=400
        ),
        error=VendorRejectedData,
        faults=(
            FieldFault(pointer="/account/number", code="invalid", message="is unknown"),
            FieldFault(pointer="/priority", code="invalid", message="must be one of 1001"),
            FieldFault(pointer="", code="invalid", message="invalid"),
        ),
    )


@pytest.mark.parametrize(
    ("detail", "message", "faults"),
    [
        ({"message": "Bad", "params": {"value": "9"}, "dataPath": "Priority"}, "Priority: Bad", [("/priority", "Bad")]),
        ({"dataPath": "Priority"}, "Priority: invalid", [("/priority", "invalid")]),
        ({"message": "Bad", "params": {"value": ""}, "dataPath": ""}, "Bad", []),
        ({"message": 5, "dataPath": None}, None, []),
    ],
)
def test_an_error_in_the_old_form_names_its_member_too(
    detail: JsonObject, message: str | None, faults: list[tuple[str, str]]
) -> None:
    met = answer(400, json.dumps({"code": 400, "detail": detail}).encode(), sent=SENT)
    assert (met.outcome, met.error, met.said) == (
        Outcome.refused,
        VendorRejectedData,
        VendorSaid(message=message, status=400),
    )
    assert [(fault.pointer, fault.message) for fault in met.faults] == faults


def test_our_secrets_are_taken_out_of_the_vendors_words_and_long_ones_are_cut() -> None:
    said = Standard(
        failed=True,
        text="hunter2 is wrong; " + "x" * 600,
        parameters=(Parameter(path="hunter2", reason="not hunter2"),),
    )
    clean = without_secrets(said, ("hunter2",))
    assert isinstance(clean, Standard)
    assert clean.text.startswith("*** is wrong; ")
    assert len(clean.text) == 500
    assert clean.parameters == (Parameter(path="***", reason="not ***"),)


def test_a_log_in_that_is_refused_keeps_the_vendors_words() -> None:
    body = json.dumps({"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Invalid Logon."})
    fault = log_in_fault(Heard(status=401, reading=reading(401, body.encode()), asked_at=NOW))
    assert isinstance(fault, NotSent)
    assert (fault.trouble.code, fault.detail) == ("backend-misconfigured", "NexusFS refused our log-in.")
    assert fault.said == VendorSaid(message="Invalid Logon.", status=401)
