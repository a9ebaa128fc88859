import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.reminders.events import Channel
from iuran.workers.crew import Crew
from iuran.workers.delivery import send_notices
from iuran.workers.jobs import BUCKETS, Job, JobName, Lane, arm, due
from iuran.workers.kinds import KINDS, JobKind
from iuran.workers.outbox import dispatch_batch
from iuran.workers.reminder_queue import claim
from iuran.workers.services import WorkerServices
from tests.moments import wib
from tests.workers.conftest import Mailbox
from tests.workers.stories import a_paying_family

MANY = """
    INSERT INTO job (kind, key, bucket, lane, payload, next_at, armed_at)
    SELECT 'send-reminders', n::text, n % 16, 2, '{}', $2::timestamptz - interval '1 day',
           $2::timestamptz
    FROM generate_series(1, $1::integer) AS n
"""
MAKE_URGENT = "UPDATE reminder_queue SET urgency = 0, due_at = $2 WHERE family_id = $1"


async def test_a_million_in_the_bulk_lane_hide_no_urgent_job(
    connection: Connection, real_clock: StandingClock
) -> None:
    await connection.execute(MANY, 20_000, real_clock.now())
    await arm(connection, JobName("send-notices", "3:EMAIL"), at=real_clock.now(), lane=Lane.URGENT)
    await arm(connection, JobName("month-roll", "2026-02"), at=real_clock.now())

    found = await due(connection, at=real_clock.now(), limit=50)

    assert [job.name.kind for job in found[:3]] == ["send-notices", "month-roll", "send-reminders"]
    assert len(found) == 52


class _Gate:
    """A kind of job that counts who entered and lets nobody out before it is opened."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.opened = asyncio.Event()

    async def run(self, _services: WorkerServices, job: Job) -> None:
        self.entered.append(job.name.kind)
        await self.opened.wait()


def _all_through(gate: _Gate) -> dict[str, JobKind]:
    return {name: replace(kind, run=gate.run) for name, kind in KINDS.items()}


@pytest.mark.parametrize(
    ("at_once", "expected"), [(3, (1, 1, 1)), (6, (4, 1, 1)), (12, (10, 1, 1)), (1, (1, 0, 0))]
)
async def test_bulk_leaves_a_hand_for_dates_and_one_for_what_is_urgent(
    pool: Pool,
    workers: WorkerServices,
    real_clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    expected: tuple[int, int, int],
) -> None:
    gate = _Gate()
    monkeypatch.setattr("iuran.workers.execution.KINDS", _all_through(gate))
    crew = Crew(replace(workers, jobs_at_once=at_once))
    lanes: Sequence[tuple[str, Lane]] = (
        ("send-reminders", Lane.BULK),
        ("month-roll", Lane.ORDINARY),
        ("send-notices", Lane.URGENT),
    )

    begun: list[int] = []
    for kind, lane in lanes:
        names = [JobName(kind, str(n)) for n in range(20)]
        async with pool.acquire() as connection:
            for name in names:
                await arm(connection, name, at=real_clock.now(), lane=lane)
        begun.append(sum(crew.start(name) for name in names))
    gate.opened.set()
    await crew.stop()

    assert tuple(begun) == expected
    assert len(gate.entered) == sum(expected)


async def test_one_kind_of_ordinary_job_leaves_a_hand_for_the_others(
    pool: Pool,
    workers: WorkerServices,
    real_clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = _Gate()
    monkeypatch.setattr("iuran.workers.execution.KINDS", _all_through(gate))
    crew = Crew(replace(workers, jobs_at_once=6))
    slow = [JobName("send-webhooks", f"slow-{n}") for n in range(9)]
    async with pool.acquire() as connection:
        for name in (*slow, JobName("month-roll", "2026-02")):
            await arm(connection, name, at=real_clock.now())

    begun = sum(crew.start(name) for name in slow)
    month = crew.start(JobName("month-roll", "2026-02"))
    gate.opened.set()
    await crew.stop()

    assert (begun, month) == (4, True)


async def test_a_reactivation_is_claimed_before_any_of_the_reminders_that_wait(
    pool: Pool,
    database_url: str,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    """Counted in claims, not in time: however many reminders wait, none is claimed before it."""
    families = [
        (await a_paying_family(pool, email=f"f{n}@example.org"))[1].family_id
        for n in range(BUCKETS + 4)
    ]
    await _queue_notices(workers)
    urgent = families[-1]
    await _make_urgent(database_url, urgent, clock)
    clock.set(clock.now() + timedelta(hours=1))

    job = Job(
        name=JobName("send-notices", f"{urgent % BUCKETS}:EMAIL"),
        bucket=urgent % BUCKETS,
        payload={},
        attempts=1,
        claims=1,
    )
    await send_notices(workers, job)

    rows = await pool.fetch("SELECT claims FROM reminder_queue")
    assert [message["To"] for message in mailbox.messages] == [f"f{BUCKETS + 3}@example.org"]
    assert [row["claims"] for row in rows] == [0] * (BUCKETS + 3)


async def test_in_a_bucket_the_urgent_message_is_claimed_first(
    pool: Pool,
    database_url: str,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
) -> None:
    families = [(await a_paying_family(pool, email=f"f{n}@example.org"))[1] for n in range(17)]
    await _queue_notices(workers)
    await _make_urgent(database_url, families[16].family_id, clock)

    async with pool.acquire() as connection:
        first = await claim(
            connection, 1, Channel.EMAIL, at=clock.now(), real=real_clock.now(), limit=1
        )

    assert [one.name.family_id for one in first] == [families[16].family_id]


async def _make_urgent(database_url: str, family_id: int, clock: StandingClock) -> None:
    async with connected(database_url, role=None) as owner:
        await owner.execute(MAKE_URGENT, family_id, clock.now())


async def _queue_notices(workers: WorkerServices) -> None:
    async with workers.pool.acquire() as connection, connection.transaction():
        await dispatch_batch(connection, at=workers.clock.now())


async def test_a_reactivation_at_night_goes_out_at_once(
    pool: Pool,
    database_url: str,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    _, family, _ = await a_paying_family(pool)
    await _queue_notices(workers)
    clock.set(wib(2026, 1, 6, 2))
    await _make_urgent(database_url, family.family_id, clock)
    job = Job(name=JobName("send-notices", "1:EMAIL"), bucket=1, payload={}, attempts=1, claims=1)

    await send_notices(workers, job)

    assert len(mailbox.messages) == 1
