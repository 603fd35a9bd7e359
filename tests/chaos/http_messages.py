"""HTTP/1.1 messages as they lie on the wire, for the faulty wire: read whole, with their length as the only framing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

LONGEST_HEAD = 64 * 1024
LOG_INS = ("/createjwt", "/identity/connect/token", "GetUserWSToken")
READS_BY_POST = ("GetRepairWorkOrder", "GetRepairWorkOrders", "GetRepairWorkOrderDetails")
"""Civica Cx's calls that read, as their SOAPAction ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A request or an answer: its head with the empty line, and its body."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body

    @property
    def first_line(self) -> list[str]:
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    @property
    def target(self) -> str:
        return self.first_line[1]

    @property
    def closes(self) -> bool:
        return b"connection: close" in self.head.lower()

    @property
    def writes(self) -> bool:
        """Whether it is a vendor's write: no read, and no log-in."""
        method, target, _ = self.first_line
        call = header(self.head, b"soapaction").strip('"').rpartition("/")[2]
        if target in LOG_INS or call in LOG_INS or call in READS_BY_POST:
            return False
        return method in ("POST", "PUT", "PATCH", "DELETE")


def header(head: bytes, name: bytes) -> str:
    """A header's value, or an empty text."""
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip().decode("latin-1")
    return ""


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next whole message; None where the connection ends first: a message cut short never arrived."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = header(head, b"content-length")
        return Message(head=head, body=await reader.readexactly(int(length)) if length else b"")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def answer(status: int, reason: str, body: bytes = b"", media_type: str = "text/html") -> bytes:
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def json_answer(value: object) -> bytes:
    return answer(200, "OK", json.dumps(value).encode(), "application/json")
