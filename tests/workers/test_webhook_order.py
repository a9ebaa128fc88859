"""Whatever fails, and however often: each family's events arrive in order, and all do."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from iuran.payments.webhooks.lines import claim, fan_out
from iuran.payments.webhooks.repeats import NothingToResendError, replay, resend
from iuran.workers.execution import run_due
from iuran.workers.services import WorkerServices
from iuran.workers.webhooks.delivery_log import endpoint_figures, list_dead
from tests.conftest import clear
from tests.moments import wib
from tests.workers.conftest import later
from tests.workers.subscribers import WAY_OUT, happens, subscribed, subscriber
from tests.workers.test_runner import running, until

FIRST_POSITION = "UPDATE event_dispatch SET last_position = 0"
ANSWERS = st.lists(st.sampled_from([200, 200, 200, 500, 429, 404, 0]), max_size=40)
FAMILIES = st.lists(st.integers(1, 6), min_size=1, max_size=25)
ROUNDS_MAX = 80
COUNT_WAITING = "SELECT count(*) FROM webhook_queue"
SELECT_STRAY_LINES = """
    SELECT count(*) FROM webhook_line AS l
    WHERE NOT EXISTS (SELECT FROM webhook_queue AS q
                      WHERE q.family_id = l.family_id AND q.endpoint_id = l.endpoint_id)
"""
SELECT_QUEUED_WITHOUT_LINE = """
    SELECT count(*) FROM webhook_queue AS q
    WHERE NOT EXISTS (SELECT FROM webhook_line AS l
                      WHERE l.family_id = q.family_id AND l.endpoint_id = q.endpoint_id)
"""


@pytest.fixture
async def sending(pool: Pool, workers: WorkerServices) -> WorkerServices:
    await pool.execute(FIRST_POSITION)
    return replace(workers, webhooks=WAY_OUT)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(families=FAMILIES, answers=ANSWERS, go_back=st.booleans())
async def test_every_event_arrives_in_its_familys_order(
    pool: Pool,
    sending: WorkerServices,
    real_clock: StandingClock,
    database_url: str,
    families: list[int],
    answers: list[int],
    go_back: bool,  # noqa: FBT001 - Hypothesis gives it
) -> None:
    await clear(database_url)
    await pool.execute(FIRST_POSITION)
    left = list(answers)
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: left.pop() if left else 200
        await happens(pool, *families, at=real_clock.now())
        await run_due(sending)
        before_going_back = len(told.heard)
        if go_back:
            async with connection.transaction():
                await replay(connection, "app", first=1, by="ani", at=real_clock.now())
        for _ in range(ROUNDS_MAX):
            later(real_clock, minutes=45)
            await run_due(sending)
            if await pool.fetchval(COUNT_WAITING) == 0:
                break
        (figures,) = await endpoint_figures(connection, at=real_clock.now())
        dead = await list_dead(connection, figures.endpoint.endpoint_id)
        stray = await pool.fetchval(SELECT_STRAY_LINES)

    since = told.heard[before_going_back:] if go_back else told.heard
    taken = [one for one in since if one.status == 200]
    for family in {one.family for one in taken}:
        positions = [one.position for one in taken if one.family == family]
        assert positions == sorted(set(positions))
    arrived, given_up = {one.position for one in taken}, {one.position for one in dead}
    assert arrived | given_up == set(range(1, len(families) + 1))
    assert (figures.waiting, stray) == (0, 0)


async def test_no_event_is_tried_before_the_one_in_front_of_it_was_taken(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        await happens(pool, *([1, 2, 3] * 20), at=real_clock.now())
        await run_due(sending)

    for family in {one.family for one in told.heard}:
        positions = [one.position for one in told.heard if one.family == family]
        assert positions == sorted(positions)
    assert len(told.taken) == 60
    assert told.most_open <= 3  # one call for each family


async def test_lines_survive_all_who_change_them_at_once(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    """Sending, new events, resends and a replay side by side lose no event and no line."""

    at = real_clock.now()

    async def again() -> None:
        for first in (1, 5, 9):
            with suppress(NothingToResendError):  # the replay may have gone back behind it
                async with pool.acquire() as connection, connection.transaction():
                    await resend(connection, "app", first=first, last=first + 20, by="ani", at=at)

    async def back() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await replay(connection, "app", first=3, by="ani", at=real_clock.now())

    async def news() -> None:
        for _ in range(5):
            await happens(pool, *range(1, 9), at=real_clock.now())

    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        await happens(pool, *(list(range(1, 9)) * 5), at=real_clock.now())
        await run_due(sending)
        await asyncio.gather(run_due(sending), run_due(sending), again(), back(), news())
        later(real_clock, minutes=5)
        await run_due(sending)
        (figures,) = await endpoint_figures(connection, at=real_clock.now())

    assert {one.position for one in told.taken} == set(range(1, 81))
    assert figures.waiting == 0
    assert await pool.fetchval(SELECT_STRAY_LINES) == 0
    assert await pool.fetchval(SELECT_QUEUED_WITHOUT_LINE) == 0


async def test_two_who_claim_at_once_share_no_family(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    now = real_clock.now()

    async def taken() -> list[int]:
        async with pool.acquire() as connection:
            claimed = await claim(connection, endpoint_id, real=now, until=lease, limit=30)
        return [one.event.family_id for one in claimed]

    async with pool.acquire() as connection:
        await subscribed(connection, "http://127.0.0.1:9/", at=now)
        await happens(pool, *range(1, 101), at=now)
        await run_due(replace(sending, webhooks=None))  # gives the events their positions
        endpoint_id = await connection.fetchval("SELECT endpoint_id FROM webhook_endpoint")
        async with connection.transaction():
            await fan_out(connection, endpoint_id, real=now)
    later(real_clock, minutes=1)
    lease = real_clock.now()
    shares = await asyncio.gather(*(taken() for _ in range(6)))

    families = [family for share in shares for family in share]
    assert len(families) == len(set(families))
    assert set(families) <= set(range(1, 101))


async def test_losing_all_of_redis_loses_no_webhook(
    pool: Pool, sending: WorkerServices, clock: StandingClock, services: EmbeddedServices
) -> None:
    clock.set(wib(2026, 1, 5))
    redis = Redis.from_url(services.redis_url)  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
    try:
        async with subscriber() as told, pool.acquire() as connection:
            await subscribed(connection, told.url, at=sending.real_clock.now())

            async def all_taken() -> bool:
                return len({one.position for one in told.taken}) == 60

            async with running(sending):
                for _ in range(3):
                    await happens(pool, *range(1, 21), at=clock.now())
                    await redis.flushall()  # pyright: ignore[reportUnknownMemberType] - as above
                await until(all_taken)
    finally:
        await redis.aclose()
