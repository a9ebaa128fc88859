"""A message that may have left: a courtesy is let be, a legal notice is told again (ADR 0020)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.workers.execution import run_due
from iuran.workers.reminder_queue import claim, take
from iuran.workers.reminders import Verdict
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox, later
from tests.workers.stories import a_paying_family, comes, states

COURTESY, LEGAL = "DUE_IN_7_DAYS", "SUSPENDED"


@pytest.fixture
async def dying(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> WorkerServices:
    """A family whose notices of January are out; what it is told next is told by a dying worker."""
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()
    return workers


async def a_worker_dies_with_a_message_in_its_hands(workers: WorkerServices) -> None:
    at, real = workers.clock.now(), workers.real_clock.now()
    async with workers.pool.acquire() as connection:
        (reminder, *_) = await claim(connection, 1, Channel.EMAIL, at=at, real=real)
        assert await take(connection, reminder, at=at, real=real) is Verdict.SEND


async def test_a_courtesy_that_may_have_left_is_not_sent_again(
    dying: WorkerServices, clock: StandingClock, real_clock: StandingClock, mailbox: Mailbox
) -> None:
    await comes(dying, clock, wib(2026, 2, 3, 8))
    clock.set(wib(2026, 2, 3))

    await a_worker_dies_with_a_message_in_its_hands(dying)
    await run_due(dying)
    under_lease = (await states(dying.pool))[COURTESY]
    later(real_clock, minutes=4)
    await run_due(dying)

    assert under_lease == "WAITING"
    assert (await states(dying.pool))[COURTESY] == "UNKNOWN its worker died"
    assert mailbox.messages == []


async def test_a_legal_notice_that_may_have_left_is_sent_under_the_same_key(
    dying: WorkerServices, clock: StandingClock, real_clock: StandingClock, mailbox: Mailbox
) -> None:
    await comes(dying, clock, wib(2026, 3, 1, 0, 1))
    clock.set(wib(2026, 3, 1, 9))

    await a_worker_dies_with_a_message_in_its_hands(dying)
    later(real_clock, minutes=4)
    await run_due(dying)

    assert (await states(dying.pool))[LEGAL] == "SENT"
    assert len({message["Message-ID"] for message in mailbox.messages}) == len(mailbox.messages)


@pytest.mark.parametrize(
    ("day", "event", "told", "became"),
    [(wib(2026, 2, 3), COURTESY, 1, "UNKNOWN"), (wib(2026, 3, 1), LEGAL, 2, "SENT")],
)
async def test_a_server_that_takes_a_letter_and_hangs_up(
    dying: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
    day: datetime,
    event: str,
    told: int,
    became: str,
) -> None:
    mailbox.hangs_up_on_data = True
    await comes(dying, clock, day)
    mailbox.hangs_up_on_data = False
    for _ in range(3):
        later(real_clock, hours=1)
        await run_due(dying)

    assert (await states(dying.pool))[event].startswith(became)
    assert len(mailbox.messages) == told
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1


async def test_what_was_handed_over_and_is_too_late_now_is_unknown_not_expired(
    dying: WorkerServices, clock: StandingClock, real_clock: StandingClock
) -> None:
    await comes(dying, clock, wib(2026, 2, 3, 8))
    clock.set(wib(2026, 2, 3))

    await a_worker_dies_with_a_message_in_its_hands(dying)
    later(real_clock, minutes=4)
    await comes(dying, clock, wib(2026, 2, 8))

    assert (await states(dying.pool))[COURTESY] == "UNKNOWN"


async def test_taking_and_paying_at_once_never_takes_what_is_paid_already(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    bank, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 3, 8))
    at, real = wib(2026, 2, 3), workers.real_clock.now()
    async with pool.acquire() as connection:
        (reminder,) = await claim(connection, 1, Channel.EMAIL, at=at, real=real)

    await pays_what_it_owes(pool, bank, account, at=at)
    async with pool.acquire() as connection:
        verdict = await take(connection, reminder, at=at, real=real)
        handed = await connection.fetchval("SELECT handed_at FROM reminder_queue")

    assert (verdict, handed) == (Verdict.PAID, None)


async def test_of_many_who_take_a_message_one_at_a_lease_may_send_it(
    dying: WorkerServices, clock: StandingClock
) -> None:
    await comes(dying, clock, wib(2026, 2, 3, 8))
    at, real = wib(2026, 2, 3), dying.real_clock.now()

    async def one(n: int) -> bool:
        mine = real + timedelta(minutes=4 * n)
        async with dying.pool.acquire() as connection:
            found = await claim(connection, 1, Channel.EMAIL, at=at, real=real)
            return bool(found) and await take(connection, found[0], at=at, real=mine) is not None

    taken = await asyncio.gather(*(one(n) for n in range(8)))

    assert sum(taken) == 1


async def test_a_message_that_is_too_late_at_the_moment_of_sending_stays_here(
    dying: WorkerServices, clock: StandingClock
) -> None:
    await comes(dying, clock, wib(2026, 2, 3, 8))
    at, real = wib(2026, 2, 7, 8, 59), dying.real_clock.now()
    async with dying.pool.acquire() as connection:
        (reminder,) = await claim(connection, 1, Channel.EMAIL, at=at, real=real)

        verdict = await take(connection, reminder, at=wib(2026, 2, 7, 9), real=real)

    assert verdict is Verdict.LATE
