"""Looking for what is due costs the same however much sleeps."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import cast

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, connected
from iuran.core.reminders.events import Channel
from iuran.core.time_zones import TIME_ZONES
from iuran.workers.jobs import BUCKETS
from iuran.workers.reminder_ends import EXPIRE
from iuran.workers.reminder_queue import CLAIM, SELECT_DUE_BUCKETS
from tests.moments import wib

Plan = Mapping[str, object]

BACKLOG = """
    INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                occurrence, urgency, needs, time_zone, due_at, expires_at)
    SELECT g, g, 2026 * 12 + 1, 'DUE_IN_7_DAYS', 'EMAIL', 0, 1, 'OPEN_BILL', 'Asia/Jakarta',
           timestamptz '2026-02-03 02:00+00', timestamptz '2026-02-07 02:00+00'
    FROM generate_series(1, 20000) AS g
"""

AT_ANY_HOUR = ([0, 0, 0], list(TIME_ZONES))
IN_JAYAPURA = ([0, 0, 0, 1], [*TIME_ZONES, "Asia/Jayapura"])
IN_JAKARTA = ([0, 0, 0, 1], [*TIME_ZONES, "Asia/Jakarta"])


@pytest.fixture
async def backlog(pool: object, database_url: str) -> AsyncIterator[Connection]:
    """20,000 messages that are due; the rows that they refer to are left out."""
    assert pool
    async with connected(database_url, role=None) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("SET LOCAL session_replication_role = replica")
        await owner.execute(BACKLOG)
        await owner.execute("ANALYZE reminder_queue")
        yield owner
        await transaction.rollback()


async def rows_read(connection: Connection, statement: str, *values: object) -> int:
    """How many rows of the queue a statement really looks at."""
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    (found,) = cast("list[dict[str, Plan]]", json.loads(text))
    return sum(
        (_number(node, "Actual Rows") + _number(node, "Rows Removed by Filter"))
        * _number(node, "Actual Loops")
        for node in _nodes(found["Plan"])
        if node.get("Relation Name") == "reminder_queue" and "Scan" in str(node["Node Type"])
    )


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in cast("list[Plan]", plan.get("Plans", [])):
        yield from _nodes(child)


def _number(node: Plan, name: str) -> int:
    return int(cast("float", node.get(name, 0)))


@pytest.mark.parametrize("lanes", [AT_ANY_HOUR, IN_JAYAPURA, IN_JAKARTA])
async def test_a_look_reads_at_most_one_row_a_bucket_and_zone(
    backlog: Connection, lanes: tuple[list[int], list[str]]
) -> None:
    at = wib(2026, 2, 3, 21)

    read = await rows_read(
        backlog, SELECT_DUE_BUCKETS, list(range(BUCKETS)), at, at, *lanes, list(Channel)
    )

    assert read <= BUCKETS  # nothing waits in the other channels


async def test_dropping_what_is_late_reads_nothing_that_is_in_time(backlog: Connection) -> None:
    at = wib(2026, 2, 3, 12)

    assert await rows_read(backlog, EXPIRE, 1, at, at, 5_000, "NOT_TAKEN") == 0


async def test_a_claim_reads_what_it_takes(backlog: Connection, real_clock: StandingClock) -> None:
    at, real = wib(2026, 2, 3, 12), real_clock.now()

    read = await rows_read(backlog, CLAIM, 1, at, real, *IN_JAKARTA, real, 20, 24, "EMAIL")

    assert read <= 20 + 20  # once to find them, once to mark them
