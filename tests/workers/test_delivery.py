import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool, connected
from iuran.core.reminders.events import Channel
from iuran.workers.execution import run_due
from iuran.workers.letters import letter_of
from iuran.workers.messaging.letter import Carrier, CarrierSession, Letter
from iuran.workers.reminder_queue import claim
from iuran.workers.reminders import ClaimedReminder
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox, later
from tests.workers.stories import a_paying_family, comes, families_of_one_bucket, states

FIRST = "DUE_IN_7_DAYS"
ENDS_AT = "UPDATE reminder_queue SET expires_at = $2 WHERE event = $1"
BY_FAMILY = """
    SELECT state, reason FROM reminder
    WHERE event = $1 ORDER BY family_id LIMIT 100
"""


@dataclass(slots=True, kw_only=True)
class Courier:
    """The real mailer, with something happening before it connects or hands a letter over."""

    mailer: Carrier
    connecting_seconds: float = 0
    before_letter: Callable[[], Awaitable[object]] | None = None
    letters: list[str] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.mailer.lines

    @property
    def knows_keys(self) -> bool:
        return self.mailer.knows_keys

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[CarrierSession]:
        await asyncio.sleep(self.connecting_seconds)
        async with self.mailer.session() as session:
            yield _Bag(courier=self, session=session)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bag:
    courier: Courier
    session: CarrierSession

    async def send(self, letter: Letter) -> None:
        self.courier.letters.append(letter.recipient)
        if self.courier.before_letter is not None:
            await self.courier.before_letter()
        await self.session.send(letter)


async def became(pool: Pool) -> list[str]:
    """What became of the first reminder of f0, f1 and so on."""
    rows = await pool.fetch(BY_FAMILY, FIRST)
    return [row["state"] + (f" {row['reason']}" if row["reason"] else "") for row in rows]


@pytest.mark.parametrize("way", ["421", "hangs up", "crashes"])
async def test_a_letter_that_breaks_the_session_does_not_hold_up_the_others(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    await families_of_one_bucket(pool, 4)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    mailbox.messages.clear()
    if way == "421":
        mailbox.answers["f0@example.org"] = "421 4.7.0 too many bad recipients, closing"
    elif way == "hangs up":
        mailbox.hangs_up_on.add("f0@example.org")
    else:
        monkeypatch.setattr("iuran.workers.delivery.letter_of", _crash_over_f0)

    await comes(workers, clock, wib(2026, 2, 3))
    later(real_clock, seconds=3)
    await run_due(workers)

    assert [message["To"] for message in mailbox.messages] == [
        f"f{n}@example.org" for n in (1, 2, 3)
    ]
    assert await became(pool) == ["WAITING", "SENT", "SENT", "SENT"]
    assert await pool.fetchval("SELECT failures FROM reminder_queue") == 1


def _crash_over_f0(reminder: ClaimedReminder, *, dated: datetime) -> Letter:
    if reminder.address == "f0@example.org":
        raise RuntimeError("nobody thought of this")
    return letter_of(reminder, dated=dated)


async def test_a_letter_that_always_breaks_the_session_stays_behind_until_it_is_too_late(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    await families_of_one_bucket(pool, 2)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    mailbox.answers["f0@example.org"] = "421 4.7.0 closing"

    for _ in range(20):
        await comes(workers, clock, wib(2026, 2, 3))
        later(real_clock, minutes=31)
    later_on = await became(pool)
    await comes(workers, clock, wib(2026, 2, 7))

    assert later_on == ["WAITING", "SENT"]
    assert await became(pool) == ["EXPIRED NOT_TAKEN", "SENT"]


async def test_a_server_that_hangs_up_on_everybody_fails_no_letter(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
) -> None:
    await families_of_one_bucket(pool, 5)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    mailbox.messages.clear()
    connections = mailbox.connections
    mailbox.answer_to_recipient = "421 4.3.2 closing for maintenance"

    await comes(workers, clock, wib(2026, 2, 3))
    tried = mailbox.connections - connections
    for _ in range(10):
        later(real_clock, hours=1)
        await run_due(workers)
    mailbox.answer_to_recipient = "250 OK"
    later(real_clock, hours=1)
    await run_due(workers)

    assert tried == 3
    assert len(mailbox.messages) == 5
    assert await became(pool) == ["SENT"] * 5


async def test_a_server_that_is_slow_to_greet_is_used_all_the_same(
    pool: Pool,
    workers: WorkerServices,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("iuran.workers.delivery.SLICE_SECONDS", 0.1)
    await a_paying_family(pool)

    await run_due(replace(workers, mailer=Courier(mailer=workers.mailer, connecting_seconds=0.15)))

    assert len(mailbox.messages) == 1


async def test_who_pays_while_the_letters_of_others_go_out_is_not_reminded(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    (channel, _), (_, account) = await families_of_one_bucket(pool, 2)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    mailbox.messages.clear()
    courier = Courier(mailer=workers.mailer)

    async def f1_pays() -> None:
        await pays_what_it_owes(pool, channel, account, at=clock.now())

    courier.before_letter = f1_pays
    await comes(replace(workers, mailer=courier), clock, wib(2026, 2, 3))

    assert courier.letters == ["f0@example.org"]
    assert await became(pool) == ["SENT", "CANCELLED PAID"]


@pytest.mark.parametrize(
    ("past_its_end", "goes_out", "states_then"),
    [
        (timedelta(microseconds=-1), ["f0@example.org", "f1@example.org"], ["SENT", "SENT"]),
        (timedelta(), ["f0@example.org"], ["SENT", "EXPIRED"]),
    ],
)
async def test_a_letter_whose_time_ends_while_others_go_out_is_not_sent(
    pool: Pool,
    database_url: str,
    workers: WorkerServices,
    clock: StandingClock,
    past_its_end: timedelta,
    goes_out: list[str],
    states_then: list[str],
) -> None:
    """Claimed in time, and its end comes with the letter before it: the last look says no."""
    await families_of_one_bucket(pool, 2)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    async with connected(database_url, role=None) as owner:
        await owner.execute(ENDS_AT, FIRST, wib(2026, 2, 3, 10))
    courier = Courier(mailer=workers.mailer)

    async def time_passes() -> None:
        clock.set(wib(2026, 2, 3, 10) + past_its_end)

    courier.before_letter = time_passes
    await comes(replace(workers, mailer=courier), clock, wib(2026, 2, 3))

    assert courier.letters == goes_out
    assert await became(pool) == states_then


async def test_a_letter_that_another_worker_took_over_is_left_to_it(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
) -> None:
    await families_of_one_bucket(pool, 2)
    await comes(workers, clock, wib(2026, 2, 3, 8, 59))
    courier = Courier(mailer=workers.mailer)

    async def another_takes_over() -> None:
        later(real_clock, minutes=4)
        async with pool.acquire() as connection:
            await claim(connection, 1, Channel.EMAIL, at=clock.now(), real=real_clock.now())

    courier.before_letter = another_takes_over
    await comes(replace(workers, mailer=courier), clock, wib(2026, 2, 3))

    assert courier.letters == ["f0@example.org"]
    assert await became(pool) == ["WAITING", "WAITING"]


async def test_nobody_connects_where_nothing_is_due(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 3, 8))
    connections = mailbox.connections

    await comes(workers, clock, wib(2026, 2, 13))

    assert (await states(pool))[FIRST] == "EXPIRED"
    assert mailbox.connections == connections
