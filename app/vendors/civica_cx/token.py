"""The token that a GetUserWSToken gives, and until when it is used."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from app.vendors.civica_cx.answers import Result, child, text_of
from app.vendors.civica_cx.names import Names
from app.vendors.tokens import UNKNOWN_LIFE, Token, early

LONGEST = timedelta(days=365)
"""No log-in lasts longer, and no calendar reaches further than what some call never."""


def token_from(result: Result, names: Names, *, now: datetime, zone: tzinfo) -> Token | None:
    """The token of a successful GetUserWSToken, or None where there is none."""
    text = text_of(child(result.element, names.of("Token")))
    if not text:
        return None
    life = _life(text_of(child(result.element, names.of("TokenExpiry"))), now=now, zone=zone)
    return Token(text=text, use_until=now + early(life))


def _life(expiry: str | None, *, now: datetime, zone: tzinfo) -> timedelta:
    try:
        moment = datetime.fromisoformat((expiry or "").strip())
        return min((moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)) - now, LONGEST)
    except (ValueError, OverflowError):
        return UNKNOWN_LIFE
