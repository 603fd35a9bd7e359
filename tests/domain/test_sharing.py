"""How long work in parts rests between two of them."""

from __future__ import annotations

import pytest

from app.domain.sharing import LEAST_S, MOST_S, rest_s


@pytest.mark.parametrize(
    ("took_s", "rests_s"),
    [
        pytest.param(0.0, LEAST_S, id="a part that took no time"),
        pytest.param(0.0001, LEAST_S, id="a short part"),
        pytest.param(0.002, 0.008, id="a part as they are"),
        pytest.param(0.02, 0.08, id="a part on a slow machine"),
        pytest.param(3600.0, MOST_S, id="a part in which the machine slept for an hour"),
    ],
)
def test_a_part_is_followed_by_a_rest_in_proportion_but_never_a_long_one(took_s: float, rests_s: float) -> None:
    assert rest_s(took_s) == rests_s
