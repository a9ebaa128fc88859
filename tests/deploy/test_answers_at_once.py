"""Whole answers go out in one piece, and say exactly what uvicorn would say in two."""

import asyncio
import re

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iuran.deploy.edge import Edge
from iuran.deploy.lines import HttpLine
from iuran.deploy.origins import open_to
from iuran.deploy.whole_answers import WholeEdge
from tests.graphql.servers import listening

PATIENCE_SECONDS = 60


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    response = Response(b"" if path == "/empty" else path.encode() * 9, status_code=207)
    response.headers["x-ours"] = "ours\r\nset-cookie: no" if path == "/broken" else "ours"
    await response(scope, receive, send)


async def _respond(scope: Scope, receive: Receive) -> tuple[Message, Message]:
    said: list[Message] = []

    async def note(message: Message) -> None:
        said.append(message)

    await _app(scope, receive, note)
    head, end = said
    return head, end


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes whether an answer went out at once."""
    noted: list[bool] = []
    at_once = HttpLine.answer_at_once

    def answer_at_once(line: HttpLine, scope: Scope, head: Scope, body: bytes) -> bool:
        noted.append(at_once(line, scope, head, body))
        return noted[-1]

    monkeypatch.setattr(HttpLine, "answer_at_once", answer_at_once)
    return noted


async def _told(app: ASGIApp, said: bytes) -> bytes:
    """Say something to a server of one's own, and return all that it tells until it hangs up."""
    async with listening(app) as address, asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        writer.write(said)
        told = await reader.read()
        writer.close()
    return re.sub(rb"date: [^\r]*", b"date", told)


def _asked(*methods_and_paths: bytes) -> bytes:
    """Requests one after another without waiting; with the last the line ends."""
    requests = [
        one + b" HTTP/1.1\r\nhost: x\r\nx-request-id: request-of-ours\r\n"
        for one in methods_and_paths
    ]
    return b"\r\n".join([*requests[:-1], requests[-1] + b"connection: close\r\n", b""])


@pytest.mark.parametrize(
    ("asked", "at_once"),
    [
        ([b"GET /one"], [True]),
        ([b"GET /empty"], [True]),
        ([b"HEAD /one"], [False]),
        ([b"GET /broken"], [False]),
        ([b"GET /one", b"GET /two", b"GET /three"], None),
    ],
)
async def test_an_answer_at_once_is_the_same_answer(
    sent: list[bool], asked: list[bytes], at_once: list[bool] | None
) -> None:
    in_two = await _told(Edge(_app), _asked(*asked))
    assert sent == []

    in_one = await _told(WholeEdge(_respond, route="/"), _asked(*asked))

    assert in_one == in_two
    assert in_one.count(b"HTTP/1.1 207") == (0 if asked == [b"GET /broken"] else len(asked))
    assert len(sent) == len(asked) if at_once is None else sent == at_once


async def test_a_page_of_another_origin_may_read_what_came_over_a_line() -> None:
    origin = b"\r\norigin: https://app.example\r\n"
    app = open_to(WholeEdge(_respond, route="/graphql"), ["https://app.example"])

    told = await _told(app, _asked(b"GET /graphql").replace(b"\r\n", origin, 1))

    assert b"access-control-allow-origin: https://app.example\r\n" in told
