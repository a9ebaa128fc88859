"""The routes of subscriptions."""

from starlette.routing import BaseRoute, Route, WebSocketRoute

from iuran.graphql.live.edge import LiveEdge
from iuran.graphql.live.event_streams import EventStreams
from iuran.graphql.live.sockets import Sockets
from iuran.graphql.services import GraphqlServices


def live_routes(services: GraphqlServices) -> list[BaseRoute]:
    """Return WebSockets at /graphql, and server-sent events at /graphql/stream."""
    edge = LiveEdge.of(services)
    return [
        WebSocketRoute("/graphql", Sockets(edge)),
        Route("/graphql/stream", EventStreams(edge)),
    ]
