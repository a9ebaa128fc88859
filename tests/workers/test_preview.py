"""The preview says what would go out, and sends nothing."""

from datetime import date, datetime

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.core.reminders.preview import Preview, PreviewGroup, preview
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox
from tests.workers.stories import a_paying_family, comes

WRITTEN = "SELECT (SELECT count(*) FROM reminder), (SELECT count(*) FROM reminder_queue)"


async def previewed(pool: Pool, day: date, *, at: datetime) -> Preview:
    found = Preview(day=day)
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        async for so_far in preview(connection, day, at=at, channels=[Channel.EMAIL]):
            found = so_far
    return found


async def test_what_would_go_out_tomorrow_is_what_goes_out(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    payers = [await a_paying_family(pool, email=f"f{n}@example.org") for n in range(5)]
    bank, _, account = payers[0]
    await comes(workers, clock, wib(2026, 2, 2))
    await pays_what_it_owes(pool, bank, account, at=wib(2026, 2, 2, 10))
    before = await pool.fetchrow(WRITTEN)
    mailbox.messages.clear()

    found = await previewed(pool, date(2026, 2, 3), at=wib(2026, 2, 2, 12))
    after = await pool.fetchrow(WRITTEN)
    await comes(workers, clock, wib(2026, 2, 3))

    group = PreviewGroup("DUE_IN_7_DAYS", "EMAIL", "PBPU_SELF")
    assert dict(found.counts) == {group: 4}
    assert len(mailbox.messages) == 4
    assert before == after


async def test_examples_are_masked(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))

    found = await previewed(pool, date(2026, 2, 3), at=wib(2026, 2, 2, 12))

    ((example,),) = found.examples.values()
    assert (example.name, example.address) == ("B**** C*****", "b***@example.org")
    assert example.due_at == wib(2026, 2, 3, 9)


async def test_what_waits_already_is_counted_once(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 3, 8))

    found = await previewed(pool, date(2026, 2, 3), at=wib(2026, 2, 3, 8, 30))

    assert sum(found.counts.values()) == 1


@pytest.mark.parametrize(("day", "waiting"), [(4, 1), (6, 1), (8, 0)])
async def test_what_waited_through_the_night_goes_out_while_it_is_of_use(
    pool: Pool, workers: WorkerServices, clock: StandingClock, day: int, waiting: int
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, day - 1, 21))

    found = await previewed(pool, date(2026, 2, day), at=wib(2026, 2, day - 1, 22))

    due = [group for group in found.counts if group.event == "DUE_IN_7_DAYS"]
    assert len(due) == waiting


async def test_without_families_the_preview_is_empty(pool: Pool) -> None:
    found = await previewed(pool, date(2026, 2, 3), at=wib(2026, 2, 2))

    assert (found.counts, found.families_total) == ({}, 0)
