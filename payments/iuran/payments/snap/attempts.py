"""A transaction begun anew where that is harmless, and a clear word where its end is unknown."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import asyncpg

from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import DomainError
from iuran.payments.metrics import TRANSACTION_RETRIES

ATTEMPTS_MAX = 3
PAUSE_MILLISECONDS_MAX = 50

UNDONE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)

Done = TypeVar("Done")


class OutcomeUnknownError(DomainError):
    """The connection broke and nobody knows whether the transaction committed: ask again."""

    code: ClassVar[str] = "OUTCOME_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the database was lost in a transaction; send the same message again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[Done]):
    """What a transaction returned. `may_repeat` if an earlier attempt may have committed too."""

    value: Done
    may_repeat: bool


async def commit(pool: Pool, work: Callable[[Connection], Awaitable[Done]]) -> Committed[Done]:
    """Run `work` in one transaction; return only after its commit.

    `work` must be safe to repeat. Deadlocks, serialization failures and lost connections are tried
    three times; then the error is raised, or OutcomeUnknownError if a commit may have happened.
    """
    may_repeat = False
    for attempt in range(1, ATTEMPTS_MAX + 1):
        entered = False
        try:
            async with pool.acquire() as connection:
                entered = True
                async with connection.transaction():
                    value = await work(connection)
            return Committed(value=value, may_repeat=may_repeat)
        except UNDONE as error:
            await _pause(attempt, error)
        except LOST as error:
            may_repeat = may_repeat or entered
            if attempt == ATTEMPTS_MAX and may_repeat:
                raise OutcomeUnknownError from error
            await _pause(attempt, error)
    raise OutcomeUnknownError  # unreachable: the last pause raises


async def _pause(attempt: int, error: Exception) -> None:
    if attempt == ATTEMPTS_MAX:
        raise error
    TRANSACTION_RETRIES.labels(type(error).__name__).inc()
    await asyncio.sleep(attempt * secrets.randbelow(PAUSE_MILLISECONDS_MAX) / 1000)
