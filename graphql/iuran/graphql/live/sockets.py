"""WebSockets: the protocol graphql-transport-ws, for subscriptions; not the legacy one."""

import asyncio
import json
from contextlib import ExitStack, aclosing, suppress

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from iuran.graphql.errors import (
    IdentityUnavailableError,
    RequestRefusedError,
    UnauthenticatedError,
)
from iuran.graphql.identity import Viewer
from iuran.graphql.live.edge import (
    CLIENT_LEFT,
    DUPLICATE,
    INIT_TIMEOUT,
    NO_SUBPROTOCOL,
    TOO_MANY_INITS,
    TOO_MANY_MESSAGES,
    TRY_AGAIN,
    UNAUTHENTICATED,
    EndedError,
    LiveEdge,
    Visit,
    end_of,
)
from iuran.graphql.live.messages import ClientMessage, message_of
from iuran.graphql.live.refusals import LiveFullError, TooManySubscriptionsError
from iuran.graphql.live.subscriptions import InterruptedSubscriptionError, SubscribeFailedError
from iuran.graphql.negotiation import MediaType
from iuran.graphql.rates import principal_of
from iuran.graphql.responses import answer_of_refusal

SUBPROTOCOL = "graphql-transport-ws"
REASON_BYTES_MAX = 123
"""Of a close frame."""


