"""The webhooks of a gateway in a process of its own, to be killed by a failpoint; its leases end sooner than in earnest."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.delivery import webhooks_service
from app.ledger.open import open_store
from tests.webhooks.bench import Bench


async def main(database: str) -> None:
    webhooks_service.LEASE_MARGIN_S = 0.5
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    await Bench(store=store).gateway().start()
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
