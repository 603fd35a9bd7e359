"""The faults that the wire between a gateway and a vendor can show: what each does to one exchange, and how often it comes.

A fault gets the exchange once the whole request has arrived, and says whether the connection lives on. Those that `reached`
the vendor have their effect; the gateway cannot tell them from the others.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.chaos.http_messages import Message, answer

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n"
UNDER_WAY_S = 0.25
"""What comes so soon may have left a busy gateway before it could see what else had arrived."""
FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>'
    b"<faultstring>The operation did not complete.</faultstring></s:Fault></s:Body></s:Envelope>"
)


@dataclass(kw_only=True)
class Exchange:
    """One request on its way; `ask` hands it to the vendor and gives the answer (None: the vendor hung up)."""

    request: Message
    ask: Callable[[], Awaitable[Message | None]]
    ask_in_part: Callable[[int], Awaitable[None]]
    """Hands over so many bytes of the request only, and hangs up."""
    later: Callable[[float, Callable[[], Awaitable[object]]], None]
    """Does something after so many seconds, whatever becomes of the gateway."""
    rests: Callable[[float], Awaitable[bool]]
    """Whether the gateway asks nothing more on its connection for so many seconds."""
    hand_on: Callable[[], Awaitable[None]]
    """Hands what the gateway asks next to the vendor, unspoilt; its answer goes nowhere."""
    writer: asyncio.StreamWriter
    dice: random.Random
    deadline_s: float
    settle_s: float

    async def give(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Fault = Callable[[Exchange], Awaitable[bool]]


async def drop_answer(of: Exchange) -> bool:
    """The vendor did it; the connection ends without a word."""
    await of.ask()
    return False


async def drop_request(of: Exchange) -> bool:
    """The vendor never gets it; the connection ends without a word."""
    return False


async def reset_before(of: Exchange) -> bool:
    """RST; the vendor never gets it."""
    reset(of.writer)
    return False


async def reset_after(of: Exchange) -> bool:
    """RST; the vendor did it."""
    await of.ask()
    reset(of.writer)
    return False


async def past_deadline(of: Exchange) -> bool:
    """The vendor did it; its answer comes after the gateway has given up."""
    got = await of.ask()
    await asyncio.sleep(of.deadline_s * of.dice.uniform(1.2, 1.6))
    await of.give(b"" if got is None else got.raw)
    return got is not None


async def truncate(of: Exchange) -> bool:
    """The vendor did it; its answer breaks off somewhere."""
    got = await of.ask()
    if got is not None:
        await of.give(got.raw[: of.dice.randrange(1, len(got.raw))])
    return False


async def half_a_request(of: Exchange) -> bool:
    """The vendor gets a part of the request, then the line is cut on both sides."""
    await of.ask_in_part(of.dice.randrange(1, len(of.request.raw)))
    reset(of.writer)
    return False


async def html_502_before(of: Exchange) -> bool:
    """A proxy's page; the vendor never gets it."""
    await of.give(answer(502, "Bad Gateway", PAGE))
    return True


async def html_502_after(of: Exchange) -> bool:
    """A proxy's page, although the vendor did it."""
    await of.ask()
    return await html_502_before(of)


async def fault_after(of: Exchange) -> bool:
    """A SOAP fault that says nothing of what happened, although the vendor did it."""
    await of.ask()
    await of.give(answer(500, "Internal Server Error", FAULT, "text/xml; charset=utf-8"))
    return True


async def empty_202(of: Exchange) -> bool:
    """The vendor did it; a middle box says 202 with nothing in it."""
    await of.ask()
    await of.give(answer(202, "Accepted"))
    return True


async def empty_200(of: Exchange) -> bool:
    """The vendor never gets it; a middle box says 200 with nothing in it."""
    await of.give(answer(200, "OK"))
    return True


async def late_effect(of: Exchange) -> bool:
    """The line is cut, and the vendor does it later, within the time in which it has to settle."""
    of.later(of.settle_s * of.dice.uniform(0.3, 0.7), of.ask)
    return False


async def slice_answer(of: Exchange) -> bool:
    """The answer comes whole, in pieces; a gateway must take that for what it is."""
    got = await of.ask()
    if got is None:
        return False
    for start in range(0, len(got.raw), 200):
        await of.give(got.raw[start : start + 200])
        await asyncio.sleep(0.002)
    return True


async def drip(of: Exchange) -> bool:
    """The answer comes a byte at a time, too slowly to be whole before the deadline: each read alone is quick enough."""
    got = await of.ask()
    pause = of.deadline_s / 20
    for one in b"" if got is None else got.raw[:40]:
        await of.give(bytes([one]))
        await asyncio.sleep(pause)
    return False


async def second_answer(of: Exchange) -> bool:
    """The vendor did it; its answer comes twice, the second time while the connection rests; then it is hung up.

    A request that was under way just then reaches the vendor and gets no other answer: nobody could tell the second answer
    from its own. Who asks later has had time to see that the connection is not to be trusted: that request never arrives.
    """
    got = await of.ask()
    if got is None:
        return False
    await of.give(got.raw)
    if not await of.rests(0.005):
        return True
    await of.give(got.raw)
    if await of.rests(UNDER_WAY_S):
        await of.rests(of.deadline_s)
    else:
        await of.hand_on()
    return False


FAULTS: Mapping[str, Fault] = {
    fault.__name__: fault
    for fault in (
        drop_answer,
        drop_request,
        reset_before,
        reset_after,
        past_deadline,
        truncate,
        half_a_request,
        html_502_before,
        html_502_after,
        fault_after,
        empty_202,
        empty_200,
        late_effect,
        slice_answer,
        drip,
        second_answer,
    )
}
REFUSE = "refuse_connections"
"""Counted once for each while in which nobody listens."""

WRITES: Mapping[str, float] = {
    "drop_answer": 0.04, "drop_request": 0.02, "reset_before": 0.015, "reset_after": 0.02, "past_deadline": 0.02,
    "drip": 0.01, "truncate": 0.02, "half_a_request": 0.01, "html_502_before": 0.01, "html_502_after": 0.015,
    "fault_after": 0.005, "empty_202": 0.005, "empty_200": 0.005, "late_effect": 0.01, "slice_answer": 0.01,
    "second_answer": 0.01,
}  # fmt: skip
"""The share of writes that meets each: one in five, spread over the kinds."""
READS: Mapping[str, float] = {
    "drop_answer": 0.005, "reset_after": 0.005, "past_deadline": 0.002, "truncate": 0.005, "html_502_before": 0.003,
    "slice_answer": 0.01,
}  # fmt: skip


def chosen(dice: random.Random, rates: Mapping[str, float]) -> str | None:
    """One fault of these, each as often as its rate says; None: a good exchange."""
    drawn = dice.random()
    for kind, rate in rates.items():
        drawn -= rate
        if drawn < 0:
            return kind
    return None


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up with RST, unless the connection is gone already."""
    bare = writer.get_extra_info("socket")
    if bare is not None and bare.fileno() >= 0:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
