"""The buckets of all servers, in Redis."""

from functools import partial
from typing import cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from iuran.graphql.rates import REDIS_SECONDS_MAX, TAKE, Rates, Script

CONNECTIONS_MAX = 10


def open_rates(redis_url: str | None, *, seconds_max: float = REDIS_SECONDS_MAX) -> Rates:
    """Return buckets that all servers share; without a URL, or while Redis is away, our own.

    Redis is not asked before the first request. The caller closes them with `aclose`.
    """
    if redis_url is None:
        return Rates()
    redis = Redis(
        connection_pool=BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
            redis_url,
            max_connections=CONNECTIONS_MAX,
            timeout=seconds_max,
            socket_timeout=seconds_max,
            socket_connect_timeout=seconds_max,
        )
    )
    return Rates(
        # What redis registers is called just so; its own type leaves the answer open.
        cast("Script", redis.register_script(TAKE)),
        unreachable=(RedisError,),
        redis_seconds_max=seconds_max,
        close=partial(redis.aclose, close_connection_pool=True),
    )
