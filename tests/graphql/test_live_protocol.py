"""The protocols of subscriptions: graphql-transport-ws and GraphQL over server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from tests.graphql.conftest import Frontend, code_of
from tests.graphql.live import (
    PATIENCE_SECONDS,
    PAYMENT,
    SUBPROTOCOL,
    LiveServer,
    Socket,
    a_live_server,
    a_socket,
    a_stream,
)

FAMILY = 1
"""Nobody is there: nothing ever happens to it."""
SHORT_LIFE = timedelta(seconds=-2)
"""A token counts five seconds longer than it says."""
LIMITS = Limits(
    live_connections=3,
    live_connections_each=2,
    live_subscriptions_a_socket=2,
    live_subscriptions_each=3,
    live_messages_per_minute=30,
    live_init_seconds=0.2,
    live_quiet_seconds=0.1,
)


@pytest.fixture
async def server(pool: Pool, clock: StandingClock, issuer: DemoIssuer) -> AsyncIterator[LiveServer]:
    async with a_live_server(pool, clock, issuer) as running:
        yield running


@pytest.fixture
async def strict_server(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer
) -> AsyncIterator[LiveServer]:
    async with a_live_server(pool, clock, issuer, LIMITS) as running:
        yield running


@pytest.fixture
def token(issuer: DemoIssuer) -> str:
    return issuer.issue(Role.PARTICIPANT, family_id=FAMILY)


async def code_of_closing(socket: Socket) -> int:
    async with asyncio.timeout(PATIENCE_SECONDS):
        with suppress(ConnectionClosed):
            while True:
                await socket.connection.recv()
    return socket.connection.close_code or 0


async def test_a_ping_is_answered_before_and_after_the_init(server: LiveServer, token: str) -> None:
    async with a_socket(server) as socket:
        await socket.send(type="ping")
        before = await socket.receive()
        await socket.send(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        acknowledged = await socket.receive()
        await socket.send(type="pong", payload={"unasked": True})
        await socket.send(type="ping", payload={"n": 1})
        after = await socket.receive()

    assert before == after == {"type": "pong"}
    assert acknowledged == {"type": "connection_ack"}


async def test_the_token_may_come_with_the_handshake(server: LiveServer, token: str) -> None:
    address = server.address.replace("http", "ws", 1) + "/graphql"
    headers = {"authorization": f"Bearer {token}"}

    async with connect(
        address, subprotocols=[SUBPROTOCOL], additional_headers=headers
    ) as connection:
        await connection.send('{"type": "connection_init"}')
        acknowledged = json.loads(await connection.recv())

    assert acknowledged == {"type": "connection_ack"}
    assert connection.subprotocol == SUBPROTOCOL


async def test_nobody_may_wait_with_the_init(strict_server: LiveServer) -> None:
    async with a_socket(strict_server) as socket:
        assert await code_of_closing(socket) == 4408


async def test_who_is_not_known_may_not_subscribe(server: LiveServer) -> None:
    async with a_socket(server) as socket:
        await socket.subscribe(PAYMENT)
        assert await code_of_closing(socket) == 4401


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer x.y.z"}, {"authorization": 7}]
)
async def test_an_init_without_a_good_token_is_refused(server: LiveServer, payload: object) -> None:
    async with a_socket(server) as socket:
        await socket.send(type="connection_init", payload=payload)
        assert await code_of_closing(socket) == 4401


async def test_a_second_init_is_one_too_many(server: LiveServer, token: str) -> None:
    async with a_socket(server, token) as socket:
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await code_of_closing(socket) == 4429


async def test_an_id_stands_for_one_subscription_at_a_time(server: LiveServer, token: str) -> None:
    async with a_socket(server, token) as socket:
        await socket.subscribe(PAYMENT)
        await socket.send(type="complete", id="1")
        await socket.subscribe(PAYMENT)
        await socket.send(type="ping")
        assert (await socket.receive())["type"] == "pong"
        await socket.subscribe(PAYMENT)
        assert await code_of_closing(socket) == 4409


@pytest.mark.parametrize(
    "message",
    [
        b"\x00\x01",
        "",
        "null",
        "[]",
        "{}",
        '{"type": "start", "id": "1"}',
        '{"type": 7}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "payload": {"query": "{ viewer { role } }"}}',
        '{"type": "subscribe", "id": "", "payload": {}}',
        '{"type": "complete", "id": 7}',
        '{"type": "ping", "payload": []}',
        '{"type": "ping", "type": "pong"}',
        '{"type": "ping", "payload": ' + '{"a":' * 100 + "1" + "}" * 100 + "}",
        '{"type": "complete", "id": "' + "x" * 129 + '"}',
    ],
)
async def test_what_is_no_message_closes_the_line(
    server: LiveServer, token: str, message: str | bytes
) -> None:
    async with a_socket(server, token) as socket:
        await socket.connection.send(message)
        assert await code_of_closing(socket) == 4400


async def test_a_message_has_a_length(server: LiveServer, token: str) -> None:
    async with a_socket(server, token) as socket:
        await socket.connection.send("x" * 100_001)
        assert await code_of_closing(socket) == 1009


async def test_the_legacy_protocol_is_not_spoken(server: LiveServer) -> None:
    address = server.address.replace("http", "ws", 1) + "/graphql"

    async with connect(address, subprotocols=[Subprotocol("graphql-ws")]) as connection:
        assert await code_of_closing(Socket(connection=connection)) == 4406


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "subscription { paymentSettled { nothing } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription {"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ viewer { role } }"}, "NOT_A_SUBSCRIPTION"),
        ({"query": "{ a: __typename } query B { __typename }"}, "OPERATION_NOT_FOUND"),
        ({"query": 7}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
        ({"query": PAYMENT, "variables": []}, "BAD_REQUEST"),
        ({"query": PAYMENT, "variables": {"after": 7}}, "BAD_USER_INPUT"),
        ({"query": PAYMENT, "variables": {"after": "7"}}, "ID_INVALID"),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_QUERY_NOT_FOUND"),
        (
            {"query": "subscription { a: paymentSettled { id } b: claimMoved { id } }"},
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ({"query": "subscription { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused_and_the_line_stays(
    server: LiveServer, token: str, payload: dict[str, object], code: str
) -> None:
    async with a_socket(server, token) as socket:
        await socket.send(type="subscribe", id="x", payload=payload)
        refused = await socket.receive()
        await socket.send(type="ping")
        after = await socket.receive()

    assert (refused["type"], refused["id"]) == ("error", "x")
    assert {error["extensions"]["code"] for error in refused["payload"]} == {code}
    assert after == {"type": "pong"}


async def test_a_token_that_expires_ends_the_connection(
    server: LiveServer, issuer: DemoIssuer
) -> None:
    dying = issuer.issue(Role.PARTICIPANT, family_id=FAMILY, lifetime=SHORT_LIFE)

    async with a_socket(server, dying) as socket, a_stream(server, dying, PAYMENT) as stream:
        await socket.subscribe(PAYMENT)
        last = await stream.event()
        over = await stream.event()
        assert await code_of_closing(socket) == 4403

    assert "UNAUTHENTICATED" in last["data"]
    assert over == {}  # and not `complete`: a client comes back with a new token


async def test_a_server_that_stops_sends_everybody_away(server: LiveServer, token: str) -> None:
    async with a_socket(server, token) as socket, a_stream(server, token, PAYMENT) as stream:
        await stream.opened()
        server.services.stopping.set()
        assert await stream.event() == {}
        assert await code_of_closing(socket) == 1012


async def test_a_subscription_by_plain_post_is_refused(frontend: Frontend) -> None:
    answer = await frontend.answer(PAYMENT, role=Role.PARTICIPANT, family_id=FAMILY)

    assert code_of(answer) == "SUBSCRIPTION_NEEDS_STREAM"
    assert "/graphql/stream" in answer["errors"][0]["message"]
    assert "data" not in answer


async def test_connections_of_one_and_of_all_are_counted(
    strict_server: LiveServer, issuer: DemoIssuer, token: str
) -> None:
    other = issuer.issue(Role.PARTICIPANT, family_id=FAMILY, subject="another")

    async with AsyncExitStack() as sockets:
        for _ in range(2):
            await sockets.enter_async_context(a_socket(strict_server, token))
        third = await sockets.enter_async_context(a_socket(strict_server))
        await third.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await code_of_closing(third) == 1013
        await sockets.enter_async_context(a_socket(strict_server, other))
        with pytest.raises(InvalidStatus) as refused:
            await sockets.enter_async_context(a_socket(strict_server, other))
    again = a_socket(strict_server, other)

    assert refused.value.response.status_code == 503
    async with again:
        pass  # who left gave his place back


async def test_subscriptions_of_a_connection_and_of_one_are_counted(
    strict_server: LiveServer, token: str
) -> None:
    async with (
        a_socket(strict_server, token) as first,
        a_socket(strict_server, token) as second,
    ):
        for id_ in "abc":
            await first.subscribe(PAYMENT, id_=id_)
        refused_here = await first.receive()
        await second.subscribe(PAYMENT, id_="d")
        await second.subscribe(PAYMENT, id_="e")
        refused_in_all = await second.receive()
        await first.send(type="complete", id="a")
        await first.send(type="ping")
        assert (await first.receive())["type"] == "pong"
        await second.subscribe(PAYMENT, id_="e")
        await second.send(type="ping")
        granted = await second.receive()

    for refused, id_ in ((refused_here, "c"), (refused_in_all, "e")):
        assert (refused["type"], refused["id"]) == ("error", id_)
        assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    assert granted == {"type": "pong"}


async def test_messages_are_counted(strict_server: LiveServer, token: str) -> None:
    async with a_socket(strict_server, token) as socket:
        for _ in range(40):
            await socket.send(type="pong")
        assert await code_of_closing(socket) == 1008


async def test_a_quiet_stream_shows_that_it_is_alive(strict_server: LiveServer, token: str) -> None:
    async with a_stream(strict_server, token, PAYMENT) as stream:
        for _ in range(3):
            await stream.opened()
        headers = stream.response.headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"


JSON = {"accept": "text/event-stream", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "code"),
    [
        ("POST", {"authorization": ""}, {"query": PAYMENT}, 401, "UNAUTHENTICATED"),
        ("POST", {"accept": "application/json"}, {"query": PAYMENT}, 406, "NOT_ACCEPTABLE"),
        ("POST", {"content-type": "text/plain"}, {"query": PAYMENT}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", {}, [], 400, "BAD_REQUEST"),
        ("POST", {}, {"query": 7}, 400, "BAD_REQUEST"),
        ("POST", {}, {"query": "x" * 100_001}, 413, "BODY_TOO_LARGE"),
        ("PUT", {}, {"query": PAYMENT}, 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_a_request_that_is_none_is_refused_by_its_status(
    server: LiveServer,
    token: str,
    method: str,
    headers: dict[str, str],
    body: object,
    status: int,
    code: str,
) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:
        response = await client.request(
            method,
            "/graphql/stream",
            content=json.dumps(body),
            headers={"authorization": f"Bearer {token}", **JSON, **headers},
        )

    assert (response.status_code, code_of(response.json())) == (status, code)


async def test_a_stream_may_be_asked_for_by_get(server: LiveServer, token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}

    async with (
        httpx.AsyncClient(base_url=server.address) as client,
        client.stream(
            "GET", "/graphql/stream", params={"query": PAYMENT}, headers=headers
        ) as response,
    ):
        opened = await anext(response.aiter_lines())

    assert (response.status_code, opened) == (200, "retry: 1000")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { paymentSettled { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer { role } }", "NOT_A_SUBSCRIPTION"),
    ],
)
async def test_a_refused_document_is_told_in_the_stream(
    server: LiveServer, token: str, query: str, code: str
) -> None:
    async with a_stream(server, token, query) as stream:
        refused, over = await stream.event(), await stream.event()

    (error,) = json.loads(refused["data"])["errors"]
    assert error["extensions"]["code"] == code
    assert over["event"] == "complete"


async def test_documents_cost_points(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, token: str
) -> None:
    """Whoever floods a server with documents that it does not know has soon spent his points."""
    limits = replace(Limits(), cost=100, points_burst=100, points_per_minute=1)
    codes: list[str] = []

    async with a_live_server(pool, clock, issuer, limits) as server, a_socket(server, token) as one:
        for n in range(12):
            await one.subscribe(f"subscription {{ f{n}: paymentSettled {{ nothing }} }}")
            codes.append((await one.receive())["payload"][0]["extensions"]["code"])

    assert codes[0] == "GRAPHQL_VALIDATION_FAILED"
    assert codes[-1] == "RATE_LIMITED"
