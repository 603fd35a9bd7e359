"""The gateway as an ASGI app: `create_app` puts the parts together, its lifespan opens and closes them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from app import GARBAGE
from app.api import backends as backend_routes
from app.api import changes, health, holds, preview, status_updates, work_orders
from app.api import events as event_routes
from app.api import operations as operation_routes
from app.api import timeline as timeline_routes
from app.api import webhook_deliveries as webhook_delivery_routes
from app.api import webhooks as webhook_routes
from app.api.auth import AuthConfig, Authority, TrustedIssuer
from app.api.contract_texts import DESCRIPTION, TAGS
from app.api.cursors import Cursors
from app.api.docs_page import mount_docs
from app.api.edge import add_edge
from app.api.gateway import Gateway
from app.api.landing import add_landing
from app.api.metrics import Metrics, add_metrics
from app.api.openapi import DocumentedApp
from app.api.requests import assert_every_route_declares
from app.api.short_way import add_short_way
from app.api.streams import Feed
from app.api.strict_json import carried
from app.api.tracing import telemetry
from app.api.unavailable import add_unavailable_answers
from app.delivery.addresses import AddressRules
from app.delivery.reaper import Reaper
from app.delivery.service import Delivery
from app.delivery.webhooks_service import Webhooks
from app.domain.clients import ClientRecord
from app.domain.times import from_micros
from app.ledger import clients, statuses
from app.ledger.key_room import KeyRoom
from app.ledger.open import folder_of, open_store
from app.ledger.retention import Retention
from app.ledger.store import Store
from app.settings import ConfigFault, Configuration
from app.telemetry import export
from app.telemetry.tallies import Tallies
from app.vendors.backends import Backend, seed_statuses
from app.vendors.registry import VENDORS

VERSION = "0.1.0"
PLAIN_ROUTES = frozenset({"/", "/openapi.json", "/docs", "/docs/static"})
ROUTES = APIRouter()
"""Every route of the API, put together once in a process: what FastAPI works out for one is kept there, whatever app has it."""
for _routes in (
    status_updates,  # first, because a route is looked for in this order, and this is the main job
    backend_routes,
    work_orders,
    changes,
    timeline_routes,
    operation_routes,
    holds,
    event_routes,
    preview,
    health,
    webhook_routes,
    webhook_delivery_routes,
):
    ROUTES.include_router(_routes.router)
SHORT = ("createStatusUpdate", "getWorkOrder")
"""The operationIds that are worth the short way."""
JWKS_DEADLINE_S = 5

gc.freeze()  # what a gateway is made of has been imported, and stays: it is never looked through again
gc.set_threshold(*GARBAGE)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Clients from the ledger, as token checking asks for them."""

    store: Store

    async def client(self, client_id: str) -> ClientRecord | None:
        if not carried(client_id):  # PostgreSQL refuses to look for such a text
            return None
        return await self.store.look(clients.find(client_id))


