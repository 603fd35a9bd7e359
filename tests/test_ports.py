"""The ports of tests: no two that ask at once are given the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.ports import free_row

LENGTH, ROWS = 5, 40


def test_rows_asked_for_by_many_threads_at_once_never_overlap() -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: free_row(LENGTH), range(ROWS)))
    ports = [port for first in rows for port in range(first, first + LENGTH)]
    assert len(set(ports)) == ROWS * LENGTH
