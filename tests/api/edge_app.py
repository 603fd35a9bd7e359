"""A small app with the whole edge and a few routes of its own, for the tests of the edge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from app.api.auth import PUBLIC, AuthConfig, Authority, Caller, Fetch, TrustedIssuer, requires
from app.api.cursors import Limit
from app.api.edge import add_edge
from app.api.requests import MERGE_PATCH, Received, strict_router
from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.domain.errors import Overloaded

SIGNING_KEY = "a-signing-key-of-more-than-thirty-two-bytes"
PUBLIC_URL = "https://gateway.example"
SECRET = "sandbox-secret"
CLIENT = ClientRecord(
    id="sandbox",
    tenant="riverside",
    secret_sha256=secret_digest(SECRET),
    scopes=frozenset(SCOPES),
    backends=frozenset({"civica-cx"}),
    revoked=False,
)


class Directory:
    """Clients in a dictionary, and a count of how often it was asked."""

    def __init__(self, *records: ClientRecord) -> None:
        self.records = {record.id: record for record in records}
        self.asked = 0

    async def client(self, client_id: str) -> ClientRecord | None:
        self.asked += 1
        return self.records.get(client_id)


async def nothing_outside(url: str) -> bytes:
    raise AssertionError("nobody outside may be asked")


class Update(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: str = Field(max_length=20)
    count: int = 1
    parts: list[int] = []


def authority(
    *records: ClientRecord,
    signing_key: str = SIGNING_KEY,
    trusted_issuers: tuple[TrustedIssuer, ...] = (),
    fetch: Fetch = nothing_outside,
) -> Authority:
    config = AuthConfig(
        issuer="orderbridge",
        audience="orderbridge",
        signing_key=signing_key,
        public_url=PUBLIC_URL,
        trusted_issuers=trusted_issuers,
    )
    return Authority(config, directory=Directory(*(records or (CLIENT,))), fetch=fetch)


def edge_app(auth: Authority | None = None, *, proxies: Iterable[str] = ()) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    orders = strict_router(prefix="/v1/backends/{backend}/orders")

    @orders.post("", status_code=201)
    async def create(
        backend: str, body: Update, caller: Annotated[Caller, requires("status:write")], request: Received
    ) -> dict[str, Any]:
        return {"received": request.received, "media_type": request.media_type, "count": body.count}

    @orders.get("")
    async def listing(
        backend: str, caller: Annotated[Caller, requires("orders:read")], limit: Limit = 50
    ) -> dict[str, Any]:
        return {"client": caller.client_id, "tenant": caller.tenant, "limit": limit}

    @orders.patch("/{number}", openapi_extra={"requestBody": {"content": {MERGE_PATCH: {}}}})
    async def change(
        backend: str, number: str, body: Update, caller: Annotated[Caller, requires("orders:write")], request: Received
    ) -> dict[str, Any]:
        return {"media_type": request.media_type}

    @orders.delete("/{number}")
    async def delete(backend: str, number: str, caller: Annotated[Caller, requires("orders:write")]) -> dict[str, Any]:
        return {"effect": "deleted"}

    odd = strict_router(prefix="/odd", dependencies=[PUBLIC])

    @odd.post("/optional")
    async def optional(body: Update | None = None) -> dict[str, Any]:
        return {"given": body is not None}

    @odd.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the password is hunter2-canary")

    @odd.get("/dependency-crash", dependencies=[Depends(crash)])
    async def dependency_crash() -> None: ...

    @odd.get("/overloaded")
    async def overloaded() -> None:
        raise Overloaded("We cannot take this now.", after_s=3)

    @odd.get("/http/{status}")
    async def http(status: int) -> None:
        raise HTTPException(status, detail="canary", headers={"X-Kept": "yes"})

    @odd.get("/answer")
    async def answer() -> list[float]:
        return [1.5]

    app.include_router(orders)
    app.include_router(odd)
    add_edge(app, authority=auth or authority(), proxies=proxies)
    return app


def http_to(app: FastAPI, *, address: str | None = "192.0.2.1") -> httpx.AsyncClient:
    """A client of the app in this process, seen as coming from `address`; None: from a Unix socket."""
    client = None if address is None else (address, 1)
    transport = httpx.ASGITransport(app=app, client=client)  # type: ignore[arg-type]  # ASGI allows None
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


def bearer(
    auth: Authority, *, client_id: str = "sandbox", scopes: frozenset[str] = frozenset(SCOPES)
) -> dict[str, str]:
    """The Authorization header of a fresh token."""
    config = auth.config
    token = auth.keys.mint(issuer=config.issuer, audience=config.audience, client_id=client_id, scopes=scopes)
    return {"Authorization": f"Bearer {token}"}