def create_app(configuration: Configuration) -> FastAPI:
    """The gateway for this configuration; nothing is opened before its lifespan begins."""
    store = open_store(configuration.database.url, folder=configuration.folder, owner=True)
    auth = _auth_config(configuration)
    authority = Authority(auth, directory=Directory(store=store), fetch=_fetch)
    tallies = Tallies()
    backends = {
        name: Backend(name, VENDORS[settings.vendor], settings, fresh_s=configuration.delivery.fresh_s, tallies=tallies)
        for name, settings in configuration.backends.items()
    }
    delivery = Delivery(
        store,
        backends,
        public_url=auth.public_url,
        deadline_s=configuration.delivery.deadline_s,
        ended=tallies.finished,
    )
    traces = _traces(configuration)

    webhooks = Webhooks(
        store,
        backends,
        signing_key=auth.signing_key,
        rules=AddressRules(
            allowed_ports=frozenset(configuration.webhooks.allowed_ports),
            allow_loopback=configuration.webhooks.allow_loopback,
        ),
        max_endpoints=configuration.webhooks.max_endpoints,
        keep_days=configuration.webhooks.keep_days,
        clock=store.now,
    )

    feed = Feed(store)
    kept = configuration.retention
    keys = KeyRoom(store, most=kept.keys_per_client)
    reaper = Reaper(
        store,
        Retention(
            key_days=kept.key_days,
            answer_days=kept.answer_days,
            reference_days=kept.reference_days,
            event_days=kept.event_days,
        ),
        keys,
        clock=store.now,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await store.open()
            stack.push_async_callback(store.close)
            stack.push_async_callback(gateway.sightings.close)
            stack.push_async_callback(gateway.writable.close)
            if traces is not None:
                with _faults_of_opentelemetry():
                    await stack.enter_async_context(traces.exported())
            await _open_backends(backends, store, configuration, stack)
            reaper.start()
            stack.push_async_callback(reaper.stop)
            await delivery.start()
            stack.push_async_callback(delivery.stop)
            stack.push_async_callback(feed.stop)
            await webhooks.start()
            stack.push_async_callback(webhooks.stop)
            yield

    app = DocumentedApp(
        title="Orderbridge",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        routes=ROUTES.routes,
        lifespan=lifespan,
        telemetry=telemetry(None if traces is None else traces.provider),
    )
    app.state.gateway = gateway = Gateway(
        store=store,
        backends=backends,
        dispatcher=delivery,
        keys=keys,
        cursors=Cursors(authority.keys.cursor_key),
        public_url=auth.public_url,
        wait_s=configuration.delivery.wait_s,
        clock=store.now,
    )
    app.state.feed = feed
    app.state.webhooks = webhooks
    add_landing(app, public_url=auth.public_url)
    mount_docs(app)
    add_short_way(app, SHORT)
    add_metrics(app, _metrics(configuration, store, backends, tallies))
    add_edge(app, authority=authority, proxies=configuration.server.trusted_proxies, count=tallies.request)
    add_unavailable_answers(app)
    assert_every_route_declares(app, public=PLAIN_ROUTES)
    return app


def _traces(configuration: Configuration) -> export.Traces | None:
    endpoint = configuration.telemetry.otlp_endpoint
    if not export.wanted(endpoint):
        return None
    with _faults_of_opentelemetry():
        return export.Traces(endpoint, version=VERSION, secrets=configuration.secrets())


@contextmanager
def _faults_of_opentelemetry() -> Iterator[None]:
    """Its own variables are read by its SDK alone, which raises ValueError where they contradict each other."""
    try:
        yield
    except ValueError as error:
        raise ConfigFault([f"OpenTelemetry's own environment variables (OTEL_...): {error}"]) from error


def _metrics(configuration: Configuration, store: Store, backends: Mapping[str, Backend], tallies: Tallies) -> Metrics:
    token = configuration.telemetry.metrics_token
    return Metrics(
        tallies=tallies,
        store=store,
        backends=backends,
        version=VERSION,
        token=None if token is None else token.get_secret_value(),
        disk=folder_of(configuration.database.url, folder=configuration.folder),
    )


async def _open_backends(
    backends: Mapping[str, Backend], store: Store, configuration: Configuration, stack: AsyncExitStack
) -> None:
    """Connect each backend, and seed the status tables of those that have none yet from their settings."""
    for name, backend in backends.items():
        await backend.connect(
            deadline_s=configuration.delivery.deadline_s,
            folder=configuration.folder,
            clock=lambda: from_micros(store.now()),
        )
        stack.push_async_callback(backend.close)
        seed = seed_statuses(backend.vendor, backend.settings, configuration.folder)
        if seed is not None:
            await store.write(statuses.seed(name, seed))


def _auth_config(configuration: Configuration) -> AuthConfig:
    auth = configuration.auth
    return AuthConfig(
        issuer=auth.issuer,
        audience=auth.audience,
        signing_key=auth.signing_key.get_secret_value(),
        public_url=configuration.server.public_url,
        trusted_issuers=tuple(
            TrustedIssuer(issuer=one.issuer, jwks_url=one.jwks_url, audience=one.audience, tenant=one.tenant)
            for one in auth.trusted_issuers
        ),
    )


async def _fetch(url: str) -> bytes:
    """The JWK Set of a trusted issuer."""
    import httpx  # here, because few gateways trust another issuer: the backends bring it only where there are any

    async with httpx.AsyncClient(timeout=JWKS_DEADLINE_S, trust_env=False) as client:
        answer = await client.get(url)
        return answer.raise_for_status().content
