"""Peer (a): the same status update by hand, with FastAPI, zeep's async client, httpx and SQLModel's async sessions on SQLite."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import httpx
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession
from zeep.exceptions import Error as ZeepError

from benchmarks.peers.cx_zeep import Cx, Refused
from benchmarks.peers.plain_messages import StatusUpdateIn, problem, receipt
from benchmarks.peers.plain_tables import IdempotencyKey, StatusUpdate, engine_of, prepare

REQUIRED = {"leeway": 30, "require_exp": True, "require_iss": True, "require_aud": True, "require_sub": True}


bearer_token = HTTPBearer()
router = APIRouter()


async def client_of(request: Request, bearer: Annotated[HTTPAuthorizationCredentials, Depends(bearer_token)]) -> str:
    """Who is calling, when the token is good and may write."""
    try:
        claims = jwt.decode(
            bearer.credentials,
            request.app.state.secret,
            algorithms=["HS256"],
            audience="orderbridge",
            issuer="orderbridge",
            options=REQUIRED,
        )
    except JWTError:
        raise HTTPException(401, "Send a valid access token.") from None
    if "status:write" not in claims.get("scope", "").split():
        raise HTTPException(403, "The token lacks the scope status:write.")
    return str(claims["sub"])


@router.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@router.post("/v1/backends/{backend}/work-orders/{number}/status-updates", status_code=201)
async def create_status_update(
    request: Request,
    client: Annotated[str, Depends(client_of)],
    backend: str,
    number: str,
    body: StatusUpdateIn,
    idempotency_key: Annotated[str, Header(min_length=16, max_length=255)],
) -> Response:
    text = body.model_dump_json(exclude_unset=True)
    entry = StatusUpdate(
        id=f"op_{uuid4().hex}",
        client=client,
        backend=backend,
        work_order=number,
        body=text,
        accepted_at=datetime.now(UTC),
    )
    fingerprint = hashlib.sha256(f"{backend}\n{number}\n{text}".encode()).hexdigest()
    key = IdempotencyKey(client=client, key=idempotency_key, fingerprint=fingerprint, update_id=entry.id)
    async with request.app.state.sessions() as session:
        session.add_all((key, entry))
        try:
            await session.commit()
        except IntegrityError:
            await session.rollback()
            return await replayed(session, client, idempotency_key, fingerprint)
        await send(request.app.state.cx, entry, body)
        await session.commit()
    return answered(entry)


def create_app(vendor: str, database: str, secret: bytes) -> FastAPI:
    engine = engine_of(database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await prepare(engine)
        async with Cx(vendor) as app.state.cx:
            yield
        await engine.dispose()

    app = FastAPI(title="A plain gateway", lifespan=lifespan)
    app.state.secret = secret
    app.state.sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    app.include_router(router)
    return app


async def send(cx: Cx, entry: StatusUpdate, body: StatusUpdateIn) -> None:
    """Tell Cx, and note in the entry what became of it. The session holds no connection meanwhile."""
    try:
        order = await cx.order(entry.work_order)
        previous_code = order.code
        await cx.update(
            order, code=body.code, occurred_at=body.occurred_at, reason=body.reason or 0, comments=body.comments
        )
    except Refused as refusal:
        entry.state, entry.answer_status = "refused", 409
        entry.answer = problem(entry, status=409, code="vendor-refused", detail=str(refusal))
    except (ZeepError, httpx.HTTPError) as fault:
        entry.state, entry.answer_status = "unknown", 502
        entry.answer = problem(entry, status=502, code="unknown", detail=f"{type(fault).__name__}: {fault}")
    else:
        entry.state, entry.answer_status = "applied", 201
        entry.answer = receipt(entry, body, order, previous_code=previous_code)
    entry.finished_at = datetime.now(UTC)


async def replayed(session: AsyncSession, client: str, key: str, fingerprint: str) -> Response:
    """The stored answer to a key that was used before."""
    used = await session.get_one(IdempotencyKey, (client, key))
    if used.fingerprint != fingerprint:
        raise HTTPException(422, "This Idempotency-Key was used for another request.")
    entry = await session.get_one(StatusUpdate, used.update_id)
    if entry.answer is None:
        raise HTTPException(409, "The first request with this key is still under way.", headers={"Retry-After": "1"})
    return answered(entry, replayed=True)


def answered(entry: StatusUpdate, *, replayed: bool = False) -> Response:
    status = entry.answer_status or 502
    return Response(
        entry.answer,
        status_code=status,
        media_type="application/json" if status == 201 else "application/problem+json",
        headers={"Location": f"/v1/operations/{entry.id}", "Idempotent-Replayed": str(replayed).lower()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.plain_fastapi", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--vendor", required=True, metavar="URL", help="where Cx is")
    parser.add_argument("--database", required=True, metavar="PATH", help="the SQLite file")
    parser.add_argument(
        "--secret", required=True, metavar="HEX", type=bytes.fromhex, help="the HS256 key of the tokens"
    )
    options = parser.parse_args()
    app = create_app(options.vendor, options.database, options.secret)
    uvicorn.run(app, port=options.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
