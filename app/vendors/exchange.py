"""One exchange with a vendor's system, as everybody speaks of it: its whole reply, or why there is none. No library here."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.errors import VendorSaid, VendorTrouble
from app.domain.ports import VendorRequest
from app.domain.record import record

EVERY_REQUEST = {"Accept-Encoding": "identity", "User-Agent": "orderbridge"}
"""The headers that every request of ours has; an answer that is compressed all the same is not read."""


@record(frozen=True, kw_only=True, slots=True, repr=False)
class Outgoing:
    """A request on its way out, its secrets in it. Host and Content-Length are the connection's to write."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


def with_secret(shown: VendorRequest, header: str, value: str) -> Outgoing:
    """The request that a preview shows, with the one header whose value it hides."""
    return Outgoing(method=shown.method, url=shown.url, headers={**shown.headers, header: value}, body=shown.body)


class NotSent(Exception):
    """No byte of the request left us. `said`, `retry_after_s`: what the vendor answered to an earlier call."""

    def __init__(
        self,
        trouble: type[VendorTrouble],
        detail: str,
        *,
        said: VendorSaid | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.said = said
        self.retry_after_s = retry_after_s


class Unanswered(Exception):
    """The request may have been processed; there is no answer that says so. `late`: the deadline passed."""

    def __init__(self, detail: str, *, late: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.late = late


@record(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole answer, whatever its status. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
