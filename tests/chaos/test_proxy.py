"""The faulty wire itself: what each fault shows to the gateway, and whether the vendor was reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.chaos.http_messages import LONGEST_HEAD, Message, answer, read_message
from tests.chaos.proxy import Proxy
from tests.chaos.wire_faults import FAULTS, READS, REFUSE, UNDER_WAY_S, WRITES, reset
from tests.ports import free_port

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]

DONE = answer(200, "OK", b"x" * 900)
WRITE = b"POST /v1/orders HTTP/1.1\r\nHost: v\r\nContent-Length: 10\r\n\r\nmk-7-1 is!"
READ = b"GET /v1/orders HTTP/1.1\r\nHost: v\r\n\r\n"
OPEN = b"..."
QUIET_S = 0.15
"""How long a line is listened to that stays open."""
PATIENCE_S = 5.0
"""How long is waited for what must come: a machine that stalls is no fault of the wire."""
LOG_IN = b"POST /createjwt HTTP/1.1\r\nHost: v\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(kw_only=True)
class Wire:
    """A vendor that answers everything alike, and the proxy before it."""

    proxy: Proxy
    port: int
    reached: list[Message] = field(default_factory=list)

    async def ask(self, request: bytes, *, first_s: float = PATIENCE_S, then_s: float = QUIET_S) -> bytes:
        """What comes back until the line ends or nothing is waited for any more (OPEN); RST is told as such.

        `first_s` is for the first byte (or the end), `then_s` for all that follows it.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        got = b""
        try:
            async with asyncio.timeout(first_s) as waiting:
                while piece := await reader.read(65536):
                    if not got:
                        waiting.reschedule(asyncio.get_running_loop().time() + then_s)
                    got += piece
        except TimeoutError:
            got += OPEN
        except ConnectionResetError:
            got += b"RST"
        await hang_up(writer)
        return got


