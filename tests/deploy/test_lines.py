"""Clients that never begin, never end or never read cost no memory that grows, and no place."""

import asyncio
import os
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from iuran.deploy import lines
from iuran.deploy.lines import HEAD_BYTES_MAX, PIECES_MAX, HttpLine, WebSocketLine
from iuran.deploy.listener import listening as listening_socket
from iuran.deploy.settings import load_settings
from tests.graphql.servers import listening

PATIENCE_SECONDS = 60
HEAD = b"GET /length HTTP/1.1\r\nhost: x\r\n"
LARGE = b"x" * 8_000_000
PING, CONTINUATION, TEXT = 0x9, 0x0, 0x1
ENDED, MORE = 0x80, 0x00


async def _length(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def _large(_request: Request) -> Response:
    return Response(LARGE)


async def _quiet(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(str(len(await websocket.receive_text())))
    except WebSocketDisconnect:
        return


async def _told_off(websocket: WebSocket) -> None:
    """Send more than lies between a server and a client that does not read; then leave."""
    await websocket.accept()
    try:
        async with asyncio.timeout(0.2):
            while True:
                await websocket.send_bytes(LARGE)
    except TimeoutError:
        return


APP = Starlette(
    routes=[
        Route("/length", _length, methods=["GET", "POST"]),
        Route("/large", _large),
        WebSocketRoute("/quiet", _quiet),
        WebSocketRoute("/told-off", _told_off),
    ]
)


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    async with listening(APP) as address:
        yield int(address.rpartition(":")[2])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpLine, "arrival_seconds", 0.2)
    monkeypatch.setattr(WebSocketLine, "closing_seconds", 0.2)


@asynccontextmanager
async def a_line(port: int) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def to_the_end(reader: asyncio.StreamReader) -> bytes:
    """Read until the server ends the line."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\r\n",
        b"GET /len",
        HEAD + b"x: y\r\n",
        b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
        b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
    ids=["nothing", "no request", "half a line", "half a head", "half a body", "half of chunks"],
)
async def test_a_request_that_does_not_arrive_is_waited_for_no_longer(
    port: int, said: bytes
) -> None:
    async with a_line(port) as (reader, writer):
        writer.write(said)

        assert await to_the_end(reader) == b""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"\r\n", b"GET /len"], ids=["no request", "half a line"])
async def test_nor_is_one_after_another(port: int, said: bytes) -> None:
    async with a_line(port) as (reader, writer):
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(said)

        assert await to_the_end(reader) == b""


async def test_a_request_in_pieces_ends_the_wait(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence after it is bounded by how long an idle connection stays open."""
    ended: list[HttpLine] = []
    stop = HttpLine._stop_waiting  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - nothing else tells

    def stop_waiting(line: HttpLine) -> None:
        ended.append(line)
        stop(line)

    monkeypatch.setattr(HttpLine, "_stop_waiting", stop_waiting)
    async with a_line(port) as (reader, writer):
        for part in (HEAD[:9], HEAD[9:], b"\r\n"):
            assert not ended
            writer.write(part)
            await writer.drain()
        await reader.readuntil(b"\r\n\r\n0")

        assert len(ended) == 1


async def test_a_line_that_is_reset_is_not_kept_until_it_would_have_been_idle_too_long(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: asyncio.Future[tuple[HttpLine, Exception | None]] = asyncio.Future()
    lost = HttpLine.connection_lost

    def connection_lost(line: HttpLine, exc: Exception | None) -> None:
        lost(line, exc)
        gone.set_result((line, exc))

    monkeypatch.setattr(HttpLine, "connection_lost", connection_lost)
    async with a_line(port) as (reader, writer):
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"\r\n\r\n0")
        client: socket.socket = writer.get_extra_info("socket")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    async with asyncio.timeout(PATIENCE_SECONDS):
        line, why = await gone

    assert isinstance(why, ConnectionResetError)
    assert line.timeout_keep_alive_task is None


@pytest.mark.parametrize(
    ("beginning", "endless"),
    [
        (b"GET /", b"a" * 1_000),
        (HEAD, b"x: " + b"y" * 990 + b"\r\n"),
        (HEAD + b"x: ", b"y" * 1_000),
        (
            b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3;",
            b"a" * 1_000,
        ),
        (
            b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            b"x: " + b"y" * 990 + b"\r\n",
        ),
    ],
    ids=["path", "headers", "one header", "chunk", "trailers"],
)
async def test_what_stands_before_a_body_has_a_length(
    port: int, beginning: bytes, endless: bytes
) -> None:
    taken = len(beginning)
    async with a_line(port) as (reader, writer):
        writer.write(beginning)
        try:
            while not reader.at_eof() and taken < 10 * HEAD_BYTES_MAX:
                writer.write(endless)
                await writer.drain()
                taken += len(endless)
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        answer = await to_the_end(reader)

    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")) or taken < 10 * HEAD_BYTES_MAX


async def test_a_long_body_of_many_parts_is_no_long_head(port: int) -> None:
    part, parts = b"x" * 16_000, 20
    async with a_line(port) as (reader, writer):
        head = f"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: {len(part) * parts}"
        writer.write(head.encode() + b"\r\n\r\n")
        for _ in range(parts):
            writer.write(part)
            await writer.drain()
        answer = await reader.readuntil(str(len(part) * parts).encode())

    assert answer.startswith(b"HTTP/1.1 200")


def frame(opcode: int, data: bytes = b"", *, end: int = ENDED) -> bytes:
    """A frame of a client, masked with nothing."""
    assert len(data) < 126
    return struct.pack("!BBI", end | opcode, 0x80 | len(data), 0) + data


@asynccontextmanager
async def a_socket(
    port: int, path: str, *, reads: bool = True
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket of a client that has room for little."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.setblocking(False)  # noqa: FBT003 - its own signature
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=line, limit=2_048)
    key = b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n".encode()
    )
    try:
        if reads:
            await reader.readuntil(b"\r\n\r\n")
        yield reader, writer
    finally:
        writer.transport.abort()


