"""What schemathesis cannot know: how to get a token, what only the gateway can make, and where webhooks may lead."""

from __future__ import annotations

import itertools
from typing import Any

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.modes import GenerationMode

TOKEN_GOOD_S = 600
FORM = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
KEY, CONDITION, PLACES = "Idempotency-Key", "If-Match", ("cursor", "after")
ONE_IN = 10
NOBODY = "http://127.0.0.1:9/"
"""The discard port: what is posted there reaches nobody."""

_turns = itertools.count()


@schemathesis.auth(refresh_interval=TOKEN_GOOD_S).skip_for(operation_id="createToken")
class Token:
    """The sandbox's client, with every scope."""

    def get(self, case: schemathesis.Case[Any], ctx: schemathesis.AuthContext) -> str:
        """A new token."""
        base = case.operation.schema.get_base_url().rstrip("/")
        answer = requests.post(f"{base}/oauth/token", data=FORM, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def set(self, case: schemathesis.Case[Any], data: str, ctx: schemathesis.AuthContext) -> None:
        """Send it."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(ctx: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Let nine of ten requests whose headers, or whose query, are valid get past what no schema can make right.

    An example's key would belong to another request, no order has a made-up tag, and no list has given out a made-up cursor.
    And no webhook leads to a stranger.
    """
    turn = next(_turns)
    if turn % ONE_IN and _valid(case, ParameterLocation.HEADER):
        if KEY in case.headers:
            case.headers[KEY] = f"fuzz-{turn:032d}"
        case.headers.pop(CONDITION, None)
    if turn % ONE_IN and _valid(case, ParameterLocation.QUERY):
        for name in PLACES:
            case.query.pop(name, None)
    if isinstance(case.body, dict) and str(case.body.get("url", "")).startswith("http"):
        case.body["url"] = NOBODY


def _valid(case: schemathesis.Case[Any], part: ParameterLocation) -> bool:
    """Whether this part of the request was made to be valid."""
    made = None if case.meta is None else case.meta.components.get(part)
    return made is None or made.mode is GenerationMode.POSITIVE
