"""Changes of a channel by hand: its switches, and whether it is let in at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.quirks import NAMES, Quirks, changed, read_quirks

ENABLED = "enabled"
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

LOCK_CHANNEL: LiteralString = """
    SELECT channel_id, quirks, enabled FROM channel WHERE code = $1 FOR NO KEY UPDATE
"""

UPDATE_CHANNEL: LiteralString = """
    UPDATE channel SET quirks = $2, enabled = $3 WHERE channel_id = $1
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO channel_change (channel_id, changed_at, changed_by, before, after)
    VALUES ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What is to be changed, by name, and who wants it."""

    changes: Mapping[str, str]
    changed_by: str


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
        {**former.to_document(), ENABLED: row["enabled"]},
        {**document, ENABLED: is_enabled},
    )
    return quirks


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise InvalidInputError(ENABLED, "write true or false")
    return value
