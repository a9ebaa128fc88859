"""Who is told: from which family, from which place on, and then each happening in its order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from iuran.core.database.pool import Connection, Pool
from iuran.graphql.context import Context
from iuran.graphql.errors import OverloadedError
from iuran.graphql.global_ids import key_of
from iuran.graphql.limits import Limits
from iuran.graphql.live.happenings import Happening, happenings, last_position, place_of
from iuran.graphql.live.refusals import (
    FamilyNeededError,
    FamilyUnknownError,
    RoleCannotSubscribeError,
)
from iuran.graphql.live.watching import Watching
from iuran.graphql.scope import Scope

UNREAD_PAUSE_SECONDS = 1.0
READS_AT_ONCE = 3
"""Of the process's connections to the database; questions and payments need the others."""

DATABASE_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OverloadedError,
    TimeoutError,
    OSError,
)


class Connections:
    """The process's connections to the database, of which subscriptions use a few at a time."""

    def __init__(self, pool: Pool, limits: Limits) -> None:
        self._pool = pool
        self._acquire_seconds = limits.acquire_seconds
        self._turns = asyncio.Semaphore(READS_AT_ONCE)

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[Connection]:
        """Take a turn and a connection; raises OverloadedError if none becomes free."""
        async with self._turns:
            try:
                connection = await self._pool.acquire(timeout=self._acquire_seconds)
            except TimeoutError as error:
                raise OverloadedError("too many requests at once; try again") from error
            try:
                yield connection
            finally:
                await self._pool.release(connection)


@dataclass(slots=True, kw_only=True)
class Subscriber:
    """The bearer of a token who subscribes; `resume` is a cursor that goes before `after`."""

    context: Context
    connections: Connections
    watching: Watching
    resume: str | None = None

    async def begin(
        self, types: Mapping[str, str], *, after: str | None, family: str | None
    ) -> AsyncIterator[Happening]:
        """Check what is asked; return the happenings, which come as long as they are awaited.

        Raises RoleCannotSubscribeError, FamilyNeededError, FamilyUnknownError, IdInvalidError.
        """
        family_id = await self._family(family)
        async with self.connections.one() as connection:
            newest = await last_position(connection)
        cursor = self.resume or after
        start = newest if cursor is None else place_of(cursor, newest=newest)
        return self._happenings(family_id, types, start)

    async def _family(self, given: str | None) -> int:
        viewer = self.context.viewer
        scope = Scope.of(viewer)
        own = scope.family_id
        if own is None and not scope.all_families:
            raise RoleCannotSubscribeError(viewer.role)
        if given is None:
            if own is None:
                raise FamilyNeededError
            return own
        (family_id,) = key_of(given, type_name="Family", parts=1)
        if own not in {None, family_id}:
            raise FamilyUnknownError
        if await self.context.reads.family(family_id) is None:
            raise FamilyUnknownError
        return family_id

    async def _happenings(
        self, family_id: int, types: Mapping[str, str], after: int
    ) -> AsyncGenerator[Happening]:
        with self.watching.watch(family_id) as watch:
            while True:
                await watch.news()
                batch: Sequence[Happening] = await self._read(family_id, types, after)
                while batch:
                    for one in batch:
                        after = one.position
                        yield one
                    batch = await self._read(family_id, types, after)

    async def _read(
        self, family_id: int, types: Mapping[str, str], after: int
    ) -> Sequence[Happening]:
        """Read on; a database that is away for a while loses nothing, so it is waited for."""
        while True:
            try:
                async with self.connections.one() as connection:
                    return await happenings(
                        connection, family_id=family_id, after=after, types=types
                    )
            except DATABASE_FAILURES:
                await asyncio.sleep(UNREAD_PAUSE_SECONDS)
