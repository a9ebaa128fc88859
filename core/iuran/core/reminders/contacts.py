"""How somebody wants to be written to: an order of channels, what he opted out of, a language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.reminders.events import Channel

SELECT_PREFERENCE: LiteralString = """
    SELECT channels, opted_out, language
    FROM contact_preference
    WHERE family_id = $1 AND participant_id = $2
"""

SET_PREFERENCE: LiteralString = """
    WITH noted AS (
        INSERT INTO contact_preference_change (family_id, participant_id, channels, opted_out,
                                               language, changed_by, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
    )
    INSERT INTO contact_preference (family_id, participant_id, channels, opted_out, language)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (family_id, participant_id) DO UPDATE
    SET channels = excluded.channels, opted_out = excluded.opted_out, language = excluded.language
"""

SELECT_CHANGES: LiteralString = """
    SELECT channels, opted_out, language, changed_by, changed_at
    FROM contact_preference_change
    WHERE family_id = $1 AND participant_id = $2
    ORDER BY change_id DESC
    LIMIT $3
"""


class ParticipantUnknownError(DomainError):
    """There is no such participant in this family."""

    code: ClassVar[str] = "PARTICIPANT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("no such participant in this family; look the family up")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPreference:
    """`channels` are tried first, in their order; the others follow in the schedule's.

    Notices of the legal status come over channels that were opted out of as well. Without
    `language` it is the family's.
    """

    channels: tuple[Channel, ...] = ()
    opted_out: tuple[Channel, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPreference:
    """What somebody stated, by whose hand and when."""

    preference: ContactPreference
    stated_by: str
    stated_at: datetime


async def preference_of(
    connection: Connection, family_id: int, participant_id: int
) -> ContactPreference:
    """Return what somebody stated, or that he stated nothing."""
    row = await connection.fetchrow(SELECT_PREFERENCE, family_id, participant_id)
    if row is None:
        return ContactPreference()
    return _preference(row)


async def stated_preferences(
    connection: Connection, family_id: int, participant_id: int, *, limit: int = 20
) -> tuple[StatedPreference, ...]:
    """Return what somebody stated so far, the newest first."""
    rows = await connection.fetch(SELECT_CHANGES, family_id, participant_id, limit)
    return tuple(
        StatedPreference(
            preference=_preference(row), stated_by=row["changed_by"], stated_at=row["changed_at"]
        )
        for row in rows
    )


async def state_preference(
    connection: Connection,
    family_id: int,
    participant_id: int,
    preference: ContactPreference,
    *,
    by: str,
    at: datetime,
) -> None:
    """Keep what somebody wants, and that it was stated; holds from the next message on.

    Raises InvalidInputError and ParticipantUnknownError.
    """
    if len(set(preference.channels)) < len(preference.channels):
        raise InvalidInputError("channels", "name each channel once, the first first")
    if preference.language not in {None, "id", "en"}:
        raise InvalidInputError("language", "choose id or en")
    try:
        await connection.execute(
            SET_PREFERENCE,
            family_id,
            participant_id,
            list(preference.channels),
            sorted(set(preference.opted_out)),
            preference.language,
            by,
            at,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ParticipantUnknownError from error


def _preference(row: Record) -> ContactPreference:
    return ContactPreference(
        channels=_channels(row["channels"]),
        opted_out=_channels(row["opted_out"]),
        language=row["language"],
    )


def _channels(names: Sequence[str]) -> tuple[Channel, ...]:
    return tuple(Channel(name) for name in names)
