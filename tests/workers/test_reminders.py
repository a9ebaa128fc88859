import asyncio
from datetime import timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.core.reminders.schedule import rules_on
from iuran.core.reminders.slots import live_slots
from iuran.payments.virtual_accounts import payable_at
from iuran.workers.execution import run_due
from iuran.workers.reminder_ends import close
from iuran.workers.reminder_queue import claim
from iuran.workers.reminders import ReminderState
from iuran.workers.scheduling import schedule
from iuran.workers.services import WorkerServices
from iuran.workers.tick import tick
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox, later
from tests.workers.stories import EMAIL, a_paying_family, comes, states, text_of

FIRST = "DUE_IN_7_DAYS"
QUEUED = "SELECT count(*) FROM reminder_queue"


@pytest.fixture
async def family_that_owes(pool: Pool, workers: WorkerServices, clock: StandingClock) -> Pool:
    """A family that has not paid February; it is 2 February and its notices are out."""
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    return pool


async def test_the_payer_is_reminded_seven_days_before_the_due_date(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    early = len(mailbox.messages)
    await comes(workers, clock, wib(2026, 2, 3, 9, 0))

    assert early == 0
    (message,) = mailbox.messages
    assert message["To"] == EMAIL
    assert message["Subject"] == "Iuran JKN Februari 2026 jatuh tempo 10 Februari 2026"
    assert "Rp140.000" in text_of(message)
    assert message["Auto-Submitted"] == "auto-generated"
    assert (await states(family_that_owes))[FIRST] == "SENT"
    assert await family_that_owes.fetchval(QUEUED) == 0


async def test_a_family_reads_its_own_language(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool, language="en")

    await comes(workers, clock, wib(2026, 2, 3))

    assert (
        mailbox.messages[-1]["Subject"]
        == "JKN contribution for February 2026 due on 10 February 2026"
    )
    assert mailbox.messages[-1]["Content-Language"] == "en"


async def test_all_three_reminders_come_each_in_its_time(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()

    arrived: list[int] = []
    for day in range(3, 13):
        await comes(workers, clock, wib(2026, 2, day))
        arrived.append(len(mailbox.messages))

    assert arrived == [1, 1, 1, 1, 2, 2, 3, 3, 3, 3]
    assert len({message["Message-ID"] for message in mailbox.messages}) == 3
    assert list((await states(family_that_owes)).values()) == ["SENT"] * 4


async def test_scheduled_twice_is_sent_once(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()
    at = wib(2026, 2, 3, 8)

    async with family_that_owes.acquire() as connection:
        rules = await rules_on(connection, at.date(), channels=[Channel.EMAIL])
        slots = live_slots(rules, FIRST, today=at.date())
        scheduled = [
            await schedule(connection, slots, family_from=1, family_to=100, at=at) for _ in range(2)
        ]
    await comes(workers, clock, wib(2026, 2, 3))

    assert scheduled == [1, 0]
    assert len(mailbox.messages) == 1


async def test_many_schedulers_at_once_schedule_each_message_once(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    for n in range(8):
        await a_paying_family(pool, email=f"f{n}@example.org")
    await comes(workers, clock, wib(2026, 2, 2))
    at = wib(2026, 2, 3, 8)

    async def one_scheduler() -> int:
        async with pool.acquire() as connection:
            rules = await rules_on(connection, at.date(), channels=[Channel.EMAIL])
            slots = live_slots(rules, FIRST, today=at.date())
            return await schedule(connection, slots, family_from=1, family_to=100, at=at)

    scheduled = await asyncio.gather(*(one_scheduler() for _ in range(6)))

    assert sum(scheduled) == 8
    assert await pool.fetchval(QUEUED) == 8


async def test_many_workers_at_once_send_each_message_once(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    families = [await a_paying_family(pool, email=f"f{n}@example.org") for n in range(12)]
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()
    mailbox.recipients.clear()

    clock.set(wib(2026, 2, 3))
    await asyncio.gather(*(run_due(workers) for _ in range(6)))

    assert sorted(mailbox.recipients) == sorted(f"f{n}@example.org" for n in range(len(families)))


async def test_who_paid_since_is_not_reminded(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    channel, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 3, 8, 30))
    queued = await pool.fetchval(QUEUED)
    mailbox.messages.clear()

    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 3, 8, 45))
    await comes(workers, clock, wib(2026, 2, 3, 9))

    assert queued == 1
    assert mailbox.messages == []
    assert (await states(pool))[FIRST] == "CANCELLED PAID"


async def test_who_paid_before_has_no_reminder_at_all(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    channel, _, account = await a_paying_family(pool)
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 1, 12))

    await comes(workers, clock, wib(2026, 2, 9))

    assert set(await states(pool)) == {"ACTIVATED"}


async def test_a_family_without_an_address_has_no_reminder(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool, email=None)

    await comes(workers, clock, wib(2026, 2, 3))

    assert await states(pool) == {}
    assert mailbox.messages == []


@pytest.mark.parametrize(
    ("time_zone", "hour_in_wib"),
    [("Asia/Jakarta", 9), ("Asia/Makassar", 8), ("Asia/Jayapura", 7)],
)
async def test_nine_o_clock_is_the_familys_own(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
    time_zone: str,
    hour_in_wib: int,
) -> None:
    await a_paying_family(pool, time_zone=time_zone)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 3, hour_in_wib - 1, 59))
    early = len(mailbox.messages)
    await comes(workers, clock, wib(2026, 2, 3, hour_in_wib))

    assert (early, len(mailbox.messages)) == (0, 1)


