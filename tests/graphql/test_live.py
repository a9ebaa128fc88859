"""Subscriptions: who is told what, and that nothing is missed and nothing told twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from tests.builders import a_family, an_instruction, paid, registered
from tests.graphql.conftest import Insured
from tests.graphql.everything import one_of_everything
from tests.graphql.live import (
    PAYMENT,
    LiveServer,
    Socket,
    a_live_server,
    a_socket,
    a_stream,
    cursor_now,
    dispatched,
)

WRITE_EVENT = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES ($1, 'membership.suspended', jsonb_build_object('membership_id', $2::bigint), $3)
"""
WRITE_ONE_OF_EACH = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT family_id, kind, payload, occurred_at FROM event
    WHERE family_id = $1 AND event_id > 900000000
    ORDER BY event_id
"""
MEMBERSHIP = """
    subscription ($after: String) {
        membershipChanged(after: $after) {
            id cursor membershipChange effectiveAt membership { state }
        }
    }
"""
EVERYTHING = """
    subscription ($after: String) {
        familyChanged(after: $after) {
            __typename
            cursor
            ... on PaymentSettled { payment { reference } }
            ... on BillChanged { billChange bills { coverageMonth state } }
            ... on MembershipChanged { membershipChange membership { state } }
            ... on ClaimMoved { claim { number } }
        }
    }
"""


@pytest.fixture
async def server(pool: Pool, clock: StandingClock, issuer: DemoIssuer) -> AsyncIterator[LiveServer]:
    async with a_live_server(pool, clock, issuer) as running:
        yield running


async def pays(pool: Pool, insured: Insured, clock: StandingClock, reference: str) -> None:
    """Pay ahead: it becomes credit, or a bill that is made for it."""
    channel = await pool.fetchval("SELECT min(channel_id) FROM channel")
    instruction = an_instruction(
        channel, insured.account.customer_number, 70_000, reference=reference
    )
    outcome = await paid(pool, instruction, at=clock.now())
    assert outcome.is_settled, outcome


async def suspended(pool: Pool, insured: Insured, clock: StandingClock, times: int) -> None:
    for _ in range(times):
        await pool.execute(
            WRITE_EVENT, insured.family_id, insured.registered.membership_id, clock.now()
        )
    await dispatched(pool, clock)


def a_token(issuer: DemoIssuer, insured: Insured, **claims: Any) -> str:  # noqa: ANN401 - of each claim's own type
    return issuer.issue(Role.PARTICIPANT, family_id=insured.family_id, **claims)


async def test_a_payment_is_told_on_both_transports(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    token, after = a_token(issuer, insured), await cursor_now(pool, clock)

    async with (
        a_socket(server, token) as socket,
        a_stream(server, token, PAYMENT, after=after) as stream,
    ):
        await socket.subscribe(PAYMENT, after=after)
        await pays(pool, insured, clock, "LIVE-1")
        await dispatched(pool, clock)
        told = await socket.next()
        event = await stream.event()

    assert told["paymentSettled"]["payment"] == {"amount": "70000", "reference": "LIVE-1"}
    assert event["id"] == told["paymentSettled"]["cursor"]
    assert '"reference":"LIVE-1"' in event["data"]


async def test_without_a_cursor_only_what_comes_is_told(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    await suspended(pool, insured, clock, 2)
    cursor = await cursor_now(pool, clock)

    async with a_stream(server, a_token(issuer, insured), MEMBERSHIP) as stream:
        await stream.opened()
        await suspended(pool, insured, clock, 1)
        told = (await stream.data())["membershipChanged"]

    assert told["cursor"] == await cursor_now(pool, clock) != cursor


async def test_one_stream_tells_everything_in_its_order(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    start = await cursor_now(pool, clock)
    await one_of_everything(
        pool, family_id=insured.family_id, membership_id=insured.registered.membership_id or 0
    )
    await pool.execute(WRITE_ONE_OF_EACH, insured.family_id)
    await dispatched(pool, clock)

    token = a_token(issuer, insured)
    async with a_socket(server, token) as socket, a_socket(server, token) as second:
        await socket.subscribe(EVERYTHING, after=start)
        told = [(await socket.next())["familyChanged"] for _ in range(4)]
        await second.subscribe(
            "subscription ($after: String) { bills: billChanged(after: $after) { billChange } }",
            after=start,
        )
        bills = [(await second.next())["bills"]["billChange"] for _ in range(2)]

    kinds = [one["__typename"] for one in told]
    assert kinds == ["PaymentSettled", "BillChanged", "MembershipChanged", "ClaimMoved"]
    assert told[1]["bills"] == [{"coverageMonth": "2025-12", "state": "PAID"}]
    assert told[2]["membership"] == {"state": "ACTIVE"}
    assert told[3]["claim"]["number"].startswith("K")
    assert bills == ["PAID", "REVISED"]


async def test_a_bill_that_is_revised_is_told(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)
    query = """
        subscription ($after: String) {
            billChanged(after: $after) { billChange bills { coverageMonth state } }
        }
    """
    membership = insured.registered.membership_id
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT revise_bill($1, $2, 24311, 'MEMBER_ADDED', NULL, $3)",
            insured.family_id,
            membership,
            clock.now(),
        )
    await dispatched(pool, clock)

    async with a_stream(server, a_token(issuer, insured), query, after=after) as stream:
        told = await stream.data()

    bills = [{"coverageMonth": "2025-12", "state": "PAID"}]
    assert told == {"billChanged": {"billChange": "REVISED", "bills": bills}}


async def test_a_transaction_that_commits_late_is_not_missed(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)
    values = insured.family_id, insured.registered.membership_id, clock.now()

    async with a_socket(server, a_token(issuer, insured)) as socket, pool.acquire() as slow:
        await socket.subscribe(MEMBERSHIP, after=after)
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(WRITE_EVENT, *values)
        await suspended(pool, insured, clock, 1)
        first = (await socket.next())["membershipChanged"]
        await transaction.commit()
        await dispatched(pool, clock)
        second = (await socket.next())["membershipChanged"]

    placed = await pool.fetch("SELECT event_id, position FROM event ORDER BY position DESC LIMIT 2")
    (last, last_position), (previous, _) = placed
    assert last < previous  # it was written first
    assert second["cursor"] == id_of("EventCursor", last_position)
    assert first["id"] != second["id"]


async def test_a_payment_at_one_server_is_seen_at_another_and_a_kill_misses_nothing(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, insured: Insured
) -> None:
    """Every second event the subscriber's server is stopped; the other one reads on."""
    token, cursor = a_token(issuer, insured), await cursor_now(pool, clock)
    cursors: list[str] = []

    async with AsyncExitStack() as servers:
        running = [
            await servers.enter_async_context(a_live_server(pool, clock, issuer)) for _ in range(4)
        ]
        for server in running:
            async with a_socket(server, token) as socket:
                await socket.subscribe(MEMBERSHIP, after=cursor)
                await suspended(pool, insured, clock, 2)
                cursors += [(await socket.next())["membershipChanged"]["cursor"] for _ in range(2)]
                cursor = cursors[-1]
                await suspended(pool, insured, clock, 1)  # told by the next server
                server.services.stopping.set()
                code, _ = await closing_after_events(socket)
                assert code == 1012

    seen = await missed_at_the_end(pool, cursors)
    assert seen == len(cursors) == len(set(cursors))


