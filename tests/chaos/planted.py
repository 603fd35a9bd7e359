"""Bugs that a ledger could have, each planted by its name in one gateway process, to prove that the proof would notice.

They live in `planted_delivery.py`, `planted_ledger.py` and `planted_api.py`, and never in app/. Each asserts that what it
replaces is still there. What catches which stands in `hunts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.chaos import planted_api, planted_delivery, planted_ledger

BUGS: Mapping[str, Callable[[], None]] = {**planted_delivery.BUGS, **planted_ledger.BUGS, **planted_api.BUGS}
