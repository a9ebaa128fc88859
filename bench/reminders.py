"""Reminders a second through SMTP and HTTP, and scheduling, against bare sinks and plain SQL."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import structlog
from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from bench.sinks import http_sink, smtp_sink
from iuran.core.clock import WIB, StandingClock, wib_date
from iuran.core.database.pool import Pool
from iuran.core.family_list import family_range
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import Channel
from iuran.core.reminders.schedule import rules_on
from iuran.core.reminders.slots import live_slots
from iuran.payments.billing import roll_months
from iuran.workers.delivery import send_reminders
from iuran.workers.jobs import BUCKETS, Job, JobName
from iuran.workers.letters import letter_of
from iuran.workers.mail import SmtpMailer
from iuran.workers.messaging.http import HttpCarrier
from iuran.workers.messaging.letter import Carrier, Letter
from iuran.workers.messaging.providers import SignedWebhook
from iuran.workers.reminder_ends import hold
from iuran.workers.reminder_queue import claim
from iuran.workers.scheduling import FAMILIES_A_BATCH, schedule
from iuran.workers.services import WorkerServices
from iuran.workers.tls import TlsMode

FAMILIES = int(os.environ.get("IURAN_BENCH_REMINDERS", "50000"))
"""1000000 is what the issue asks for; it takes some minutes to fill the ground."""
MESSAGES = 3_000
FAMILIES_BY_SMS = 50_000  # the sending is measured, not a second scheduling
TOLD_EVERY = 50_000
LINES = 4
JOBS_AT_ONCE = 4
MORNING = datetime(2026, 2, 3, 3, tzinfo=WIB)
NINE = datetime(2026, 2, 3, 9, tzinfo=WIB)
EVENT = "DUE_IN_7_DAYS"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - invented

REACHABLE = """
    UPDATE participant SET email = 'f' || family_id || '@example.org', phone = '081200001234'
    WHERE relation = 'HEAD'