@dataclass(slots=True)
class Carried:
    """The WebSockets that came and went."""

    came: list[WebSocketLine] = field(default_factory=list[WebSocketLine])
    went: list[WebSocketLine] = field(default_factory=list[WebSocketLine])


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Carried:
    noted, made, lost = Carried(), WebSocketLine.connection_made, WebSocketLine.connection_lost

    def connection_made(line: WebSocketLine, transport: asyncio.BaseTransport) -> None:
        noted.came.append(line)
        made(line, transport)

    def connection_lost(line: WebSocketLine, exc: Exception | None) -> None:
        noted.went.append(line)
        lost(line, exc)

    monkeypatch.setattr(WebSocketLine, "connection_made", connection_made)
    monkeypatch.setattr(WebSocketLine, "connection_lost", connection_lost)
    return noted


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a transport tells nobody
            await asyncio.sleep(0.01)


async def test_pings_whose_answers_nobody_takes_are_kept_nowhere(
    port: int, carried: Carried
) -> None:
    pings, most = frame(PING, b"x" * 125) * 1_000, 0
    async with a_socket(port, "/quiet") as (_, writer):
        for _ in range(100):  # 13 MB
            writer.write(pings)
            await writer.drain()
            most = max(most, carried.came[0].transport.get_write_buffer_size())

    assert 0 < most < 1_000_000


async def test_a_message_of_endless_empty_pieces_is_refused(port: int) -> None:
    async with a_socket(port, "/quiet") as (reader, writer):
        writer.write(frame(TEXT, b"x", end=MORE) + frame(CONTINUATION, end=MORE) * (3 * PIECES_MAX))

        said = await to_the_end(reader)

    assert struct.unpack("!H", said[2:4]) == (1009,)


async def test_a_message_of_a_few_pieces_is_read(port: int) -> None:
    pieces = frame(CONTINUATION, b"x", end=MORE) * 10
    async with a_socket(port, "/quiet") as (reader, writer):
        writer.write(frame(TEXT, b"x", end=MORE) + pieces + frame(CONTINUATION, b"x"))

        assert await reader.readexactly(4) == b"\x81\x0212"


@pytest.mark.usefixtures("impatient")
async def test_a_socket_that_is_over_is_gone_though_nobody_reads(
    port: int, carried: Carried
) -> None:
    async with a_socket(port, "/told-off", reads=False) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket

        await until(lambda: bool(carried.went))


def test_who_does_not_read_is_cut_off_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place is not kept by asking for much and taking nothing."""
    monkeypatch.setattr(lines, "UNREAD_SECONDS_MAX", 1)
    with listening_socket(load_settings(port=0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        server.settimeout(PATIENCE_SECONDS)

        with server, pytest.raises(TimeoutError, match="110"):
            server.sendall(LARGE)
