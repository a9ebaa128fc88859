"""Messages of the vault: listed, shown without whole numbers, and deleted after the retention."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.identifiers import mask_name, mask_numbers_in

SHOWN_MAX = 1_000
PURGE_BATCH_MAX = 10_000
EMPTY_ID = 0
_NAMED = re.compile(
    r"""("(?:virtualAccount|customer_?|payer_?)?(?:name|email)"\s*:\s*")((?:[^"\\]|\\.)*)""",
    re.IGNORECASE,
)
"""The members of a body that say who somebody is, in SNAP and at the aggregators."""

SELECT_MESSAGES: LiteralString = """
    SELECT k.kept_at, k.message_id, k.legal_at, c.code AS channel, k.is_proven, k.service, k.method,
           k.target, k.remote_address, k.headers, coalesce(k.body, m.body, ''::bytea) AS body,
           k.body_length, k.external_id, k.reference, k.response_code, k.answer, k.microseconds
    FROM kept_message AS k
    LEFT JOIN channel AS c ON c.channel_id = k.channel_id
    LEFT JOIN channel_message AS m
      ON k.body IS NULL AND m.channel_id = k.channel_id AND m.service = k.service
     AND m.wib_day = k.wib_day AND m.external_id = k.external_id
    WHERE k.kept_at >= $1 AND k.kept_at < $2 AND (k.kept_at, k.message_id) > ($3, $4)
      AND ($5::text IS NULL OR c.code = $5)
    ORDER BY k.kept_at, k.message_id
    LIMIT $6
"""

SELECT_MESSAGE: LiteralString = """
    SELECT k.kept_at, k.message_id, k.legal_at, c.code AS channel, k.is_proven, k.service, k.method,
           k.target, k.remote_address, k.headers, coalesce(k.body, m.body, ''::bytea) AS body,
           k.body_length, k.external_id, k.reference, k.response_code, k.answer, k.microseconds
    FROM kept_message AS k
    LEFT JOIN channel AS c ON c.channel_id = k.channel_id
    LEFT JOIN channel_message AS m
      ON k.body IS NULL AND m.channel_id = k.channel_id AND m.service = k.service
     AND m.wib_day = k.wib_day AND m.external_id = k.external_id
    WHERE k.message_id = $1 AND k.kept_at >= $2 AND k.kept_at < $3
"""

COUNT_MESSAGES: LiteralString = """
    SELECT count(*)
    FROM kept_message AS k
    LEFT JOIN channel AS c ON c.channel_id = k.channel_id
    WHERE k.kept_at >= $1 AND k.kept_at < $2 AND ($3::text IS NULL OR c.code = $3)
"""

PURGE_MESSAGES: LiteralString = """
    SELECT purge_messages($1, $2, $3)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A request as it came, and what we answered. Headers are sealed, the body may be cut."""

    kept_at: datetime
    message_id: int
    legal_at: datetime
    channel: str | None
    is_proven: bool
    service: int
    method: str
    target: str
    remote_address: str
    headers: dict[str, str]
    body: bytes
    body_length: int
    external_id: str
    reference: str
    response_code: str
    answer: bytes
    microseconds: int

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**dict(row.items()))

    @property
    def is_whole(self) -> bool:
        """Whether the body is all that was sent."""
        return len(self.body) == self.body_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which messages: from an instant of real time until before another, of one channel or all."""

    since: datetime
    until: datetime
    channel: str | None = None


async def list_messages(
    connection: Connection, span: Span, *, after: KeptMessage | None = None, limit: int = SHOWN_MAX
) -> tuple[KeptMessage, ...]:
    """Return messages in the order in which they came, those behind `after`."""
    at, message_id = (span.since, EMPTY_ID) if after is None else (after.kept_at, after.message_id)
    rows = await connection.fetch(
        SELECT_MESSAGES, span.since, span.until, at, message_id, span.channel, limit
    )
    return tuple(KeptMessage.of(row) for row in rows)


async def find_message(connection: Connection, message_id: int, span: Span) -> KeptMessage | None:
    """Return a message by its number, looked for within a span."""
    row = await connection.fetchrow(SELECT_MESSAGE, message_id, span.since, span.until)
    return None if row is None else KeptMessage.of(row)


async def count_messages(connection: Connection, span: Span) -> int:
    """Return how many messages a span has."""
    number: int = await connection.fetchval(COUNT_MESSAGES, span.since, span.until, span.channel)
    return number


async def purge(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Delete some messages older than an instant; return how many. Call it until it returns 0.

    ASPI demands ten years; younger than five are never deleted, whatever is asked. Both instants
    are real time.
    """
    number: int = await connection.fetchval(PURGE_MESSAGES, before, at, PURGE_BATCH_MAX)
    return number


def shown(content: bytes) -> str:
    """Return a body as a person may see it: text, long numbers and the payer's name masked."""
    return _NAMED.sub(_masked, mask_numbers_in(content.decode("utf-8", "replace")))


def _masked(match: re.Match[str]) -> str:
    return match[1] + mask_name(match[2])
