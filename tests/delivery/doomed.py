"""A gateway in a process of its own, served by uvicorn, to be killed.

Lost answers are read back sooner than in earnest; nothing else differs.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import uvicorn

from app.delivery import readback, settling
from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.ledger import clients
from app.ledger.open import open_store
from app.main import create_app
from app.settings import configured
from app.vendors.registry import VENDORS
from tests.gateway import CX, SECRET

FOLDER = Path.cwd()
KEY = "0123456789abcdef" * 4


async def _add_client(database: str, backend: str) -> None:
    store = open_store(database, folder=FOLDER, owner=False)
    await store.open()
    record = ClientRecord(
        id="tester",
        tenant="acme",
        secret_sha256=secret_digest(SECRET),
        scopes=frozenset(SCOPES),
        backends=frozenset({backend}),
        revoked=False,
    )
    await store.write(clients.put(record, now=1))
    await store.close()


def main(database: str, vendor_url: str, port: int, said: str, slug: str = CX.slug) -> None:
    """Serve until killed, before the vendor `slug`; what the process says goes to the file `said`."""
    sandbox = VENDORS[slug].sandbox
    with open(said, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    settling.FIRST_PROBE_S, readback.APART_S = 0.2, 0.3
    asyncio.run(_add_client(database, sandbox.backend))
    section = {**sandbox.section(vendor_url), "poll_s": 3600, "settle_s": 0.3}
    document = {
        "auth": {"signing_key": KEY},
        "database": {"url": database},
        "delivery": {"wait_s": 2, "deadline_s": 1},
        "backends": {sandbox.backend: section},
    }
    app = create_app(configured(document, folder=FOLDER))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
