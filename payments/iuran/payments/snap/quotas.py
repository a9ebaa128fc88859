"""Quotas of channels: one token bucket for all processes, in Redis, and one here if it is away."""

import time
from dataclasses import dataclass, field
from typing import Protocol, Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.typing import FilteringBoundLogger

from iuran.payments.quirks import Quirks
from iuran.payments.snap.buckets import Bucket
from iuran.payments.snap.metrics import SNAP_QUOTAS_LOCAL

REDIS_TIMEOUT_SECONDS = 0.1
REDIS_PAUSE_SECONDS = 5.0
LEASES_A_SECOND = 20
LEASE_MAX = 100
LEASE_SECONDS = 1.0

TAKE = """
local per_second, burst, wanted = tonumber(ARGV[1]) / 60, tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(known[1]) or burst
tokens = math.min(burst, tokens + math.max(0, now - (tonumber(known[2]) or now)) * per_second)
local granted = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / per_second * 1000) + 1000)
return granted
"""

_log: FilteringBoundLogger = structlog.get_logger()


class Metered(Protocol):
    """Whose messages are counted: a bank, or an aggregator; its quota is among its switches."""

    @property
    def channel_id(self) -> int:
        """The channel."""
        ...

    @property
    def quirks(self) -> Quirks:
        """Its switches."""
        ...


@dataclass(slots=True)
class _Lease:
    tokens: int
    ends_at: float


@dataclass(slots=True, kw_only=True)
class Quotas:
    """Counts what channels send.

    Tokens are taken from Redis several at once, so that a busy channel costs it twenty round trips
    a second; without Redis each process counts for itself.
    """

    redis: Redis | None = None
    _leases: dict[int, _Lease] = field(default_factory=dict[int, _Lease])
    _local: dict[int, tuple[int, int, Bucket]] = field(
        default_factory=dict[int, tuple[int, int, Bucket]]
    )
    _redis_from: float = 0.0

    @classmethod
    def of(cls, redis_url: str | None) -> Self:
        """Make them for a Redis, or for this process alone."""
        if redis_url is None:
            return cls()
        # redis has its own word for keyword arguments, which is Unknown
        redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
            redis_url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        return cls(redis=redis)

    async def take(self, channel: Metered) -> bool:
        """Whether a channel may send one more message now."""
        now = time.monotonic()
        lease = self._leases.get(channel.channel_id)
        if lease is None or lease.tokens <= 0 or now >= lease.ends_at:
            granted = await self._granted(channel, now)
            if granted is None:
                return self._bucket(channel).take()
            lease = _Lease(tokens=granted, ends_at=now + LEASE_SECONDS)
            self._leases[channel.channel_id] = lease
        lease.tokens -= 1
        return lease.tokens >= 0

    async def close(self) -> None:
        """Leave Redis."""
        if self.redis is not None:
            await self.redis.aclose()

    async def _granted(self, channel: Metered, now: float) -> int | None:
        """Return how many messages Redis allows; None while it does not answer."""
        if self.redis is None or now < self._redis_from:
            return None
        quirks = channel.quirks
        wanted = quirks.requests_a_minute // (60 * LEASES_A_SECOND)
        wanted = max(1, min(wanted, LEASE_MAX, quirks.requests_burst))
        try:
            granted: int = await self.redis.eval(  # type: ignore[misc]  # its stubs say "or str"
                TAKE,
                1,
                f"iuran:snap:quota:{channel.channel_id}",
                str(quirks.requests_a_minute),
                str(quirks.requests_burst),
                str(wanted),
            )
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_from = now + REDIS_PAUSE_SECONDS
            SNAP_QUOTAS_LOCAL.inc()
            _log.warning("snap.quotas_local", error=type(error).__name__)
            return None
        return granted

    def _bucket(self, channel: Metered) -> Bucket:
        limits = channel.quirks.requests_a_minute, channel.quirks.requests_burst
        known = self._local.get(channel.channel_id)
        if known is None or known[:2] != limits:
            known = (*limits, Bucket(a_second=limits[0] / 60, burst=limits[1]))
            self._local[channel.channel_id] = known
        return known[2]
