"""Ids for our own records: a prefix that names the kind, then a ULID, so that they sort by the time they were made."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str, *, now_micros: int) -> str:
    """For example `op_01KAKZ...`: 48 bits of milliseconds and 80 random bits in Crockford's base 32."""
    value = (now_micros // 1000) << 80 | secrets.randbits(80)
    return prefix + "_" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
