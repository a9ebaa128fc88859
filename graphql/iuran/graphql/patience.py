"""Patience: how long a request may take, and whether anybody still waits for its answer.

Most requests are answered before somebody looks. So none has a timer of its own: while there are
any, somebody looks every so often at those that take longer than most.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from iuran.graphql.errors import BodyTooSlowError, TimedOutError
from iuran.graphql.limits import Limits

LOOK_SECONDS = 0.025
"""How often somebody looks, and so by how much a limit in time may be passed."""
WATCHED_AFTER_SECONDS = 0.05
"""How long a request may take before anybody looks whether its client is still there."""
TOO_LONG = "this took too long; ask for less, or try again"

T = TypeVar("T")


class Watch:
    """Looks at the requests that are being answered, in the order in which they came."""

    def __init__(self, limits: Limits) -> None:
        self.request_seconds = limits.request_seconds
        self.body_seconds = limits.body_seconds
        self.unwatched_seconds = min(
            WATCHED_AFTER_SECONDS, limits.request_seconds, limits.body_seconds
        )
        self._waiting: dict[Patience, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, patience: "Patience") -> None:
        """Look at a request from now on."""
        self._waiting[patience] = None
        if self._timer is None:
            self._timer = patience.loop.call_later(LOOK_SECONDS, self._look, patience.loop)

    def end(self, patience: "Patience") -> None:
        """Forget a request."""
        del self._waiting[patience]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if not self._waiting:
            return
        self._timer = loop.call_later(LOOK_SECONDS, self._look, loop)
        now = loop.time()
        for patience in list(self._waiting):
            if now - patience.begun_at < self.unwatched_seconds:
                break
            patience.look(now)


class Patience:
    """Bounds the work of one request, in whose task it is made.

    Behind `with_` it knows no error any more: an error knows the frames that know us, and a circle
    would keep the whole request in memory until the garbage collector comes by.
    """

    __slots__ = (
        "_has_body",
        "_listening",
        "_receive",
        "_verdict",
        "_watch",
        "_working",
        "begun_at",
        "loop",
    )

    def __init__(self, receive: Receive, watch: Watch) -> None:
        working = asyncio.current_task()
        if working is None:
            raise RuntimeError("a request is answered in a task")
        self._working = working
        self._receive = receive
        self._watch = watch
        self.loop = asyncio.get_running_loop()
        self.begun_at = self.loop.time()
        self._has_body = False
        self._verdict: Exception | None = None
        self._listening: asyncio.Task[None] | None = None

    def has_body(self) -> None:
        """Note that the body was read: from now on only the client's leaving can be received."""
        self._has_body = True

    async def with_(self, work: Coroutine[None, None, T]) -> T:
        """Return what `work` returns.

        Raises TimedOutError when it takes too long, BodyTooSlowError when the body does, and
        ClientDisconnect when nobody waits for it.
        """
        self._watch.begin(self)
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
            self._watch.end(self)
            if self._listening is not None:
                self._listening.cancel()
                self._listening = None

    def look(self, now: float) -> None:
        """Look whether it has taken too long, and from the body's end on who still waits."""
        seconds = now - self.begun_at
        if seconds >= self._watch.request_seconds:
            self._give_up(TimedOutError(TOO_LONG))
        elif self._has_body:
            if self._listening is None:
                self._listening = self.loop.create_task(self._listen())
        elif seconds >= self._watch.body_seconds:
            self._give_up(body_too_slow(self._watch.body_seconds))

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
