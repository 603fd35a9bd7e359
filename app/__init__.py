"""Orderbridge: one JSON API for work orders, whatever system the client runs."""

from __future__ import annotations

import gc
import os

WHILE_IMPORTING = (500_000, 20, 50)
"""Imports make no garbage, and many objects that stay: looking at all of them for cycles is a twentieth of a start."""
GARBAGE = (20_000, 20, 50)
"""A request's objects come and go in the hundreds and are freed by their counts: look for cycles a thirtieth as often as Python
does by itself. From the end of `app.main` on."""

gc.set_threshold(*WHILE_IMPORTING)  # here, because whatever is imported of us, this comes first
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for one means reading every package's metadata
