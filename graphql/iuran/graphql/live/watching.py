"""Watching: one look at the table of events for all subscriptions of a process.

It says only that something happened to a family; each subscription then reads what, from its own
place. So nothing is kept in memory for anybody, and a look that failed loses nothing.
"""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from iuran.core.database.pool import Pool
from iuran.graphql.live.happenings import families_with_news, last_position
from iuran.graphql.metrics import LIVE_LOOKS

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
PAUSE_GROWTH = 1.5
FAILED_PAUSE_SECONDS = 2.0
LOOK_SECONDS_MAX = 5.0
POSITIONS_A_LOOK = 5_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Watch:
    """Somebody who waits for news of a family. There may be some when it begins."""

    family_id: int
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._news.set()

    async def news(self) -> None:
        """Wait until there may be news; they count as read from now on."""
        await self._news.wait()
        self._news.clear()

    def wake(self) -> None:
        """Say that there may be news."""
        self._news.set()


class Watching:
    """Looks while somebody watches: soon again after news, else less often, to a second."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._watches: dict[int, set[Watch]] = {}
        self._position: int | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def families(self) -> list[int]:
        """The families that somebody watches now."""
        return list(self._watches)

    @contextmanager
    def watch(self, family_id: int) -> Generator[Watch]:
        """Watch a family. Whoever reads after this began is woken for all that he did not see."""
        watch = Watch(family_id=family_id)
        self._watches.setdefault(family_id, set()).add(watch)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield watch
        finally:
            self._leave(watch)

    def _leave(self, watch: Watch) -> None:
        of_family = self._watches[watch.family_id]
        of_family.remove(watch)
        if not of_family:
            del self._watches[watch.family_id]
        if not self._watches and self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._position = None

    async def _look_on(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS_MAX):
                    has_news = await self._look()
            except Exception as error:  # noqa: BLE001 - an edge: nobody would be told again
                LIVE_LOOKS.labels(result="failed").inc()
                _log.warning("graphql.live.look_failed", error=type(error).__name__)
                await asyncio.sleep(FAILED_PAUSE_SECONDS)
                continue
            LIVE_LOOKS.labels(result="news" if has_news else "nothing").inc()
            pause = (
                SHORTEST_PAUSE_SECONDS
                if has_news
                else min(pause * PAUSE_GROWTH, LONGEST_PAUSE_SECONDS)
            )
            await asyncio.sleep(pause)

    async def _look(self) -> bool:
        """Wake those to whose family something happened; returns whether anything did at all."""
        async with self._pool.acquire() as connection:
            newest = await last_position(connection)
            if self._position is None:
                self._position = newest
                self._wake(self.families)
                return True
            began = self._position
            while self._position < newest:
                up_to = min(newest, self._position + POSITIONS_A_LOOK)
                # Who watches is asked after the newest position was: whoever began later reads it.
                families = self.families
                self._wake(
                    await families_with_news(
                        connection, after=self._position, up_to=up_to, families=families
                    )
                )
                self._position = up_to
        return self._position > began

    def _wake(self, families: Sequence[int]) -> None:
        for family_id in families:
            for watch in self._watches.get(family_id, ()):
                watch.wake()
