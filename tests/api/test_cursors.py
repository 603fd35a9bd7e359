"""Cursors: opaque, signed, and good only for their client and their list."""

from __future__ import annotations

import base64

import httpx
import pytest

from app.api.cursors import Cursors
from app.domain.errors import MalformedRequest
from tests.api.edge_app import authority, bearer, edge_app, http_to

CURSORS = Cursors(authority().keys.cursor_key)
ROUTE = "listOperations?state=queued"


def test_a_cursor_gives_its_sort_key_back() -> None:
    cursor = CURSORS.make([1_763_000_000_000_000, "op_01K", None], client_id="a", route=ROUTE)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert CURSORS.read(cursor, client_id="a", route=ROUTE) == (1_763_000_000_000_000, "op_01K", None)


def test_another_process_with_the_same_signing_key_reads_it() -> None:
    cursor = CURSORS.make(["x"], client_id="a", route=ROUTE)
    assert Cursors(authority().keys.cursor_key).read(cursor, client_id="a", route=ROUTE) == ("x",)
    with pytest.raises(MalformedRequest):
        Cursors(authority(signing_key="another signing key of 32 bytes...").keys.cursor_key).read(
            cursor, client_id="a", route=ROUTE
        )


@pytest.mark.parametrize(("client_id", "route"), [("b", ROUTE), ("a", "listOperations"), ("a" + ROUTE, "")])
def test_a_cursor_of_another_client_or_list_is_refused(client_id: str, route: str) -> None:
    cursor = CURSORS.make(["x"], client_id="a", route=ROUTE)
    with pytest.raises(MalformedRequest):
        CURSORS.read(cursor, client_id=client_id, route=route)


def test_every_altered_cursor_is_refused() -> None:
    raw = base64.urlsafe_b64decode(CURSORS.make(["abc", 12], client_id="a", route=ROUTE) + "==")
    for at in range(len(raw)):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        cursor = base64.urlsafe_b64encode(altered).rstrip(b"=").decode()
        with pytest.raises(MalformedRequest):
            CURSORS.read(cursor, client_id="a", route=ROUTE)


@pytest.mark.parametrize("cursor", ["", "a", "!!!!", "é", "AAAA", "A" * 1000, "=", "a b", "\x00"])
def test_nonsense_is_refused_and_not_repeated(cursor: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        CURSORS.read(cursor, client_id="a", route=ROUTE)
    assert refused.value.detail == "This cursor is not one of this list's; start again without one."


@pytest.mark.parametrize(
    ("query", "status"), [("", 200), ("?limit=1", 200), ("?limit=200", 200), ("?limit=0", 422), ("?limit=x", 422)]
)
async def test_a_limit_lies_between_1_and_200(query: str, status: int) -> None:
    auth = authority()
    async with http_to(edge_app(auth)) as http:
        answer: httpx.Response = await http.get(f"/v1/backends/civica-cx/orders{query}", headers=bearer(auth))
    assert answer.status_code == status
    if not query:
        assert answer.json()["limit"] == 50
