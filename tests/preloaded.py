"""What processes of tests are forked from: everything that a gateway or a simulator is made of, loaded once."""

from __future__ import annotations

import gc
from importlib import import_module
from pathlib import Path

from app.main import create_app
from app.settings import configured
from app.vendors.registry import VENDORS

STARTED = ("tests.chaos.gateway_process", "tests.chaos.vendor_process", "tests.delivery.doomed")
"""The modules whose functions such processes begin with."""
LAZY = tuple(path.partition(":")[0] for vendor in VENDORS.values() for path in (vendor.adapter, vendor.simulator))
"""What a gateway itself loads only when it meets such a backend."""
SERVER = ("uvicorn.loops.uvloop", "uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on")
"""What uvicorn loads only when it begins to serve."""

for _name in (*STARTED, *LAZY, *SERVER):
    import_module(_name)
# The framework looks through the routes when an app is first made of them.
create_app(configured({"auth": {"signing_key": "never-used" * 4}}, folder=Path()))
gc.freeze()  # so that no fork copies all of it when it first looks for garbage
