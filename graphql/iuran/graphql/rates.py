"""Token buckets: how much a principal may ask for in time, over all servers.

The bucket stands in Redis, and a server takes from it in chunks: a lease, which it spends without
asking again. Nothing is ever spent that was not taken before, so all servers together never admit
more than the bucket holds; in return, a server may hold back up to one chunk (a twentieth of the
burst) for as long as its lease lasts, and gives the rest back when it takes the next.

Without Redis each server goes on with buckets of its own: a limit per server is better than none,
and better than refusing everybody.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

import structlog

from iuran.graphql.metrics import RATE_LIMIT_TAKES

CHUNKS = 20
CHUNK_MIN = 10
LEASE_SECONDS = 1.0
REDIS_SECONDS_MAX = 1.0
REDIS_REST_SECONDS = 5.0
REFUSED_SECONDS_MAX = 1.0
PRINCIPALS_MAX = 10_000

TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local need, want, back = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(state[1]) or burst
local passed = math.max(0, now - (tonumber(state[2]) or now))
tokens = math.min(burst, tokens + passed * per_second / 1000 + back)
local granted = 0
if tokens >= need then granted = math.min(want, math.floor(tokens)) end
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / per_second * 1000) + 1000)
local wait = 0
if granted == 0 then wait = math.ceil((need - tokens) / per_second * 1000) end
return {granted, math.floor(tokens), wait}
"""

_log = structlog.get_logger()
Monotonic = Callable[[], float]


class Script(Protocol):
    """What Redis offers: one script, called with keys and arguments. It may be away."""

    def __call__(self, *, keys: list[str], args: list[float]) -> Awaitable[list[int]]:
        """Run TAKE; raises what `unreachable` names when Redis is away."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A bucket's size and what flows into it."""

    name: str
    burst: int
    per_second: float

    def times(self, factor: int) -> "Rate":
        """Return a larger bucket."""
        return Rate(name=self.name, burst=self.burst * factor, per_second=self.per_second * factor)


class Balance(NamedTuple):
    """What came of asking: `wait_seconds` is 0 if it was granted."""

    remaining: int
    wait_seconds: float = 0.0
    full_in_seconds: float = 0.0

    @property
    def is_granted(self) -> bool:
        """Whether the tokens were spent."""
        return self.wait_seconds == 0.0


@dataclass(slots=True)
class _Lease:
    """What this server holds for one principal."""

    tokens: float = 0.0
    ends_at: float = 0.0
    elsewhere: int = 0
    refused_until: float = 0.0
    local: "_Local | None" = None
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class _Local:
    """A bucket of this server alone, while Redis is away."""

    tokens: float
    at: float


