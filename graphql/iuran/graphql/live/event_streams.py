"""Server-sent events: GraphQL over SSE, "distinct connections": one subscription a request.

Each event has its cursor as `id`, so that a client which reconnects with `Last-Event-ID` goes on
from there. A refused document is told in the stream, as that protocol wants it; a request that is
none is refused by its HTTP status.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from iuran.graphql.errors import (
    DocumentRefusedError,
    NotAcceptableError,
    RequestRefusedError,
    UnauthenticatedError,
)
from iuran.graphql.identity import Viewer
from iuran.graphql.live.edge import (
    CLIENT_LEFT,
    CRASHED,
    DONE,
    EXPIRED,
    TRY_AGAIN,
    EndedError,
    LiveEdge,
    Visit,
    end_of,
)
from iuran.graphql.live.subscriptions import (
    InterruptedSubscriptionError,
    SubscribeFailedError,
    Told,
)
from iuran.graphql.negotiation import MediaType
from iuran.graphql.patience import body_too_slow
from iuran.graphql.rates import principal_of
from iuran.graphql.requests import Incoming, read_request
from iuran.graphql.responses import answer_of_crash, answer_of_refusal

MEDIA_TYPE = "text/event-stream"
LAST_EVENT_ID = "last-event-id"
HEADERS = [
    (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_OPEN = b"retry: 1000\n:\n\n"
_STILL_HERE = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"
_ACCEPTED = frozenset({MEDIA_TYPE, "text/*", "*/*"})

Answers = AsyncGenerator[Told]


class EventStreams:
    """The ASGI application of /graphql/stream."""

    def __init__(self, edge: LiveEdge) -> None:
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by a stream, or refuse it."""
        request = Request(scope, receive)
        visit = Visit(transport="sse")
        with ExitStack() as places:
            try:
                viewer = await self._arrived(request, visit, places)
                opened = await self._opened(request, viewer, visit)
            except RequestRefusedError as error:
                visit.note_end(EndedError(error.status, error.code))
                response = _refusal(error, visit.request_id)
            except ClientDisconnect:
                visit.note_end(EndedError(CLIENT_LEFT, "the client left"))
                return
            except Exception as error:  # noqa: BLE001 - the edge: masked, logged and counted
                visit.note_end(EndedError(CRASHED, "this is our fault"))
                response = answer_of_crash(error, request_id=visit.request_id).response(
                    MediaType.JSON
                )
            else:
                visit.note_end(await _Stream(self._edge, request, send, visit).tell(opened, viewer))
                return
        await response(scope, receive, send)

    async def _arrived(self, request: Request, visit: Visit, places: ExitStack) -> Viewer:
        """Return who asks, with places for him; raises RequestRefusedError."""
        _check_accepts(request.headers.get("accept"))
        edge = self._edge
        places.enter_context(edge.places.connection("sse"))
        viewer = await edge.verifier.viewer(request.headers.get("authorization"))
        visit.role = viewer.role.value
        principal = principal_of(viewer.subject)
        places.enter_context(edge.places.connection_of(principal))
        places.enter_context(edge.places.subscription_of(principal))
        return viewer

    async def _opened(
        self, request: Request, viewer: Viewer, visit: Visit
    ) -> Answers | Mapping[str, object]:
        """Return the answers, or the body of the only one, which says what is wrong."""
        edge = self._edge
        limits = edge.services.limits
        try:
            async with asyncio.timeout(limits.body_seconds):
                asked = await read_request(Incoming(request.scope, request.receive), limits)
        except TimeoutError as error:
            raise body_too_slow(limits.body_seconds) from error
        visit.subscriptions = 1
        try:
            return await edge.subscriptions.open(
                asked,
                viewer,
                request_id=visit.request_id,
                resume=request.headers.get(LAST_EVENT_ID) or None,
            )
        except SubscribeFailedError as error:
            return error.body
        except DocumentRefusedError as error:
            return answer_of_refusal(
                error, request_id=visit.request_id, media_type=MediaType.JSON
            ).body


class _Stream:
    """A response while it is being written."""

    def __init__(self, edge: LiveEdge, request: Request, send: Send, visit: Visit) -> None:
        self._edge = edge
        self._request = request
        self._send = send
        self._visit = visit

    async def tell(self, opened: Answers | Mapping[str, object], viewer: Viewer) -> EndedError:
        """Write until it is over; return why it is."""
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._write(_OPEN)
            ended = await self._told(opened, viewer)
            await self._finish(ended)
        except EndedError as error:
            return error  # a client that does not read cannot be told so
        return ended

    async def _told(self, opened: Answers | Mapping[str, object], viewer: Viewer) -> EndedError:
        if isinstance(opened, Mapping):
            await self._write(_next(json.dumps(opened, ensure_ascii=False)) + _COMPLETE)
            return EndedError(DONE, "refused")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell_all(opened))
                group.create_task(self._keep_awake())
                group.create_task(self._until_client_leaves())
                group.create_task(self._edge.until_over(viewer))
        except ExceptionGroup as errors:
            return end_of(errors, request_id=self._visit.request_id)
        raise RuntimeError("a stream ends for a reason")

    async def _tell_all(self, answers: Answers) -> None:
        try:
            async with aclosing(answers):
                async for told in answers:
                    self._visit.events += 1
                    await self._write(_next(told.body, cursor=told.cursor))
        except InterruptedSubscriptionError as error:
            raise EndedError(TRY_AGAIN, "the database is away") from error

    async def _keep_awake(self) -> None:
        while True:
            await asyncio.sleep(self._edge.services.limits.live_quiet_seconds)
            await self._write(_STILL_HERE)

    async def _until_client_leaves(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        raise EndedError(CLIENT_LEFT, "the client left")

    async def _finish(self, ended: EndedError) -> None:
        """End the response: clients come back by themselves, since it is not `complete`."""
        last = b""
        if ended.code == EXPIRED:
            expired = answer_of_refusal(
                UnauthenticatedError(ended.reason),
                request_id=self._visit.request_id,
                media_type=MediaType.JSON,
            )
            last = _next(json.dumps(expired.body))
        if ended.code != CLIENT_LEFT:
            await self._write(last, is_last=True)

    async def _write(self, chunk: bytes, *, is_last: bool = False) -> None:
        await self._edge.in_time(
            self._send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
        )


def _next(body: str, *, cursor: str | None = None) -> bytes:
    mark = "" if cursor is None else f"id: {cursor}\n"
    return f"event: next\n{mark}data: {body}\n\n".encode()


def _check_accepts(accept: str | None) -> None:
    kinds = {part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")}
    if not kinds & _ACCEPTED:
        raise NotAcceptableError(f"events are sent as {MEDIA_TYPE}: accept that")


def _refusal(error: RequestRefusedError, request_id: str) -> Response:
    answer = answer_of_refusal(error, request_id=request_id, media_type=MediaType.JSON)
    return answer.response(MediaType.JSON)
