"""Ids for our own records: a prefix that names the kind, then a ULID, so that they sort by the time they were made."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_id(prefix: str, *, now_micros: int) -> str:
    """For example `op_01KAKZ...`: 48 bits of milliseconds and 80 random bits in Crockford's base 32."""
    value = (now_micros // 1000) << 80 | secrets.randbits(80)
    return prefix + "_" + "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])
