"""The way to Redis without arq, so that a server can ask for it at little cost."""

from typing import ClassVar

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from iuran.core.errors import DomainError

REDIS_SECONDS_MAX = 3
UNREACHABLE = (RedisError, OSError, TimeoutError)


class RedisUnavailableError(DomainError):
    """Redis cannot be reached. Jobs run all the same, only later."""

    code: ClassVar[str] = "REDIS_UNAVAILABLE"


async def ping(redis_url: str) -> None:
    """Ask Redis for an answer; raises RedisUnavailableError, which says what to do."""
    redis = Redis(connection_pool=connections_to(redis_url))
    await answers(redis)
    await redis.aclose(close_connection_pool=True)


def connections_to(redis_url: str) -> ConnectionPool:
    """Return a pool that waits for nothing long; raises RedisUnavailableError for a wrong URL."""
    try:
        pool: ConnectionPool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
            redis_url,
            socket_timeout=REDIS_SECONDS_MAX,
            socket_connect_timeout=REDIS_SECONDS_MAX,
            health_check_interval=30,
        )
    except ValueError as error:
        raise RedisUnavailableError(f"the Redis URL cannot be used: {error}") from error
    return pool


async def answers(redis: Redis) -> None:
    """Return once Redis answered; else close the way to it and raise RedisUnavailableError."""
    try:
        await redis.ping()  # pyright: ignore[reportUnknownMemberType] - redis 5 types it in part
    except BaseException as error:
        await redis.aclose(close_connection_pool=True)  # also where the worker is stopped just now
        if not isinstance(error, UNREACHABLE):
            raise
        raise RedisUnavailableError(
            f"Redis does not answer ({error}); check REDIS_URL and that the server is up"
        ) from error
