"""The lane of reads: connections that go from one read to the next without a way back to the pool.

To take a connection out of asyncpg's pool and to put it back costs more than a small read itself.
So a connection that was read with stays at hand for a moment. Reads never hold all of the pool:
what else a server does (payments, mutations) finds connections however much is read.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import asyncpg

from iuran.core.database.pool import Pool, Record
from iuran.graphql.errors import OverloadedError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Lent = PoolConnectionProxy[Record]

LINGER_SECONDS = 0.05
LEFT_TO_OTHERS = 4
"""One connection in so many is left to others; a pool of fewer keeps none at hand."""


class Lane:
    """Lends connections to reads, first come, first served."""

    def __init__(self, pool: Pool, *, acquire_seconds: float) -> None:
        size = pool.get_max_size()
        self._pool = pool
        self._acquire_seconds = acquire_seconds
        self._turns = size - size // LEFT_TO_OTHERS
        self._lingers = size >= LEFT_TO_OTHERS
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._free: list[Lent] = []
        self._unused = 0
        """How many were free all the time since somebody last looked."""
        self._timer: asyncio.TimerHandle | None = None
        self._returning: set[asyncio.Future[None]] = set()

    async def borrow(self) -> "Lent":
        """Return a connection; raises OverloadedError if none becomes free in time."""
        if self._turns > 0 and self._free and not self._waiting:
            connection = self._taken()
            if _is_open(connection):
                self._turns -= 1
                return connection
            await self._pool.release(connection)
        try:
            async with asyncio.timeout(self._acquire_seconds):
                await self._turn()
                try:
                    return await self._pool.acquire() if not self._free else self._taken()
                except BaseException:
                    self._pass_turn()
                    raise
        except TimeoutError as error:
            raise OverloadedError("too many requests at once; try again in a moment") from error

    async def give_back(self, connection: "Lent") -> None:
        """Keep a connection at hand for the next read."""
        if not self._lingers:
            await self.give_up(connection)
            return
        self._free.append(connection)
        self._pass_turn()
        if self._timer is None:
            self._look_later()

    async def give_up(self, connection: "Lent") -> None:
        """Let the pool see what became of a connection whose read failed."""
        try:
            await self._pool.release(connection)
        finally:
            self._pass_turn()

    def _taken(self) -> "Lent":
        connection = self._free.pop()
        self._unused = min(self._unused, len(self._free))
        return connection

    async def _turn(self) -> None:
        if self._turns > 0 and not self._waiting:
            self._turns -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_turn()
            raise

    def _pass_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._turns += 1

    def _look_later(self) -> None:
        self._unused = len(self._free)
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._look)

    def _look(self) -> None:
        """Return to the pool what nobody has needed for a moment."""
        self._timer = None
        unused, self._free = self._free[: self._unused], self._free[self._unused :]
        for connection in unused:
            returning = asyncio.ensure_future(self._pool.release(connection))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)
        if self._free:
            self._look_later()


def _is_open(connection: "Lent") -> bool:
    """Whether a connection can be read with; asyncpg's pool takes back what breaks."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
