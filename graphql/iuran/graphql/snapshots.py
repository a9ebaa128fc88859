"""One operation's view of the database: everything it reads belongs to one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import LiteralString, Self, TypeVar

import asyncpg

from iuran.core.database.pool import Connection, Pool, Record
from iuran.graphql.errors import OverloadedError
from iuran.graphql.limits import Limits

T = TypeVar("T")

SET_STATEMENT_TIMEOUT: LiteralString = """
    SELECT set_config('statement_timeout', $1, true)
"""


class Snapshot:
    """A read-only transaction that begins with the first statement and ends with the operation.

    Statements of one operation run one after another, so that an operation never holds more than
    one connection. After a statement has failed the others fail alike.
    """

    def __init__(self, pool: Pool, limits: Limits) -> None:
        self.statements = 0
        self._pool = pool
        self._limits = limits
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._failure: asyncpg.PostgresError | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with self._lock:
            await self._stack.__aexit__(kind, error, traceback)

    async def fetch(self, statement: LiteralString, *parameters: object) -> list[Record]:
        """Run a SELECT; raises OverloadedError when no connection becomes free in time."""
        return await self.read(lambda connection: connection.fetch(statement, *parameters))

    async def read(self, of: Callable[[Connection], Awaitable[T]]) -> T:
        """Let a function of the domain read; raises OverloadedError as `fetch` does.

        It counts as one statement, however many it takes.
        """
        async with self._lock:
            if self._failure is not None:
                raise self._failure
            connection = self._connection or await self._open()
            self.statements += 1
            try:
                return await of(connection)
            except asyncpg.PostgresError as error:
                self._failure = error
                raise

    async def _open(self) -> Connection:
        try:
            connection = await self._stack.enter_async_context(
                self._pool.acquire(timeout=self._limits.acquire_seconds)
            )
        except TimeoutError as error:
            raise OverloadedError("too many requests at once; try again in a moment") from error
        await self._stack.enter_async_context(
            connection.transaction(isolation="repeatable_read", readonly=True)
        )
        await connection.execute(SET_STATEMENT_TIMEOUT, str(self._limits.statement_milliseconds))
        self._connection = connection
        return connection