@pytest.mark.parametrize(
    ("time_zone", "quiet_from_in_wib"),
    [("Asia/Jakarta", 20), ("Asia/Makassar", 19), ("Asia/Jayapura", 18)],
)
async def test_what_is_late_in_the_evening_waits_for_the_morning(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
    time_zone: str,
    quiet_from_in_wib: int,
) -> None:
    await a_paying_family(pool, time_zone=time_zone)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()
    evening = wib(2026, 2, 3, quiet_from_in_wib)

    seen: list[int] = []
    for hours in (0, 6, 11, 12):
        await comes(workers, clock, evening + timedelta(hours=hours))
        seen.append(len(mailbox.messages))

    assert seen == [0, 0, 0, 1]


async def test_an_evening_that_is_not_quiet_yet_is_used(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 3, 19, 59))

    assert len(mailbox.messages) == 1
    assert (await states(family_that_owes))[FIRST] == "SENT"


async def test_what_was_missed_is_not_sent_in_a_heap(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 9, 12))

    assert len(mailbox.messages) == 1
    assert set(await states(family_that_owes)) == {"ACTIVATED", "DUE_IN_1_DAY"}


async def test_a_reminder_that_waited_too_long_is_dropped(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()
    await comes(workers, clock, wib(2026, 2, 3, 8))

    await comes(workers, clock, wib(2026, 2, 13))

    assert mailbox.messages == []
    assert (await states(family_that_owes))[FIRST] == "EXPIRED"
    assert await family_that_owes.fetchval(QUEUED) == 0


async def test_after_three_months_a_family_hears_only_of_the_present(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 5, 7))

    message, suspended = sorted(mailbox.messages, key=lambda one: "sejak" in text_of(one))
    assert "berhenti sementara sejak 1 Maret 2026" in text_of(suspended)
    assert "Mei 2026" in message["Subject"]
    assert "tunggakan 3 bulan" in text_of(message)
    assert "Rp560.000" in text_of(message)
    assert (await states(family_that_owes)).keys() == {
        "ACTIVATED",
        "SUSPENDED",
        "DUE_IN_3_DAYS",
    }


