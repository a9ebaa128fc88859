"""A mailbox for demonstrations: a real SMTP server that keeps every letter as a file."""

import asyncio
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

LETTER_BYTES_MAX = 1_000_000
LETTERS_KEPT_MAX = 1_000
HOST = "127.0.0.1"


class _Envelope(Protocol):
    """What aiosmtpd hands over; it ships no types."""

    original_content: bytes


@dataclass(slots=True)
class _Keeper:
    """Writes each letter to the folder; beyond a thousand the oldest goes."""

    folder: Path
    _count: int = field(default=0)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: _Envelope
    ) -> str:
        self._count += 1
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{self._count:04d}"
        partial = self.folder / f"{name}.partial"
        partial.write_bytes(envelope.original_content)
        partial.rename(self.folder / f"{name}.eml")
        for old in sorted(self.folder.glob("*.eml"))[:-LETTERS_KEPT_MAX]:
            old.unlink(missing_ok=True)
        return "250 kept"


@contextmanager
def mailbox(folder: Path) -> Generator[int]:
    """Run an SMTP server on a free port of 127.0.0.1 until the block ends; yield the port."""
    folder.mkdir(mode=0o700, exist_ok=True)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_listen(loop, folder))
    port = int(server.sockets[0].getsockname()[1])
    thread = threading.Thread(target=loop.run_forever, name="mailbox", daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(loop: asyncio.AbstractEventLoop, folder: Path) -> asyncio.Server:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports what Python deprecates
        from aiosmtpd.smtp import SMTP  # noqa: PLC0415 - an extra, absent in production

    def session() -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = SMTP(
            _Keeper(folder), loop=loop, data_size_limit=LETTER_BYTES_MAX, ident="iuran mailbox"
        )
        return protocol

    return await loop.create_server(session, HOST, 0)
