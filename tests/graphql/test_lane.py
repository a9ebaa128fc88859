"""The lane of reads: first come first served, a part of the pool, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from asyncpg import DivisionByZeroError

from iuran.core.database.pool import Pool, open_pool
from iuran.graphql.compiler.lane import LEFT_TO_OTHERS, Lane
from iuran.graphql.errors import OverloadedError
from tests.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from iuran.graphql.compiler.lane import Lent

SIZE = 4
FOR_READS = SIZE - SIZE // LEFT_TO_OTHERS


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Pool]:
    """A pool of four connections."""
    small = await open_pool(database_url, connections_max=SIZE)
    yield small
    async with asyncio.timeout(PATIENCE_SECONDS):
        await small.close()


def _lane(pool: Pool, *, acquire_seconds: float = 5.0) -> Lane:
    return Lane(pool, acquire_seconds=acquire_seconds)


async def test_a_connection_goes_from_one_read_to_the_next(small: Pool) -> None:
    lane = _lane(small)
    first = await lane.borrow()
    await lane.give_back(first)

    again = await lane.borrow()

    assert again is first
    await lane.give_back(again)


async def test_reads_leave_connections_to_others(small: Pool) -> None:
    lane = _lane(small, acquire_seconds=1.0)
    held = [await lane.borrow() for _ in range(FOR_READS)]

    with pytest.raises(OverloadedError):
        await lane.borrow()
    async with small.acquire(timeout=PATIENCE_SECONDS) as connection:
        assert await connection.fetchval("SELECT 1") == 1

    for one in held:
        await lane.give_back(one)


async def test_what_nobody_needs_goes_back_to_the_pool(small: Pool) -> None:
    lane = _lane(small)
    held = [await lane.borrow() for _ in range(FOR_READS)]
    for one in held:
        await lane.give_back(one)

    others = [await small.acquire(timeout=PATIENCE_SECONDS) for _ in range(SIZE)]

    assert len(others) == SIZE
    for other in others:
        await small.release(other)


async def test_a_connection_that_was_closed_meanwhile_is_not_lent(small: Pool) -> None:
    lane = _lane(small)
    broken = await lane.borrow()
    await lane.give_back(broken)
    broken.terminate()

    lent = await lane.borrow()

    assert await lent.fetchval("SELECT 1") == 1
    await lane.give_back(lent)


async def test_who_waits_is_served_in_turn_and_who_gives_up_is_passed_over(small: Pool) -> None:
    lane = _lane(small)
    held = [await lane.borrow() for _ in range(FOR_READS)]
    served: list[str] = []

    async def read(name: str) -> None:
        connection = await lane.borrow()
        served.append(name)
        await lane.give_back(connection)

    readers = {name: asyncio.create_task(read(name)) for name in "abcd"}
    await asyncio.sleep(0)
    readers["b"].cancel()
    for one in held:
        await lane.give_back(one)
    await asyncio.wait(readers.values())

    assert served == ["a", "c", "d"]


async def test_many_reads_and_failures_lose_no_turn(small: Pool) -> None:
    lane = _lane(small)
    busy, most = 0, 0

    async def read(number: int) -> None:
        nonlocal busy, most
        connection: Lent = await lane.borrow()
        busy += 1
        most = max(most, busy)
        try:
            await connection.fetchval("SELECT 1 / ($1::integer % 7)", number)
        except BaseException:
            await lane.give_up(connection)
            raise
        finally:
            busy -= 1
        await lane.give_back(connection)

    tasks = [asyncio.create_task(read(number)) for number in range(200)]
    for task in tasks[::11]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    held = [await lane.borrow() for _ in range(FOR_READS)]

    assert sum(isinstance(one, DivisionByZeroError) for one in done) > 0
    assert most <= FOR_READS
    assert len({id(one) for one in held}) == FOR_READS
    for one in held:
        await lane.give_back(one)
