"""What every message needs and hardly anybody changes: in memory, read again from PostgreSQL."""

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Connection, Pool
from iuran.payments.metrics import CHANNEL_RELOADS
from iuran.payments.secrets import Cipher

REFRESH_SECONDS = 5.0
LOAD_TIMEOUT_SECONDS = 5.0
EXTRA_RELOADS_MAX = 5
EXTRA_RELOADS_A_SECOND = 1.0

Known = TypeVar("Known")


@dataclass(slots=True, kw_only=True)
class Memory(ABC, Generic[Known]):
    """Knows what `read` returns; at most `refresh_seconds` behind PostgreSQL.

    Who does not find what he looks for asks for a refresh, so that a channel just added, or a
    secret just rotated, works at once. Such refreshes are rationed: strangers cannot cause load.
    """

    pool: Pool
    cipher: Cipher
    refresh_seconds: float = REFRESH_SECONDS
    real_clock: Clock = field(default_factory=SystemClock)
    _known: Known | None = None
    _read_at: float = 0.0
    _loading: asyncio.Task[Known] | None = None
    _extra_reloads: float = EXTRA_RELOADS_MAX
    _ration_at: float = field(default_factory=time.monotonic)

    @abstractmethod
    async def read(self, connection: Connection) -> Known:
        """Return all of it as it is now: each memory knows how."""

    async def recalled(self) -> Known:
        """Return it, read again if that was too long ago."""
        known = self._known
        if known is None or time.monotonic() - self._read_at >= self.refresh_seconds:
            return await self._reload(known, cause="age")
        return known

    def forget(self) -> None:
        """Read it again before the next message."""
        self._known = None

    async def refreshed(self, stale: Known) -> Known | None:
        """Return what was read after `stale`, or None while the ration is used up."""
        if self._known is not stale:
            return self._known
        if not self._take_extra_reload():
            return None
        return await self._reload(stale, cause="unknown")

    async def _reload(self, stale: Known | None, *, cause: str) -> Known:
        """Load once for all who wait; whoever gives up waiting leaves at once."""
        loading = self._loading
        if loading is None or loading.done():
            if self._known is not None and self._known is not stale:
                return self._known
            loading = asyncio.create_task(self._load(cause))
            loading.add_done_callback(_look_at)
            self._loading = loading
        await asyncio.wait({loading})
        return loading.result()

    async def _load(self, cause: str) -> Known:
        started = time.monotonic()
        async with (
            asyncio.timeout(LOAD_TIMEOUT_SECONDS),
            self.pool.acquire(timeout=LOAD_TIMEOUT_SECONDS) as connection,
        ):
            known = await self.read(connection)
        CHANNEL_RELOADS.labels(cause).inc()
        self._known, self._read_at = known, started
        return known

    def _take_extra_reload(self) -> bool:
        now = time.monotonic()
        earned = (now - self._ration_at) * EXTRA_RELOADS_A_SECOND
        self._extra_reloads = min(self._extra_reloads + earned, EXTRA_RELOADS_MAX)
        self._ration_at = now
        if self._extra_reloads < 1:
            return False
        self._extra_reloads -= 1
        return True


def _look_at(loading: asyncio.Task[Known]) -> None:
    """Take note of a failure even if nobody waits any more."""
    if not loading.cancelled():
        loading.exception()
