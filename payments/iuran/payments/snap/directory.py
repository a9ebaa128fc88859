"""The channels as every request needs them: in memory, reloaded from PostgreSQL."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.channels import Channel, list_channels
from iuran.payments.metrics import CHANNEL_RELOADS
from iuran.payments.secrets import Cipher

REFRESH_SECONDS = 5.0
LOAD_TIMEOUT_SECONDS = 5.0
EXTRA_RELOADS_MAX = 5
EXTRA_RELOADS_A_SECOND = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownChannels:
    """The channels as they were at one moment."""

    by_client: Mapping[str, Channel]
    by_code: Mapping[str, Channel]
    by_partner: Mapping[str, tuple[Channel, ...]]
    mounts: frozenset[str]
    """Paths that channels have for themselves."""
    loaded_at: float

    @classmethod
    def of(cls, channels: tuple[Channel, ...], *, loaded_at: float) -> Self:
        """Index channels by what their messages name; a partner id may mean several of them."""
        by_partner: defaultdict[str, list[Channel]] = defaultdict(list)
        for channel in channels:
            for partner_id in {channel.partner_id, channel.client_id}:
                by_partner[partner_id].append(channel)
        return cls(
            by_client={channel.client_id: channel for channel in channels},
            by_code={channel.code: channel for channel in channels},
            mounts=frozenset(mount for c in channels for mount in c.quirks.mounts),
            by_partner={partner: tuple(found) for partner, found in by_partner.items()},
            loaded_at=loaded_at,
        )


@dataclass(slots=True, kw_only=True)
class ChannelDirectory:
    """Knows every channel; at most `refresh_seconds` behind PostgreSQL.

    Who does not find what he looks for asks for a refresh, so that a channel just added, or a
    secret just rotated, works at once. Such refreshes are rationed: strangers cannot cause load.
    """

    pool: Pool
    cipher: Cipher
    refresh_seconds: float = REFRESH_SECONDS
    real_clock: Clock = field(default_factory=SystemClock)
    _known: KnownChannels | None = None
    _loading: asyncio.Task[KnownChannels] | None = None
    _extra_reloads: float = EXTRA_RELOADS_MAX
    _ration_at: float = field(default_factory=time.monotonic)

    async def channels(self) -> KnownChannels:
        """Return the channels, reloaded if they were read too long ago."""
        known = self._known
        if known is None or time.monotonic() - known.loaded_at >= self.refresh_seconds:
            return await self._reload(known, cause="age")
        return known

    def forget(self) -> None:
        """Read the channels again before the next message."""
        self._known = None

    async def refreshed(self, stale: KnownChannels) -> KnownChannels | None:
        """Return channels read after `stale`, or None while the ration is used up."""
        if self._known is not stale:
            return self._known
        if not self._take_extra_reload():
            return None
        return await self._reload(stale, cause="unknown")

    async def _reload(self, stale: KnownChannels | None, *, cause: str) -> KnownChannels:
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

    async def _load(self, cause: str) -> KnownChannels:
        started = time.monotonic()
        async with (
            asyncio.timeout(LOAD_TIMEOUT_SECONDS),
            self.pool.acquire(timeout=LOAD_TIMEOUT_SECONDS) as connection,
        ):
            channels = await list_channels(connection, self.cipher, at=self.real_clock.now())
        CHANNEL_RELOADS.labels(cause).inc()
        self._known = KnownChannels.of(channels, loaded_at=started)
        return self._known

    def _take_extra_reload(self) -> bool:
        now = time.monotonic()
        earned = (now - self._ration_at) * EXTRA_RELOADS_A_SECOND
        self._extra_reloads = min(self._extra_reloads + earned, EXTRA_RELOADS_MAX)
        self._ration_at = now
        if self._extra_reloads < 1:
            return False
        self._extra_reloads -= 1
        return True


def _look_at(loading: asyncio.Task[KnownChannels]) -> None:
    """Take note of a failure even if nobody waits any more."""
    if not loading.cancelled():
        loading.exception()
