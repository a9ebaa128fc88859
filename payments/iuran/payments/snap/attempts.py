"""Which failures of a transaction another attempt may mend, and what its end is called."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import asyncpg

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.payments.metrics import TRANSACTION_RETRIES

ATTEMPTS_MAX = 3
PAUSE_MILLISECONDS_MAX = 50

UNDONE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
LOST = (
    asyncpg.PostgresConnectionError,
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


def is_gone(connection: Connection) -> bool:
    """Whether a connection broke; the pool takes a broken one out of its user's hands."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def pause(attempt: int, error: Exception) -> None:
    """Wait a little before the next attempt; raises the error after the last one."""
    if attempt == ATTEMPTS_MAX:
        raise error
    TRANSACTION_RETRIES.labels(type(error).__name__).inc()
    await asyncio.sleep(attempt * secrets.randbelow(PAUSE_MILLISECONDS_MAX) / 1000)
