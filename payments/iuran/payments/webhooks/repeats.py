"""Telling again: one event or a range, what was given up, or everything from a position on.

Each goes out under the `webhook-id` that it had, so that who took it before knows it.
"""

from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.payments.webhooks.endpoints import (
    Change,
    Endpoint,
    hold_endpoint,
    note_change,
    person_of,
)
from iuran.payments.webhooks.lines import LOCK_CURSOR, WANTED

RESENT_MAX = 10_000
POSITION_MAX = 2**63 - 1

RESEND: LiteralString = (
    """
    WITH next AS MATERIALIZED (
        SELECT e.family_id, e.event_id, e.position, e.kind, e.payload, e.occurred_at
        FROM event AS e
        WHERE e.position BETWEEN $4 AND $5
          AND (NOT $6::boolean
               OR EXISTS (SELECT FROM webhook_dead AS d
                          WHERE d.family_id = e.family_id AND d.endpoint_id = $1
                            AND d.position = e.position))
        ORDER BY e.position
        LIMIT $7
    ), wanted AS MATERIALIZED ("""  # noqa: S608 - constants
    + WANTED
    + """), queued AS (
        INSERT INTO webhook_queue (family_id, endpoint_id, position, event_id)
        SELECT family_id, $1::integer, position, event_id FROM wanted
        ON CONFLICT (family_id, endpoint_id, position) DO NOTHING
    ), risen AS (
        DELETE FROM webhook_dead AS d
        USING wanted AS w
        WHERE d.family_id = w.family_id AND d.endpoint_id = $1 AND d.position = w.position
    ), lined AS (
        INSERT INTO webhook_line (family_id, endpoint_id, due_at)
        SELECT DISTINCT family_id, $1::integer, $8::timestamptz FROM wanted ORDER BY family_id
        ON CONFLICT (family_id, endpoint_id) DO UPDATE
        SET due_at = greatest(excluded.due_at, webhook_line.held_until), failures = 0,
            first_tried_at = NULL
    )
    SELECT count(*) FROM wanted
"""
)

SELECT_DEAD_RANGE: LiteralString = """
    SELECT min(position) AS first, max(position) AS last
    FROM (SELECT position FROM webhook_dead WHERE endpoint_id = $1
          ORDER BY position LIMIT $2) AS dead
"""

LOCK_LINES_FROM: LiteralString = """
    SELECT l.family_id
    FROM webhook_line AS l
    WHERE l.endpoint_id = $1
      AND EXISTS (SELECT FROM webhook_queue AS q
                  WHERE q.family_id = l.family_id AND q.endpoint_id = $1 AND q.position >= $2)
    ORDER BY l.family_id
    FOR UPDATE OF l
"""

CLEAR_QUEUE: LiteralString = """
    DELETE FROM webhook_queue WHERE endpoint_id = $1 AND position >= $2
"""

CLEAR_LINES: LiteralString = """
    DELETE FROM webhook_line AS l
    WHERE l.endpoint_id = $1
      AND NOT EXISTS (SELECT FROM webhook_queue AS q
                      WHERE q.family_id = l.family_id AND q.endpoint_id = $1)
"""

SET_CURSOR: LiteralString = """
    UPDATE webhook_cursor SET position = $2 WHERE endpoint_id = $1
"""


class NothingToResendError(DomainError):
    """There is nothing in the range that the endpoint is told."""

    code: ClassVar[str] = "WEBHOOK_NOTHING_TO_RESEND"


async def resend(
    connection: Connection, name: str, *, first: int, last: int, by: str, at: datetime
) -> int:
    """Tell an endpoint the events of a range again; return how many. Needs a transaction.

    Raises EndpointUnknownError, InvalidInputError and NothingToResendError.
    """
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    if not 1 <= first <= last <= POSITION_MAX:
        raise InvalidInputError("positions", "the first is 1 or more, and not after the last")
    if last - first >= RESENT_MAX:
        raise InvalidInputError(
            "positions", f"resend at most {RESENT_MAX}; `iuran webhooks replay` takes any number"
        )
    return await _resend(connection, endpoint, (first, last), only_dead=False, by=person, at=at)


async def resend_dead(connection: Connection, name: str, *, by: str, at: datetime) -> int:
    """Tell an endpoint again what was given up, up to RESENT_MAX of it; return how many."""
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    found = await connection.fetchrow(SELECT_DEAD_RANGE, endpoint.endpoint_id, RESENT_MAX)
    if found is None or found["first"] is None:
        raise NothingToResendError(f"nothing was given up for {name}")
    span = (found["first"], found["last"])
    return await _resend(connection, endpoint, span, only_dead=True, by=person, at=at)


async def replay(connection: Connection, name: str, *, first: int, by: str, at: datetime) -> int:
    """Tell an endpoint everything again from a position on; return how many positions that is.

    What waits behind that position is told in its turn, so that the order of each family stays.
    Needs a transaction. Raises EndpointUnknownError, InvalidInputError, NothingToResendError.
    """
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    if not 1 <= first <= POSITION_MAX:
        raise InvalidInputError("position", "positions begin with 1")
    cursor = await connection.fetchrow(LOCK_CURSOR, endpoint.endpoint_id)
    reached = 0 if cursor is None else cursor["position"]
    if first > reached:
        raise NothingToResendError(f"{name} has only been told up to position {reached}")
    await connection.fetch(LOCK_LINES_FROM, endpoint.endpoint_id, first)
    await connection.execute(CLEAR_QUEUE, endpoint.endpoint_id, first)
    await connection.execute(CLEAR_LINES, endpoint.endpoint_id)
    await connection.execute(SET_CURSOR, endpoint.endpoint_id, first - 1)
    detail = f"from {first} to {reached}"
    await note_change(
        connection, endpoint.endpoint_id, Change.REPLAYED, by=person, detail=detail, at=at
    )
    return int(reached - first + 1)


async def _resend(
    connection: Connection,
    endpoint: Endpoint,
    span: tuple[int, int],
    *,
    only_dead: bool,
    by: str,
    at: datetime,
) -> int:
    cursor = await connection.fetchrow(LOCK_CURSOR, endpoint.endpoint_id)
    first, last = span
    reached = 0 if cursor is None else cursor["position"]
    told: int = await connection.fetchval(
        RESEND,
        endpoint.endpoint_id,
        list(endpoint.kinds),
        endpoint.facility_code,
        first,
        min(last, reached),
        only_dead,
        RESENT_MAX,
        at,
    )
    if told == 0:
        raise NothingToResendError(
            f"{endpoint.name} was told nothing from {first} to {last}; "
            f"`iuran webhooks log {endpoint.name}` shows what it was told"
        )
    detail = f"{told} events from {first} to {last}"
    await note_change(connection, endpoint.endpoint_id, Change.RESENT, by=by, detail=detail, at=at)
    return told
