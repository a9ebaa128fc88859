"""Subscribers as frontends have them: over WebSockets and event streams, on real servers."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.global_ids import id_of
from iuran.graphql.http import graphql_routes
from iuran.graphql.limits import Limits
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys
from iuran.workers.outbox import dispatch_batch
from tests.graphql.servers import listening

PATIENCE_SECONDS = 60
SUBPROTOCOL = Subprotocol("graphql-transport-ws")
PAYMENT = """
    subscription ($after: String) {
        paymentSettled(after: $after) { cursor payment { amount reference } }
    }
"""

Message = dict[str, Any]  # JSON as the edge wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveServer:
    """A server, and who asks it."""

    address: str
    services: GraphqlServices
    issuer: DemoIssuer


@asynccontextmanager
async def a_live_server(
    pool: Pool,
    clock: Clock,
    issuer: DemoIssuer,
    limits: Limits | None = None,
    *,
    documents_mode: DocumentsMode = DocumentsMode.HYBRID,
) -> AsyncGenerator[LiveServer]:
    services = GraphqlServices(
        pool=pool,
        clock=clock,
        keys=SigningKeys.fixed(issuer.jwks),
        issuer=ISSUER,
        audience=AUDIENCE,
        limits=limits or Limits(),
        documents_mode=documents_mode,
    )
    async with listening(Starlette(routes=graphql_routes(services))) as address:
        try:
            yield LiveServer(address=address, services=services, issuer=issuer)
        finally:
            services.stopping.set()


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket whose client knows the protocol."""

    connection: ClientConnection

    async def send(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> Message:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: Message = json.loads(await self.connection.recv())
        return message

    async def subscribe(self, query: str, *, id_: str = "1", **variables: object) -> None:
        """Subscribe. Nothing says when it has begun: give a cursor."""
        payload = {"query": query, "variables": variables}
        await self.send(id=id_, type="subscribe", payload=payload)

    async def next(self, id_: str = "1") -> Message:
        """The data of the next event."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id_), message
        data: Message = message["payload"]["data"]
        return data

    async def closing(self) -> tuple[int, str]:
        """The code and the reason with which the server closes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def a_socket(
    server: LiveServer, token: str | None = None, *, subprotocol: Subprotocol = SUBPROTOCOL
) -> AsyncGenerator[Socket]:
    """A WebSocket; with a token, one that was acknowledged."""
    address = server.address.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=[subprotocol], compression=None) as connection:
        socket = Socket(connection=connection)
        if token is not None:
            await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
            assert (await socket.receive())["type"] == "connection_ack"
        yield socket


@dataclass(slots=True, kw_only=True)
class Stream:
    """An event stream, split into its events."""

    response: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.response.aiter_lines()

    async def opened(self) -> None:
        """Wait for the first comment: the subscription has begun."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.lines:
                if line.startswith(":"):
                    return

    async def event(self) -> dict[str, str]:
        """The next event that is no comment: its fields, empty at the end of the stream."""
        event: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.lines:
                name, _, value = line.partition(":")
                if name:
                    event[name] = value.removeprefix(" ")
                elif not line and event.keys() - {"retry"}:
                    return event
        return event

    async def data(self) -> Message:
        event = await self.event()
        assert event["event"] == "next", event
        data: Message = json.loads(event["data"])["data"]
        return data


@asynccontextmanager
async def a_stream(
    server: LiveServer,
    token: str,
    query: str,
    *,
    last_event_id: str | None = None,
    **variables: object,
) -> AsyncGenerator[Stream]:
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    if last_event_id is not None:
        headers["last-event-id"] = last_event_id
    async with (
        httpx.AsyncClient(base_url=server.address, timeout=PATIENCE_SECONDS) as client,
        client.stream(
            "POST",
            "/graphql/stream",
            json={"query": query, "variables": variables},
            headers=headers,
        ) as response,
    ):
        yield Stream(response=response)


async def dispatched(pool: Pool, clock: Clock) -> None:
    """Let the worker give events their places."""
    async with pool.acquire() as connection, connection.transaction():
        await dispatch_batch(connection, at=clock.now())


async def cursor_now(pool: Pool, clock: Clock) -> str:
    """The cursor behind everything that has happened."""
    await dispatched(pool, clock)
    return id_of("EventCursor", await pool.fetchval("SELECT last_position FROM event_dispatch"))
