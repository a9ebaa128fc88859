import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from arq.connections import ArqRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from iuran.workers.execution import run_due
from iuran.workers.jobs import JobName, due
from iuran.workers.messaging.letter import CarrierSession, Letter
from iuran.workers.redis_line import RedisUnavailableError, ping
from iuran.workers.runner import QUEUE, run_worker, waker
from iuran.workers.services import WorkerServices
from iuran.workers.tick import tick
from tests.moments import wib
from tests.workers.conftest import PATIENCE_SECONDS, Mailbox, later
from tests.workers.stories import a_paying_family, states


@asynccontextmanager
async def running(workers: WorkerServices) -> AsyncGenerator[None]:
    """A worker at work until the block ends."""
    task = asyncio.create_task(run_worker(workers))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - another process's rows ring no bell
            await asyncio.sleep(0.01)


class Keys:
    """What Redis holds, and how to lose it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def do(self, *command: str) -> object:
        execute = cast("Callable[..., Awaitable[object]]", self._redis.execute_command)  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
        return await execute(*command)

    async def lose_all(self) -> None:
        await self.do("FLUSHALL")

    async def queued(self) -> object:
        return await self.do("ZCARD", QUEUE)


@pytest.fixture
async def redis(services: EmbeddedServices) -> AsyncIterator[Keys]:
    client = Redis(unix_socket_path=services.redis_url.removeprefix("unix://"))
    keys = Keys(client)
    await keys.lose_all()
    yield keys
    await client.aclose()


class Proxy:
    """A Redis over TCP that can be switched off."""

    def __init__(self, redis_url: str) -> None:
        self._socket = redis_url.removeprefix("unix://")
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def on(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def off(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        self._writers |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@pytest.fixture
async def proxy(services: EmbeddedServices) -> AsyncIterator[Proxy]:
    switched_on = Proxy(services.redis_url)
    await switched_on.on()
    yield switched_on
    await switched_on.off()


async def test_a_worker_does_what_comes_due(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox, redis: Keys
) -> None:
    await a_paying_family(pool)

    async with running(workers):
        await mailbox.holds(1)
        clock.set(wib(2026, 2, 3))
        await mailbox.holds(2)
        await until(lambda: _is(states(pool), {"ACTIVATED": "SENT", "DUE_IN_7_DAYS": "SENT"}))
        await until(lambda: _is(redis.queued(), 0))

    assert len(mailbox.messages) == 2
    assert await redis.do("KEYS", "arq:result:*") == []


async def _is(found: Awaitable[object], expected: object) -> bool:
    return await found == expected


async def test_two_workers_do_it_once(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox, redis: Keys
) -> None:
    assert await redis.queued() == 0
    for n in range(8):
        await a_paying_family(pool, email=f"f{n}@example.org")
    clock.set(wib(2026, 2, 3))

    async with running(workers), running(workers), running(workers):
        await mailbox.holds(16)
        await until(lambda: _is(pool.fetchval("SELECT count(*) FROM reminder_queue"), 0))

    assert len({message["Message-ID"] for message in mailbox.messages}) == 16
    assert len(mailbox.messages) == 16


async def test_flushall_between_wake_up_and_run_loses_nothing(
    pool: Pool,
    workers: WorkerServices,
    real_clock: StandingClock,
    mailbox: Mailbox,
    redis: Keys,
) -> None:
    await a_paying_family(pool)
    await tick(workers)
    async with pool.acquire() as connection:
        names = [job.name for job in await due(connection, at=real_clock.now())]
    async with waker(workers.redis_url) as wake:
        await wake(names)
    queued = await redis.queued()

    await redis.lose_all()
    async with running(workers):
        await mailbox.holds(1)

    assert names
    assert queued == len(names)


async def test_flushall_under_load_loses_nothing_and_sends_nothing_twice(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox, redis: Keys
) -> None:
    for n in range(6):
        await a_paying_family(pool, email=f"f{n}@example.org")
    clock.set(wib(2026, 2, 3))

    async with running(workers), running(workers):
        for arrived in range(1, 13):
            await redis.lose_all()
            await mailbox.holds(arrived)
        await until(lambda: _is(pool.fetchval("SELECT count(*) FROM reminder_queue"), 0))

    assert len(mailbox.messages) == 12


async def test_without_redis_everything_is_done_all_the_same(
    pool: Pool, workers: WorkerServices, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)

    async with running(replace(workers, redis_url="unix:///nowhere/redis.sock")):
        await mailbox.holds(1)

    assert len(mailbox.messages) == 1


async def test_a_redis_that_goes_and_comes_back_is_used_again(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
    proxy: Proxy,
    redis: Keys,
) -> None:
    await a_paying_family(pool)

    async with running(replace(workers, redis_url=proxy.url)):
        await mailbox.holds(1)
        await proxy.off()
        clock.set(wib(2026, 2, 3))
        await mailbox.holds(2)
        await proxy.on()
        before = await _wake_ups_heard(redis)
        clock.set(wib(2026, 2, 7))
        await mailbox.holds(3)
        await until(lambda: _more(redis, before))

    assert len(mailbox.messages) == 3


async def _wake_ups_heard(redis: Keys) -> int:
    statistics = re.search(r"cmdstat_zrangebyscore\D*(\d+)", str(await redis.do("INFO", "all")))
    return int(statistics[1]) if statistics else 0


async def _more(redis: Keys, before: int) -> bool:
    return await _wake_ups_heard(redis) > before


@pytest.mark.parametrize(
    ("healthy_seconds", "expected"), [(30.0, [1, 2, 3, 4, 5]), (0.0, [1, 1, 1, 1, 1])]
)
async def test_a_redis_that_refuses_to_write_is_tried_ever_more_seldom(
    pool: Pool,
    workers: WorkerServices,
    mailbox: Mailbox,
    redis: Keys,
    monkeypatch: pytest.MonkeyPatch,
    healthy_seconds: float,
    expected: list[int],
) -> None:
    failures: list[int] = []

    def short_pause(count: int, *, longest: timedelta) -> timedelta:
        failures.append(count)
        return longest / 1_000

    monkeypatch.setattr("iuran.workers.runner.pause", short_pause)
    monkeypatch.setattr("iuran.workers.runner.HEALTHY_SECONDS", healthy_seconds)
    await a_paying_family(pool)
    await redis.do("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        async with running(workers):
            await mailbox.holds(1)
            await until(lambda: _is(_length(failures, most=5), 5))
    finally:
        await redis.do("CONFIG", "SET", "min-replicas-to-write", "0")

    assert failures[:5] == expected


async def test_a_worker_stopped_while_it_lets_a_line_go_closes_it_all_the_same(
    workers: WorkerServices, redis: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    letting_go, closed = asyncio.Event(), asyncio.Event()
    close = ArqRedis.aclose

    async def becomes_unused(_line: object) -> None:
        letting_go.set()
        await asyncio.sleep(0)

    async def aclose(line: ArqRedis, *, close_connection_pool: bool) -> None:
        await close(line, close_connection_pool=close_connection_pool)
        closed.set()

    monkeypatch.setattr("iuran.workers.runner._Line.becomes_unused", becomes_unused)
    monkeypatch.setattr(ArqRedis, "aclose", aclose)
    await redis.do("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        async with running(workers):
            await letting_go.wait()
    finally:
        await redis.do("CONFIG", "SET", "min-replicas-to-write", "0")

    assert closed.is_set()


async def _length(found: Sequence[object], *, most: int) -> int:
    return min(len(found), most)


async def test_what_redis_swallowed_is_begun_by_the_poller(
    pool: Pool,
    workers: WorkerServices,
    real_clock: StandingClock,
    mailbox: Mailbox,
    redis: Keys,
) -> None:
    """The line to Redis is there before anything is due: else the poller would begin it itself."""
    for kind, key in (
        ("month-roll", "2026-01"),
        ("dispatch-outbox", "all"),
        ("send-reminders", "1:EMAIL"),
    ):
        await redis.do("SET", f"arq:in-progress:{kind}:{key}", "1")
    heard = await _wake_ups_heard(redis)

    async with running(workers):
        await until(lambda: _more(redis, heard))
        await a_paying_family(pool)
        await until(
            lambda: _is(pool.fetchval("SELECT count(*) FROM job WHERE state = 'WAITING'"), 2)
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not mailbox.messages:
                later(real_clock, seconds=11)
                await asyncio.sleep(0.05)

    assert len(mailbox.messages) == 1


async def test_a_worker_that_is_stopped_gives_back_what_it_has_not_finished(
    pool: Pool,
    workers: WorkerServices,
    real_clock: StandingClock,
    mailbox: Mailbox,
    redis: Keys,
) -> None:
    assert await redis.queued() == 0
    await a_paying_family(pool)
    hanging = replace(workers, mailer=_HangingMailer(), stop_seconds=0.01)

    async with running(hanging):
        await until(lambda: _is(pool.fetchval(JOB_STATE, "send-reminders"), "RUNNING"))
    given_back = await pool.fetchval(JOB_STATE, "send-reminders")
    later(real_clock, minutes=4)
    await run_due(workers)

    assert given_back == "WAITING"
    assert len(mailbox.messages) == 1


JOB_STATE = "SELECT state FROM job WHERE kind = $1"


class _HangingMailer:
    lines = 1
    knows_keys = False

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[CarrierSession]:
        yield self

    async def send(self, letter: Letter) -> None:
        assert letter.text
        await asyncio.Event().wait()


async def test_a_worker_that_is_stopped_lets_a_letter_go_out_first(
    pool: Pool, workers: WorkerServices, mailbox: Mailbox, redis: Keys
) -> None:
    assert await redis.queued() == 0
    await a_paying_family(pool)
    at_the_door = asyncio.Event()
    mailbox.before_data = at_the_door.set

    async with running(workers):
        await at_the_door.wait()

    assert len(mailbox.messages) == 1
    assert await states(pool) == {"ACTIVATED": "SENT"}


async def test_a_worker_stops_even_if_the_line_breaks_while_it_is_told_to(
    pool: Pool, workers: WorkerServices, monkeypatch: pytest.MonkeyPatch, redis: Keys
) -> None:
    """Redis raises its own error over a cancellation: a poller that went on would never end."""
    assert await redis.queued() == 0
    heard, at_redis = await _wake_ups_heard(redis), asyncio.Event()

    async def break_when_cancelled(_redis: object, names: Sequence[JobName]) -> None:
        assert names
        at_redis.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise RedisConnectionError("closed while it was read") from error

    monkeypatch.setattr("iuran.workers.runner._wake", break_when_cancelled)

    async with asyncio.timeout(PATIENCE_SECONDS), running(workers):
        await until(lambda: _more(redis, heard))
        await a_paying_family(pool)
        await at_redis.wait()


async def test_ping_says_what_to_do(services: EmbeddedServices, proxy: Proxy) -> None:
    await ping(services.redis_url)
    await ping(proxy.url)
    for wrong in ("unix:///nowhere/redis.sock", "http://example.org", "redis://127.0.0.1:1/0"):
        with pytest.raises(RedisUnavailableError):
            await ping(wrong)


async def test_a_wake_up_for_a_job_that_nobody_knows_does_no_harm(
    pool: Pool, workers: WorkerServices, mailbox: Mailbox, redis: Keys
) -> None:
    await a_paying_family(pool)
    async with waker(workers.redis_url) as wake:
        await wake([JobName("no-such-kind", "1")])

    async with running(workers):
        await mailbox.holds(1)

    assert await redis.do("EXISTS", "arq:job:no-such-kind:1") == 0
