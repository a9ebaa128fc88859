"""Changes of a channel by hand: its switches, its keys and secrets, the API that we ask."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.quirks import NAMES, Quirks, changed, read_quirks

ENABLED = "enabled"
REASON_LENGTH_MAX = 200
SHOWN_MAX = 500
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

LOCK_CHANNEL: LiteralString = """
    SELECT channel_id, quirks, enabled FROM channel WHERE code = $1 FOR NO KEY UPDATE
"""

UPDATE_CHANNEL: LiteralString = """
    UPDATE channel SET quirks = $2, enabled = $3 WHERE channel_id = $1
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO channel_change (channel_id, changed_at, changed_by, reason, before, after)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

SELECT_OUTLINE: LiteralString = """
    SELECT c.channel_id, jsonb_strip_nulls(jsonb_build_object(
        'name', c.name, 'partnerId', c.partner_id, 'vaPrefix', c.va_prefix,
        'publicKeys', (SELECT jsonb_object_agg(k.key_id, coalesce(k.valid_until, 'infinity'))
                       FROM channel_public_key AS k WHERE k.channel_id = c.channel_id),
        'secrets', (SELECT jsonb_object_agg(s.secret_id, coalesce(s.valid_until, 'infinity'))
                    FROM channel_secret AS s WHERE s.channel_id = c.channel_id),
        'aggregatorSecrets', (SELECT jsonb_object_agg(concat_ws(' ', s.purpose, s.secret_id),
                                                      coalesce(s.valid_until, 'infinity'))
                              FROM retail_secret AS s WHERE s.channel_id = c.channel_id),
        'aggregatorUrl', (SELECT r.base_url FROM retail_channel AS r
                          WHERE r.channel_id = c.channel_id),
        'api', (SELECT jsonb_build_object(
                           'url', a.base_url, 'clientId', a.client_id, 'partnerId', a.partner_id,
                           'switches', a.peculiarities, 'secretsSince', a.connected_at)
                FROM channel_api AS a WHERE a.channel_id = c.channel_id),
        'isSearched', (SELECT l.next_at < 'infinity' FROM lost_search AS l
                       WHERE l.channel_id = c.channel_id)
    )) AS outline
    FROM channel AS c
    WHERE c.code = $1
    FOR NO KEY UPDATE OF c
"""

SELECT_CHANGES: LiteralString = """
    SELECT c.code AS channel, h.changed_at, h.changed_by, h.reason, h.before, h.after
    FROM channel_change AS h
    JOIN channel AS c ON c.channel_id = h.channel_id
    WHERE $1::text IS NULL OR c.code = $1
    ORDER BY h.changed_at DESC, h.change_id DESC
    LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What is to be changed, by name, who wants it, and why."""

    changes: Mapping[str, str]
    changed_by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes something of a channel, and why."""

    name: str
    reason: str

    def __post_init__(self) -> None:
        """Raise InvalidInputError for a change that nobody could explain later."""
        if not 1 <= len(self.reason.strip()) <= REASON_LENGTH_MAX:
            raise InvalidInputError("reason", f"say why, in 1 to {REASON_LENGTH_MAX} letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChange:
    """A change that was made; real time."""

    channel: str
    changed_at: datetime
    changed_by: str
    reason: str
    before: Mapping[str, object]
    after: Mapping[str, object]

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**dict(row.items()))

    @property
    def differences(self) -> dict[str, tuple[object, object]]:
        """What is not as it was before: by name, what it was and what it is."""
        names = dict.fromkeys((*self.before, *self.after))
        pairs = {name: (self.before.get(name), self.after.get(name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


async def change_channel(
    connection: Connection, channel_code: str, change: ChannelChange, *, at: datetime
) -> Quirks:
    """Change switches of a channel, or `enabled`; running processes follow within seconds.

    It is recorded who changed what, in real time. Raises ChannelUnknownError, and InvalidInputError
    with the name of a switch that is unknown or has a wrong value; then nothing is changed.
    """
    row = await connection.fetchrow(LOCK_CHANNEL, channel_code)
    if row is None:
        raise ChannelUnknownError(channel_code)
    wanted = dict(change.changes)
    is_enabled: bool = row["enabled"]
    if ENABLED in wanted:
        is_enabled = _boolean(wanted.pop(ENABLED))
    stored: Mapping[str, object] = row["quirks"]
    former = read_quirks({name: value for name, value in stored.items() if name in NAMES})
    quirks = changed(former, wanted)
    document = quirks.to_document()
    await connection.execute(UPDATE_CHANNEL, row["channel_id"], document, is_enabled)
    await connection.execute(
        INSERT_CHANGE,
        row["channel_id"],
        at,
        change.changed_by,
        change.reason,
        {**former.to_document(), ENABLED: row["enabled"]},
        {**document, ENABLED: is_enabled},
    )
    return quirks


@asynccontextmanager
async def recorded(
    connection: Connection, channel_code: str, author: Author, *, at: datetime
) -> AsyncGenerator[None]:
    """Record what a block changes of a channel's keys, secrets and API; never a secret itself.

    The channel stays locked until the caller commits. Raises ChannelUnknownError.
    """
    before = await _outline(connection, channel_code)
    yield
    after = await _outline(connection, channel_code)
    if before["outline"] != after["outline"]:
        await connection.execute(
            INSERT_CHANGE,
            before["channel_id"],
            at,
            author.name,
            author.reason,
            before["outline"],
            after["outline"],
        )


async def record_registration(
    connection: Connection, channel_code: str, author: Author, *, at: datetime
) -> None:
    """Record that a channel was registered: before it there was nothing, and secrets stay secret.

    In the transaction that registers it. Raises ChannelUnknownError.
    """
    row = await _outline(connection, channel_code)
    await connection.execute(
        INSERT_CHANGE, row["channel_id"], at, author.name, author.reason, {}, row["outline"]
    )


async def _outline(connection: Connection, channel_code: str) -> Record:
    row = await connection.fetchrow(SELECT_OUTLINE, channel_code)
    if row is None:
        raise ChannelUnknownError(channel_code)
    return row


async def list_changes(
    connection: Connection, channel_code: str | None = None, *, limit: int = SHOWN_MAX
) -> tuple[RecordedChange, ...]:
    """Return the changes of a channel, or of all, the latest first."""
    rows = await connection.fetch(SELECT_CHANGES, channel_code, limit)
    return tuple(RecordedChange.of(row) for row in rows)


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise InvalidInputError(ENABLED, "write true or false")
    return value
