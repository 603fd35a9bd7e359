"""The client's own WSDL, fetched from their server over the same connections as the calls."""

from __future__ import annotations

import asyncio

from app.vendors.civica_cx.documents import LiveDocuments
from app.vendors.exchange import EVERY_REQUEST, Outgoing, Unanswered
from app.vendors.transport import MIB, VendorHttp

WSDL_LIMIT = 16 * MIB
"""The contractor service alone has 164 operations."""
_GRACE_S = 5.0


def live_documents(url: str, http: VendorHttp, deadline_s: float) -> LiveDocuments:
    """For use in a thread: `load` waits for the loop on which this was called. Raises NotSent or Unanswered there."""
    loop = asyncio.get_running_loop()

    async def get(address: str) -> bytes:
        reply = await http.exchange(page_request(address), deadline_s=deadline_s, limit=WSDL_LIMIT)
        if reply.status != 200:
            raise Unanswered(f"HTTP {reply.status}")
        return reply.body

    def fetch(address: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(get(address), loop).result(deadline_s + _GRACE_S)

    return LiveDocuments(url, fetch)


def page_request(address: str) -> Outgoing:
    return Outgoing(method="GET", url=address, headers=EVERY_REQUEST)
