"""The HTTP application: banks, frontends, supervisors, and a page for who comes by."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.deploy.demo_tokens import demo_token_routes
from iuran.deploy.edge import Edge
from iuran.deploy.installation import installation_cipher, receipt_links
from iuran.deploy.landing import landing_route
from iuran.deploy.logs import operation_journal
from iuran.deploy.messaging import message_report_routes, new_carriers, new_reach
from iuran.deploy.origins import open_to
from iuran.deploy.probes import Readiness, probe_routes
from iuran.deploy.settings import Settings
from iuran.deploy.test_clock import following
from iuran.deploy.tokens import TrustedIssuer, jwks_routes, trusted_issuer
from iuran.deploy.whole_answers import WholeEdge
from iuran.deploy.wrong_paths import WrongPaths
from iuran.graphql.http import GraphqlEndpoint, graphql_routes
from iuran.graphql.rates import Rates
from iuran.graphql.rates_in_redis import open_rates
from iuran.graphql.services import GraphqlServices, IntrospectionPolicy
from iuran.payments.receipts.app import ReceiptServices, receipt_routes
from iuran.payments.retail.app import retail_routes
from iuran.payments.retail.context import RetailServices
from iuran.payments.snap.app import snap_routes
from iuran.payments.snap.context import SnapServices

GRAPHQL = "/graphql"


def build_app(
    settings: Settings, *, pool: Pool, clock: Clock, stopping: asyncio.Event | None = None
) -> Starlette:
    """Put the application together; the caller owns the pool and closes it afterwards.

    `stopping` is set by the server when it is told to stop: subscriptions end by themselves then.

    While it runs it follows the test clock, where there is one. Raises SettingsError when
    something is missing that a request would need.
    """
    rates, issuer = open_rates(_redis_url(settings)), trusted_issuer(settings)
    snap = SnapServices.of(
        pool=pool,
        clock=clock,
        cipher=installation_cipher(settings),
        redis_url=_redis_url(settings),
        lane_limits=settings.lane_limits,
    )
    retail = RetailServices.beside(snap, cipher=installation_cipher(settings))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with following(pool, clock), aclosing(rates), aclosing(issuer.keys), retail.http:
            await issuer.keys.start()
            try:
                yield
            finally:
                await snap.close()

    graphql = _graphql_services(settings, pool, clock, rates=rates, issuer=issuer)
    if stopping is not None:
        graphql = replace(graphql, stopping=stopping)
    routes = [
        landing_route(settings),
        *probe_routes(Readiness(pool=pool, redis_url=_redis_url(settings))),
        *jwks_routes(settings),
        *demo_token_routes(settings, pool=pool, clock=clock),
        *graphql_routes(graphql),
        *message_report_routes(settings, pool=pool, clock=clock),
        *receipt_routes(ReceiptServices(pool=pool, links=receipt_links(settings))),
        *retail_routes(retail, settings.retail_mount),
        *snap_routes(snap, settings.snap_mounts),
    ]
    house = _house(routes, lifespan)
    house.origins = settings.graphql_origins
    return house


def _house(routes: list[BaseRoute], lifespan: Lifespan[Starlette]) -> "_House":
    house = _House(
        routes=routes,
        middleware=[Middleware(Edge)],
        lifespan=lifespan,
        exception_handlers={HTTPStatus.NOT_FOUND: WrongPaths(routes)},
    )
    house.router.redirect_slashes = False
    return house


class _House(Starlette):
    """The application; operations do not walk past all other routes and layers to their own."""

    origins: tuple[str, ...] = ()
    """Pages of these may read what GraphQL answers."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what answers: the edge around GraphQL alone, or everything as Starlette does."""
        everything = super().build_middleware_stack()
        endpoint = next(
            one.endpoint
            for one in self.routes
            if isinstance(one, Route) and isinstance(one.endpoint, GraphqlEndpoint)
        )
        operations = WholeEdge(endpoint.respond, route=GRAPHQL)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == GRAPHQL:
                await operations(scope, receive, send)
            else:
                await everything(scope, receive, send)

        return open_to(answer, self.origins)


def _redis_url(settings: Settings) -> str | None:
    return None if settings.redis_url is None else settings.redis_url.get_secret_value()


def _graphql_services(
    settings: Settings, pool: Pool, clock: Clock, *, rates: Rates, issuer: TrustedIssuer
) -> GraphqlServices:
    return GraphqlServices(
        reach=new_reach(settings),
        pool=pool,
        clock=clock,
        keys=issuer.keys,
        issuer=issuer.name,
        audience=issuer.audience,
        cipher=installation_cipher(settings),
        receipts=receipt_links(settings),
        channels=(Channel.EMAIL, *sorted(new_carriers(settings))),
        limits=settings.limits,
        rates=rates,
        documents_mode=settings.graphql_documents,
        draft_statuses=settings.graphql_draft_statuses,
        introspection=IntrospectionPolicy.AUTHENTICATED
        if settings.allows_introspection
        else IntrospectionPolicy.DEVELOPERS,
        graphiql=settings.serves_graphiql,
        journal=operation_journal(settings),
    )