@asynccontextmanager
async def wire(*, deadline_s: float = 0.3) -> AsyncIterator[Wire]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_message(reader)) is not None:
            made.reached.append(request)
            writer.write(DONE)
        await hang_up(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
    target = ("127.0.0.1", server.sockets[0].getsockname()[1])
    made = Wire(proxy=Proxy(target, seed=1, deadline_s=deadline_s, settle_s=0.2), port=0)
    made.port = await made.proxy.listen()
    try:
        yield made
    finally:
        await made.proxy.close()
        server.close()
        await asyncio.sleep(0.02)  # the vendor's side sees its lines end


async def hang_up(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()


def spoil(of: Wire, kind: str) -> None:
    of.proxy.set_rates(writes={kind: 1.0}, reads={})


@dataclass(frozen=True, kw_only=True)
class Case:
    kind: str
    reached: int
    """How often the vendor was reached, once all is over."""
    starts: bytes = b""
    ends: bytes = b""
    """OPEN where the line stays open."""

    @property
    def silent(self) -> bool:
        return self.ends == OPEN and not self.starts


CASES = [
    Case(kind="drop_answer", reached=1),
    Case(kind="drop_request", reached=0),
    Case(kind="reset_before", reached=0, ends=b"RST"),
    Case(kind="reset_after", reached=1, ends=b"RST"),
    Case(kind="past_deadline", reached=1, ends=OPEN),
    Case(kind="truncate", reached=1, starts=b"HTTP/1.1 200"[:1]),
    Case(kind="half_a_request", reached=0, ends=b"RST"),
    Case(kind="html_502_before", reached=0, starts=b"HTTP/1.1 502", ends=OPEN),
    Case(kind="html_502_after", reached=1, starts=b"HTTP/1.1 502", ends=OPEN),
    Case(kind="fault_after", reached=1, starts=b"HTTP/1.1 500", ends=OPEN),
    Case(kind="empty_202", reached=1, starts=b"HTTP/1.1 202", ends=b"\r\n\r\n..."),
    Case(kind="empty_200", reached=0, starts=b"HTTP/1.1 200", ends=b"\r\n\r\n..."),
    Case(kind="late_effect", reached=1),
    Case(kind="slice_answer", reached=1, starts=b"HTTP/1.1 200", ends=b"xxx..."),
    Case(kind="drip", reached=1, starts=b"HTTP/1.1", ends=OPEN),
    Case(kind="second_answer", reached=1, starts=b"HTTP/1.1 200", ends=b"xxx..."),
]


def test_every_fault_has_a_case_and_a_rate() -> None:
    assert sorted(case.kind for case in CASES) == sorted(FAULTS) == sorted(WRITES)
    assert set(READS) <= set(FAULTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
async def test_a_fault_does_what_it_says(case: Case) -> None:
    async with wire() as made:
        spoil(made, case.kind)
        got = await made.ask(
            WRITE,
            first_s=QUIET_S if case.silent else PATIENCE_S,
            then_s=QUIET_S if case.ends.endswith(OPEN) else PATIENCE_S,
        )
        assert got.endswith(OPEN) == case.ends.endswith(OPEN)
        assert (got[: len(case.starts)], got[len(got) - len(case.ends) :]) == (case.starts, case.ends)
        assert len(got) < len(DONE) or case.kind in ("slice_answer", "second_answer")
        await asyncio.sleep(0.15)
        assert len(made.reached) == case.reached
        assert made.proxy.faults == {case.kind: 1}
        assert [mark for mark, _ in made.proxy.sent] == ["mk-7-1"]


async def test_what_is_no_write_meets_the_faults_of_reads() -> None:
    async with wire() as made:
        made.proxy.set_rates(writes={"drop_request": 1.0}, reads={})
        assert [await made.ask(READ), await made.ask(LOG_IN)] == [DONE + OPEN, DONE + OPEN]
        made.proxy.set_rates(writes={}, reads={"drop_request": 1.0})
        assert [await made.ask(READ), await made.ask(WRITE)] == [b"", DONE + OPEN]


async def test_a_late_effect_comes_after_the_line_was_cut() -> None:
    async with wire() as made:
        spoil(made, "late_effect")
        assert (await made.ask(WRITE), made.reached) == (b"", [])


async def test_a_request_that_its_sender_did_not_end_never_arrives() -> None:
    async with wire() as made:
        assert await made.ask(WRITE[:-3], first_s=QUIET_S) == OPEN
        assert made.reached == []


async def test_connections_are_refused_for_a_while() -> None:
    async with wire() as made:
        away = asyncio.create_task(made.proxy.refuse(0.2))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await made.ask(WRITE)
        await away
        assert await made.ask(WRITE) == DONE + OPEN
        assert made.proxy.faults == {REFUSE: 1}


async def test_a_connection_that_is_gone_already_is_not_reset_again() -> None:
    async with wire() as made:
        _, writer = await asyncio.open_connection("127.0.0.1", made.port)
        reset(writer)
        await asyncio.sleep(0)
        reset(writer)


async def test_a_wire_that_breaks_by_itself_says_so() -> None:
    async with wire() as made:
        controls = Wire(proxy=made.proxy, port=free_port())
        await made.proxy.listen_for_control(controls.port)
        asked = b'{"refuse_s": 1}'
        await controls.ask(b"POST /_wire HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n%b" % (len(asked), asked))
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", made.port):
            await asyncio.sleep(1)
            assert b"address already in use" in await controls.ask(b"GET /_wire HTTP/1.1\r\nHost: w\r\n\r\n")


@asynccontextmanager
async def sent_first(made: Wire, requests: bytes, *, answers: int) -> AsyncIterator[Line]:
    """A line that is to get a second answer: the requests went out on it, and so many answers came back."""
    spoil(made, "second_answer")
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
    writer.write(requests)
    assert await reader.readexactly(answers * len(DONE)) == answers * DONE
    yield reader, writer
    await hang_up(writer)


async def test_a_second_answer_comes_while_the_line_rests_and_then_nothing_is_handed_on() -> None:
    async with wire() as made, sent_first(made, WRITE, answers=2) as (reader, writer):
        await asyncio.sleep(UNDER_WAY_S + 0.1)
        writer.write(WRITE)
        assert await reader.read() == b""
        assert len(made.reached) == 1


async def test_what_was_under_way_when_a_second_answer_came_reaches_the_vendor_and_has_no_answer_of_its_own() -> None:
    async with wire() as made, sent_first(made, WRITE, answers=2) as (reader, writer):
        writer.write(WRITE + WRITE)
        assert await reader.read() == b""
        assert len(made.reached) == 2
        assert [mark for mark, _ in made.proxy.sent] == ["mk-7-1", "mk-7-1"]


async def test_a_line_that_does_not_rest_gets_no_second_answer() -> None:
    async with wire() as made, sent_first(made, 2 * WRITE + READ, answers=3) as (reader, _):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), QUIET_S)
        assert len(made.reached) == 3
