"""Transactions that never keep an answer waiting, and that nobody stops while they commit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Connection, Pool
from iuran.payments.snap.attempts import (
    ATTEMPTS_MAX,
    LOST,
    UNDONE,
    Committed,
    Done,
    OutcomeUnknownError,
    is_gone,
    pause,
)
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.metrics import SNAP_CROWDED_REFUSALS, SNAP_STRAYS, SNAP_STRAYS_LEFT

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from iuran.core.database.pool import Record

CONNECTION_TIMEOUT_SECONDS = 5.0

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """How far a transaction has come: entered, so that it may commit, and committing."""

    entered: bool = False
    commits: bool = False
    was_lost: bool = False
    """Whether an earlier attempt was lost after it had been entered."""

    @property
    def may_have_committed(self) -> bool:
        """Whether something may be in the database. What was stopped before its COMMIT is not."""
        return self.commits or self.was_lost


@dataclass(slots=True, kw_only=True)
class Transactions:
    """Runs transactions, each in a task of its own.

    PostgreSQL may hang, and then even cancelling waits for it. So a caller whose time is up leaves
    at once, and his transaction becomes a stray: before its COMMIT it is told to roll back, in its
    COMMIT it goes on to the end. A stray holds a connection; when there are `strays_max` of them,
    messages are refused before anything is begun.
    """

    pool: Pool
    strays_max: int
    _turns: asyncio.Semaphore = field(init=False)
    _strays: set[asyncio.Task[object]] = field(default_factory=set[asyncio.Task[object]])
    _releases: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def __post_init__(self) -> None:
        """Queue fairly: the pool itself gives a free connection to whoever asks at that moment."""
        self._turns = asyncio.Semaphore(self.pool.get_max_size())

    def check_room(self) -> None:
        """Raise SnapRefusedError (504xx00) while too many strays are under way."""
        if len(self._strays) >= self.strays_max:
            SNAP_CROWDED_REFUSALS.inc()
            raise SnapRefusedError(Case.TIMED_OUT)

    async def commit(
        self,
        work: Callable[[Connection], Awaitable[Done]],
        progress: Progress | None = None,
    ) -> Committed[Done]:
        """Run `work` in one transaction; return only after its commit.

        `work` must be safe to repeat. Deadlocks, serialization failures and lost connections are
        tried three times; then the error is raised, or OutcomeUnknownError if a commit may have
        happened. Whoever is cancelled here does not wait for the end; the `progress` he gave tells
        him how far it had come.
        """
        progress = progress or Progress()
        task = asyncio.create_task(self._repeat(work, progress))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            self._leave(task, progress)
            raise
        return task.result()

    async def _repeat(
        self, work: Callable[[Connection], Awaitable[Done]], progress: Progress
    ) -> Committed[Done]:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            progress.entered = progress.commits = False
            try:
                value = await self._once(work, progress)
            except UNDONE as error:
                await pause(attempt, error)
            except LOST as error:
                progress.was_lost = progress.was_lost or progress.entered
                if attempt == ATTEMPTS_MAX and progress.was_lost:
                    raise OutcomeUnknownError from error
                await pause(attempt, error)
            else:
                return Committed(value=value, may_repeat=progress.was_lost)
        raise OutcomeUnknownError  # unreachable: the last pause raises

    async def _once(
        self, work: Callable[[Connection], Awaitable[Done]], progress: Progress
    ) -> Done:
        connection = await self._acquired()
        progress.entered = True
        try:
            async with connection.transaction():
                value = await work(connection)
                progress.commits = True
        except asyncpg.InterfaceError as error:  # of a lost connection, or of a bug of ours
            if is_gone(connection):
                raise ConnectionResetError from error
            raise
        finally:
            self._release(connection)
        return value

    async def _acquired(self) -> "PoolConnectionProxy[Record]":
        """Take a turn and a connection, both within one time."""
        async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
            await self._turns.acquire()
            try:
                return await self.pool.acquire()
            except BaseException:
                self._turns.release()
                raise

    def _release(self, connection: "PoolConnectionProxy[Record]") -> None:
        """Give a connection back while the answer is already on its way."""
        release = self.pool.release(connection, timeout=CONNECTION_TIMEOUT_SECONDS)
        task = asyncio.create_task(release)
        self._releases.add(task)
        task.add_done_callback(self._released)

    def _released(self, task: asyncio.Task[None]) -> None:
        self._releases.discard(task)
        self._turns.release()
        if error := _error_of(task):  # the pool has closed that connection
            _log.warning("snap.connection_dropped", error=type(error).__name__)

    def _leave(self, task: asyncio.Task[Committed[Done]], progress: Progress) -> None:
        SNAP_STRAYS_LEFT.labels("commit" if progress.commits else "work").inc()
        SNAP_STRAYS.inc()
        self._strays.add(task)
        task.add_done_callback(self._ended)
        if not progress.commits:
            task.cancel()

    def _ended(self, task: asyncio.Task[Committed[Done]]) -> None:
        SNAP_STRAYS.dec()
        self._strays.discard(task)
        error = _error_of(task)
        _log.warning(
            "snap.stray_ended",
            committed=error is None,
            error=None if error is None else type(error).__name__,
        )


def _error_of(task: asyncio.Task[Done]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