class Sockets:
    """The ASGI application of WebSockets at /graphql."""

    def __init__(self, edge: LiveEdge) -> None:
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one connection from its handshake to its end."""
        socket = WebSocket(scope, receive, send)
        visit = Visit(transport="websocket")
        try:
            with self._edge.places.connection("websocket"):
                ended = await self._carried(socket, visit)
                with suppress(EndedError):  # who does not read cannot be told why
                    await self._edge.in_time(_close(socket, ended))
        except LiveFullError as error:
            ended = EndedError(error.status, error.code)
            body = answer_of_refusal(
                error, request_id=visit.request_id, media_type=MediaType.JSON
            ).body
            await socket.send_denial_response(JSONResponse(body, error.status))
        visit.note_end(ended)

    async def _carried(self, socket: WebSocket, visit: Visit) -> EndedError:
        if SUBPROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            return EndedError(NO_SUBPROTOCOL, f"speak the subprotocol {SUBPROTOCOL}")
        await socket.accept(SUBPROTOCOL)
        connection = _Connection(self._edge, socket, visit)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.receive(group))
                group.create_task(connection.watch())
        except ExceptionGroup as errors:
            return end_of(errors, request_id=visit.request_id)
        raise RuntimeError("a connection ends for a reason")


class _Connection:
    """A connection: who speaks, and the subscriptions that he has open."""

    def __init__(self, edge: LiveEdge, socket: WebSocket, visit: Visit) -> None:
        self._edge = edge
        self._limits = edge.services.limits
        self._socket = socket
        self._visit = visit
        self._viewer: Viewer | None = None
        self._known = asyncio.Event()
        self._open: dict[str, asyncio.Task[None]] = {}
        self._has_begun = False
        self._messages_left = float(self._limits.live_messages_per_minute)
        self._heard_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Wait for what ends the connection besides its client."""
        try:
            async with asyncio.timeout(self._limits.live_init_seconds):
                await self._known.wait()
        except TimeoutError:
            raise EndedError(INIT_TIMEOUT, "send `connection_init` first") from None
        if self._viewer is not None:
            await self._edge.until_over(self._viewer)

    async def receive(self, group: asyncio.TaskGroup) -> None:
        """Read what the client sends, message by message."""
        with ExitStack() as places:
            while True:
                try:
                    event = await self._socket.receive()
                except (WebSocketDisconnect, RuntimeError) as error:
                    raise EndedError(CLIENT_LEFT, "the client left") from error
                if event["type"] == "websocket.disconnect":
                    raise EndedError(CLIENT_LEFT, "the client left")
                self._count_message()
                message = message_of(event.get("text"), self._limits)
                await self._obey(message, group, places)

    async def _obey(
        self, message: ClientMessage, group: asyncio.TaskGroup, places: ExitStack
    ) -> None:
        match message.type:
            case "connection_init":
                await self._begin(message, places)
            case "ping":
                await self._send("pong")
            case "subscribe":
                await self._subscribe(message, group)
            case "complete":
                task = self._open.pop(message.id, None)
                if task is not None:
                    task.cancel()
            case _:  # a pong needs nothing
                return

    async def _begin(self, message: ClientMessage, places: ExitStack) -> None:
        if self._has_begun:
            raise EndedError(TOO_MANY_INITS, "too many initialisation requests: one is enough")
        self._has_begun = True
        given = message.authorization or self._socket.headers.get("authorization")
        try:
            viewer = await self._edge.verifier.viewer(given)
            places.enter_context(self._edge.places.connection_of(principal_of(viewer.subject)))
        except UnauthenticatedError as error:
            raise EndedError(
                UNAUTHENTICATED, f'payload of connection_init: {{"authorization": ...}}: {error}'
            ) from error
        except (IdentityUnavailableError, TooManySubscriptionsError) as error:
            raise EndedError(TRY_AGAIN, str(error)) from error
        self._viewer = viewer
        self._visit.role = viewer.role.value
        await self._send("connection_ack")
        self._known.set()

    async def _subscribe(self, message: ClientMessage, group: asyncio.TaskGroup) -> None:
        if self._viewer is None:
            raise EndedError(UNAUTHENTICATED, "send `connection_init` and wait for its ack first")
        if message.id in self._open:
            raise EndedError(DUPLICATE, f"Subscriber for {message.id} already exists")
        if len(self._open) >= self._limits.live_subscriptions_a_socket:
            error = TooManySubscriptionsError(
                "there are too many subscriptions on this connection; complete some"
            )
            await self._refuse(message.id, self._errors_of(error))
            return
        self._visit.subscriptions += 1
        self._open[message.id] = group.create_task(self._carry(message, self._viewer))

    async def _carry(self, message: ClientMessage, viewer: Viewer) -> None:
        """Carry one subscription from `subscribe` to its end."""
        principal = principal_of(viewer.subject)
        try:
            with self._edge.places.subscription_of(principal):
                await self._tell(message, viewer)
        except InterruptedSubscriptionError as error:
            raise EndedError(TRY_AGAIN, "come back with your last cursor") from error
        except SubscribeFailedError as error:
            await self._refuse(message.id, error.body["errors"])
        except RequestRefusedError as error:
            await self._refuse(message.id, self._errors_of(error))
        finally:
            if self._open.get(message.id) is asyncio.current_task():
                del self._open[message.id]

    async def _tell(self, message: ClientMessage, viewer: Viewer) -> None:
        answers = await self._edge.subscriptions.open(
            message.operation(), viewer, request_id=self._visit.request_id
        )
        async with aclosing(answers):
            async for told in answers:
                self._visit.events += 1
                await self._send("next", id_=message.id, payload=told.body)

    def _errors_of(self, error: RequestRefusedError) -> object:
        answer = answer_of_refusal(
            error, request_id=self._visit.request_id, media_type=MediaType.JSON
        )
        return answer.body["errors"]

    async def _refuse(self, id_: str, errors: object) -> None:
        await self._send("error", id_=id_, payload=json.dumps(errors, ensure_ascii=False))

    async def _send(self, kind: str, *, id_: str | None = None, payload: str | None = None) -> None:
        members = [f'"type":"{kind}"']
        if id_ is not None:
            members.append(f'"id":{json.dumps(id_)}')
        if payload is not None:
            members.append(f'"payload":{payload}')
        await self._edge.in_time(self._socket.send_text("{" + ",".join(members) + "}"))

    def _count_message(self) -> None:
        """Let in so many messages a minute; raises EndedError for more."""
        now, most = asyncio.get_running_loop().time(), self._limits.live_messages_per_minute
        self._messages_left += (now - self._heard_at) * most / 60
        self._messages_left = min(self._messages_left, most) - 1
        self._heard_at = now
        if self._messages_left < 0:
            raise EndedError(TOO_MANY_MESSAGES, f"at most {most} messages a minute")


async def _close(socket: WebSocket, ended: EndedError) -> None:
    """Say why, and wait until the line is gone."""
    if ended.code == CLIENT_LEFT:
        return
    reason = ended.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    try:
        await socket.close(ended.code, reason)
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
    except (WebSocketDisconnect, RuntimeError):
        return
