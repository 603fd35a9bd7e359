"""Log lines: one JSON object each, without secrets, whoever wrote them."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx
import pytest
import structlog

from app import logs
from app.redaction import HIDDEN, MAX_VALUE, Redactor
from app.telemetry.at_work import REQUEST
from tests.api.edge_app import authority, bearer, edge_app, http_to
from tests.logged import logged, logging_restored

CANARY = "Zx9canary7Qq"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{CANARY}.c2lnbmF0dXJl{CANARY}"


@dataclass(frozen=True)
class Planted:
    id: str
    event: str = "something_happened"
    values: dict[str, object] = field(default_factory=dict)


PLANTED = [
    Planted("password", values={"password": CANARY}),
    Planted("passwd", values={"passwd": CANARY}),
    Planted("db-password", values={"DB_PASSWORD": CANARY}),
    Planted("secret", values={"secret": CANARY}),
    Planted("client-secret", values={"client_secret": CANARY}),
    Planted("signing-key", values={"signing_key": CANARY}),
    Planted("token", values={"token": CANARY}),
    Planted("access-token", values={"access_token": CANARY}),
    Planted("authorization", values={"Authorization": f"Bearer {CANARY}"}),
    Planted("cookie", values={"set-cookie": CANARY}),
    Planted("api-key", values={"X-Api-Key": CANARY}),
    Planted("nested", values={"request": {"headers": {"authorization": CANARY}}}),
    Planted("nested-list", values={"clients": [{"id": "a", "secret": CANARY}]}),
    Planted("not-a-text", values={"secret": [CANARY, 1]}),
    Planted("in-event", event=f"sent Authorization: Bearer {CANARY}"),
    Planted("bearer", values={"line": f"got bearer {CANARY} from there"}),
    Planted("basic", values={"line": f"Authorization: Basic {CANARY}"}),
    Planted("jwt", values={"line": f"the token {JWT} was odd"}),
    Planted("jwt-alone", values={"line": JWT}),
    Planted("token-element", values={"body": f"<s:Body><Token>{CANARY}</Token><Id>1</Id></s:Body>"}),
    Planted("token-element-with-prefix", values={"body": f'<a:Token xmlns:a="urn:x">{CANARY}</a:Token>'}),
    Planted("token-element-cut-off", values={"body": f"<Token>{CANARY}"}),
    Planted("password-element", values={"body": f'<wsse:Password Type="x">{CANARY}</wsse:Password>'}),
    Planted("user-password-element", values={"body": f"<UserPassword>{CANARY} with spaces</UserPassword>"}),
    Planted("form", values={"body": f"grant_type=x&client_secret={CANARY}&scope=y"}),
    Planted("json-in-text", values={"body": json.dumps({"password": f"{CANARY}, {CANARY}", "n": 1})}),
    Planted("json-in-json", values={"body": json.dumps({"b": json.dumps({"token": f"a b {CANARY}"})})}),
    Planted("python-repr", values={"body": repr({"password": CANARY})}),
    Planted("bytes", values={"body": f"client_secret={CANARY}".encode()}),
    Planted("object", values={"body": httpx.Headers({"authorization": f"Bearer {CANARY}"}).raw}),
    Planted("exception-object", values={"error": ValueError(f"password={CANARY}")}),
    Planted("header-text", values={"line": f"x-access-token: {CANARY}\r\nHost: a"}),
    Planted("upper-case", values={"line": f"PASSWORD={CANARY}"}),
    Planted("after-a-long-text", values={"body": "x" * 5000 + f"<Token>{CANARY}</Token>"}),
    Planted("very-long", values={"body": "x" * 4000 + f" password={CANARY} " + "y" * 1_000_000}),
    Planted("dsn", values={"url": "postgresql://user:configured-pw-" + CANARY + "@host/db"}),
]


def test_at_least_thirty_secrets_are_planted() -> None:
    assert len(PLANTED) >= 30


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.id)
@pytest.mark.parametrize("console", [False, True], ids=["json", "console"])
def test_a_planted_secret_is_struck_out(case: Planted, console: bool) -> None:
    with logged(secrets=["configured-pw-" + CANARY], console=console) as written:
        structlog.get_logger().warning(case.event, **case.values)
        logging.getLogger("elsewhere").warning(case.event, extra=case.values)
        logging.getLogger("elsewhere").warning("%s %s", case.event, case.values)
    assert CANARY not in written.getvalue()
    assert len(written.getvalue()) < 40_000


def test_the_very_text_of_a_configured_secret_is_struck_out_anywhere() -> None:
    with logged(secrets=["hunter2-and-more", "x"]) as written:
        structlog.get_logger().info("connecting with hunter2-and-more", url="http://u:hunter2-and-more@vendor", n="xyz")
    line = json.loads(written.getvalue())
    assert (line["event"], line["url"], line["n"]) == ("connecting with ***", "http://u:***@vendor", "xyz")


def test_a_trace_is_kept_to_its_end_without_secrets() -> None:
    with logged(secrets=["hunter2-and-more"]) as written:
        try:
            try:
                raise ValueError("first " + "x" * 10_000)
            except ValueError:
                raise KeyError(f"hunter2-and-more Bearer {CANARY}") from None
        except KeyError:
            structlog.get_logger().exception("failed")
            logging.getLogger("elsewhere").exception("failed")
    ours, theirs = (json.loads(line) for line in written.getvalue().splitlines())
    for line in (ours, theirs):
        assert line["exception"].endswith("KeyError: '*** Bearer ***'")
        assert len(line["exception"]) <= MAX_VALUE + 3


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred\x1b[0m", "nul\x00", "\x9b31m", "a\u2028b", "\x7f"])
def test_control_characters_stay_inside_their_line(text: str) -> None:
    with logged() as written:
        structlog.get_logger().info(text, value=text, **{text: "x"})
        logging.getLogger("elsewhere").warning(text)
    lines = written.getvalue()
    assert lines.count("\n") == 2
    assert lines.replace("\n", "").isprintable()
    assert json.loads(lines.splitlines()[0])["value"] == text


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred\x1b[0m", "\x9b31m"])
def test_a_terminal_is_not_sent_the_control_characters_of_others(text: str) -> None:
    with logged(console=True) as written:
        structlog.get_logger().info("event", value=text)
        logging.getLogger("elsewhere").warning(text)
    assert text not in written.getvalue()


def test_a_value_of_a_megabyte_is_cut() -> None:
    with logged() as written:
        structlog.get_logger().info("event", value="x" * 1_000_000)
    assert json.loads(written.getvalue())["value"] == "x" * MAX_VALUE + "..."


def test_ordinary_values_are_logged_as_they_are() -> None:
    with logged() as written:
        structlog.get_logger().info(
            "event", n=1, ratio=0.5, ok=True, none=None, items=["a", {"b": 2}], deep=[[[[[[[1]]]]]]]
        )
    line = json.loads(written.getvalue())
    del line["timestamp"]
    assert line == {
        "event": "event",
        "level": "info",
        "n": 1,
        "ratio": 0.5,
        "ok": True,
        "none": None,
        "items": ["a", {"b": 2}],
        "deep": [[[[[["..."]]]]]],
    }


def test_lines_of_other_libraries_look_like_ours_and_chatter_is_dropped() -> None:
    with logged(level="DEBUG") as written:
        answering = REQUEST.set("r1")
        for name in ("zeep.transports", "httpx", "uvicorn.access"):
            logging.getLogger(name).info("chatter")
        logging.getLogger("uvicorn.error").info("started %s", "well")
        REQUEST.reset(answering)
    line = json.loads(written.getvalue())
    del line["timestamp"]
    assert line == {"event": "started well", "level": "info", "logger": "uvicorn.error", "request_id": "r1"}


def test_a_level_is_obeyed() -> None:
    with logged(level="WARNING") as written:
        structlog.get_logger().info("quiet")
        logging.getLogger("elsewhere").info("quiet")
    assert written.getvalue() == ""


def full_disk() -> TextIO:
    return io.TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=True)


def pipe_without_a_reader() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return io.TextIOWrapper(open(writer, "wb", buffering=0), write_through=True)


def closed_file() -> TextIO:
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("console", [False, True], ids=["json", "console"])
@pytest.mark.parametrize("out", [full_disk, pipe_without_a_reader, closed_file])
def test_a_line_that_cannot_be_written_is_lost_and_no_more(
    out: Callable[[], TextIO], console: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_restored(), closing(out()) as stream:
        logs.configure(stream=stream, console=console)
        structlog.get_logger().error("failed", exc_info=ValueError("x"))
        logging.getLogger("elsewhere").error("failed")
    assert capsys.readouterr() == ("", "")


async def test_nothing_that_a_caller_sends_as_a_secret_reaches_the_log() -> None:
    auth = authority()
    with logged(level="DEBUG") as written:
        async with http_to(edge_app(auth)) as http:
            form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": CANARY}
            assert (await http.post("/oauth/token", data=form)).status_code == 401
            assert (await http.post("/oauth/token", auth=("sandbox", CANARY))).status_code == 400
            orders = "/v1/backends/civica-cx/orders"
            assert (await http.get(orders, headers={"Authorization": f"Bearer {CANARY}"})).status_code == 401
            token = bearer(auth)
            assert (await http.get(f"{orders}?token={CANARY}", headers=token)).status_code == 422
            assert (await http.post(orders, json={"password": CANARY}, headers=token)).status_code == 422
    assert CANARY not in written.getvalue()
    assert token["Authorization"].split(".")[1] not in written.getvalue()
    assert len(written.getvalue().splitlines()) == 5


def test_a_hostile_text_does_not_make_redaction_slow() -> None:
    redactor = Redactor()
    for text in ("password=" * 8000, 'token="' * 10_000, "<Token" * 11_000, "bearer " * 9000, "eyJ." * 16_000):
        assert len(redactor.text(text)) <= MAX_VALUE + 3


def test_what_is_struck_out_is_marked() -> None:
    assert Redactor().text(f"Bearer {CANARY}") == f"Bearer {HIDDEN}"
