"""Clients in the store: made, found, listed, revoked, and put anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.clients import ClientRecord, secret_digest
from app.ledger import clients
from app.ledger.store import Store, StoreUnavailable
from tests.ledger.scenes import NOW, rows_of

ACME = ClientRecord(
    id="acme-app",
    tenant="acme",
    secret_sha256=secret_digest("a secret"),
    scopes=frozenset({"orders:read", "status:write"}),
    backends=frozenset({"civica-cx", "erp"}),
    revoked=False,
)
BARE = replace(ACME, id="bare", scopes=frozenset(), backends=frozenset())


async def test_a_client_is_found_as_it_was_added(store: Store) -> None:
    await store.write(clients.add(ACME, now=NOW))
    await store.write(clients.add(BARE, now=NOW))
    assert await store.read(clients.find("acme-app")) == ACME
    assert await store.read(clients.find("bare")) == BARE
    assert await store.read(clients.find("nobody")) is None


async def test_only_the_digest_of_a_secret_is_stored(store: Store) -> None:
    await store.write(clients.add(ACME, now=NOW))
    assert await rows_of(store, "client") == [
        {
            "id": "acme-app",
            "tenant": "acme",
            "secret_sha256": secret_digest("a secret").hex(),
            "scopes": "orders:read status:write",
            "backends": "civica-cx erp",
            "created_at": NOW,
            "revoked_at": None,
        }
    ]


async def test_clients_are_listed_in_the_order_in_which_they_were_added(store: Store) -> None:
    await store.write(clients.add(BARE, now=NOW))
    await store.write(clients.add(ACME, now=NOW + 1))
    assert await store.read(clients.list_clients()) == [BARE, ACME]


async def test_a_client_is_revoked_once(store: Store) -> None:
    await store.write(clients.add(ACME, now=NOW))
    assert [await store.write(clients.revoke(name, now=NOW)) for name in ("acme-app", "acme-app", "nobody")] == [
        True,
        False,
        False,
    ]
    assert await store.read(clients.find("acme-app")) == replace(ACME, revoked=True)


async def test_an_id_in_use_is_not_added_again(store: Store) -> None:
    await store.write(clients.add(ACME, now=NOW))
    with pytest.raises(Exception, match=r"(?i)unique") as error:
        await store.write(clients.add(replace(ACME, tenant="thief"), now=NOW))
    assert not isinstance(error.value, StoreUnavailable)
    assert await store.read(clients.find("acme-app")) == ACME


async def test_a_client_put_is_as_given_whether_it_was_there_or_not(store: Store) -> None:
    await store.write(clients.put(ACME, now=NOW))
    await store.write(clients.revoke("acme-app", now=NOW))
    anew = replace(ACME, secret_sha256=secret_digest("another"), scopes=frozenset({"orders:read"}))
    await store.write(clients.put(anew, now=NOW + 1))
    assert await store.read(clients.list_clients()) == [anew]
