"""How WCF reads the texts of its value types, and what each is where it may be left out and is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

Scalar: TypeAlias = bool | int | str

EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
NO_DATE = "0001-01-01T00:00:00"
LONDON = ZoneInfo("Europe/London")

MISSING: dict[str, Scalar] = {"int": 0, "boolean": False, "guid": EMPTY_GUID, "dateTime": NO_DATE}
"""What a value type is when its element may be left out and is; everything else is null."""

HEX = "[0-9a-fA-F]"
GUID = rf"{HEX}{{32}}|(\{{)?{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}(?(1)\}})"
CLR = {"int": "Int32", "boolean": "Boolean", "guid": "Guid", "dateTime": "DateTime"}


def local_time(lexical: str) -> datetime:
    """An xs:dateTime in UK time, without a zone. [assumed] One with an offset or Z is converted."""
    when = datetime.fromisoformat(lexical)
    return when if when.tzinfo is None else when.astimezone(LONDON).replace(tzinfo=None)


def _int(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(text)
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "1", "false", "0"):
        raise ValueError(text)
    return text in ("true", "1")


def _guid(text: str) -> str:
    if not re.fullmatch(GUID, text):
        raise ValueError(text)
    return str(UUID(text))


def _date_time(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?", text, re.ASCII):
        raise ValueError(text)
    datetime.fromisoformat(text)
    return text


PARSERS: dict[str, Callable[[str], Scalar]] = {"int": _int, "boolean": _boolean, "guid": _guid, "dateTime": _date_time}
"""Each raises ValueError for a text that is none of its type's."""