async def closing_after_events(socket: Socket) -> tuple[int, str]:
    """What is told while the server stops was not taken: the cursor says so."""
    async with asyncio.timeout(20):
        with suppress(ConnectionClosed):
            async for _ in socket.connection:
                pass
    return socket.connection.close_code or 0, socket.connection.close_reason or ""


async def missed_at_the_end(pool: Pool, cursors: list[str]) -> int:
    """How many of the placed events, from the first that was told on, are among the cursors."""
    rows = await pool.fetch(
        "SELECT position FROM event WHERE kind = 'membership.suspended' ORDER BY position"
    )
    placed: list[str] = [id_of("EventCursor", row["position"]) for row in rows]
    told = placed[: placed.index(cursors[-1]) + 1]
    assert told == cursors
    return len(told)


async def test_a_long_absence_is_told_whole_and_in_order(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    events = 120
    after = await cursor_now(pool, clock)
    await suspended(pool, insured, clock, events)

    async with a_stream(
        server, a_token(issuer, insured), MEMBERSHIP, last_event_id=after
    ) as stream:
        ids = [(await stream.event())["id"] for _ in range(events)]

    placed = await pool.fetch(
        "SELECT position FROM event WHERE kind = 'membership.suspended' ORDER BY position"
    )
    assert ids == [id_of("EventCursor", row["position"]) for row in placed]


async def test_a_database_that_was_away_loses_nothing(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)

    async with a_stream(server, a_token(issuer, insured), MEMBERSHIP, after=after) as stream:
        await stream.opened()
        await pool.expire_connections()
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND usename = current_user AND application_name = 'iuran'"
        )
        await suspended(pool, insured, clock, 2)
        told = [(await stream.data())["membershipChanged"]["membershipChange"] for _ in range(2)]

    assert told == ["SUSPENDED", "SUSPENDED"]


