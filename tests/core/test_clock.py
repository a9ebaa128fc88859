from datetime import UTC, date, datetime, timedelta

import pytest

from iuran.core.clock import (
    WIB,
    ShiftedClock,
    StandingClock,
    SystemClock,
    read_offset,
    store_offset,
    wib_date,
    wib_instant,
)
from iuran.core.database.pool import Connection


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 1, 31, 16, 59, 59, tzinfo=UTC), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 17, 0, 0, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2028, 2, 29, 16, 59, 59, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 12, 31, 17, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
async def test_a_legal_date_is_a_wib_date_in_python_and_in_postgresql(
    connection: Connection, instant: datetime, day: date
) -> None:
    assert wib_date(instant) == day
    assert await connection.fetchval("SELECT wib_date($1)", instant) == day
    assert await connection.fetchval("SELECT wib_midnight($1)", day) == wib_instant(day)


async def test_the_test_clock_is_kept_to_the_microsecond(connection: Connection) -> None:
    offset = timedelta(days=-400, microseconds=3)

    await store_offset(connection, timedelta(days=5))
    await store_offset(connection, offset)

    assert await read_offset(connection) == offset


async def test_without_a_test_clock_time_is_real(connection: Connection) -> None:
    assert await read_offset(connection) == timedelta(0)


def test_clocks_tell_aware_utc() -> None:
    standing = StandingClock()
    standing.set(datetime(2026, 1, 1, tzinfo=WIB))

    instants = [SystemClock().now(), ShiftedClock(timedelta(days=1)).now(), standing.now()]

    assert [instant.utcoffset() for instant in instants] == [timedelta(0)] * 3
    assert instants[1] - instants[0] > timedelta(hours=23)
    assert instants[2] == datetime(2025, 12, 31, 17, tzinfo=UTC)
