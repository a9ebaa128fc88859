import asyncio
from datetime import datetime

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.workers.execution import run_due
from iuran.workers.outbox import dispatch_batch
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox
from tests.workers.stories import a_paying_family, comes, states, text_of

WRITE = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES ($1, 'test.happened', jsonb_build_object('serial', $2::int), $3)
"""

SELECT_PLACED = """
    SELECT family_id, event_id, position, payload FROM event
    WHERE kind = 'test.happened' ORDER BY position
"""


async def write(pool: Pool, *, family_id: int, events: int, at: datetime) -> None:
    for serial in range(events):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(WRITE, family_id, serial, at)


async def dispatch(pool: Pool, *, at: datetime, limit: int = 7) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await dispatch_batch(connection, at=at, limit=limit)


async def test_every_event_gets_one_place_while_many_write_and_many_dispatch(
    pool: Pool, clock: StandingClock
) -> None:
    writers = 8
    start = await pool.fetchval("SELECT last_position FROM event_dispatch")

    async with asyncio.TaskGroup() as group:
        for family in range(writers):
            group.create_task(write(pool, family_id=family, events=40, at=clock.now()))
        for _ in range(3):
            for _ in range(10):
                group.create_task(dispatch(pool, at=clock.now()))
    while await dispatch(pool, at=clock.now()):
        pass

    placed = await pool.fetch(SELECT_PLACED)
    assert [row["position"] for row in placed] == list(range(start + 1, start + 321))
    for family in range(writers):
        serials = [row["payload"]["serial"] for row in placed if row["family_id"] == family]
        assert serials == list(range(40))
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_dispatch_that_fails_leaves_everything_as_it_was(
    pool: Pool, clock: StandingClock
) -> None:
    await write(pool, family_id=1, events=3, at=clock.now())
    start = await pool.fetchval("SELECT last_position FROM event_dispatch")

    async def dispatch_and_die() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await dispatch_batch(connection, at=clock.now())
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await dispatch_and_die()

    assert await pool.fetchval("SELECT count(*) FROM outbox") == 3
    assert await pool.fetchval("SELECT last_position FROM event_dispatch") == start


async def test_a_first_payment_is_answered_with_a_welcome(
    pool: Pool, workers: WorkerServices, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)

    await run_due(workers)

    (message,) = mailbox.messages
    assert message["Subject"] == "Kepesertaan JKN keluarga Anda sudah aktif"
    assert "5 Januari 2026" in text_of(message)


async def test_a_welcome_waits_for_the_morning(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool, since=wib(2026, 1, 5, 21))

    await comes(workers, clock, wib(2026, 1, 5, 21))
    at_night = len(mailbox.messages)
    await comes(workers, clock, wib(2026, 1, 6, 8))

    assert (at_night, len(mailbox.messages)) == (0, 1)


async def test_a_reactivation_is_told_at_once_with_the_last_day_of_the_window(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    channel, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 3, 1, 0, 0))
    mailbox.messages.clear()

    clock.set(wib(2026, 3, 1, 23, 30))
    await pays_what_it_owes(pool, channel, account, at=clock.now())
    await run_due(workers)

    (message,) = mailbox.messages
    assert message["Subject"] == "Kepesertaan JKN keluarga Anda aktif kembali"
    assert "sampai dengan 15 April 2026" in text_of(message)
    assert (await states(pool))["REACTIVATED"] == "SENT"


async def test_a_payment_that_changes_no_status_sends_nothing(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    channel, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()

    await pays_what_it_owes(pool, channel, account, at=clock.now())
    await run_due(workers)

    assert mailbox.messages == []