async def test_a_server_that_refuses_connections_costs_only_time(
    family_that_owes: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    mailbox.messages.clear()
    await mailbox.close()

    for _ in range(30):
        await comes(workers, clock, wib(2026, 2, 3))
        later(real_clock, minutes=2)
    error = await family_that_owes.fetchval("SELECT last_error FROM job WHERE state = 'WAITING'")
    await mailbox.open()
    await comes(workers, clock, wib(2026, 2, 3, 15))

    assert "cannot be used" in error
    assert len(mailbox.messages) == 1
    assert (await states(family_that_owes))[FIRST] == "SENT"


async def test_a_letter_that_is_put_off_is_tried_again(
    family_that_owes: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    mailbox.messages.clear()
    mailbox.answer_to_recipient = "451 4.7.1 greylisted"

    await comes(workers, clock, wib(2026, 2, 3))
    await comes(workers, clock, wib(2026, 2, 3))
    failures = await family_that_owes.fetchval("SELECT failures FROM reminder_queue")
    mailbox.answer_to_recipient = "250 OK"
    later(real_clock, minutes=1)
    await comes(workers, clock, wib(2026, 2, 3))

    assert failures == 1
    assert len(mailbox.messages) == 1


async def test_a_letter_that_is_always_put_off_fails_visibly(
    family_that_owes: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    mailbox.answer_to_data = "452 4.2.2 mailbox full"

    for _ in range(9):
        await comes(workers, clock, wib(2026, 2, 3))
        later(real_clock, hours=1)

    assert (await states(family_that_owes))[FIRST] == "FAILED 452 4.2.2 mailbox full"


async def test_an_address_that_is_refused_for_good_fails_at_once_and_alone(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()
    mailbox.answer_to_recipient = "550 5.1.1 no such user"

    await comes(workers, clock, wib(2026, 2, 3))
    mailbox.answer_to_recipient = "250 OK"
    await comes(workers, clock, wib(2026, 2, 4))

    assert mailbox.messages == []
    assert (await states(pool))[FIRST] == "FAILED 550 5.1.1 no such user"


async def test_an_address_of_the_wrong_form_harms_nobody_else(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await a_paying_family(pool, email="two\nlines@example.org")
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 3))

    assert [message["To"] for message in mailbox.messages].count(EMAIL) >= 1
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM reminder WHERE state = 'FAILED' AND event = $1", FIRST
        )
        == 1
    )


async def test_a_worker_that_died_while_sending_leaves_the_message_to_another(
    family_that_owes: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    mailbox.messages.clear()
    clock.set(wib(2026, 2, 3, 8))
    await run_due(workers)
    clock.set(wib(2026, 2, 3, 9))
    async with family_that_owes.acquire() as connection:
        (lost,) = await claim(connection, 1, Channel.EMAIL, at=clock.now(), real=real_clock.now())

    await run_due(workers)
    under_lease = len(mailbox.messages)
    later(real_clock, minutes=4)
    await run_due(workers)
    async with family_that_owes.acquire() as connection:
        was_ours = await close(connection, lost, ReminderState.FAILED, at=clock.now())

    assert (under_lease, len(mailbox.messages)) == (0, 1)
    assert not was_ours
    assert (await states(family_that_owes))[FIRST] == "SENT"


async def test_each_membership_of_a_family_has_its_own_reminder(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await pool.execute(SECOND_MEMBERSHIP)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 2, 3))

    assert {message["To"] for message in mailbox.messages} == {EMAIL}
    said = sorted(text_of(message) for message in mailbox.messages)
    assert ["Rp140.000" in text for text in said].count(True) == 1
    assert ["Rp35.000" in text for text in said].count(True) == 1
    assert len({message["Message-ID"] for message in mailbox.messages}) == 2


SECOND_MEMBERSHIP = """
    WITH added AS (
        INSERT INTO membership (family_id, segment, care_class, class_since, state, paid_through)
        SELECT family_id, segment, care_class, class_since, state, paid_through FROM membership
        RETURNING family_id, membership_id
    ), enrolled AS (
        INSERT INTO enrolment (family_id, membership_id, participant_id, first_month)
        SELECT a.family_id, a.membership_id, f.payer_participant_id, 2026 * 12 + 1
        FROM added AS a JOIN family AS f ON f.family_id = a.family_id
    )
    INSERT INTO virtual_account (family_id, customer_number, membership_id, participant_id,
                                 issued_on)
    SELECT a.family_id, '99990009999', a.membership_id, f.payer_participant_id, '2026-01-05'
    FROM added AS a JOIN family AS f ON f.family_id = a.family_id
"""


async def test_a_bill_that_came_after_the_reminders_were_scheduled_is_reminded_of_too(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool, email=None)
    await comes(workers, clock, wib(2026, 2, 1, 0, 1))
    _, _, account = await a_paying_family(pool, since=wib(2026, 1, 31, 23, 59))
    await comes(workers, clock, wib(2026, 2, 3, 9))

    async with pool.acquire() as connection, connection.transaction():
        await payable_at(connection, account.customer_number, at=wib(2026, 2, 4, 12))
    for day in (4, 5):
        await comes(workers, clock, wib(2026, 2, day, 13))

    assert (await states(pool))[FIRST] == "SENT"
    assert sum("Februari" in str(message["Subject"]) for message in mailbox.messages) == 1


async def test_the_tick_looks_away_from_what_is_quiet(
    family_that_owes: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    clock.set(wib(2026, 2, 3, 8))
    await run_due(workers)
    clock.set(wib(2026, 2, 3, 22))

    await tick(workers)

    waiting = "SELECT count(*) FROM job WHERE state = 'WAITING'"
    assert await family_that_owes.fetchval(waiting) == 0
