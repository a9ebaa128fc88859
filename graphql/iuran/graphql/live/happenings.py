"""Happenings: the events of one family behind a place in the order of all events.

The dispatcher of the outbox numbers events under a lock, so that a lower position never becomes
visible after a higher one, however late its transaction committed: reading on from the last
position seen misses nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.graphql.errors import IdInvalidError
from iuran.graphql.global_ids import key_of
from iuran.graphql.types.events import EVENT_LIST

HAPPENINGS_MAX = 50

SELECT_LAST_POSITION: LiteralString = """
    SELECT last_position FROM event_dispatch
"""

SELECT_HAPPENINGS: LiteralString = """
    WITH own AS MATERIALIZED (  -- by family: by position it would read what happened to everybody
        SELECT event_id, position, kind FROM event WHERE family_id = $1
    )
    SELECT event_id, position, kind FROM own
    WHERE position > $2 AND kind = ANY ($3::text[])
    ORDER BY position
    LIMIT $4
"""

SELECT_FAMILIES_WITH_NEWS: LiteralString = """
    SELECT DISTINCT family_id FROM event
    WHERE position > $1 AND position <= $2 AND family_id = ANY ($3::bigint[])
    ORDER BY family_id
    LIMIT 100000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event that a subscription tells of, as an object of a type of the schema."""

    family_id: int
    event_id: int
    position: int
    type_name: str


async def happenings(
    connection: Connection, *, family_id: int, after: int, types: Mapping[str, str]
) -> Sequence[Happening]:
    """Return the next events of a family behind a position; `types` says as what each is told."""
    rows = await connection.fetch(SELECT_HAPPENINGS, family_id, after, list(types), HAPPENINGS_MAX)
    return [
        Happening(
            family_id=family_id,
            event_id=row["event_id"],
            position=row["position"],
            type_name=types[row["kind"]],
        )
        for row in rows
    ]


async def last_position(connection: Connection) -> int:
    """Return the place of the newest event that has one."""
    return int(await connection.fetchval(SELECT_LAST_POSITION))


async def families_with_news(
    connection: Connection, *, after: int, up_to: int, families: Sequence[int]
) -> Sequence[int]:
    """Return to which of some families something happened between two positions."""
    rows = await connection.fetch(SELECT_FAMILIES_WITH_NEWS, after, up_to, families)
    return [row["family_id"] for row in rows]


def place_of(cursor: str, *, newest: int) -> int:
    """Return the position that a cursor stands for; raises IdInvalidError for one that is none.

    A position that was never given out comes from another database, or from before a backup was
    restored: whoever waits behind it would miss what happens now.
    """
    (position,) = key_of(cursor, type_name=EVENT_LIST, parts=1)
    if position > newest:
        raise IdInvalidError(
            "this cursor lies ahead of everything that has happened here; subscribe without "
            "`after`, and ask how things stand"
        )
    return position
