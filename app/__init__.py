"""Orderbridge: one JSON API for work orders, whatever system the client runs."""

from __future__ import annotations

import gc

GARBAGE = (20_000, 20, 50)
"""Imports make no garbage, and a request's objects come and go in the hundreds and are freed by their counts: look for cycles
a thirtieth as often as Python does by itself."""

gc.set_threshold(*GARBAGE)  # here, because whatever is imported of us, this comes first
