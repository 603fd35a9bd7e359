"""The simulator's identity service: API clients, what each may do, and the tokens they were given."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from app.vendors.simulation import Answer, Request
from app.vendors.simulation_messages import json_answer
from app.vendors.simulation_tokens import GivenTokens
from app.vendors.unit4_erpx.simulator_answers import INVALID_CLIENT

TOKEN_LIFE_S = 3600
SCOPES = ("u4erp", "api")
"""Both are seen in public code; a client that names none is given the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """`methods`: the HTTP methods that the client's role allows on work orders."""

    name: str
    secret: str
    methods: frozenset[str]


USERS = {
    user.name: user
    for user in (
        User(name="sandbox", secret="sandbox-secret", methods=frozenset({"POST", "GET", "PATCH", "DELETE"})),
        User(name="readonly", secret="readonly-secret", methods=frozenset({"GET"})),
        User(name="nobody", secret="nobody-secret", methods=frozenset()),
    )
}


class Tokens(GivenTokens[User]):
    def __init__(self) -> None:
        super().__init__(TOKEN_LIFE_S)

    def give(self, request: Request, now: datetime) -> Answer:
        """OAuth2 client credentials as a form."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        user = USERS.get(form.get("client_id", ""))
        scope = form.get("scope", SCOPES[0])
        if "grant_type" not in form:
            return json_answer(400, {"error": "invalid_request"})
        if form["grant_type"] != "client_credentials":
            return json_answer(400, {"error": "unsupported_grant_type"})
        if user is None or form.get("client_secret") != user.secret:
            return INVALID_CLIENT
        if scope not in SCOPES:
            return json_answer(400, {"error": "invalid_scope"})
        token = secrets.token_urlsafe(32)
        self.keep(token, user, now)
        return json_answer(
            200, {"access_token": token, "expires_in": self.life_s, "token_type": "Bearer", "scope": scope}
        )

    def bearer(self, request: Request, now: datetime) -> User | None:
        """Who a call's bearer token speaks for."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.user(token.strip(), now) if scheme.lower() == "bearer" else None