"""
AS_PLAIN = """
    CREATE TABLE plain_reminder
        (LIKE reminder INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
    CREATE TABLE plain_queue
        (LIKE reminder_queue INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES
                             INCLUDING GENERATED)
"""
PLAIN = (
    "INSERT INTO plain_reminder SELECT * FROM reminder",
    """
    INSERT INTO plain_queue (family_id, membership_id, coverage_month, event, channel, occurrence,
                             urgency, needs, time_zone, due_at, expires_at, fall_back_hours)
    SELECT family_id, membership_id, coverage_month, event, channel, occurrence, urgency, needs,
           time_zone, due_at, expires_at, fall_back_hours
    FROM reminder_queue
    """,
)


async def measure(console: Console) -> Table:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    console.print(f"{FAMILIES} families scheduled, {MESSAGES} messages sent, durable")
    table = Table("what", "a second", "ratio")
    console.print("filling the ground: a family of three takes about 0.1 ms")
    async with many_families(FAMILIES, paid_through=CoverageMonth(2026, 1).ordinal) as pool:
        await _prepare(pool, console)
        scheduled, plain = await _schedule(pool, console, Channel.EMAIL)
        table.add_row("plain INSERT ... SELECT of the same rows", f"{plain:,.0f}", "1.00")
        table.add_row("scheduling due reminders", f"{scheduled:,.0f}", f"{scheduled / plain:.2f}")
        async with smtp_sink() as port:
            mailer = SmtpMailer(
                host="127.0.0.1",
                port=port,
                sender="no-reply@example.org",
                tls=TlsMode.NONE,
                lines=LINES,
            )
            await _measure_carrier(table, pool, Channel.EMAIL, mailer, "SMTP")
        await _schedule_over(pool, console, Channel.SMS, families_max=FAMILIES_BY_SMS)
        async with http_sink() as url:
            provider = SignedWebhook(url=url, channel="SMS", secret=SECRET)
            carrier = HttpCarrier(provider=provider, lines=LINES)
            await _measure_carrier(table, pool, Channel.SMS, carrier, "HTTP")
    return table


async def _prepare(pool: Pool, console: Console) -> None:
    async for progress in roll_months(pool, at=MORNING):
        _tell(console, "billed", progress.families_done)
    console.print("giving everybody an address")
    async with connected_as_owner(pool) as connection:
        await connection.execute(REACHABLE)
        await connection.execute("ANALYZE")


def _tell(console: Console, what: str, families: int) -> None:
    """Say how far it is, now and then: a million takes minutes."""
    if families % TOLD_EVERY == 0:
        console.print(f"{what} {families:,} of {FAMILIES:,} families")


async def _schedule(pool: Pool, console: Console, channel: Channel) -> tuple[float, float]:
    """Return reminders a second as scheduled, and as plain SQL into tables of the same shape."""
    began = time.perf_counter()
    count = await _schedule_over(pool, console, channel)
    seconds = time.perf_counter() - began
    async with connected_as_owner(pool) as connection:
        await connection.execute(AS_PLAIN)
        began = time.perf_counter()
        for statement in PLAIN:
            await connection.execute(statement)
        plain_seconds = time.perf_counter() - began
        await connection.execute("ANALYZE")
    return count / seconds, count / plain_seconds


async def _schedule_over(
    pool: Pool, console: Console, channel: Channel, *, families_max: int = FAMILIES
) -> int:
    if channel is not Channel.EMAIL:
        async with connected_as_owner(pool) as owner:
            await owner.execute("TRUNCATE reminder CASCADE")
    async with pool.acquire() as connection:
        today = wib_date(MORNING)
        rules = await rules_on(connection, today, channels=[channel])
        slots = live_slots(rules, EVENT, today=today)
        first, last = await family_range(connection) or (1, 0)
    last = min(last, first + families_max - 1)
    scheduled = 0
    for family_from in range(first, last + 1, FAMILIES_A_BATCH):
        family_to = family_from + FAMILIES_A_BATCH - 1
        async with pool.acquire() as connection:
            scheduled += await schedule(
                connection, slots, family_from=family_from, family_to=family_to, at=MORNING
            )
        _tell(console, f"scheduled by {channel}", family_to - first + 1)
    return scheduled


async def _measure_carrier(
    table: Table, pool: Pool, channel: Channel, carrier: Carrier, name: str
) -> None:
    letters = await _letters(pool, channel)
    bare = await _bare(carrier, letters)
    sent = await _sent(pool, channel, carrier)
    table.add_row(f"the bare {name} sink, same letters and lines", f"{bare:,.0f}", "1.00")
    table.add_row(f"reminders by {name}", f"{sent:,.0f}", f"{sent / bare:.2f}")


async def _letters(pool: Pool, channel: Channel) -> list[Letter]:
    async with pool.acquire() as connection:
        claimed = await claim(connection, 1, channel, at=NINE, real=NINE, limit=1_000)
        for reminder in claimed:
            await hold(connection, reminder, until=NINE, has_failed=False)
    written = [letter_of(reminder, dated=NINE) for reminder in claimed]
    return (written * (MESSAGES // len(written) + 1))[:MESSAGES]


async def _bare(carrier: Carrier, letters: list[Letter]) -> float:
    waiting = iter(letters)

    async def line() -> None:
        async with carrier.session() as session:
            for letter in waiting:
                await session.send(letter)

    return await _rate(lambda: asyncio.gather(*(line() for _ in range(LINES * JOBS_AT_ONCE))))


async def _rate(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return MESSAGES / (time.perf_counter() - began)


async def _sent(pool: Pool, channel: Channel, carrier: Carrier) -> float:
    clock = StandingClock(NINE)
    services = WorkerServices(
        pool=pool, clock=clock, real_clock=clock, redis_url="", mailer=carrier
    )
    if channel is not Channel.EMAIL:
        services = replace(services, carriers={channel: carrier})
    began = time.perf_counter()
    buckets = iter(range(BUCKETS))

    async def hand() -> None:
        for bucket in buckets:
            await send_reminders(services, _job(bucket, channel))

    before = await _count_sent(pool)
    await asyncio.gather(*(hand() for _ in range(JOBS_AT_ONCE)))
    return (await _count_sent(pool) - before) / (time.perf_counter() - began)


async def _count_sent(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM reminder WHERE state = 'SENT'"))


def _job(bucket: int, channel: Channel) -> Job:
    name = JobName("send-reminders", f"{bucket}:{channel}")
    return Job(name=name, bucket=bucket, payload={}, attempts=1, claims=1)
