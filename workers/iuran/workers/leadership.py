"""Leadership: of all workers one ticks, which holds an advisory lock of PostgreSQL.

The lock belongs to the leader's connection, and the tick runs on that very connection: whoever
loses it neither leads nor ticks. A leader that hangs is disconnected by PostgreSQL itself when it
has not asked anything for IDLE_MAX. Two leaders at once would do no harm: arming is idempotent.
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

import asyncpg
import structlog

from iuran.core.database.pool import Connection, Pool
from iuran.workers.catch_up import CatchUp
from iuran.workers.metrics import LEADS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from iuran.core.database.pool import Record

LEADER_LOCK = 0x_4A4B_4E5F_5449_434B
MARK_EVERY = timedelta(seconds=5)
_CLOSE_SECONDS_MAX = 3

TRY_LEAD: LiteralString = """
    SELECT pg_try_advisory_lock($1)
"""

LIMIT_IDLENESS: LiteralString = """
    SET idle_session_timeout = '45s'
"""

SELECT_SCHEDULER: LiteralString = """
    SELECT led_by, led_since, ticked_at FROM scheduler WHERE scheduler_id = 1
"""

NOTE_LEADER: LiteralString = """
    INSERT INTO scheduler (scheduler_id, led_by, led_since, ticked_at) VALUES (1, $1, $2, $2)
    ON CONFLICT (scheduler_id) DO UPDATE
    SET led_by = excluded.led_by, led_since = excluded.led_since, ticked_at = excluded.ticked_at
"""

NOTE_TICK: LiteralString = """
    UPDATE scheduler SET ticked_at = $1 WHERE scheduler_id = 1
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """Which worker ticks, and when it last did (real time)."""

    led_by: str
    led_since: datetime
    ticked_at: datetime


async def read_scheduler(connection: Connection) -> Scheduler | None:
    """Return who ticked last; None if nobody ever did."""
    row = await connection.fetchrow(SELECT_SCHEDULER)
    return None if row is None else Scheduler(**dict(row))


@dataclass(slots=True)
class Leadership:
    """One worker's candidacy; it leads while it holds `connection`."""

    pool: Pool
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    connection: "PoolConnectionProxy[Record] | None" = None
    catch_up: CatchUp | None = None
    _marked_at: datetime | None = None

    async def lead(self, *, at: datetime) -> Connection | None:
        """Return the connection to tick on, if we lead or nobody does; None if another does."""
        if self.connection is None:
            await self._stand(at)
        elif self._marked_at is None or at - self._marked_at >= MARK_EVERY:
            await self.connection.execute(NOTE_TICK, at)
            self._marked_at = at
        return self.connection

    async def resign(self) -> None:
        """Let go of the lock by closing its connection; another worker takes over."""
        connection, self.connection = self.connection, None
        if connection is not None:
            LEADS.set(0)
            await self._close(connection)

    async def _stand(self, at: datetime) -> None:
        connection = await self.pool.acquire()
        is_ours = False
        try:
            is_ours = bool(await connection.fetchval(TRY_LEAD, LEADER_LOCK))
            if is_ours:
                await self._begin(connection, at)
        except BaseException:
            await self._close(connection)
            raise
        if is_ours:
            self.connection = connection
        else:
            await self.pool.release(connection)

    async def _begin(self, connection: Connection, at: datetime) -> None:
        await connection.execute(LIMIT_IDLENESS)
        former = await read_scheduler(connection)
        self.catch_up = None if former is None else CatchUp.after(former.ticked_at, at=at)
        await connection.execute(NOTE_LEADER, self.name, at)
        self._marked_at = at
        LEADS.set(1)
        _log.info("leads", name=self.name, former=None if former is None else former.led_by)
        if self.catch_up is not None:
            _log.warning("catching_up", seconds=self.catch_up.spread.total_seconds())

    async def _close(self, connection: "PoolConnectionProxy[Record]") -> None:
        try:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=_CLOSE_SECONDS_MAX)
        finally:
            await self.pool.release(connection)
