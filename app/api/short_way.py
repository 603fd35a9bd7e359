"""The short way to the routes that most requests take: matched and called here, past the framework's general layers.

Between the address and the endpoint the framework finds out anew, for every request, what a route needs. For a route that
only takes its path, one body and what every route of ours has (`GIVEN`), this is known when the gateway starts. Checks,
models, order and refusals are those of `StrictRoute`; a test holds the answers of both ways equal.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.auth import BEARER, CALLER
from app.api.gateway import the_gateway
from app.api.requests import StrictRequest, StrictRoute, received
from app.api.turns import Turns
from app.domain.errors import GatewayError
from app.ledger.store import StoreUnavailable


class Field(Protocol):
    """A parameter or body of a route, as the framework validates it."""

    name: str

    def validate(self, value: Any, *, loc: tuple[int | str, ...]) -> tuple[Any, list[dict[str, Any]]]: ...


Handlers = Mapping[Any, Callable[[Request, Any], Response | Awaitable[Response]]]

GIVEN: Mapping[Callable[..., Any], Callable[[StrictRequest], object]] = {
    received: lambda request: request,
    the_gateway: lambda request: request.scope["app"].state.gateway,
    BEARER: lambda request: request.scope[CALLER],
}
"""The dependencies that the short way knows, and where it finds what they give."""


class NotPlain(TypeError):
    """The route takes something that the short way does not give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortRoute:
    """One route, with all that a request of it needs."""

    route: StrictRoute
    method: str
    path: re.Pattern[str]
    begin: Callable[[StrictRequest], Awaitable[None]]
    endpoint: Callable[..., Awaitable[Response]]
    given: tuple[tuple[str, Callable[[StrictRequest], object]], ...]
    from_path: tuple[tuple[str, Field], ...]
    body: Field | None

    @classmethod
    def of(cls, route: StrictRoute) -> ShortRoute:
        """Raises NotPlain."""
        takes = route.dependant
        unknown = [one.name for one in takes.dependencies if one.call not in GIVEN]
        unknown += [one.name for one in (*takes.query_params, *takes.header_params, *takes.cookie_params)]
        special = (takes.response_param_name, takes.request_param_name, takes.background_tasks_param_name)
        methods = tuple(route.methods or ())
        if unknown or any(special) or takes.call is None or len(methods) != 1 or len(takes.body_params) > 1:
            raise NotPlain(f"{route.path} takes more than its path, a body and {sorted(map(str, GIVEN))}")
        return cls(
            route=route,
            method=methods[0],
            path=route.path_regex,
            begin=route.beginning(),
            endpoint=takes.call,
            given=tuple((one.name, GIVEN[one.call]) for one in takes.dependencies if one.name and one.call),
            from_path=tuple((one.name, one) for one in takes.path_params),
            body=route.body_field,
        )

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """What the endpoint answers. Raises GatewayError, RequestValidationError."""
        request = StrictRequest(scope, receive)
        await self.begin(request)
        values = {name: find(request) for name, find in self.given}
        faults: list[dict[str, Any]] = []
        for name, field in self.from_path:
            values[name], wrong = field.validate(scope["path_params"][name], loc=("path", name))
            faults += wrong
        if self.body is not None:
            values[self.body.name], wrong = self.body.validate(request.received, loc=("body",))
            faults += wrong
        if faults:
            raise RequestValidationError(faults, body=request.received)
        return await self.endpoint(**values)


class ShortWay:
    """ASGI middleware; whatever is none of its routes goes on as ever."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[ShortRoute], handlers: Handlers) -> None:
        self._app = app
        self._routes = routes
        self._handlers = handlers
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        one = self._matched(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if one is None:
            await self._app(scope, receive, send)
            return
        response = await self._answer(one, scope, receive)
        await response(scope, receive, send)

    def _matched(self, scope: Scope) -> ShortRoute | None:
        """The route of the request; then the scope says which, as the framework would."""
        for one in self._routes:
            if one.method == scope["method"] and (match := one.path.match(scope["path"])) is not None:
                scope["path_params"] = match.groupdict()
                scope["route"] = one.route
                return one
        return None

    async def _answer(self, one: ShortRoute, scope: Scope, receive: Receive) -> Response:
        await self._turns.mine(scope["path_params"].get("backend", ""))
        try:
            return await one.answer(scope, receive)
        except (GatewayError, RequestValidationError, StoreUnavailable) as error:
            handler = next(self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers)
            answer = handler(Request(scope, receive), error)
            return await answer if isinstance(answer, Awaitable) else answer


def add_short_way(app: FastAPI, operations: Sequence[str]) -> None:
    """Take the routes with these operationIds the short way. Raises NotPlain, and LookupError for one that is not there.

    To be added inside the edge's outermost layer, after all routes.
    """
    known = {
        context.original_route.operation_id: context.original_route
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
    }
    routes = []
    for name in operations:
        route = known.get(name)
        if not isinstance(route, StrictRoute):
            raise LookupError(f"there is no route {name}")
        routes.append(ShortRoute.of(route))
    app.add_middleware(ShortWay, routes=routes, handlers=app.exception_handlers)
