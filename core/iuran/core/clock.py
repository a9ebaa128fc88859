"""One clock, passed in. Legal time can be moved in tests and demonstrations; real time cannot."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import LiteralString, Protocol
from zoneinfo import ZoneInfo

from iuran.core.database.pool import Connection

WIB = ZoneInfo("Asia/Jakarta")

SELECT_TEST_CLOCK: LiteralString = """
    SELECT offset_microseconds FROM test_clock
"""

SET_TEST_CLOCK: LiteralString = """
    INSERT INTO test_clock (offset_microseconds, set_at) VALUES ($1, $2)
    ON CONFLICT (only_row) DO UPDATE
    SET offset_microseconds = excluded.offset_microseconds, set_at = excluded.set_at
"""


class Clock(Protocol):
    """Tells legal time: bills, suspension, reminders, expiry and windows follow it.

    Leases, tokens and signatures live in real time; they do not ask this clock alone.
    """

    def now(self) -> datetime:
        """Return the aware instant, in UTC."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the instant."""
        return datetime.now(UTC)


@dataclass(slots=True)
class ShiftedClock:
    """Real time moved by an offset: the test clock of a running product."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the moved instant."""
        return datetime.now(UTC) + self.offset


@dataclass(slots=True)
class StandingClock:
    """A clock that stands still until it is told: for tests."""

    instant: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self.instant

    def set(self, instant: datetime) -> None:
        """Move to an aware instant."""
        self.instant = instant.astimezone(UTC)


def wib_date(instant: datetime) -> date:
    """Return the legal date of an instant: its date in WIB."""
    return instant.astimezone(WIB).date()


def wib_instant(day: date, at: time = time(0)) -> datetime:
    """Return the instant at which it is `at` o'clock on a day in WIB."""
    return datetime.combine(day, at, WIB).astimezone(UTC)


async def read_offset(connection: Connection) -> timedelta:
    """Return how far the stored test clock stands from real time."""
    microseconds = await connection.fetchval(SELECT_TEST_CLOCK)
    return timedelta(microseconds=int(microseconds or 0))


async def store_offset(connection: Connection, offset: timedelta) -> None:
    """Move the stored test clock; running processes follow within a second."""
    microseconds = offset // timedelta(microseconds=1)
    await connection.execute(SET_TEST_CLOCK, microseconds, datetime.now(UTC))