async def test_what_happens_to_others_is_never_told(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)
    async with pool.acquire() as connection:
        other, _ = await registered(connection, a_family(), at=clock.now())
    await pool.execute(WRITE_EVENT, other.family_id, other.membership_id, clock.now())
    await suspended(pool, insured, clock, 1)

    async with a_socket(server, a_token(issuer, insured)) as socket:
        await socket.subscribe(MEMBERSHIP, after=after)
        told = (await socket.next())["membershipChanged"]
        ours = await pool.fetchval(
            "SELECT event_id FROM event WHERE family_id = $1 AND kind = 'membership.suspended'",
            insured.family_id,
        )
        await suspended(pool, insured, clock, 1)
        then = (await socket.next())["membershipChanged"]

    assert told["id"] == id_of("MembershipChanged", insured.family_id, ours)
    assert then["id"] > told["id"]


@pytest.mark.parametrize(
    ("role", "family", "code"),
    [
        (Role.PARTICIPANT, "another", "NOT_FOUND"),
        (Role.PARTICIPANT, "missing", "NOT_FOUND"),
        (Role.BRANCH_OFFICER, "missing", "NOT_FOUND"),
        (Role.BRANCH_OFFICER, None, "FAMILY_NEEDED"),
        (Role.FACILITY, None, "NOT_ALLOWED"),
        (Role.FACILITY, "own", "NOT_ALLOWED"),
        (Role.EMPLOYER, "own", "NOT_ALLOWED"),
        (Role.DEVELOPER, "own", "NOT_ALLOWED"),
        (Role.AUDITOR, "no id", "ID_INVALID"),
    ],
)
async def test_a_family_that_is_not_his_is_told_to_nobody(
    pool: Pool,
    clock: StandingClock,
    issuer: DemoIssuer,
    server: LiveServer,
    insured: Insured,
    role: Role,
    family: str | None,
    code: str,
) -> None:
    async with pool.acquire() as connection:
        other, _ = await registered(connection, a_family(), at=clock.now())
    ids = {
        "own": id_of("Family", insured.family_id),
        "another": id_of("Family", other.family_id),
        "missing": id_of("Family", 987_654),
        "no id": "x",
    }
    query = "subscription ($family: ID) { paymentSettled(familyId: $family) { cursor } }"
    token = issuer.issue(role, family_id=insured.family_id)

    async with a_socket(server, token) as socket:
        await socket.subscribe(query, family=None if family is None else ids[family])
        answer = await socket.receive()

    assert answer["type"] == "error"
    (error,) = answer["payload"]
    assert error["extensions"]["code"] == code


async def test_an_officer_is_told_of_the_family_that_he_names_and_masked_as_always(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)
    await pays(pool, insured, clock, "LIVE-1")
    await dispatched(pool, clock)
    query = """
        subscription ($family: ID, $after: String) {
            paymentSettled(familyId: $family, after: $after) {
                payment { family { familyCardNumber participants { cardNumber } } }
            }
        }
    """

    async with a_socket(server, issuer.issue(Role.AUDITOR)) as socket:
        await socket.subscribe(query, family=id_of("Family", insured.family_id), after=after)
        told = await socket.next()

    family = told["paymentSettled"]["payment"]["family"]
    assert insured.new.kk_number not in str(family)
    assert insured.card not in str(family)


async def test_a_selection_that_is_not_compiled_is_told_with_the_same_words(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    after = await cursor_now(pool, clock)
    await pays(pool, insured, clock, "LIVE-1")
    await dispatched(pool, clock)
    query = """
        subscription ($after: String, $first: Int!) {
            told: paymentSettled(after: $after) {
                cursor
                payment { reference family { payments(first: $first) { nodes { reference } } } }
            }
        }
    """

    async with a_socket(server, a_token(issuer, insured)) as socket:
        await socket.subscribe(query, after=after, first=1)
        compiled = (await socket.next())["told"]
        await socket.subscribe(query, id_="2", after=after, first=1_000)
        message = await socket.receive()

    assert compiled["payment"]["family"]["payments"]["nodes"] == [{"reference": "LIVE-1"}]
    (error,) = message["payload"]["errors"]
    assert error["extensions"]["code"] == "PAGE_SIZE_OUT_OF_RANGE"
    assert error["path"][:2] == ["told", "payment"]


async def test_a_cursor_from_elsewhere_is_refused(
    issuer: DemoIssuer, server: LiveServer, insured: Insured
) -> None:
    ahead = id_of("EventCursor", 10**15)

    async with a_stream(server, a_token(issuer, insured), PAYMENT, after=ahead) as stream:
        refused, over = await stream.event(), await stream.event()

    assert "ID_INVALID" in refused["data"]
    assert over["event"] == "complete"
