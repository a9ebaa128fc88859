"""Lines: connections as uvicorn carries them, with the bounds that it leaves open.

With httptools it waits for ever for a request that is not begun or not ended, keeps headers of any
length, answers pings whether or not anybody takes the answers, and after a close waits for as long
as the other side likes. So one client could take all memory, or all places, without a token.
"""

import asyncio
import socket
from typing import cast

from starlette.types import Message, Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from iuran.deploy.whole_answers import LINE

HEAD_BYTES_MAX = 32 * 1024
"""Of a request's line and headers, and of what stands between the parts of a body."""
ARRIVAL_SECONDS_MAX = 30.0
"""For a whole request, from its first byte; and for that, from the beginning of a connection."""
UNREAD_SECONDS_MAX = 30
CLOSING_SECONDS_MAX = 10.0
PIECES_MAX = 1_000
"""Of one WebSocket message: empty ones add nothing to its length, but are kept."""

_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


def cut_off_who_does_not_read(listener: socket.socket) -> None:
    """Have the kernel end its connections where nothing is taken for a while (Linux only)."""
    option: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, UNREAD_SECONDS_MAX * 1000)


class HttpLine(HttpToolsProtocol):
    """A connection whose requests arrive in time, and whose headers have a length.

    Nearly all requests arrive in one piece: for those there is no timer.
    """

    arrival_seconds: float = ARRIVAL_SECONDS_MAX
    _timer: asyncio.TimerHandle | None = None
    _is_arriving = False
    _is_handed_on = False
    _has_asked = False
    _unplaced_bytes = 0
    """What arrived since a head was complete, or a part of a body."""

    def connection_made(  # type: ignore[override]  # narrowed as uvicorn does
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, and look whether a request is still under way."""
        cycle = self.cycle
        self._unplaced_bytes += len(data)
        super().data_received(data)
        if self._is_handed_on:
            return
        if self.cycle is not cycle:
            self._unplaced_bytes = 0
        if self._is_arriving or self._is_idle:
            self._wait()
        elif self._timer is not None:
            self._stop_waiting()
        if self._unplaced_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Have the head of a request, and begin to answer it."""
        super().on_headers_complete()
        scope = cast("Scope", self.scope)  # uvicorn's own type has none of our keys
        scope[LINE] = self

    def answer_at_once(self, scope: Scope, head: Message, body: bytes) -> bool:
        """Send a whole answer in one piece, as uvicorn would in two with more care.

        False if anything is not as it nearly always is; nothing was done then.
        """
        cycle = self.cycle
        is_plain = (
            cycle.scope is scope  # else others wait behind it
            and not (cycle.disconnected or cycle.response_started or self.flow.write_paused)
            and scope["method"] != "HEAD"
        )
        lines = [b": ".join(header) for header in (*cycle.default_headers, *head["headers"])]
        if not cycle.keep_alive:
            lines.append(b"connection: close")
        text = STATUS_LINE[head["status"]] + b"\r\n".join(lines)
        if not is_plain or text.count(b"\n") != len(lines) or text.count(b"\r") != len(lines):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(b"%b\r\n\r\n%b" % (text, body))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._unplaced_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Have all of a request."""
        self._is_arriving, self._has_asked = False, True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on; a WebSocket has bounds of its own."""
        self._is_handed_on = True
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; one that was reset uvicorn would keep until its timer rings."""
        self._stop_waiting()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        """Whether uvicorn, too, has stopped waiting, for bytes that begin no request."""
        is_answered = not self._has_asked or self.cycle.response_complete
        return is_answered and self.timeout_keep_alive_task is None

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.arrival_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class WebSocketLine(WebSocketsSansIOProtocol):
    """A WebSocket whose client takes his answers, ends his messages, and goes when it is over."""

    closing_seconds: float = CLOSING_SECONDS_MAX
    _end: asyncio.TimerHandle | None = None

    def handle_ping(self) -> None:
        """Answer, unless earlier answers wait to be taken."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # drops the pong

    def handle_cont(self, event: Frame) -> None:
        """Take a further piece of a message."""
        if self.close_sent:
            return
        if len(self.frames) >= PIECES_MAX:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, f"more than {PIECES_MAX} pieces")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        """End a connection whose client is silent."""
        super().keepalive_timeout()
        self._end_soon()

    async def run_asgi(self) -> None:
        """Let the application carry it; then it is over, taken or not."""
        await super().run_asgi()
        self._end_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._end is not None:
            self._end.cancel()

    def _end_soon(self) -> None:
        if self._end is None and not self.disconnected:
            self._end = self.loop.call_later(self.closing_seconds, self.transport.abort)
