"""Webhooks a second through a local sink: in order and logged, against the bare sink."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from bench.sinks import http_sink
from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.webhooks.addresses import Reach
from iuran.payments.webhooks.endpoints import NewEndpoint, add_endpoint, approve_endpoint
from iuran.payments.webhooks.lines import claim, fan_out
from iuran.payments.webhooks.payloads import body_of
from iuran.workers.jobs import Job, JobName
from iuran.workers.mail import SmtpMailer
from iuran.workers.services import WorkerServices
from iuran.workers.tls import TlsMode
from iuran.workers.webhooks.calls import WayOut, caller
from iuran.workers.webhooks.sending import send_webhooks

EVENTS = 2_000
FAMILIES = 1_000
LINES = 16
AT = datetime(2026, 2, 3, 3, tzinfo=UTC)

FILL = """
    WITH e AS (
        INSERT INTO event (family_id, event_id, position, kind, payload, occurred_at)
        SELECT n % $2 + 1, n, n, 'membership.activated', '{"membership_id": 1}', $3
        FROM generate_series(1, $1::integer) AS n
    )
    UPDATE event_dispatch SET last_position = $1
"""


async def measure(console: Console) -> Table:
    """Measure the bare sink, then the same bodies as webhooks, durable."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    console.print(f"{EVENTS} events of {FAMILIES} families, {LINES} calls at once")
    table = Table("what", "a second", "ratio")
    async with many_families(1, paid_through=24_312) as pool, http_sink() as url:
        async with connected_as_owner(pool) as owner:
            await owner.execute(FILL, EVENTS, FAMILIES, AT)
            await owner.execute("VACUUM ANALYZE")
        services = _services(pool)
        endpoint_id = await _subscribe(services, url)
        bare = await _rate(lambda: _bare(pool, endpoint_id, url))
        sent = await _rate(lambda: _send_all(services))
        logged = await pool.fetchval("SELECT count(*) FROM webhook_attempt")
        assert logged == EVENTS, logged
    table.add_row("the bare sink, same bodies and calls at once", f"{bare:,.0f}", "1.00")
    table.add_row(
        "webhooks: queued, signed, in order, logged", f"{sent:,.0f}", f"{sent / bare:.2f}"
    )
    return table


def _services(pool: Pool) -> WorkerServices:
    clock = StandingClock(AT)
    return WorkerServices(
        pool=pool,
        clock=clock,
        real_clock=clock,
        redis_url="",
        mailer=SmtpMailer(
            host="127.0.0.1", port=9, sender="a@example.org", sender_name="JKN", tls=TlsMode.NONE
        ),
        webhooks=_way_out(),
    )


def _way_out() -> WayOut:
    cipher = Cipher.of([generate_installation_key()])
    return WayOut(cipher=cipher, reach=Reach.of((), plain_loopback=True), at_once=LINES)


async def _subscribe(services: WorkerServices, url: str) -> int:
    assert services.webhooks is not None
    new = NewEndpoint(name="sink", url=url, after_position=0)
    cipher, reach = services.webhooks.cipher, services.webhooks.reach
    async with services.pool.acquire() as connection, connection.transaction():
        await add_endpoint(connection, cipher, reach, new, by="ani", at=AT)
        await approve_endpoint(connection, "sink", by="budi", at=AT)
        return int(await connection.fetchval("SELECT endpoint_id FROM webhook_endpoint"))


async def _bare(pool: Pool, endpoint_id: int, url: str) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await fan_out(connection, endpoint_id, real=AT)
        (one, *_) = await claim(connection, endpoint_id, real=AT, until=AT, limit=1)
        await transaction.rollback()
    body = body_of(one.event)
    left = iter(range(EVENTS))
    way_out = _way_out()

    async def line() -> None:
        async with caller(way_out) as client:
            for _ in left:
                async with client.stream("POST", url, content=body) as answer:
                    await answer.aread()

    await asyncio.gather(*(line() for _ in range(LINES)))


async def _send_all(services: WorkerServices) -> None:
    job = Job(name=JobName("send-webhooks", "sink"), bucket=0, payload={}, attempts=1, claims=1)
    while await services.pool.fetchval("SELECT count(*) FROM webhook_attempt") < EVENTS:
        await send_webhooks(services, job)


async def _rate(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return EVENTS / (time.perf_counter() - began)
