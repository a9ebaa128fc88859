"""Patience: how long a request may take, and whether anybody still waits for its answer.

Most requests are answered before somebody has to look: they cost one timer that never rings.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from iuran.graphql.errors import TimedOutError

WATCHED_AFTER_SECONDS = 0.05
"""How long a request may take before anybody looks whether its client is still there."""
TOO_LONG = "this took too long; ask for less, or try again"

T = TypeVar("T")


class Patience:
    """Bounds the work of one request, in whose task it is made."""

    __slots__ = (
        "_ends_at",
        "_has_body",
        "_has_rung",
        "_looking",
        "_loop",
        "_receive",
        "_timer",
        "_verdict",
        "_working",
    )

    def __init__(self, receive: Receive, *, seconds: float) -> None:
        working = asyncio.current_task()
        if working is None:
            raise RuntimeError("a request is answered in a task")
        self._working = working
        self._receive = receive
        self._loop = loop = working.get_loop()
        self._ends_at = loop.time() + seconds
        self._has_body = self._has_rung = False
        self._verdict: Exception | None = None
        self._looking: asyncio.Task[None] | None = None
        self._timer = loop.call_later(min(WATCHED_AFTER_SECONDS, seconds), self._ring)

    def has_body(self) -> None:
        """Note that the body was read: from now on only the client's leaving can be received."""
        self._has_body = True
        if self._has_rung:
            self._look()

    async def with_(self, work: Coroutine[None, None, T]) -> T:
        """Return what `work` returns.

        Raises TimedOutError when it takes too long, and ClientDisconnect when nobody waits for it.
        """
        try:
            return await work
        except asyncio.CancelledError as error:
            if self._verdict is None:
                raise
            self._working.uncancel()
            raise self._verdict from error
        except TimeoutError as error:
            raise TimedOutError(TOO_LONG) from error
        finally:
            self._timer.cancel()
            if self._looking is not None:
                self._looking.cancel()

    def _ring(self) -> None:
        if self._loop.time() >= self._ends_at:
            self._give_up(TimedOutError(TOO_LONG))
            return
        self._has_rung = True
        self._timer = self._loop.call_at(self._ends_at, self._ring)
        if self._has_body:
            self._look()

    def _look(self) -> None:
        if self._looking is None:
            self._looking = self._loop.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._give_up(ClientDisconnect())

    def _give_up(self, verdict: Exception) -> None:
        if self._verdict is None:
            self._verdict = verdict
            self._working.cancel()
