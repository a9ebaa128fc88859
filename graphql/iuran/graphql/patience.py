"""Patience: how long a request may take, and whether anybody still waits for its answer.

Most requests are answered before somebody has to look: they cost one timer that never rings.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from iuran.graphql.errors import BodyTooSlowError, TimedOutError
from iuran.graphql.limits import Limits

WATCHED_AFTER_SECONDS = 0.05
"""How long a request may take before anybody looks whether its client is still there."""
TOO_LONG = "this took too long; ask for less, or try again"

T = TypeVar("T")


class Patience:
    """Bounds the work of one request, in whose task it is made.

    Behind `with_` it knows no error any more: an error knows the frames that know us, and a circle
    would keep the whole request in memory until the garbage collector comes by.
    """

    __slots__ = (
        "_body_ends_at",
        "_body_seconds",
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

    def __init__(self, receive: Receive, limits: Limits) -> None:
        working = asyncio.current_task()
        if working is None:
            raise RuntimeError("a request is answered in a task")
        self._working = working
        self._receive = receive
        self._loop = loop = working.get_loop()
        now = loop.time()
        self._ends_at = now + limits.request_seconds
        self._body_ends_at = now + limits.body_seconds
        self._body_seconds = limits.body_seconds
        self._has_body = self._has_rung = False
        self._verdict: Exception | None = None
        self._looking: asyncio.Task[None] | None = None
        first = min(now + WATCHED_AFTER_SECONDS, self._ends_at, self._body_ends_at)
        self._timer = loop.call_at(first, self._ring)

    def has_body(self) -> None:
        """Note that the body was read: from now on only the client's leaving can be received."""
        self._has_body = True
        if self._has_rung:
            self._look()

    async def with_(self, work: Coroutine[None, None, T]) -> T:
        """Return what `work` returns.

        Raises TimedOutError when it takes too long, BodyTooSlowError when the body does, and
        ClientDisconnect when nobody waits for it.
        """
        try:
            return await work
        except asyncio.CancelledError as error:
            verdict, self._verdict = self._verdict, None
            if verdict is None:
                raise
            self._working.uncancel()
            try:
                raise verdict from error
            finally:
                del verdict
        except TimeoutError as error:
            raise TimedOutError(TOO_LONG) from error
        finally:
            self._timer.cancel()
            if self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _ring(self) -> None:
        now, self._has_rung = self._loop.time(), True
        if now >= self._ends_at:
            self._give_up(TimedOutError(TOO_LONG))
            return
        if now >= self._body_ends_at and not self._has_body:
            self._give_up(body_too_slow(self._body_seconds))
            return
        again = self._ends_at if self._has_body else min(self._ends_at, self._body_ends_at)
        self._timer = self._loop.call_at(again, self._ring)
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


def body_too_slow(seconds: float) -> BodyTooSlowError:
    """Return the refusal of a body that does not arrive."""
    return BodyTooSlowError(f"the body did not arrive within {seconds:g} seconds")
