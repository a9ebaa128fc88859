"""Subscriptions under attack: what they take stays bounded, and others are served meanwhile."""

import asyncio
import json
import socket
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.live import subscriber
from iuran.graphql.live.happenings import happenings
from tests.graphql.conftest import Insured
from tests.graphql.live import (
    PATIENCE_SECONDS,
    PAYMENT,
    a_live_server,
    a_socket,
    a_stream,
    cursor_now,
    dispatched,
)

WRITE_EVENTS = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT $1, 'membership.suspended', jsonb_build_object('membership_id', $2::bigint), $3
    FROM generate_series(1, $4)
"""
LARGE = (
    "subscription ($after: String) { membershipChanged(after: $after) { "
    + " ".join(f"cursor{'_' * 400}{n}: cursor" for n in range(25))
    + " } }"
)
EVENTS = 800
"""Of about 11 KB each: more than what lies between a server and a client that does not read."""


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a metric tells nobody that it changed
            await asyncio.sleep(0.02)


async def much_happens(pool: Pool, insured: Insured, clock: StandingClock) -> None:
    membership = insured.registered.membership_id
    await pool.execute(WRITE_EVENTS, insured.family_id, membership, clock.now(), EVENTS)
    await dispatched(pool, clock)


def request(token: str, after: str) -> bytes:
    body = json.dumps({"query": LARGE, "variables": {"after": after}}).encode()
    return (
        f"POST /graphql/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


async def test_a_client_that_does_not_read_is_cut_off_and_can_resume(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, insured: Insured
) -> None:
    """He keeps nobody waiting, takes no memory that grows, and misses nothing when he is back."""
    token = issuer.issue(Role.PARTICIPANT, family_id=insured.family_id)
    limits = replace(Limits(), live_send_seconds=0.5, points_burst=2_000_000_000)
    ended = {"transport": "sse", "reason": "1013"}
    cut_off = metric("iuran_graphql_live_ends_total", **ended)
    after = await cursor_now(pool, clock)
    await much_happens(pool, insured, clock)

    async with a_live_server(pool, clock, issuer, limits) as server:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.settimeout(0)
            loop = asyncio.get_running_loop()
            port = int(server.address.rpartition(":")[2])
            await loop.sock_connect(slow, ("127.0.0.1", port))
            tracemalloc.start()
            await loop.sock_sendall(slow, request(token, after))
            async with a_stream(server, token, LARGE, after=after) as stream:
                told = [(await stream.event())["id"] for _ in range(50)]
            await until(lambda: metric("iuran_graphql_live_ends_total", **ended) > cut_off)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        async with a_stream(server, token, LARGE, last_event_id=told[-1]) as stream:
            resumed = await stream.event()

    assert len(set(told)) == 50
    assert resumed["id"] not in told
    assert most < 20_000_000  # of 9 MB that were to be told to each


async def test_a_flood_of_subscriptions_opens_no_more_than_allowed(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer
) -> None:
    token = issuer.issue(Role.PARTICIPANT, family_id=1)
    limits = replace(
        Limits(), live_messages_per_minute=100_000, live_subscriptions_each=30, points_burst=10**9
    )
    open_before = metric("iuran_graphql_live_subscriptions")

    async with a_live_server(pool, clock, issuer, limits) as server:
        async with a_socket(server, token) as one, a_socket(server, token) as two:
            for n in range(200):
                await one.subscribe(PAYMENT, id_=str(n))
                await two.subscribe(PAYMENT, id_=str(n))
            refused = 0
            for line in (one, two):
                await line.send(type="ping")
                while (await line.receive())["type"] == "error":
                    refused += 1
            await until(lambda: metric("iuran_graphql_live_subscriptions") - open_before == 30)
        await until(lambda: metric("iuran_graphql_live_subscriptions") == open_before)

    assert refused >= 340


async def test_who_waits_takes_one_look_with_all_others(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = happenings

    async def counted(*arguments: Any, **more: Any) -> object:  # noqa: ANN401 - handed on
        reads.append(more)
        return await read(*arguments, **more)

    monkeypatch.setattr(subscriber, "happenings", counted)
    token = issuer.issue(Role.PARTICIPANT, family_id=1)

    async with a_live_server(pool, clock, issuer) as server, a_socket(server, token) as socket_:
        for n in range(20):
            await socket_.subscribe(PAYMENT, id_=str(n))
        await until(lambda: len(reads) >= 20)
        await next_look()
        begun = len(reads)
        for _ in range(3):
            await next_look()

    assert begun <= 40  # when they began, and when the first look woke them
    assert len(reads) == begun


async def next_look() -> None:
    looks = metric("iuran_graphql_live_looks_total", result="nothing")
    await until(lambda: metric("iuran_graphql_live_looks_total", result="nothing") > looks)
