"""What each observation of a write proves, from the wire to the ledger. The default is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.delivery.bench import ATTEMPTS, Simulated, body, codes, finished, leaves, outcomes, rows, send_async, until
from tests.delivery.recording import UPDATE, Glass, Passed
from tests.gateway import CX, Site, site
from tests.vendors.loopback import Behaviour, hang, hang_up, head, raw, reply, reset

FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:a="urn:x">{}'
    '</faultcode><faultstring xml:lang="en-GB">{}</faultstring></s:Fault></s:Body></s:Envelope>'
)
BAD_TOKEN = reply(500, FAULT.format("s:Client", "Exception Message:Access denied – Invalid token").encode())
NO_SUCH_ACTION = FAULT.format("a:ActionNotSupported", "The message with Action cannot be processed").encode()
UNREADABLE = FAULT.format("a:DeserializationFailed", "The formatter threw an exception").encode()
CRASHED = FAULT.format("a:InternalServiceFault", "The server was unable to process the request").encode()
NO_RESULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<UpdateRepairWorksOrderStatusResponse xmlns="http://tempuri.org/"/></s:Body></s:Envelope>'
)
HTML = b"<html><body><h1>Server Error in '/Cx' Application.</h1></body></html>"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the write meets, the outcome of its attempt, and the operation's state thereafter."""

    name: str
    meets: tuple[Behaviour, ...]
    outcome: str
    state: str
    problem: str | None = None


CASES = [
    Case(name="reset before an answer", meets=(reset,), outcome="unknown", state="unknown"),
    Case(name="hung up without an answer", meets=(hang_up,), outcome="unknown", state="unknown"),
    Case(name="202 without a body", meets=(reply(202),), outcome="unknown", state="unknown"),
    Case(name="200 without a body", meets=(reply(200),), outcome="unknown", state="unknown"),
    Case(name="200 without a result", meets=(reply(200, NO_RESULT),), outcome="unknown", state="unknown"),
    Case(name="garbage with 200", meets=(reply(200, b"\x00\xff OK"),), outcome="unknown", state="unknown"),
    Case(name="not HTTP at all", meets=(raw(b"\x15\x03\x01 nonsense\r\n\r\n"),), outcome="unknown", state="unknown"),
    Case(name="an HTML page with 200", meets=(reply(200, HTML),), outcome="unknown", state="unknown"),
    Case(name="an HTML page with 500", meets=(reply(500, HTML),), outcome="unknown", state="unknown"),
    Case(name="a gateway's 503", meets=(reply(503, HTML),), outcome="unknown", state="unknown"),
    Case(name="a redirect", meets=(reply(307, b"", Location="/elsewhere"),), outcome="unknown", state="unknown"),
    Case(name="an internal fault", meets=(reply(500, CRASHED),), outcome="unknown", state="unknown"),
    Case(
        name="an answer over the cap",
        meets=(raw(head(200, {"Content-Type": "text/xml", "Content-Length": str(5 * 1024 * 1024)}) + b" " * 1000),),
        outcome="unknown",
        state="unknown",
    ),
    Case(name="silence until the deadline", meets=(hang,), outcome="unknown", state="unknown"),
    Case(
        name="a body that drips past the deadline",
        meets=(raw(head(200, {"Content-Type": "text/xml", "Content-Length": "900"}), *[b" "] * 30, pause_s=0.1),),
        outcome="unknown",
        state="unknown",
    ),
    Case(name="no such action", meets=(reply(500, NO_SUCH_ACTION),), outcome="not_applied", state="queued"),
    Case(name="404 without SOAP", meets=(reply(404, HTML),), outcome="not_applied", state="queued"),
    Case(name="415 without SOAP", meets=(reply(415),), outcome="not_applied", state="queued"),
    Case(name="429", meets=(reply(429, b"", Retry_After="2"),), outcome="not_applied", state="queued"),
    Case(name="an invalid token twice", meets=(BAD_TOKEN, BAD_TOKEN), outcome="not_applied", state="queued"),
    Case(
        name="a request that Cx cannot read",
        meets=(reply(500, UNREADABLE),),
        outcome="refused",
        state="refused",
        problem="vendor-rejected-data",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_observation_is_classified_as_the_table_says(seen_on_sqlite: tuple[Site, Glass], case: Case) -> None:
    made, glass = seen_on_sqlite
    glass.instead(UPDATE, *case.meets)
    sent = await send_async(made, "113427", 11)
    await until(_attempt_ended(made, sent))
    found = await leaves(made, sent, "sending", "verifying")
    problem = (found["problem"] or {}).get("code")
    first, *_ = await outcomes(made, sent)
    assert (first, found["state"], problem) == (case.outcome, case.state, case.problem)
    assert codes(made, "113427") == []


async def test_a_refused_connection_leaves_the_update_queued(vendor: Simulated, database: str, tmp_path: Path) -> None:
    async with site(CX, vendor.url, database, tmp_path) as made:
        await made.api.get(made.orders("113427"))
        vendor.stop()
        answer = await made.update("113427", body(11), prefer="wait=1")
        found = answer.json()
        assert (answer.status_code, found["state"]) == (202, "queued")
        assert found["waiting_for"]["code"] == "backend-unavailable"
        assert set(await outcomes(made, found["operation_id"])) == {"not_sent"}


@pytest.mark.parametrize("broken", ["cut in the middle", "reset", "a page instead"])
async def test_an_answer_lost_after_the_effect_is_found_by_reading_back(seen: tuple[Site, Glass], broken: str) -> None:
    made, glass = seen
    wraps: dict[str, Callable[[bytes], Behaviour]] = {
        "cut in the middle": lambda answer: raw(answer[:-80]),
        "reset": lambda answer: reset,
        "a page instead": lambda answer: reply(502, HTML),
    }
    glass.around(UPDATE, wraps[broken])
    answer = await made.update("113427", {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (answer.status_code, answer.json()["evidence"]) == (201, "read_back")
    assert await outcomes(made, answer.json()["operation_id"]) == ["unknown"]
    assert codes(made, "113427") == [11]


async def test_the_intent_is_stored_before_the_vendor_sees_a_byte(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    stored: list[tuple[str, object]] = []

    async def look(passing: Passed) -> None:
        if passing.call == UPDATE:
            newest = (await made.api.get("/v1/operations")).json()["items"][0]
            attempts = await rows(made, ATTEMPTS, of_id=newest["operation_id"])
            stored.append((newest["state"], [(row["n"], row["outcome"]) for row in attempts]))

    glass.before = look
    at_once = await made.update("113427", {"vendor_code": "11", "occurred_at": "2026-11-20T20:40:00Z"})
    glass.instead(UPDATE, reply(429, b"", Retry_After="0"))
    queued = await send_async(made, "113427", 9)
    assert at_once.status_code == 201
    assert (await finished(made, queued))["state"] == "applied"
    assert stored == [("sending", [(1, None)]), ("sending", [(1, None)]), ("sending", [(1, "not_applied"), (2, None)])]


def _attempt_ended(made: Site, operation_id: str) -> Callable[[], object]:
    async def ended() -> bool:
        found = await outcomes(made, operation_id)
        return bool(found) and found[0] is not None

    return ended
