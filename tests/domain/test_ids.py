"""Ids of our records: 26 characters that sort by the time at which they were made."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import new_id

MICROS = st.integers(0, 2**48 * 1000 - 1)


@given(MICROS)
def test_an_id_is_a_prefix_and_26_characters_of_crockford_s_alphabet(now: int) -> None:
    assert re.fullmatch(r"op_[0-7][0-9A-HJKMNP-TV-Z]{25}", new_id("op", now_micros=now))


@given(MICROS, MICROS)
def test_ids_sort_by_the_millisecond_in_which_they_were_made(one: int, other: int) -> None:
    earlier, later = sorted([one, other])
    if earlier // 1000 == later // 1000:
        return
    assert new_id("op", now_micros=earlier) < new_id("op", now_micros=later)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id("op", now_micros=0) for _ in range(10_000)}) == 10_000
