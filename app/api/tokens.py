"""`POST /oauth/token`, the client credentials grant of OAuth 2.0 (RFC 6749 §4.4), and the keys that verify its tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request, Response

from app.api.auth import PUBLIC, Authority
from app.api.documented import CACHE_CONTROL, CHALLENGE, KEPT_BY_NOBODY
from app.api.forwarded import address_of
from app.api.guessing import Guessing
from app.api.keys import TOKEN_LIFETIME_S
from app.api.problem_docs import problem_answers
from app.api.problems import problem_response
from app.api.requests import media_type_of, read_body, strict_router
from app.domain.clients import ClientRecord, secret_digest
from app.domain.errors import BodyTooLarge, RateLimited

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 16 * 1024
MAX_CLIENT_ID = 128
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_NOBODY = secret_digest("")  # compared with when the client does not exist, so that both take the same time

router = strict_router(tags=["auth"])


class _Refused(Exception):
    """An error answer of RFC 6749 §5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    client_id: str
    secret: str = field(repr=False)
    scope: str | None


REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {
                        "type": "string",
                        "const": "client_credentials",
                        "description": "The one that there is.",
                    },
                    "client_id": {
                        "type": "string",
                        "description": "Here, or as the user of HTTP Basic.",
                        "examples": ["sandbox"],
                    },
                    "client_secret": {
                        "type": "string",
                        "format": "password",
                        "description": "Here, or as its password.",
                        "examples": ["sandbox-secret"],
                    },
                    "scope": {
                        "type": "string",
                        "description": "Fewer scopes than the client has, space-separated.",
                        "examples": ["orders:read status:write operations:read"],
                    },
                },
            },
            "example": {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"},
        }
    },
}
TOKEN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": {"type": "string", "description": "Send it as `Authorization: Bearer ...`."},
        "token_type": {"type": "string", "const": "Bearer", "description": "How it is sent."},
        "expires_in": {"type": "integer", "description": "For how many seconds it is good."},
        "scope": {"type": "string", "description": "What it allows, space-separated."},
    },
}
OAUTH_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {
        "error": {
            "type": "string",
            "enum": ["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"],
            "description": "What is wrong, as a word of RFC 6749.",
        },
        "error_description": {"type": "string", "description": "What is wrong, in a sentence."},
    },
}
JWKS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["keys"],
    "properties": {
        "keys": {
            "type": "array",
            "description": "The public keys; none while tokens are signed with a secret of ours.",
            "items": {
                "type": "object",
                "required": ["kty"],
                "properties": {
                    "kty": {"type": "string", "description": "The kind of key: RSA or EC."},
                    "kid": {"type": "string", "description": "The key's name, as tokens give it."},
                    "use": {"type": "string", "description": "What it is for: sig."},
                    "alg": {"type": "string", "description": "The algorithm that signs with it."},
                },
                "additionalProperties": True,
            },
        }
    },
}


def _documented(
    description: str, schema: dict[str, Any], example: dict[str, Any], *, headers: dict[str, Any] = KEPT_BY_NOBODY
) -> dict[str, Any]:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": description, "headers": headers, "content": content}


_PROBLEMS = problem_answers(BodyTooLarge, RateLimited)
_PROBLEMS[429]["headers"] = {**_PROBLEMS[429]["headers"], **KEPT_BY_NOBODY}
_NOT_OAUTH = _documented(
    "The request is not one of RFC 6749.",
    OAUTH_ERROR_SCHEMA,
    {"error": "unsupported_grant_type", "error_description": "Use grant_type=client_credentials."},
)
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _documented(
        "A token.",
        TOKEN_SCHEMA,
        {"access_token": "eyJ...", "token_type": "Bearer", "expires_in": TOKEN_LIFETIME_S, "scope": "orders:read"},
    ),
    400: {
        "description": "The request is not one of RFC 6749, or cannot be read at all.",
        "headers": KEPT_BY_NOBODY,
        "content": {**_NOT_OAUTH["content"], **_PROBLEMS.pop(400)["content"]},
    },
    401: {
        **_documented(
            "Unknown client or wrong secret.",
            OAUTH_ERROR_SCHEMA,
            {"error": "invalid_client", "error_description": "The client or its secret is not known here."},
        ),
        "headers": {**CHALLENGE, **KEPT_BY_NOBODY},
    },
    **_PROBLEMS,
}