class Rates:
    """The buckets as one server sees them. At most `PRINCIPALS_MAX` are held in memory."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        unreachable: tuple[type[Exception], ...] = (),
        monotonic: Monotonic = time.monotonic,
        principals_max: int = PRINCIPALS_MAX,
        redis_seconds_max: float = REDIS_SECONDS_MAX,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._script = script
        self._unreachable: tuple[type[Exception], ...] = (*unreachable, OSError, TimeoutError)
        self._monotonic = monotonic
        self._principals_max = principals_max
        self._redis_seconds_max = redis_seconds_max
        self._close = close
        self._leases: OrderedDict[tuple[str, str], _Lease] = OrderedDict()
        self._redis_rests_until = 0.0

    @property
    def held(self) -> int:
        """How many principals' leases this server holds in memory."""
        return len(self._leases)

    async def aclose(self) -> None:
        """Close the line to Redis."""
        if self._close is not None:
            await self._close()

    def spend_at_hand(self, rate: Rate, principal: str, amount: int) -> Balance | None:
        """Do what `spend` does, if that can be known here and now; else do nothing."""
        return self._at_hand(self._lease(rate, principal), rate, min(amount, rate.burst))

    async def spend(self, rate: Rate, principal: str, amount: int) -> Balance:
        """Spend tokens of a principal, all or none of them.

        More than the burst counts as the burst: what is larger is refused by other limits.
        """
        need = min(amount, rate.burst)
        lease = self._lease(rate, principal)
        async with lease.taking:
            balance = self._at_hand(lease, rate, need)
            return balance or await self._taken(lease, rate, principal, need)

    def _lease(self, rate: Rate, principal: str) -> _Lease:
        key = (rate.name, principal)
        lease = self._leases.get(key)
        if lease is None:
            lease = self._leases[key] = _Lease()
            if len(self._leases) > self._principals_max:
                self._leases.popitem(last=False)
        else:
            self._leases.move_to_end(key)
        return lease

    def _at_hand(self, lease: _Lease, rate: Rate, need: int) -> Balance | None:
        now = self._monotonic()
        if lease.ends_at > now and lease.tokens >= need:
            lease.tokens -= need
            return _balance(rate, lease.elsewhere + int(lease.tokens))
        if lease.refused_until > now and need > lease.elsewhere:
            return _balance(rate, lease.elsewhere, wait_seconds=lease.refused_until - now)
        return None

    async def _taken(self, lease: _Lease, rate: Rate, principal: str, need: int) -> Balance:
        if self._script is None or self._redis_rests_until > self._monotonic():
            return self._locally(lease, rate, need)
        back, lease.tokens = lease.tokens, 0.0
        want = max(need, rate.burst // CHUNKS, min(rate.burst, CHUNK_MIN))
        try:
            async with asyncio.timeout(self._redis_seconds_max):
                granted, elsewhere, wait = await self._script(
                    keys=[_key(rate, principal)],
                    args=[rate.per_second, rate.burst, need, want, back],
                )
        except self._unreachable as error:
            self._rest(error)
            return self._locally(lease, rate, need)
        RATE_LIMIT_TAKES.labels(bucket=rate.name, source="redis").inc()
        return self._leased(lease, rate, need, granted=granted, elsewhere=elsewhere, wait=wait)

    def _leased(
        self, lease: _Lease, rate: Rate, need: int, *, granted: int, elsewhere: int, wait: int
    ) -> Balance:
        now = self._monotonic()
        lease.elsewhere = elsewhere
        if granted < need:
            seconds = max(wait, 1) / 1000
            lease.refused_until = now + min(seconds, REFUSED_SECONDS_MAX)
            return _balance(rate, elsewhere, wait_seconds=seconds)
        lease.tokens = granted - need
        lease.ends_at = now + LEASE_SECONDS
        lease.refused_until = 0.0
        return _balance(rate, elsewhere + int(lease.tokens))

    def _locally(self, lease: _Lease, rate: Rate, need: int) -> Balance:
        now = self._monotonic()
        local = lease.local or _Local(tokens=rate.burst, at=now)
        lease.local = local
        local.tokens = min(rate.burst, local.tokens + (now - local.at) * rate.per_second)
        local.at = now
        RATE_LIMIT_TAKES.labels(bucket=rate.name, source="local").inc()
        if local.tokens < need:
            wait_seconds = (need - local.tokens) / rate.per_second
            return _balance(rate, int(local.tokens), wait_seconds=wait_seconds)
        local.tokens -= need
        return _balance(rate, int(local.tokens))

    def _rest(self, error: Exception) -> None:
        """Leave Redis alone for a while, so that its absence costs one wait and not one each."""
        now = self._monotonic()
        if self._redis_rests_until <= now:
            _log.warning("graphql.rates_without_redis", error=str(error) or type(error).__name__)
        self._redis_rests_until = now + REDIS_REST_SECONDS


@lru_cache(maxsize=PRINCIPALS_MAX)
def principal_of(subject: str) -> str:
    """Return the name under which somebody's buckets stand: of bounded length, telling nothing."""
    return blake2b(subject.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _key(rate: Rate, principal: str) -> str:
    return f"iuran:graphql:{rate.name}:{principal}"


def _balance(rate: Rate, remaining: int, *, wait_seconds: float = 0.0) -> Balance:
    return Balance(
        remaining=remaining,
        wait_seconds=wait_seconds,
        full_in_seconds=(rate.burst - remaining) / rate.per_second,
    )
