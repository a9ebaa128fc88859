"""A provider of WhatsApp or SMS: a real HTTP server on loopback that answers as it is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class PhoneCompany:
    """Keeps what it is posted. `status` 0 stands for hanging up without an answer.

    `taken` is what it answered with a yes.
    """

    calls: list[Call] = field(default_factory=list[Call])
    taken: list[Call] = field(default_factory=list[Call])
    status: int = 200
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        fields = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in fields}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.calls.append(Call(path=head[0].split(" ")[1], headers=headers, body=body))
        if self.status == 0:
            return False
        if self.status == HTTPStatus.OK:
            self.taken.append(self.calls[-1])
        phrase = HTTPStatus(self.status).phrase
        writer.write(f"HTTP/1.1 {self.status} {phrase}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def phone_company() -> AsyncGenerator[PhoneCompany]:
    company = PhoneCompany()
    server = await asyncio.start_server(company.serve, "127.0.0.1", 0)
    company.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield company
    finally:
        server.close()