@router.post(
    "/oauth/token",
    dependencies=[PUBLIC],
    operation_id="createToken",
    summary="Get an access token",
    openapi_extra={"requestBody": REQUEST_BODY},
    responses=RESPONSES,
    response_class=Response,
)
async def create_token(request: Request) -> Response:
    """Exchange a client id and secret, in the form or by HTTP Basic, for a bearer token that lives 15 minutes."""
    authority: Authority = request.app.state.authority
    guessing: Guessing = request.app.state.guessing
    try:
        asked = _read(request, await read_body(request, limit=MAX_FORM))
        address = address_of(request)
        record = await authority.client(asked.client_id)
        wait_s = guessing.wait_s(asked.client_id, address)  # nothing is awaited from here to the count of the failure
        if wait_s:
            return _too_many(request, wait_s)
        if not _genuine(record, asked.secret) or record is None:
            guessing.failed(asked.client_id, address)
            raise _Refused("invalid_client", "The client or its secret is not known here.", status=401)
        scopes = _narrowed(record, asked.scope)
    except _Refused as refused:
        return _refusal(refused)
    token = authority.keys.mint(
        issuer=authority.config.issuer, audience=authority.config.audience, client_id=record.id, scopes=scopes
    )
    return _json(
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
            "scope": " ".join(sorted(scopes)),
        }
    )


@router.get(
    "/.well-known/jwks.json",
    dependencies=[PUBLIC],
    operation_id="getJwks",
    summary="The public keys of our tokens",
    responses={
        200: _documented(
            "A JWK Set (RFC 7517); empty while tokens are signed with a shared secret.",
            JWKS_SCHEMA,
            {"keys": []},
            headers=CACHE_CONTROL,
        ),
        **problem_answers(stored=False),
    },
    response_class=Response,
)
async def get_jwks(request: Request) -> Response:
    """The public half of the signing key, if it has one."""
    authority: Authority = request.app.state.authority
    return Response(
        json.dumps(authority.keys.jwks),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=300"},
    )


def _read(request: Request, body: bytes) -> _Asked:
    if media_type_of(request.headers.get("content-type", "")) != FORM:
        raise _Refused("invalid_request", f"Send a form: Content-Type: {FORM}.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise _Refused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _Refused("invalid_request", "A parameter appears twice.")
    if form.get("grant_type") != "client_credentials":
        error = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
        raise _Refused(error, "Use grant_type=client_credentials.")
    client_id, secret = _credentials(request, form)
    if not client_id.isprintable() or not 0 < len(client_id) <= MAX_CLIENT_ID:
        raise _Refused("invalid_client", "The client or its secret is not known here.", status=401)
    return _Asked(client_id=client_id, secret=secret, scope=form.get("scope"))


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    values = request.headers.getlist("authorization")
    if not values:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "basic" or "client_secret" in form:
        raise _Refused("invalid_request", "Give the secret once: in the form, or by HTTP Basic.")
    try:
        user, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise _Refused("invalid_request", "The Authorization header cannot be read.") from None
    client_id = unquote_plus(user)
    if not colon or form.get("client_id", client_id) != client_id:
        raise _Refused("invalid_request", "The Authorization header cannot be read.")
    return client_id, unquote_plus(secret)


def _genuine(record: ClientRecord | None, secret: str) -> bool:
    kept = _NOBODY if record is None else record.secret_sha256
    same = hmac.compare_digest(kept, secret_digest(secret))
    return same and record is not None and not record.revoked


def _narrowed(record: ClientRecord, scope: str | None) -> frozenset[str]:
    asked = frozenset((scope or "").split(" ")) - {""}
    if not asked <= record.scopes:
        raise _Refused("invalid_scope", "The client has not been given every scope that was asked for.")
    return asked or record.scopes


def _refusal(refused: _Refused) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="orderbridge"'} if refused.status == 401 else {}
    return _json(
        {"error": refused.error, "error_description": refused.description}, status=refused.status, headers=headers
    )


def _too_many(request: Request, wait_s: int) -> Response:
    why = f"Too many failed log-ins of this client; try again in {wait_s} s."
    problem = RateLimited(why, after_s=wait_s, error="temporarily_unavailable", error_description=why)
    return problem_response(request.scope, problem, headers=NO_STORE)


def _json(value: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(value), status_code=status, media_type="application/json", headers={**NO_STORE, **(headers or {})}
    )
