"""A subscriber: a real HTTP server on loopback that keeps what it takes and answers as told."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from iuran.core.database.pool import Connection, Pool
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.webhooks.addresses import Reach
from iuran.payments.webhooks.endpoints import NewEndpoint, add_endpoint, approve_endpoint
from iuran.workers.webhooks.calls import WayOut
from tests.workers.conftest import PATIENCE_SECONDS

KEY = generate_installation_key()
CIPHER = Cipher.of([KEY])
REACH = Reach.of((), plain_loopback=True)
WAY_OUT = WayOut(cipher=CIPHER, reach=REACH, timeout_seconds=5)

INSERT_EVENTS = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT f.family_id, 'membership.activated', '{"membership_id": 1}'::jsonb, $2
    FROM unnest($1::bigint[]) WITH ORDINALITY AS f (family_id, place)
    ORDER BY f.place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came in, and what was answered."""

    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def position(self) -> int:
        return cast("int", self.content["position"])

    @property
    def family(self) -> str:
        return cast("dict[str, str]", self.content["data"])["familyId"]

    @property
    def content(self) -> dict[str, object]:
        return cast("dict[str, object]", json.loads(self.body))


@dataclass(slots=True)
class Subscriber:
    """Answers each call with what `decide` says: a status, 0 for hanging up."""

    heard: list[Heard] = field(default_factory=list[Heard])
    decide: Callable[[dict[str, object]], int] = lambda _content: 200
    extra: str = ""
    answer: bytes = b"thank you"
    url: str = ""
    connections: int = 0
    open_calls: int = 0
    most_open: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def taken(self) -> list[Heard]:
        return [one for one in self.heard if one.status == 200]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        fields = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in fields}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.open_calls += 1
        self.most_open = max(self.most_open, self.open_calls)
        status = self.decide(json.loads(body))
        async with self.changed:
            self.heard.append(Heard(headers=headers, body=body, status=status))
            self.changed.notify_all()
        await self.gate.wait()
        self.open_calls -= 1
        if status == 0:
            return False
        length = len(self.answer)
        start = f"HTTP/1.1 {status} So\r\n{self.extra}Content-Length: {length}\r\n\r\n"
        writer.write(start.encode() + self.answer)
        await writer.drain()
        return True

    async def hears(self, count: int) -> None:
        """Wait until so many calls came in."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.changed:
            await self.changed.wait_for(lambda: len(self.heard) >= count)


@asynccontextmanager
async def subscriber() -> AsyncGenerator[Subscriber]:
    listening = Subscriber()
    server = await asyncio.start_server(listening.serve, "127.0.0.1", 0)
    listening.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield listening
    finally:
        listening.gate.set()
        server.close()


async def subscribed(
    connection: Connection, url: str, *, at: datetime, name: str = "app", **kwargs: object
) -> str:
    """An endpoint that two persons agreed to; its secret."""
    new = NewEndpoint(name=name, url=url, **kwargs)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - passed through
    async with connection.transaction():
        secret = await add_endpoint(connection, CIPHER, REACH, new, by="ani", at=at)
        await approve_endpoint(connection, name, by="budi", at=at)
    return secret


async def happens(pool: Pool, *families: int, at: datetime) -> None:
    """Let something happen to families, one after the other."""
    await pool.execute(INSERT_EVENTS, list(families), at)
