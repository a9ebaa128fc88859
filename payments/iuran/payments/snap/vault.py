"""The vault: every request and its answer are kept, without a bank waiting for it.

What takes effect is durable before its answer, in the transaction of the payment: the request's
bytes (`channel_message`) and the result (`payment_answer`). The vault adds, some milliseconds later
and many in one commit, what only the edge knows: address, verdict, answer, time, and the requests
that had no effect at all.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import LiteralString

import asyncpg
import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.clock import wib_date
from iuran.core.database.pool import Pool
from iuran.payments.secrets import Cipher
from iuran.payments.snap.buckets import Bucket
from iuran.payments.snap.message import KEPT_HEADERS, SnapMessage
from iuran.payments.snap.metrics import SNAP_MESSAGES_KEPT, SNAP_MESSAGES_NOT_KEPT

WAITING_MAX = 10_000
WAITING_BYTES_MAX = 64 * 1024 * 1024
BATCH_MAX = 200
GATHER_SECONDS = 0.05
RETRY_SECONDS = 1.0
ATTEMPTS_MAX = 5
ACQUIRE_TIMEOUT_SECONDS = 5.0
UNPROVEN_A_SECOND = 1.0
UNPROVEN_BURST = 600
UNPROVEN_BODY_BYTES_MAX = 4_096
SEALED = "sealed:"
TOKENS_REMEMBERED = 1_024

INSERT_MESSAGE: LiteralString = """
    INSERT INTO kept_message (kept_at, channel_id, is_proven, service, legal_at, wib_day, method,
                              target, remote_address, headers, body, body_length, external_id,
                              reference, response_code, answer, microseconds)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
            CASE WHEN EXISTS (
                SELECT FROM channel_message AS m
                WHERE m.channel_id = $2 AND m.service = $4 AND m.wib_day = $6
                  AND m.external_id = $13 AND m.body = $11
            ) THEN NULL ELSE $11 END,
            $12, $13, $14, $15, $16, $17)
"""

SKIP_DURABILITY: LiteralString = """
    SET LOCAL synchronous_commit = off
"""

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """One request as it was received and answered; secrets are sealed already."""

    kept_at: datetime
    legal_at: datetime
    channel_id: int | None
    is_proven: bool
    service: int
    message: SnapMessage
    headers: Mapping[str, str]
    remote_address: str
    external_id: str
    reference: str
    response_code: str
    answer: bytes
    microseconds: int

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits, roughly."""
        return len(self.message.body) + len(self.answer) + 1_024

    def row(self) -> tuple[object, ...]:
        """Return the parameters of INSERT_MESSAGE."""
        body = self.message.body
        return (
            self.kept_at,
            self.channel_id,
            self.is_proven,
            self.service,
            self.legal_at,
            wib_date(self.legal_at),
            _storable(self.message.method),
            _storable(self.message.target),
            self.remote_address,
            dict(self.headers),
            body if self.is_proven else body[:UNPROVEN_BODY_BYTES_MAX],
            len(body),
            self.external_id,
            self.reference,
            self.response_code,
            self.answer,
            self.microseconds,
        )


def _storable(text: str) -> str:
    return text.replace("\x00", "")


@dataclass(slots=True, kw_only=True)
class Vault:
    """Keeps messages in the order in which they were answered; bounded in memory and on disk.

    Messages of senders who proved who they are are kept all of them: their channel's quota bounds
    them. Of others one a second is kept, and some hundreds at once, with the beginning of their
    bodies: a flood fills no disk. What is not kept is counted.
    """

    pool: Pool
    cipher: Cipher
    gather_seconds: float = GATHER_SECONDS
    _waiting: deque[MessageRecord] = field(default_factory=deque[MessageRecord])
    _waiting_bytes: int = 0
    _unproven: Bucket = field(
        default_factory=lambda: Bucket(a_second=UNPROVEN_A_SECOND, burst=UNPROVEN_BURST)
    )
    _writer: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def sealed(
        self,
        message: SnapMessage,
        names: Sequence[str] = KEPT_HEADERS,
        *,
        token_name: str = "authorization",  # noqa: S107 - its name
    ) -> dict[str, str]:
        """Return the headers that are stored, the access token encrypted."""
        headers = message.kept_headers(names)
        token = headers.get(token_name)
        if token is not None:
            headers[token_name] = SEALED + _seal(self.cipher, token)
        return headers

    def keep(self, record: MessageRecord) -> bool:
        """Take a message; False if it is one too many. Never waits, never raises."""
        if not record.is_proven and not self._unproven.take():
            SNAP_MESSAGES_NOT_KEPT.labels("unproven").inc()
            return False
        is_full = len(self._waiting) >= WAITING_MAX
        if is_full or self._waiting_bytes + record.size > WAITING_BYTES_MAX:
            SNAP_MESSAGES_NOT_KEPT.labels("full").inc()
            return False
        self._waiting.append(record)
        self._waiting_bytes += record.size
        if self._writer is None or self._writer.done():
            self._hurry.clear()
            self._writer = asyncio.create_task(self._write_all())
        return True

    async def flushed(self) -> None:
        """Return when what was taken is stored, or given up."""
        self._hurry.set()
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write_all(self) -> None:
        attempts = 0
        while self._waiting:
            await self._gather(RETRY_SECONDS if attempts else self.gather_seconds)
            batch = [self._waiting[at] for at in range(min(BATCH_MAX, len(self._waiting)))]
            try:
                await self._write(batch)
            except Exception as error:  # noqa: BLE001 - logged; a bank's answer is out already
                attempts += 1
                _log.error(
                    "snap.messages_not_stored", error=type(error).__name__, number=len(batch)
                )
                if attempts < ATTEMPTS_MAX and not _is_closing(error):
                    continue
                SNAP_MESSAGES_NOT_KEPT.labels("database").inc(len(batch))
            else:
                attempts = 0
                SNAP_MESSAGES_KEPT.inc(len(batch))
            for _ in batch:
                self._waiting_bytes -= self._waiting.popleft().size

    async def _gather(self, seconds: float) -> None:
        """Wait a moment for more messages to share the commit, unless somebody is in a hurry."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _write(self, batch: list[MessageRecord]) -> None:
        rows = [record.row() for record in batch]
        async with (
            self.pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection,
            connection.transaction(),
        ):
            await connection.execute(SKIP_DURABILITY)
            await connection.executemany(INSERT_MESSAGE, rows)


def _is_closing(error: Exception) -> bool:
    return isinstance(error, asyncpg.InterfaceError)


@lru_cache(maxsize=TOKENS_REMEMBERED)
def _seal(cipher: Cipher, token: str) -> str:
    return cipher.encrypt(token).decode("ascii")


def unsealed(cipher: Cipher, headers: Mapping[str, str]) -> dict[str, str]:
    """Return stored headers as they were sent; raises SecretUnreadableError."""
    return {
        name: cipher.decrypt(value.removeprefix(SEALED).encode())
        if value.startswith(SEALED)
        else value
        for name, value in headers.items()
    }
