"""How a route meets its request: who is calling first, then the body by our strict parser, the query, then FastAPI as ever.

`StrictRoute` keeps ordinary `body: Model` parameters and the OpenAPI made from them. FastAPI reads a body before it
runs dependencies, so both steps stand in front of its handler: nobody without a token makes us read a body. A body that
the route does not declare is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.api.auth import BEARER, admit, is_public
from app.api.query import check_query, taken
from app.api.strict_json import carried, parse
from app.domain.errors import BodyTooLarge, MalformedRequest, UnsupportedMediaType
from app.domain.json import JsonValue

MAX_BODY = 256 * 1024
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class StrictRequest(Request):
    """A request whose body is bounded, and whose JSON is parsed once, strictly."""

    _received: JsonValue = None
    media_type: str = JSON

    async def body(self) -> bytes:
        """The whole body. Raises BodyTooLarge by the declared length, or as soon as more than that has come."""
        if not hasattr(self, "_body"):
            self._body = await read_body(self, limit=MAX_BODY)
        return self._body

    async def json(self) -> Any:
        """The body as received; what FastAPI validates and what is fingerprinted are one object."""
        return self._received

    @property
    def received(self) -> JsonValue:
        """The JSON as the caller sent it, before any model filled in defaults."""
        return self._received

    async def read(self, *, media_types: frozenset[str], required: bool) -> None:
        """Read and parse. Raises UnsupportedMediaType, BodyTooLarge, MalformedRequest."""
        encoding = _header(self, b"content-encoding")
        if encoding is not None and encoding.strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
        declared = _header(self, b"content-type")
        if declared is not None:
            self.media_type = _media_type(declared, media_types)
        body = await self.body()
        if not body:
            if required:
                raise MalformedRequest("The body is empty; this call needs a JSON body.")
            return
        if declared is None:
            raise UnsupportedMediaType(f"Say what the body is: Content-Type: {JSON}.")
        self._received = parse(body)


async def received(request: StrictRequest) -> StrictRequest:
    """The request itself, for what a model does not show: `.received`, `.media_type`."""
    return request


Received = Annotated[StrictRequest, Depends(received)]


async def read_body(request: Request, *, limit: int) -> bytes:
    """A body of at most `limit` bytes. Raises BodyTooLarge and, when the caller hangs up, MalformedRequest."""
    length = (_header(request, b"content-length") or "").lstrip("0")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    body = b""
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise MalformedRequest("The connection ended before the body did.")
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return body


def _header(request: Request, name: bytes) -> str | None:
    """The first header of this name, without the framework's mapping, whose every miss is an exception."""
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have at most {limit:,} bytes.")


def media_type_of(content_type: str) -> str:
    """The media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _media_type(content_type: str, allowed: frozenset[str]) -> str:
    media_type = media_type_of(content_type)
    charset = next(
        (
            value.strip().strip('"').lower()
            for name, _, value in (part.partition("=") for part in content_type.split(";")[1:])
            if name.strip().lower() == "charset"
        ),
        "utf-8",
    )
    if media_type not in allowed or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(f"Send {' or '.join(sorted(allowed))} in UTF-8.")
    return media_type


def _check_texts(request: Request) -> None:
    """Path and query hold the same texts as a body may: no store and no vendor sees a control character."""
    texts = [value for value in request.path_params.values() if isinstance(value, str)]
    if request.scope["query_string"]:
        texts += [text for pair in request.query_params.multi_items() for text in pair]
    if not all(map(carried, texts)):
        raise MalformedRequest("The path or the query holds a control character.")


class StrictRoute(APIRoute):
    """A route that admits its caller before it reads a strict body. Use it as `APIRouter(route_class=StrictRoute)`.

    It takes `application/json`, and any further media type that its `openapi_extra` or its Body names, for example
    `openapi_extra={"requestBody": {"content": {MERGE_PATCH: {}}}}`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        begin = self.beginning()

        async def handle(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            await begin(strict)
            return await inner(strict)

        return handle

    def beginning(self) -> Callable[[StrictRequest], Coroutine[Any, Any, None]]:
        """What each request of the route begins with: its caller admitted, its texts checked, its body read and parsed.

        Last, the names in its query; what is open to all (a token, a page, a probe) takes any.
        """
        scopes = required_scopes(self.dependant)
        takes = taken(self.dependant)
        body = self.body_field
        media_types = self._media_types()
        required = body is not None and body.field_info.is_required()

        async def begin(request: StrictRequest) -> None:
            if scopes is not None:
                await admit(request, scopes)
            _check_texts(request)
            if body is not None:
                await request.read(media_types=media_types, required=required)
            if scopes is not None and request.scope["query_string"]:
                check_query(request.query_params.multi_items(), takes)

        return begin

    def _media_types(self) -> frozenset[str]:
        documented = (self.openapi_extra or {}).get("requestBody", {}).get("content", {})
        declared = getattr(self.body_field.field_info, "media_type", JSON) if self.body_field else JSON
        return frozenset({JSON, declared, *documented})


def strict_router(**options: Any) -> APIRouter:
    """An APIRouter whose routes are StrictRoutes."""
    return APIRouter(route_class=StrictRoute, **options)


def required_scopes(dependant: Dependant) -> frozenset[str] | None:
    """The scopes that a route asks for; None if it asks for no caller at all."""
    asked = [dependency for dependency in dependant.dependencies if dependency.call is BEARER]
    nested = [required_scopes(dependency) for dependency in dependant.dependencies if dependency.call is not BEARER]
    found = [scopes for scopes in nested if scopes is not None]
    if not asked and not found:
        return None
    return frozenset().union(*(dependency.own_oauth_scopes or () for dependency in asked), *found)


class UndeclaredRoute(RuntimeError):
    """A route declares neither a scope nor that it is public. The gateway does not start with such a route."""


def assert_every_route_declares(app: FastAPI, *, public: frozenset[str] = frozenset()) -> None:
    """Raises UndeclaredRoute for a route that neither `requires` a scope nor is PUBLIC.

    Each must be a StrictRoute that knows its scope itself: dependencies given to `include_router` would run only after
    the body was read. `public` names the paths of plain Starlette routes and mounts (static files).
    """
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path
        if not isinstance(route, APIRoute):
            if path not in public:
                raise UndeclaredRoute(f"{path} is not declared: name it among the public paths")
            continue
        open_to_all = any(is_public(dependency.call) for dependency in context.dependant.dependencies)
        scopes = required_scopes(context.dependant)
        if open_to_all == (scopes is not None):
            raise UndeclaredRoute(f"{path} must declare a scope or be PUBLIC, and not both")
        if not isinstance(route, StrictRoute):
            raise UndeclaredRoute(f"{path} must be a StrictRoute")
        if scopes != required_scopes(route.dependant):
            raise UndeclaredRoute(f"{path} must declare its scope on the route or on its own router")
