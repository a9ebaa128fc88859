"""Subscribers between two real server processes: what one settles, the other tells."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from iuran.core.clock import SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.settings import Settings
from iuran.deploy.tokens import demo_issuer
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.workers.outbox import dispatch_batch
from tests.graphql.live import SUBPROTOCOL, Socket
from tests.journeys.test_a_killed_server import BILL, a_bank, a_free_port, a_server, many_debtors

PATIENCE_SECONDS = 30
EVENTS = 30
"""Before its death, and as many after."""
TOLD_BEFORE_THE_KILL = 10
WATCH = """
    subscription ($after: String) {
        familyChanged(after: $after) {
            __typename cursor
            ... on PaymentSettled { payment { reference amount } }
        }
    }
"""
WRITE_EVENTS = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT $1, 'membership.suspended', jsonb_build_object('membership_id', $2::bigint), $3
    FROM generate_series(1, $4)
"""
SELECT_PLACES = """
    SELECT position FROM event WHERE family_id = $1 AND kind = 'membership.suspended' ORDER BY 1
"""


async def test_a_payment_at_one_process_is_told_by_another_and_its_death_loses_nothing(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    # given a family that owes a month, who watches at the second of two servers
    (account,) = await many_debtors(pool, 1)
    family_id = await pool.fetchval("SELECT family_id FROM membership")
    settings, (first, second) = Settings(data=tmp_path), (a_free_port(), a_free_port())
    token = demo_issuer(settings).issue(Role.PARTICIPANT, family_id=family_id)
    await _dispatched(pool)
    newest = id_of("EventCursor", await pool.fetchval("SELECT last_position FROM event_dispatch"))

    async with a_server(database_url, tmp_path, first), httpx.AsyncClient() as http:
        async with (
            a_server(database_url, tmp_path, second) as doomed,
            connect(_address(second), subprotocols=[SUBPROTOCOL]) as connection,
        ):
            watching = await _watching(Socket(connection=connection), token, newest)

            # when a bank pays at the first
            http.base_url = httpx.URL(f"http://127.0.0.1:{first}")
            bank = await a_bank(pool, settings, http)
            answer = await bank.pay(account.customer_number, BILL, request_id="PAY-ONCE")
            await _dispatched(pool)
            paid = (await watching.next())["familyChanged"]

            # and the second dies while it tells of many things
            await _much_happens(pool, family_id)
            told = await _told_until_death(watching, doomed)
        await _much_happens(pool, family_id)
        async with connect(_address(first), subprotocols=[SUBPROTOCOL]) as connection:
            watching = await _watching(Socket(connection=connection), token, told[-1])
            while len(told) < 2 * EVENTS:
                told.append((await watching.next())["familyChanged"]["cursor"])

    # then the payment was told, and everything after it once and in order
    assert answer.code == "2002500", answer
    assert paid["__typename"] == "PaymentSettled"
    assert paid["payment"]["amount"] == str(BILL)
    places = await pool.fetch(SELECT_PLACES, family_id)
    assert told == [id_of("EventCursor", place) for (place,) in places]


def _address(port: int) -> str:
    return f"ws://127.0.0.1:{port}/graphql"


async def _watching(socket: Socket, token: str, after: str) -> Socket:
    await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
    assert (await socket.receive())["type"] == "connection_ack"
    await socket.subscribe(WATCH, after=after)
    return socket


async def _much_happens(pool: Pool, family_id: int) -> None:
    membership = await pool.fetchval(
        "SELECT membership_id FROM membership WHERE family_id = $1", family_id
    )
    await pool.execute(WRITE_EVENTS, family_id, membership, SystemClock().now(), EVENTS)
    await _dispatched(pool)


async def _dispatched(pool: Pool) -> None:
    """Let the worker give events their places."""
    async with pool.acquire() as connection, connection.transaction():
        await dispatch_batch(connection, at=SystemClock().now())


async def _told_until_death(watching: Socket, doomed: asyncio.subprocess.Process) -> list[str]:
    """The cursors that arrived, some of them when the server was already gone."""
    told: list[str] = []
    with suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                told.append((await watching.next())["familyChanged"]["cursor"])
                if len(told) == TOLD_BEFORE_THE_KILL:
                    doomed.kill()
    assert len(told) >= TOLD_BEFORE_THE_KILL
    return told
