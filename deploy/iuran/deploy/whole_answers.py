"""The edge around GraphQL, whose answers are there as a whole before anything of them is sent.

It does what `Edge` does, and says the same. Knowing more, it needs less: no route to find, no
answer to watch, and one write where the line can take it.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Protocol

import structlog
from starlette.types import Message, Receive, Scope, Send

from iuran.deploy.edge import REQUEST_ID_HEADER_BYTES, count_answer, given_id, request_id_of
from iuran.deploy.metrics import REQUESTS_IN_FLIGHT

LINE = "iuran.line"
"""Where in a request's scope stands the line that it came over."""

Respond = Callable[[Scope, Receive], Awaitable[tuple[Message, Message]]]
"""Returns the beginning of an answer and all of its body; what goes wrong is an answer, too."""


class AnswersAtOnce(Protocol):
    """A line that can take a whole answer."""

    def answer_at_once(self, scope: Scope, head: Message, body: bytes) -> bool:
        """Send an answer; False if nothing was done and it has to go the long way."""
        ...


class WholeEdge:
    """An ASGI application for the requests of one route."""

    def __init__(self, respond: Respond, *, route: str) -> None:
        self._respond = respond
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Its task is its own, and so is the context of its log lines."""
        started_at = perf_counter()
        request_id = scope["request_id"] = request_id_of(given_id(scope))
        line: AnswersAtOnce | None = scope.pop(LINE, None)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        REQUESTS_IN_FLIGHT.now += 1
        try:
            head, end = await self._respond(scope, receive)
            head["headers"].append((REQUEST_ID_HEADER_BYTES, request_id.encode()))
            if line is None or not line.answer_at_once(scope, head, end["body"]):
                await send(head)
                await send(end)
            seconds = perf_counter() - started_at
            count_answer(scope["method"], self._route, head["status"], seconds)
        finally:
            REQUESTS_IN_FLIGHT.now -= 1
