"""What the workers' tests tell again and again: families with an address, and what became of it."""

from datetime import datetime
from email.message import EmailMessage

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.payments.virtual_accounts import VirtualAccount
from iuran.workers.execution import run_due
from iuran.workers.jobs import BUCKETS
from iuran.workers.services import WorkerServices
from tests.builders import a_channel, a_family, an_active_family, registered
from tests.moments import wib

EMAIL = "bunga@example.org"


def text_of(message: EmailMessage) -> str:
    """What a letter says to who reads no HTML."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def a_paying_family(
    pool: Pool,
    *,
    time_zone: str = "Asia/Jakarta",
    language: str = "id",
    email: str | None = EMAIL,
    members: int = 4,
    since: datetime | None = None,
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    """A family of class III that paid for January; its channel, itself and its account."""
    async with pool.acquire() as connection:
        known = await connection.fetchval("SELECT channel_id FROM channel LIMIT 1")
        channel = int(known) if known is not None else await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=members, time_zone=time_zone, language=language, email=email),
        first_payment_at=since or wib(2026, 1, 5),
    )
    return channel, family, account


async def families_of_one_bucket(pool: Pool, count: int) -> list[tuple[int, VirtualAccount]]:
    """Families f0, f1 and so on at example.org, in this order; each one's channel and account."""
    found: list[tuple[int, VirtualAccount]] = []
    for n in range(count):
        channel, _, account = await a_paying_family(pool, email=f"f{n}@example.org")
        found.append((channel, account))
        async with pool.acquire() as connection:
            for _ in range(BUCKETS - 1):
                await registered(connection, a_family(), at=wib(2026, 1, 5))
    return found


async def comes(workers: WorkerServices, clock: StandingClock, instant: datetime) -> int:
    """Let an instant come, and everything be done that is due then."""
    clock.set(instant)
    return await run_due(workers)


async def states(pool: Pool) -> dict[str, str]:
    """What became of each message, by event; the reason behind it if there is one."""
    rows = await pool.fetch("SELECT event, state, reason FROM reminder ORDER BY event")
    return {
        row["event"]: row["state"] + (f" {row['reason']}" if row["reason"] else "") for row in rows
    }
