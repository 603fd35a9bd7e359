"""What holds a secret of ours or a caller's does not show it when it is printed, in a traceback or a log."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from app.api.auth_config import AuthConfig
from app.api.keys import Keys
from app.api.metrics import Metrics
from app.api.tokens import _Asked
from app.ledger.store import Store
from app.telemetry.tallies import Tallies

SECRET = "0123456789abcdef" * 4
KEYS = Keys.build(SECRET)
HOLDERS: list[tuple[object, str | bytes]] = [
    (AuthConfig(issuer="us", audience="you", signing_key=SECRET, public_url="http://gateway"), SECRET),
    (KEYS, SECRET),
    (KEYS, KEYS.cursor_key),
    (
        Metrics(tallies=Tallies(), store=cast(Store, SimpleNamespace()), backends={}, version="1.0", token=SECRET),
        SECRET,
    ),
    (_Asked(client_id="acme", secret=SECRET, scope=None), SECRET),
]


@pytest.mark.parametrize(("holder", "secret"), HOLDERS, ids=lambda value: type(value).__name__)
def test_a_secret_is_not_shown(holder: object, secret: str | bytes) -> None:
    shown = f"{holder!r} {holder}"
    assert type(holder).__name__ in shown
    assert (secret if isinstance(secret, str) else repr(secret)) not in shown
