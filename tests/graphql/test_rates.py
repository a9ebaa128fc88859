"""Token buckets: what all servers admit together is bounded, whatever becomes of Redis."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from inspect import isawaitable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from iuran.deploy.embedded import EmbeddedServices
from iuran.graphql.rates import CHUNKS, LEASE_SECONDS, REDIS_REST_SECONDS, Rate, Rates
from iuran.graphql.rates_in_redis import open_rates

PATIENCE_SECONDS = 30
STILL = Rate(name="points", burst=1_000, per_second=0.001)


@dataclass(slots=True)
class FakeTime:
    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class FakeRedis:
    """The bucket of TAKE in Python; `is_away` makes it fail as a lost connection does."""

    time: FakeTime
    is_away: bool = False
    calls: int = 0
    states: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    async def __call__(self, *, keys: list[str], args: list[float]) -> list[int]:
        self.calls += 1
        if self.is_away:
            raise ConnectionRefusedError
        per_second, burst, need, want, back = args
        tokens, at = self.states.get(keys[0], (burst, self.time.seconds))
        tokens = min(burst, tokens + (self.time.seconds - at) * per_second + back)
        granted = min(want, int(tokens)) if tokens >= need else 0
        tokens -= granted
        self.states[keys[0]] = tokens, self.time.seconds
        wait = 0 if granted else int((need - tokens) / per_second * 1000) + 1
        return [int(granted), int(tokens), wait]


@dataclass(slots=True)
class Ground:
    time: FakeTime
    redis: FakeRedis

    def server(self, principals_max: int = 100) -> Rates:
        return Rates(self.redis, monotonic=self.time, principals_max=principals_max)


@pytest.fixture
def ground() -> Ground:
    time = FakeTime()
    return Ground(time=time, redis=FakeRedis(time))


async def admitted(server: Rates, amounts: list[int], rate: Rate = STILL) -> int:
    balances = await asyncio.gather(*(server.spend(rate, "a", amount) for amount in amounts))
    return sum(
        amount for amount, one in zip(amounts, balances, strict=True) if one.wait_seconds == 0
    )


@pytest.fixture
async def servers(
    services: EmbeddedServices,
) -> AsyncGenerator[Callable[[int], Awaitable[list[Rates]]]]:
    """Servers that share the real Redis, emptied before."""
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(services.redis_url)  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
        await redis.flushdb()  # pyright: ignore[reportUnknownMemberType]
        stack.push_async_callback(redis.aclose)

        async def start(count: int) -> list[Rates]:
            url, patience = services.redis_url, PATIENCE_SECONDS
            return [
                await stack.enter_async_context(aclosing(open_rates(url, seconds_max=patience)))
                for _ in range(count)
            ]

        yield start


async def test_all_servers_together_admit_what_the_bucket_holds_and_nearly_all_of_it(
    servers: Callable[[int], Awaitable[list[Rates]]],
) -> None:
    fleet = await servers(4)

    totals = await asyncio.gather(*(admitted(server, [7] * 100) for server in fleet))

    held_back = len(fleet) * (STILL.burst // CHUNKS + 7)
    assert STILL.burst - held_back <= sum(totals) <= STILL.burst


async def test_redis_gives_back_in_time(
    servers: Callable[[int], Awaitable[list[Rates]]], services: EmbeddedServices
) -> None:
    (server,) = await servers(1)
    rate = Rate(name="points", burst=100, per_second=10.0)
    assert (await server.spend(rate, "a", 100)).is_granted

    refused = await server.spend(rate, "a", 50)
    redis = Redis.from_url(services.redis_url)  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
    a_minute_earlier = redis.hincrby("iuran:graphql:points:a", "at", -60_000)
    if isawaitable(a_minute_earlier):  # redis 5 leaves open which it is
        await a_minute_earlier
    lives = await redis.pttl("iuran:graphql:points:a")
    await redis.aclose()
    (another,) = await servers(1)
    later = await another.spend(rate, "a", 100)

    assert 0 < refused.wait_seconds <= 5
    assert 0 < lives <= 11_000
    assert later.is_granted
    assert later.remaining == 0


async def test_a_server_asks_redis_once_a_chunk_and_not_once_a_request(ground: Ground) -> None:
    server = ground.server()

    assert await admitted(server, [1] * 500) == 500

    assert ground.redis.calls == 500 // (STILL.burst // CHUNKS)


async def test_whoever_has_spent_all_is_refused_without_asking_redis_again(ground: Ground) -> None:
    server = ground.server()
    await server.spend(STILL, "a", 1_000)
    refused = [await server.spend(STILL, "a", 5) for _ in range(50)]

    assert not any(one.is_granted for one in refused)
    assert ground.redis.calls == 2


async def test_a_lease_that_ends_is_given_back(ground: Ground) -> None:
    server = ground.server()
    await server.spend(STILL, "a", 10)
    ground.time.seconds += LEASE_SECONDS + 0.1

    balance = await server.spend(STILL, "a", 10)

    assert balance.remaining == 1_000 - 20


async def test_people_do_not_pay_for_each_other(ground: Ground) -> None:
    server = ground.server()
    await server.spend(STILL, "a", 1_000)

    assert (await server.spend(STILL, "b", 1_000)).is_granted


async def test_without_redis_each_server_limits_for_itself_and_tries_again_later(
    ground: Ground,
) -> None:
    ground.redis.is_away = True
    server = ground.server()

    assert await admitted(server, [10] * 200) == STILL.burst
    assert ground.redis.calls == 1

    ground.redis.is_away = False
    ground.time.seconds += REDIS_REST_SECONDS + 0.1
    assert (await server.spend(STILL, "a", 10)).is_granted
    assert ground.redis.calls == 2


async def test_a_redis_that_hangs_is_an_absent_one(ground: Ground) -> None:
    class Hanging:
        async def __call__(self, *, keys: list[str], args: list[float]) -> list[int]:
            await asyncio.Event().wait()
            return [len(keys), len(args)]

    server = Rates(Hanging(), monotonic=ground.time, redis_seconds_max=0.01)

    assert (await server.spend(STILL, "a", 10)).remaining == STILL.burst - 10


async def test_memory_is_bounded_however_many_people_come(ground: Ground) -> None:
    server = ground.server(principals_max=10)

    for number in range(1_000):
        await server.spend(STILL, str(number), 1)

    assert server.held == 10


async def test_more_than_the_bucket_holds_takes_all_of_it(ground: Ground) -> None:
    balance = await ground.server().spend(STILL, "a", 5_000)

    assert (balance.is_granted, balance.remaining) == (True, 0)


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 120), st.floats(0, 2)), min_size=1, max_size=60
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_no_order_of_requests_beats_the_bucket(steps: list[tuple[int, int, float]]) -> None:
    async def live() -> tuple[int, float]:
        time = FakeTime()
        redis = FakeRedis(time)
        fleet = [Rates(redis, monotonic=time) for _ in range(3)]
        rate, spent, began = Rate(name="points", burst=200, per_second=30.0), 0, time.seconds
        for server, amount, pause in steps:
            time.seconds += pause
            spent += amount if (await fleet[server].spend(rate, "a", amount)).is_granted else 0
        return spent, 200 + 30.0 * (time.seconds - began)

    spent, bound = asyncio.run(live())

    assert spent <= bound
