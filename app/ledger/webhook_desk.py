"""What the API asks of the webhook sender of this process, as a port."""

from __future__ import annotations

from typing import Protocol

from app.ledger.webhook_secrets import Vault


class WebhookDesk(Protocol):
    """The sender, as the API sees it."""

    @property
    def vault(self) -> Vault:
        """Seals the endpoints' secrets, and the answers that show one."""

    @property
    def max_endpoints(self) -> int:
        """How many endpoints a tenant may have."""

    async def check(self, url: str) -> str:
        """The URL as it is kept. Raises InvalidRequest for one that we do not send to."""

    async def horizon(self) -> int:
        """The last event that is certain by now; a new endpoint is told of those after it. Raises StoreUnavailable."""

    def wake(self) -> None:
        """Something is due."""
